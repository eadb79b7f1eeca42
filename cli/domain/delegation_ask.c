/* SPDX-License-Identifier: MIT */
/*
 * delegation_ask.c -- see delegation_ask.h.
 */
#include "delegation_ask.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "alamo/base/wire.h"
#include "alamo/net/loop.h"
#include "cds_ask.h"

#define UDP_SIZE 1232u /* what arrives everywhere in one piece */
#define UDP_TIMES 3u
#define MESSAGE_MAX 65535u

static const struct {
	ldns_rr_type type;
	bool tcp, edns;
} questions[ASK_COUNT] = {
	[ASK_SOA] = { LDNS_RR_TYPE_SOA, false, true },     [ASK_SOA_PLAIN] = { LDNS_RR_TYPE_SOA, false, false },
	[ASK_SOA_TCP] = { LDNS_RR_TYPE_SOA, true, true },  [ASK_NS] = { LDNS_RR_TYPE_NS, false, false },
	[ASK_KEYS] = { LDNS_RR_TYPE_DNSKEY, false, true }, [ASK_KEYS_TCP] = { LDNS_RR_TYPE_DNSKEY, true, true },
};

/* One question to one address. The bytes of a query and of an answer begin with two of length, as TCP has them. */
struct exchange {
	const ldns_rdf *zone;
	struct delegation_address *address;
	enum delegation_question number;
	uint16_t id;
	uint8_t query[CDS_QUERY_MAX];
	size_t query_len, got;
	unsigned sent; /* times */
	int fd;        /* -1: it is over */
	uint8_t answer[2 + MESSAGE_MAX];
};

static void over(struct exchange *e)
{
	if (e->fd >= 0)
		close(e->fd);
	e->fd = -1;
}

static bool query_make(struct exchange *e)
{
	e->query_len = cds_query(e->zone, questions[e->number].type, questions[e->number].edns ? UDP_SIZE : 0, e->query,
				 &e->id);
	return e->query_len > 0;
}

static void begin(struct exchange *e)
{
	const struct delegation_address *address = e->address;
	bool tcp = questions[e->number].tcp;

	e->fd = socket(address->to.ss_family, (tcp ? SOCK_STREAM : SOCK_DGRAM) | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (e->fd >= 0 && connect(e->fd, (const struct sockaddr *)&address->to, address->to_len) != 0 &&
	    errno != EINPROGRESS)
		over(e);
}

/* What is to be sent now: over TCP once, as soon as there is a connection; over UDP again after each third of the time. */
static void put(struct exchange *e)
{
	bool tcp = questions[e->number].tcp;
	size_t skip = tcp ? 0 : 2;

	e->sent++;
	/* A port that is closed says so at the next call: UDP asks again, the server may be starting. */
	if (send(e->fd, e->query + skip, e->query_len - skip, MSG_NOSIGNAL) < 0 && tcp)
		over(e);
}

static void answered(struct exchange *e, size_t from, size_t len)
{
	ldns_pkt *answer = NULL;

	if (ldns_wire2pkt(&answer, e->answer + from, len) != LDNS_STATUS_OK)
		answer = NULL;
	if (answer != NULL && cds_answers(answer, e->id, e->zone, questions[e->number].type)) {
		e->address->answers[e->number] = answer;
		over(e);
		return;
	}
	ldns_pkt_free(answer);
	if (questions[e->number].tcp)
		over(e);
}

static void take(struct exchange *e)
{
	bool tcp = questions[e->number].tcp;
	size_t want = !tcp ? sizeof(e->answer) : e->got < 2 ? 2 : 2u + al_get_u16(e->answer);
	ssize_t got = recv(e->fd, e->answer + e->got, want - e->got, 0);

	if (got < 0 && (errno == EAGAIN || errno == EINTR || !tcp))
		return;
	if (!tcp) {
		answered(e, 0, (size_t)got);
		return;
	}
	if (got <= 0) {
		over(e);
		return;
	}
	e->got += (size_t)got;
	if (e->got >= 2 && e->got == 2u + al_get_u16(e->answer))
		answered(e, 2, e->got - 2);
}

static void turn(struct exchange *e, short events)
{
	if (e->fd >= 0 && (events & POLLOUT) != 0 && e->sent == 0)
		put(e);
	if (e->fd >= 0 && (events & (POLLIN | POLLERR | POLLHUP)) != 0)
		take(e);
}

/* False: nothing is open any more. */
static bool turn_all(struct exchange *all, size_t count, int ms)
{
	struct pollfd polls[DELEGATION_ADDRESSES_MAX * ASK_COUNT];
	size_t open = 0;

	for (size_t i = 0; i < count; i++) {
		polls[i] = (struct pollfd){ all[i].fd, all[i].sent == 0 ? POLLOUT | POLLIN : POLLIN, 0 };
		open += all[i].fd >= 0;
	}
	if (open == 0 || (poll(polls, count, ms) < 0 && errno != EINTR))
		return false;
	for (size_t i = 0; i < count; i++)
		turn(&all[i], polls[i].revents);
	return true;
}

static void run(struct exchange *all, size_t count, int ms)
{
	uint64_t start = al_now_ms(), end = start + (uint64_t)ms, now;

	for (size_t i = 0; i < count; i++)
		begin(&all[i]);
	for (unsigned third = 1; third <= UDP_TIMES; third++) {
		uint64_t until = third < UDP_TIMES ? start + (uint64_t)ms * third / UDP_TIMES : end;

		for (size_t i = 0; i < count && third > 1; i++)
			if (all[i].fd >= 0 && !questions[all[i].number].tcp)
				put(&all[i]);
		while ((now = al_now_ms()) < until)
			if (!turn_all(all, count, (int)(until - now)))
				break;
	}
	for (size_t i = 0; i < count; i++)
		over(&all[i]);
}

enum al_err delegation_ask(const ldns_rdf *zone, struct delegation_address *addresses, size_t count, int ms)
{
	size_t exchanges = count * ASK_COUNT;
	struct exchange *all = calloc(exchanges + 1, sizeof(*all));
	bool made = all != NULL;

	for (size_t i = 0; i < exchanges && made; i++) {
		all[i].zone = zone;
		all[i].address = &addresses[i / ASK_COUNT];
		all[i].number = (enum delegation_question)(i % ASK_COUNT);
		all[i].fd = -1;
		made = query_make(&all[i]);
	}
	if (made)
		run(all, exchanges, ms);
	free(all);
	return made ? AL_OK : AL_ENOMEM;
}

void delegation_address_release(struct delegation_address *address)
{
	for (size_t i = 0; i < ASK_COUNT; i++) {
		ldns_pkt_free(address->answers[i]);
		address->answers[i] = NULL;
	}
}
