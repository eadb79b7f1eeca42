/* SPDX-License-Identifier: MIT */
/*
 * xfr.c -- see xfr.h. Of a whole zone, records keep the order of the chain, glue follows the
 * cut above it, and the SOA stands first and last.
 *
 * Every message repeats the question, so that the apex can be pointed at in
 * all of them, and stays below 16 KiB, so that every pointer reaches.
 */
#include "xfr.h"

#include <stdlib.h>
#include <string.h>

#include "alamo/base/wire.h"
#include "node.h"

#define MESSAGE_MAX 16300u
#define APEX_POINTER (0xc000u | DNS_HEADER)
#define TSIG_MAX 1024u

enum xfr_step { STEP_SOA, STEP_NODES, STEP_DELTA, STEP_LAST, STEP_DONE };

struct xfr {
	const struct zone *zone;                      /* reference */
	uint8_t question[DNS_HEADER + DNAME_MAX + 4]; /* header and question of the query */
	size_t question_len;
	uint8_t opt[EDNS_MAX];
	size_t opt_len; /* 0: none */
	bool is_signed;
	struct tsig tsig;
	enum xfr_step step;
	bool incremental;
	struct chain_at at;
	struct node_walk walk;
	struct node_record record; /* of the walk, */
	bool waits;                /* when there was no room for it */
	size_t delta;              /* index of the next one; zone->delta_count: the whole zone is sent */
	size_t done;               /* bytes of it */
};

struct message {
	uint8_t bytes[MESSAGE_MAX + EDNS_MAX + TSIG_MAX];
	size_t len;
	uint16_t count;
	const struct node *owner; /* whose name stands at owner_at */
	size_t owner_at;
};

/* Where the deltas from `serial` on begin; zone->delta_count: there are none, or the whole zone is shorter. */
static size_t delta_find(const struct zone *zone, uint32_t serial)
{
	size_t bytes = 0;

	for (size_t i = zone->delta_count; i-- > 0;) {
		bytes += zone->deltas[i]->len;
		if (bytes > zone->bytes)
			break;
		if (zone->deltas[i]->from == serial)
			return i;
	}
	return zone->delta_count;
}

enum rcode xfr_new(const struct zone_set *set, const struct query *query, const struct client *client,
		   const struct tsig *tsig, struct xfr **out)
{
	const struct zone *zone;
	struct xfr *xfr;

	*out = NULL;
	if (set == NULL)
		return RCODE_SERVFAIL;
	zone = zone_set_apex(set, &query->name);
	if (zone == NULL)
		return RCODE_NOTAUTH;
	/* RFC 1982 */
	if (query->type == RR_IXFR && (int32_t)(query->serial - zone->serial) >= 0)
		return RCODE_NOERROR;
	xfr = calloc(1, sizeof(*xfr));
	if (xfr == NULL)
		return RCODE_SERVFAIL;
	xfr->zone = zone_ref(zone);
	xfr->delta = query->type == RR_IXFR ? delta_find(zone, query->serial) : zone->delta_count;
	xfr->incremental = xfr->delta < zone->delta_count;
	xfr->question_len = query->end;
	xfr->opt_len = edns_put(query, client, RCODE_NOERROR, EDE_NONE, xfr->opt);
	xfr->is_signed = tsig != NULL;
	if (tsig != NULL)
		xfr->tsig = *tsig;
	memcpy(xfr->question, query->msg, query->end);
	node_walk_begin(&xfr->walk, zone_chain_apex(&zone->chain));
	*out = xfr;
	return RCODE_NOERROR;
}

bool xfr_incremental(const struct xfr *xfr)
{
	return xfr->incremental;
}

void xfr_free(struct xfr *xfr)
{
	if (xfr == NULL)
		return;
	zone_unref(xfr->zone);
	free(xfr);
}

/* ---- one message ---- */

/* One record, or nothing when the message is full. */
static bool put_record(struct message *m, const uint8_t *name, size_t name_len, size_t apex_len, size_t pointer,
		       const uint8_t *fixed, size_t fixed_len)
{
	size_t head = pointer != 0 ? 0 : name_len - apex_len;

	if (head + 2 + fixed_len > MESSAGE_MAX - m->len)
		return false;
	memcpy(m->bytes + m->len, name, head);
	m->len += head;
	al_set_u16(m->bytes + m->len, (uint16_t)(pointer != 0 ? 0xc000u | pointer : APEX_POINTER));
	memcpy(m->bytes + m->len + 2, fixed, fixed_len);
	m->len += 2 + fixed_len;
	m->count++;
	return true;
}

static bool put_of_node(struct message *m, const struct zone *zone, const struct node *node,
			const struct node_record *record)
{
	size_t at = m->len, pointer = !record->glue && m->owner == node ? m->owner_at : 0;

	if (!put_record(m, record->name, record->name_len, zone->apex.len, pointer, record->fixed, record->fixed_len))
		return false;
	if (!record->glue && m->owner != node) {
		m->owner = node;
		m->owner_at = at;
		/* The apex has no label of its own: its first record is a pointer already. */
		if (node->name_len == zone->apex.len)
			m->owner_at = DNS_HEADER;
	}
	return true;
}

/* ---- the walk; each step returns false when the message is full ---- */

static bool step_soa(struct xfr *xfr, struct message *m, enum xfr_step next)
{
	const struct node *apex = zone_chain_apex(&xfr->zone->chain);
	struct node_record soa = node_soa(apex);

	if (!put_of_node(m, xfr->zone, apex, &soa))
		return false;
	xfr->step = next;
	return true;
}

static bool step_nodes(struct xfr *xfr, struct message *m)
{
	const struct zone *zone = xfr->zone;
	const struct node *node = zone_chain_node(&zone->chain, xfr->at);

	while (xfr->waits || node_walk_next(&xfr->walk, &xfr->record)) {
		/* The SOA itself is sent first and last; here only its signature. */
		xfr->waits = xfr->record.type != RR_SOA && !put_of_node(m, zone, node, &xfr->record);
		if (xfr->waits)
			return false;
	}
	xfr->at = zone_chain_after(&zone->chain, xfr->at);
	node_walk_begin(&xfr->walk, zone_chain_node(&zone->chain, xfr->at));
	if (xfr->walk.node == NULL)
		xfr->step = STEP_LAST;
	return true;
}

static bool step_delta(struct xfr *xfr, struct message *m)
{
	const struct delta *delta = xfr->zone->deltas[xfr->delta];

	while (xfr->done < delta->len) {
		const uint8_t *name = delta->bytes + xfr->done;
		size_t name_len, len = record_len(name, &name_len);

		if (!put_record(m, name, name_len, xfr->zone->apex.len, 0, name + name_len, len - name_len))
			return false;
		xfr->done += len;
	}
	xfr->done = 0;
	if (++xfr->delta == xfr->zone->delta_count)
		xfr->step = STEP_LAST;
	return true;
}

static bool step(struct xfr *xfr, struct message *m)
{
	switch (xfr->step) {
	case STEP_SOA:
		return step_soa(xfr, m, xfr->delta < xfr->zone->delta_count ? STEP_DELTA : STEP_NODES);
	case STEP_NODES:
		return step_nodes(xfr, m);
	case STEP_DELTA:
		return step_delta(xfr, m);
	case STEP_LAST:
		return step_soa(xfr, m, STEP_DONE);
	case STEP_DONE:
		break;
	}
	return false;
}

bool xfr_next(struct xfr *xfr, struct al_buf *out)
{
	struct message m = { .len = xfr->question_len };

	memcpy(m.bytes, xfr->question, xfr->question_len);
	while (step(xfr, &m))
		;
	memcpy(m.bytes + m.len, xfr->opt, xfr->opt_len);
	m.len += xfr->opt_len;
	m.bytes[2] = (uint8_t)(0x84 | (xfr->question[2] & 0x01));
	m.bytes[3] = 0;
	al_set_u16(m.bytes + 4, 1);
	al_set_u16(m.bytes + 6, m.count);
	al_set_u16(m.bytes + 8, 0);
	al_set_u16(m.bytes + 10, xfr->opt_len > 0);
	if (xfr->is_signed)
		m.len = tsig_put(&xfr->tsig, m.bytes, m.len);
	al_buf_u16(out, (uint16_t)m.len);
	al_buf_put(out, m.bytes, m.len);
	return xfr->step != STEP_DONE;
}
