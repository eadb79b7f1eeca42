/* SPDX-License-Identifier: MIT */
/*
 * reply.c -- see reply.h.
 */
#include "reply.h"

#include <string.h>

#include "alamo/base/wire.h"

#define EDE_LEN 6u
#define POINTER_MAX 0x3fffu

static void keep_free(struct reply *reply, size_t len)
{
	/* A question with the longest names may pass the client's size, never that of `out`. */
	reply->limit = reply->limit - reply->len > len ? reply->limit - len : reply->len;
}

void reply_begin(struct reply *reply, const struct query *query, const struct client *client, uint8_t *out,
		 size_t limit)
{
	*reply = (struct reply){
		.query = query, .client = client, .out = out, .authoritative = true, .limit = limit, .len = query->end
	};
	memcpy(out, query->msg, query->end);
	keep_free(reply, edns_len(query, client));
}

void reply_sign(struct reply *reply, struct tsig *tsig)
{
	reply->tsig = tsig;
	keep_free(reply, tsig_room(tsig));
}

void reply_explain(struct reply *reply, enum ede ede)
{
	reply->ede = ede;
	if (reply->query->edns && ede != EDE_NONE)
		keep_free(reply, EDE_LEN);
}

bool reply_room(struct reply *reply, size_t len)
{
	if (reply->truncated || len > reply->limit - reply->len)
		reply->truncated = true;
	return !reply->truncated;
}

static void add(struct reply *reply, const void *bytes, size_t len)
{
	memcpy(reply->out + reply->len, bytes, len);
	reply->len += len;
}

static void add_pointer(struct reply *reply, size_t target)
{
	al_set_u16(reply->out + reply->len, (uint16_t)(0xc000u | target));
	reply->len += 2;
}

static void run_by_pointer(struct reply *reply, uint16_t pointer, const uint8_t *run, size_t len)
{
	size_t at = reply->len;

	if (!reply_room(reply, len))
		return;
	add(reply, run, len);
	/* A run is written with the pointer to the question's name in it. */
	if (pointer == (0xc000u | DNS_HEADER))
		return;
	while (at < reply->len) {
		al_set_u16(reply->out + at, pointer);
		at += RR_FIXED + al_get_u16(reply->out + at + 10);
	}
}

/* The first record spells the name, down to the zone's apex; the others point there. */
static void run_by_name(struct reply *reply, const struct owner *owner, unsigned apex_labels, const uint8_t *run,
			size_t len, unsigned count)
{
	const struct dname_index *question = &reply->query->name;
	size_t apex_len = (size_t)question->len - question->at[apex_labels];
	size_t head = owner->name_len - apex_len, first = reply->len;
	struct rr_view rr;

	/* The first owner is `head` longer than the two bytes that the run has for it; far ones are spelt again. */
	if (!reply_room(reply, len + head * (first > POINTER_MAX ? count : 1)))
		return;
	while (rr_next(&run, &len, &rr)) {
		if (reply->len == first || first > POINTER_MAX) {
			add(reply, owner->name, head);
			add_pointer(reply, DNS_HEADER + question->at[apex_labels]);
		} else {
			add_pointer(reply, first);
		}
		add(reply, rr.fixed, rr.fixed_len);
	}
}

void reply_run(struct reply *reply, enum section section, const struct owner *owner, unsigned apex_labels,
	       const uint8_t *run, size_t len, unsigned count)
{
	if (owner->pointer != 0)
		run_by_pointer(reply, owner->pointer, run, len);
	else
		run_by_name(reply, owner, apex_labels, run, len, count);
	reply->count[section] = (uint16_t)(reply->count[section] + count);
}

void reply_part(struct reply *reply, enum section section, const struct node *node, size_t part, size_t delta)
{
	const struct node_part *from = &node->part[part];
	size_t start = reply->len;

	if (!reply_room(reply, from->len))
		return;
	add(reply, node_bytes(node, from->at), from->len);
	reply->count[section] = (uint16_t)(reply->count[section] + from->count);
	if (delta == 0)
		return;
	for (size_t i = 0; i < from->fix_count; i++) {
		uint16_t at;

		memcpy(&at, node_bytes(node, from->fix_at + i * sizeof(at)), sizeof(at));
		al_set_u16(reply->out + start + at, (uint16_t)(al_get_u16(reply->out + start + at) + delta));
	}
}

void reply_copy(struct reply *reply, enum section section, const uint8_t *bytes, size_t len, unsigned count)
{
	if (len == 0 || !reply_room(reply, len))
		return;
	add(reply, bytes, len);
	reply->count[section] = (uint16_t)(reply->count[section] + count);
}

size_t reply_end(struct reply *reply)
{
	const struct query *query = reply->query;
	uint8_t *out = reply->out;

	if (reply->truncated) {
		reply->len = query->end;
		memset(reply->count, 0, sizeof(reply->count));
	}
	if (query->edns) {
		reply->len += edns_put(query, reply->client, reply->rcode, reply->ede, out + reply->len);
		reply->count[SECTION_ADDITIONAL]++;
	}
	/* QR; opcode and RD as asked; CD as asked (RFC 4035 section 3.1.6); RA and AD never. */
	out[2] = (uint8_t)(0x80 | (query->msg[2] & 0x79) | (reply->authoritative ? 0x04 : 0) |
			   (reply->truncated ? 0x02 : 0));
	out[3] = (uint8_t)((query->msg[3] & 0x10) | (reply->rcode & 0x0f));
	al_set_u16(out + 4, query->end > DNS_HEADER ? 1 : 0);
	for (size_t i = 0; i < SECTION_COUNT; i++)
		al_set_u16(out + 6 + 2 * i, reply->count[i]);
	return reply->tsig != NULL ? tsig_put(reply->tsig, out, reply->len) : reply->len;
}
