/* SPDX-License-Identifier: MIT */
/*
 * cds_ask.c -- see cds_ask.h.
 */
#include "cds_ask.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "alamo/base/wire.h"
#include "alamo/net/loop.h"
#include "member/client.h"

#define PORT "53"
#define UDP_SIZE 512u /* over TCP nobody heeds it */
#define MESSAGE_MAX 65535u

/* One connection. */
struct line {
	int fd;
	uint64_t until;
	uint8_t bytes[2 + MESSAGE_MAX];
};

size_t cds_query(const ldns_rdf *zone, ldns_rr_type type, uint16_t udp_size, uint8_t out[static CDS_QUERY_MAX],
		 uint16_t *id)
{
	ldns_rdf *name = ldns_rdf_clone(zone);
	ldns_pkt *query = name != NULL ? ldns_pkt_query_new(name, type, LDNS_RR_CLASS_IN, 0) : NULL;
	uint8_t *wire = NULL;
	size_t len = 0;
	bool made;

	if (query == NULL) {
		ldns_rdf_deep_free(name);
		return 0;
	}
	ldns_pkt_set_random_id(query);
	*id = ldns_pkt_id(query);
	if (udp_size > 0) {
		ldns_pkt_set_edns_udp_size(query, udp_size);
		ldns_pkt_set_edns_do(query, true);
	}
	made = ldns_pkt2wire(&wire, query, &len) == LDNS_STATUS_OK && len <= CDS_QUERY_MAX - 2;
	if (made) {
		al_set_u16(out, (uint16_t)len);
		memcpy(out + 2, wire, len);
	}
	free(wire);
	ldns_pkt_free(query);
	return made ? len + 2 : 0;
}

/* It fits the socket's buffer. */
static enum al_err query_send(struct line *line, const ldns_rdf *zone, ldns_rr_type type, uint16_t *id)
{
	size_t len = cds_query(zone, type, UDP_SIZE, line->bytes, id);

	if (len == 0)
		return AL_ENOMEM;
	return send(line->fd, line->bytes, len, MSG_NOSIGNAL) == (ssize_t)len ? AL_OK : AL_ECLOSED;
}

static enum al_err read_whole(struct line *line, size_t from, size_t len)
{
	while (len > 0) {
		struct pollfd wait = { line->fd, POLLIN, 0 };
		uint64_t now = al_now_ms();
		ssize_t got;

		if (now >= line->until || poll(&wait, 1, (int)(line->until - now)) == 0)
			return AL_EAGAIN;
		got = recv(line->fd, line->bytes + from, len, 0);
		if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR))
			return AL_ECLOSED;
		if (got > 0) {
			from += (size_t)got;
			len -= (size_t)got;
		}
	}
	return AL_OK;
}

/* Few, and complete: ldns takes a record whose RDATA ends early, and has fewer fields of it then. */
static bool usable(const ldns_rr_list *records)
{
	if (ldns_rr_list_rr_count(records) > CDS_RECORDS_MAX)
		return false;
	for (size_t i = 0; i < ldns_rr_list_rr_count(records); i++) {
		const ldns_rr *rr = ldns_rr_list_rr(records, i);

		if (ldns_rr_rd_count(rr) < ldns_rr_descriptor_minimum(ldns_rr_descript(ldns_rr_get_type(rr))))
			return false;
	}
	return true;
}

bool cds_answers(const ldns_pkt *answer, uint16_t id, const ldns_rdf *zone, ldns_rr_type type)
{
	const ldns_rr_list *question = ldns_pkt_question(answer);
	const ldns_rr *asked = ldns_rr_list_rr_count(question) == 1 ? ldns_rr_list_rr(question, 0) : NULL;

	return asked != NULL && usable(ldns_pkt_answer(answer)) && ldns_pkt_qr(answer) && ldns_pkt_id(answer) == id &&
	       ldns_rr_get_type(asked) == type && ldns_dname_compare(ldns_rr_owner(asked), zone) == 0;
}

static enum al_err answer_read(struct line *line, const ldns_rdf *zone, ldns_rr_type type, uint16_t id, ldns_pkt **out,
			       const char **why)
{
	enum al_err err = read_whole(line, 0, 2);

	if (err == AL_OK)
		err = read_whole(line, 2, al_get_u16(line->bytes));
	if (err != AL_OK) {
		*why = err == AL_EAGAIN ? "no whole answer in time" : "it closed the connection";
		return AL_ECLOSED;
	}
	*why = "its answer is none to the question";
	if (ldns_wire2pkt(out, line->bytes + 2, al_get_u16(line->bytes)) != LDNS_STATUS_OK) {
		*out = NULL;
		return AL_EINVAL;
	}
	if (!cds_answers(*out, id, zone, type))
		return AL_EINVAL;
	*why = "it does not serve the zone";
	return ldns_pkt_get_rcode(*out) == LDNS_RCODE_NOERROR && ldns_pkt_aa(*out) && !ldns_pkt_tc(*out) ? AL_OK
													 : AL_EINVAL;
}

static enum al_err line_ask(struct line *line, const ldns_rdf *zone, ldns_pkt *answers[CDS_SETS], const char **why)
{
	enum al_err err = AL_OK;
	uint16_t id = 0;

	for (size_t i = 0; i < CDS_SETS && err == AL_OK; i++) {
		*why = "it closed the connection";
		err = query_send(line, zone, cds_types[i], &id);
		if (err == AL_OK)
			err = answer_read(line, zone, cds_types[i], id, &answers[i], why);
	}
	return err;
}

enum al_err cds_ask(const char *host, const ldns_rdf *zone, uint64_t ms, ldns_pkt *answers[CDS_SETS], const char **why)
{
	struct line *line = calloc(1, sizeof(*line));
	enum al_err err;

	*why = "out of memory";
	if (line == NULL)
		return AL_ENOMEM;
	line->fd = -1;
	err = client_connect(host, PORT, &line->fd, why);
	if (err == AL_OK) {
		line->until = al_now_ms() + ms;
		err = line_ask(line, zone, answers, why);
	}
	for (size_t i = 0; err != AL_OK && i < CDS_SETS; i++) {
		ldns_pkt_free(answers[i]);
		answers[i] = NULL;
	}
	if (line->fd >= 0)
		close(line->fd);
	free(line);
	return err;
}
