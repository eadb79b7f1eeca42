/* SPDX-License-Identifier: MIT */
/*
 * delegation.c -- see delegation.h.
 */
#include "delegation.h"

#include <arpa/inet.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DNS_PORT 53

enum al_err delegation_init(struct delegation *d, const char *name)
{
	enum al_err err = cds_init(&d->parent, name);

	d->servers = ldns_rr_list_new();
	return err == AL_OK && d->servers == NULL ? AL_ENOMEM : err;
}

void delegation_release(struct delegation *d)
{
	for (size_t i = 0; i < d->count; i++)
		delegation_address_release(&d->all[i].asked);
	ldns_rr_list_deep_free(d->servers);
	cds_release(&d->parent);
}

enum al_err delegation_server_name(struct delegation *d, struct al_slice name)
{
	char text[2 * AL_NAME_MAX];
	ldns_rr *ns = NULL;

	if (snprintf(text, sizeof(text), ". 0 IN NS %.*s.", AL_FMT(name)) >= (int)sizeof(text) ||
	    ldns_rr_new_frm_str(&ns, text, 0, NULL, NULL) != LDNS_STATUS_OK)
		return AL_EINVAL;
	if (!ldns_rr_list_contains_rr(d->servers, ns) && ldns_rr_list_push_rr(d->servers, ns))
		return AL_OK;
	ldns_rr_free(ns);
	return AL_OK;
}

static void to_address(const struct al_prefix *from, struct delegation_address *out)
{
	struct sockaddr_in *four = (struct sockaddr_in *)&out->to;
	struct sockaddr_in6 *six = (struct sockaddr_in6 *)&out->to;

	if (from->bits == 32) {
		*four = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons(DNS_PORT) };
		memcpy(&four->sin_addr, from->addr, 4);
		out->to_len = sizeof(*four);
	} else {
		*six = (struct sockaddr_in6){ .sin6_family = AF_INET6, .sin6_port = htons(DNS_PORT) };
		memcpy(&six->sin6_addr, from->addr, 16);
		out->to_len = sizeof(*six);
	}
}

void delegation_server_address(struct delegation *d, struct al_slice name, const struct al_prefix *address)
{
	struct delegation_server *server = &d->all[d->count];

	if (d->count == DELEGATION_ADDRESSES_MAX) {
		d->cut = true;
		return;
	}
	*server = (struct delegation_server){ .serves = false };
	if (al_slice_copy(name, server->name, sizeof(server->name)) != AL_OK)
		return;
	if (address != NULL) {
		al_addr_format(address, server->address);
		to_address(address, &server->asked);
	}
	d->count++;
}

/* ---- points ---- */

AL_PRINTF(5, 6)
static void point(struct delegation *d, const struct delegation_server *server, enum status_how how, const char *mend,
		  const char *fmt, ...)
{
	struct delegation_point *p = &d->points[d->point_count];
	va_list args;

	if (d->point_count == DELEGATION_POINTS_MAX)
		return;
	*p = (struct delegation_point){ .how = how, .server = server };
	va_start(args, fmt);
	(void)vsnprintf(p->text, sizeof(p->text), fmt, args);
	va_end(args);
	(void)snprintf(p->mend, sizeof(p->mend), "%s", mend);
	d->point_count++;
	if (status_rank(how) > status_rank(d->worst))
		d->worst = how;
}

/* ---- one server ---- */

static bool good(const ldns_pkt *answer)
{
	return answer != NULL && ldns_pkt_get_rcode(answer) == LDNS_RCODE_NOERROR;
}

/* The set at the apex, the caller's to free; NULL: there is none. */
static ldns_rr_list *set_of(const struct delegation *d, const ldns_pkt *answer, ldns_rr_type type)
{
	return answer != NULL ? ldns_pkt_rr_list_by_name_and_type(answer, d->parent.name, type, LDNS_SECTION_ANSWER)
			      : NULL;
}

static const char *rcode_text(const ldns_pkt *answer, char out[static 16])
{
	char *text = ldns_pkt_rcode2str(ldns_pkt_get_rcode(answer));

	(void)snprintf(out, 16, "%s", text != NULL ? text : "?");
	free(text);
	return out;
}

/* How it can be reached; false: not at all, or it does not matter any more. */
static bool judge_ways(struct delegation *d, const struct delegation_server *server)
{
	ldns_pkt *const *answers = server->asked.answers;
	bool udp = answers[ASK_SOA] != NULL || answers[ASK_SOA_PLAIN] != NULL, tcp = answers[ASK_SOA_TCP] != NULL;

	if (server->address[0] == '\0') {
		point(d, server, STATUS_CRITICAL, "give it an address, or take the nserver: line out",
		      "its name has no address");
		return false;
	}
	if (!udp && !tcp) {
		point(d, server, STATUS_CRITICAL,
		      "start the server there and let port 53 through, UDP and TCP, or take the nserver: line out",
		      "it does not answer");
		return false;
	}
	if (!udp)
		point(d, server, STATUS_CRITICAL, "let UDP port 53 through, and answers up to 1232 bytes back",
		      "it answers over TCP only");
	if (!tcp)
		point(d, server, STATUS_CRITICAL,
		      "let TCP port 53 through: answers that are too long for UDP are asked for there (RFC 7766)",
		      "it does not answer over TCP");
	if (good(answers[ASK_SOA_PLAIN]) && !good(answers[ASK_SOA]))
		point(d, server, ldns_rr_list_rr_count(d->parent.present) > 0 ? STATUS_CRITICAL : STATUS_WARNING,
		      "let questions with EDNS (RFC 6891) through: without it there is no DNSSEC",
		      "it does not answer to EDNS");
	return true;
}

/* The best answer about the zone that it gave. */
static const ldns_pkt *soa_answer(const struct delegation_server *server)
{
	static const enum delegation_question order[] = { ASK_SOA, ASK_SOA_TCP, ASK_SOA_PLAIN };
	const ldns_pkt *any = NULL;

	for (size_t i = 0; i < AL_COUNT(order); i++) {
		const ldns_pkt *answer = server->asked.answers[order[i]];

		if (good(answer))
			return answer;
		any = any != NULL ? any : answer;
	}
	return any;
}

static void judge_zone(struct delegation *d, struct delegation_server *server)
{
	static const char serve[] = "configure the zone there as primary or secondary, or take the nserver: line out";
	const ldns_pkt *answer = soa_answer(server);
	ldns_rr_list *soa = set_of(d, answer, LDNS_RR_TYPE_SOA);
	char rcode[16];

	if (!good(answer))
		point(d, server, STATUS_CRITICAL, serve, "it does not serve the zone: %s", rcode_text(answer, rcode));
	else if (!ldns_pkt_aa(answer))
		point(d, server, STATUS_CRITICAL, serve,
		      "it is not authoritative for the zone: it refers to others or answers from a cache");
	else if (soa == NULL)
		point(d, server, STATUS_CRITICAL, serve,
		      "it has no SOA record at the name: the zone does not begin here");
	server->serves = good(answer) && ldns_pkt_aa(answer) && soa != NULL;
	if (server->serves)
		server->serial = ldns_rdf2native_int32(ldns_rr_rdf(ldns_rr_list_rr(soa, 0), 2));
	ldns_rr_list_deep_free(soa);
}

/* The names of one set that are not in the other, each behind `mark`. */
static void names_put(const ldns_rr_list *of, const ldns_rr_list *other, char mark, struct al_buf *out)
{
	for (size_t i = 0; i < ldns_rr_list_rr_count(of); i++) {
		const ldns_rdf *name = ldns_rr_rdf(ldns_rr_list_rr(of, i), 0);
		bool there = false;
		char *text;

		for (size_t k = 0; k < ldns_rr_list_rr_count(other); k++)
			there = there || ldns_dname_compare(name, ldns_rr_rdf(ldns_rr_list_rr(other, k), 0)) == 0;
		text = there ? NULL : ldns_rdf2str(name);
		if (text != NULL)
			al_buf_printf(out, " %c%s", mark, text);
		free(text);
	}
}

static void judge_names(struct delegation *d, const struct delegation_server *server)
{
	static const char mend[] =
		"let the zone's NS records and the nserver: lines be the same: - is in the zone only, "
		"+ is in the registry only";
	ldns_rr_list *ns = set_of(d, server->asked.answers[ASK_NS], LDNS_RR_TYPE_NS);
	struct al_buf names;

	al_buf_init(&names, 8192);
	if (ns == NULL) {
		if (server->asked.answers[ASK_NS] != NULL)
			point(d, server, STATUS_WARNING, mend, "it has no NS records for the zone");
		return;
	}
	names_put(ns, d->servers, '-', &names);
	names_put(d->servers, ns, '+', &names);
	if (names.len > 0)
		point(d, server, STATUS_WARNING, mend, "its NS records name other servers:%.*s",
		      (int)(names.len < 200 ? names.len : 200), (const char *)names.ptr);
	al_buf_release(&names);
	ldns_rr_list_deep_free(ns);
}

static const ldns_pkt *keys_answer(const struct delegation_server *server)
{
	const ldns_pkt *udp = server->asked.answers[ASK_KEYS], *tcp = server->asked.answers[ASK_KEYS_TCP];

	return udp != NULL && !ldns_pkt_tc(udp) ? udp : tcp;
}

static bool any_named(const ldns_rr_list *ds_set, const ldns_rr_list *keys)
{
	for (size_t i = 0; i < ldns_rr_list_rr_count(keys); i++)
		if (cds_names_key(ds_set, ldns_rr_list_rr(keys, i)))
			return true;
	return false;
}

static void judge_keys(struct delegation *d, const struct delegation_server *server)
{
	const ldns_pkt *answer = keys_answer(server);
	const ldns_rr_list *ds_set = d->parent.present;
	ldns_rr_list *keys = set_of(d, answer, LDNS_RR_TYPE_DNSKEY), *sigs = set_of(d, answer, LDNS_RR_TYPE_RRSIG);
	bool signing = ldns_rr_list_rr_count(ds_set) > 0;

	if (signing && answer == NULL)
		point(d, server, STATUS_CRITICAL, "let answers over TCP through, and look at the server's log",
		      "it does not answer for the DNSKEY set: whoever validates gets nothing");
	else if (signing && keys == NULL)
		point(d, server, STATUS_CRITICAL, "sign the zone there, or take the ds-rdata: lines out",
		      "ds-rdata: says that the zone is signed, and it has no DNSKEY: whoever validates gets nothing");
	else if (signing && !any_named(ds_set, keys))
		point(d, server, STATUS_CRITICAL,
		      "put the DS of the key that signs (ldns-key2ds, dnssec-dsfromkey) in ds-rdata:",
		      "no ds-rdata: is of a DNSKEY that it has: whoever validates gets nothing");
	else if (signing && (sigs == NULL || !cds_vouched(keys, sigs, ds_set, keys)))
		point(d, server, STATUS_CRITICAL,
		      "sign the zone again, with the key that ds-rdata: names; is the clock right?",
		      "its DNSKEY set has no good signature by a key that ds-rdata: names: it is over, or broken");
	else if (!signing && keys != NULL)
		point(d, server, STATUS_OK, "put the DS of its key in ds-rdata:, then resolvers verify the zone",
		      "the zone is signed, and nobody can tell: there is no ds-rdata:");
	ldns_rr_list_deep_free(keys);
	ldns_rr_list_deep_free(sigs);
}

static void judge_server(struct delegation *d, struct delegation_server *server)
{
	size_t before = d->point_count;

	if (judge_ways(d, server))
		judge_zone(d, server);
	if (!server->serves)
		return;
	judge_names(d, server);
	judge_keys(d, server);
	if (d->point_count == before)
		point(d, server, STATUS_OK, "", "serial %u%s", (unsigned)server->serial,
		      ldns_rr_list_rr_count(d->parent.present) > 0 ? ", signed" : "");
}

/* ---- all of them ---- */

static void judge_serials(struct delegation *d)
{
	const struct delegation_server *first = NULL;

	for (size_t i = 0; i < d->count; i++) {
		const struct delegation_server *server = &d->all[i];

		if (!server->serves)
			continue;
		first = first != NULL ? first : server;
		if (server->serial == first->serial)
			continue;
		point(d, NULL, STATUS_WARNING,
		      "look whether the older one may transfer the zone and is told of changes (NOTIFY); a moment "
		      "after a change it is normal",
		      "serials differ: %u at %.100s, %u at %.100s", (unsigned)first->serial, first->name,
		      (unsigned)server->serial, server->name);
		return;
	}
}

void delegation_judge(struct delegation *d)
{
	for (size_t i = 0; i < d->count; i++)
		judge_server(d, &d->all[i]);
	judge_serials(d);
	if (d->count == 0)
		point(d, NULL, STATUS_CRITICAL, "give the domain nserver: lines", "there is no server to ask");
	if (d->cut)
		point(d, NULL, STATUS_UNKNOWN, "", "only the first %d addresses were asked", DELEGATION_ADDRESSES_MAX);
}
