/* SPDX-License-Identifier: MIT */
/*
 * delta.c -- see delta.h. Builder's thread.
 */
#include "delta.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "alamo/base/wire.h"

#define SERIAL_FROM_END 20u /* of SOA RDATA */

size_t record_len(const uint8_t *record, size_t *name_len)
{
	*name_len = dname_wire_len(record);
	return *name_len + 10u + al_get_u16(record + *name_len + 8);
}

static bool has_record(const struct node *node, const struct node_record *wanted)
{
	struct node_record record;
	struct node_walk walk;

	node_walk_begin(&walk, node);
	while (node_walk_next(&walk, &record))
		if (record.fixed_len == wanted->fixed_len && record.name_len == wanted->name_len &&
		    memcmp(record.fixed, wanted->fixed, record.fixed_len) == 0 &&
		    memcmp(record.name, wanted->name, record.name_len) == 0)
			return true;
	return false;
}

/* What `node` has and `other` has not. */
static void put_missing(const struct node *node, const struct node *other, struct al_buf *out, uint32_t *count)
{
	struct node_record record;
	struct node_walk walk;

	node_walk_begin(&walk, node);
	while (node_walk_next(&walk, &record)) {
		if (record.type == RR_SOA || has_record(other, &record))
			continue;
		al_buf_put(out, record.name, record.name_len);
		al_buf_put(out, record.fixed, record.fixed_len);
		(*count)++;
	}
}

void draft_init(struct draft *draft)
{
	*draft = (struct draft){ .went_count = 0 };
	al_buf_init(&draft->went, DELTA_BYTES_MAX);
	al_buf_init(&draft->came, DELTA_BYTES_MAX);
}

void draft_release(struct draft *draft)
{
	al_buf_release(&draft->went);
	al_buf_release(&draft->came);
}

void draft_node(struct draft *draft, const struct node *before, const struct node *after)
{
	put_missing(before, after, &draft->went, &draft->went_count);
	put_missing(after, before, &draft->came, &draft->came_count);
}

bool draft_empty(const struct draft *draft)
{
	return draft->went_count == 0 && draft->came_count == 0;
}

struct node_record node_soa(const struct node *apex)
{
	struct node_record record = { .type = 0 };
	struct node_walk walk;

	node_walk_begin(&walk, apex);
	while (record.type != RR_SOA && node_walk_next(&walk, &record))
		;
	assert(record.type == RR_SOA); /* a zone without is never published */
	return record;
}

uint32_t node_serial(const struct node *apex)
{
	struct node_record soa = node_soa(apex);

	return al_get_u32(soa.fixed + soa.fixed_len - SERIAL_FROM_END);
}

static void add(struct delta *delta, const void *bytes, size_t len)
{
	if (len > 0)
		memcpy(delta->bytes + delta->len, bytes, len);
	delta->len += (uint32_t)len;
}

static void add_soa(struct delta *delta, const struct node_record *soa)
{
	add(delta, soa->name, soa->name_len);
	add(delta, soa->fixed, soa->fixed_len);
}

enum al_err draft_finish(struct draft *draft, const struct node *before, const struct node *after, struct delta **out)
{
	struct node_record old = node_soa(before), new = node_soa(after);
	size_t soas = old.name_len + old.fixed_len + new.name_len + new.fixed_len;
	struct delta *delta;

	if (draft->went.err != AL_OK)
		return draft->went.err;
	if (draft->came.err != AL_OK)
		return draft->came.err;
	delta = malloc(sizeof(*delta) + soas + draft->went.len + draft->came.len);
	if (delta == NULL)
		return AL_ENOMEM;
	*delta = (struct delta){ .from = node_serial(before),
				 .to = node_serial(after),
				 .count = 2 + draft->went_count + draft->came_count };
	add_soa(delta, &old);
	add(delta, draft->went.ptr, draft->went.len);
	add_soa(delta, &new);
	add(delta, draft->came.ptr, draft->came.len);
	*out = delta;
	return AL_OK;
}
