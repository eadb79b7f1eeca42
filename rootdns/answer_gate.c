/* SPDX-License-Identifier: MIT */
/*
 * answer_gate.c -- what stands between a message and a zone: whole messages,
 * signatures, classes and types that are not for zones. See answer.h.
 */
#include "answer.h"

#include "chaos.h"
#include "reply.h"

size_t answer_error(const struct query *query, const struct client *client, enum rcode rcode, enum ede ede,
		    struct tsig *tsig, uint8_t *out)
{
	struct reply reply;

	reply_begin(&reply, query, client, out, UDP_SIZE_MIN);
	reply.authoritative = false;
	reply.rcode = (uint8_t)rcode;
	reply_explain(&reply, ede);
	if (tsig != NULL)
		reply_sign(&reply, tsig);
	return reply_end(&reply);
}

size_t answer_short(const struct query *query, const struct client *client, uint8_t *out)
{
	struct reply reply;

	reply_begin(&reply, query, client, out, UDP_SIZE_MIN);
	reply.authoritative = false;
	reply.truncated = true;
	return reply_end(&reply);
}

/* Questions that no zone is asked: the reason, or RCODE_NOERROR. */
static enum rcode refusal(const struct query *query, bool tcp)
{
	if (query->class != RR_CLASS_IN)
		return RCODE_REFUSED;
	/* RFC 5936 section 4.2: transfers over TCP only. 249 .. 254: TKEY, TSIG, IXFR, AXFR, MAILB, MAILA. */
	if (query->type == RR_AXFR && !tcp)
		return RCODE_NOTIMP;
	if (query->type >= 249 && query->type < RR_ANY && query->type != RR_IXFR && query->type != RR_AXFR)
		return RCODE_NOTIMP;
	return RCODE_NOERROR;
}

/* What stands between a question and its zone. */
static size_t answer_checked(const struct zone_set *set, const struct query *query, const struct client *client,
			     struct tsig *tsig, uint8_t *out)
{
	enum rcode rcode = query->rcode;
	enum ede ede = EDE_NONE;

	if (query->cut)
		return answer_short(query, client, out);
	if (rcode == RCODE_NOERROR && query->bare)
		return answer_error(query, client, rcode, ede, tsig, out);
	if (rcode == RCODE_NOERROR && query->class == CLASS_CHAOS)
		return chaos_answer(query, client, tsig, out);
	if (rcode == RCODE_NOERROR)
		rcode = refusal(query, client->tcp);
	if (rcode == RCODE_NOERROR && query->zone == NULL) {
		rcode = set == NULL ? RCODE_SERVFAIL : RCODE_REFUSED;
		ede = set == NULL ? EDE_NOT_READY : EDE_NOT_AUTHORITATIVE;
	}
	if (rcode != RCODE_NOERROR || set == NULL)
		return answer_error(query, client, rcode, ede, tsig, out);
	return answer_zone(set, query, client, tsig, out);
}

size_t answer_write(const struct zone_set *set, const struct query *query, const struct client *client, uint8_t *out)
{
	struct tsig tsig;
	enum rcode rcode;

	if (query->tsig_at == 0 || query->rcode != RCODE_NOERROR || query->cut)
		return answer_checked(set, query, client, NULL, out);
	rcode = tsig_check(client->self != NULL ? client->self->keys : NULL, client->now, query, &tsig);
	if (rcode != RCODE_NOERROR)
		return answer_error(query, client, rcode, EDE_NONE, rcode == RCODE_NOTAUTH ? &tsig : NULL, out);
	return answer_checked(set, query, client, &tsig, out);
}

size_t answer_query(const struct zone_set *set, const uint8_t *msg, size_t len, const struct client *client,
		    uint8_t *out)
{
	struct query query;

	if (!query_parse(set != NULL ? set->seed : 0, msg, len, &query))
		return 0;
	answer_prepare(set, &query);
	return answer_write(set, &query, client, out);
}
