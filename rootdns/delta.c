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

/* One record of a node after the other: sets and signatures, then glue. */
struct walk {
	const struct node *node;
	size_t set;
	const uint8_t *run;
	size_t left;
	const uint8_t *below;
	size_t below_left;
};

struct item {
	uint16_t type;
	const uint8_t *name;
	size_t name_len;
	const uint8_t *fixed; /* type and all that follows */
	size_t fixed_len;
};

size_t record_len(const uint8_t *record, size_t *name_len)
{
	*name_len = dname_wire_len(record);
	return *name_len + 10u + al_get_u16(record + *name_len + 8);
}

static struct walk walk_of(const struct node *node)
{
	struct walk walk = { .node = node };

	if (node != NULL) {
		walk.below = node_bytes(node, node->below_at);
		walk.below_left = node->below_len;
	}
	return walk;
}

static bool below_next(struct walk *walk, struct item *out)
{
	size_t len;

	if (walk->below_left == 0)
		return false;
	len = record_len(walk->below, &out->name_len);
	out->name = walk->below;
	out->fixed = walk->below + out->name_len;
	out->fixed_len = len - out->name_len;
	out->type = al_get_u16(out->fixed);
	walk->below += len;
	walk->below_left -= len;
	return true;
}

static bool walk_next(struct walk *walk, struct item *out)
{
	struct rr_view rr;

	while (walk->node != NULL) {
		if (walk->left > 0 && rr_next(&walk->run, &walk->left, &rr)) {
			*out = (struct item){ rr.type, node_name(walk->node), walk->node->name_len, rr.fixed,
					      rr.fixed_len };
			return true;
		}
		if (walk->set == walk->node->set_count)
			return below_next(walk, out);
		walk->run = node_bytes(walk->node, walk->node->sets[walk->set].at);
		walk->left = walk->node->sets[walk->set].len + walk->node->sets[walk->set].sig_len;
		walk->set++;
	}
	return false;
}

static bool has_item(const struct node *node, const struct item *wanted)
{
	struct walk walk = walk_of(node);
	struct item item;

	while (walk_next(&walk, &item))
		if (item.fixed_len == wanted->fixed_len && item.name_len == wanted->name_len &&
		    memcmp(item.fixed, wanted->fixed, item.fixed_len) == 0 &&
		    memcmp(item.name, wanted->name, item.name_len) == 0)
			return true;
	return false;
}

/* What `node` has and `other` has not. */
static void put_missing(const struct node *node, const struct node *other, struct al_buf *out, uint32_t *count)
{
	struct walk walk = walk_of(node);
	struct item item;

	while (walk_next(&walk, &item)) {
		if (item.type == RR_SOA || has_item(other, &item))
			continue;
		al_buf_put(out, item.name, item.name_len);
		al_buf_put(out, item.fixed, item.fixed_len);
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

static struct item soa_of(const struct node *apex)
{
	struct walk walk = walk_of(apex);
	struct item item = { .type = 0 };

	while (item.type != RR_SOA && walk_next(&walk, &item))
		;
	assert(item.type == RR_SOA); /* a zone without is never published */
	return item;
}

uint32_t node_serial(const struct node *apex)
{
	struct item soa = soa_of(apex);

	return al_get_u32(soa.fixed + soa.fixed_len - SERIAL_FROM_END);
}

static void add(struct delta *delta, const void *bytes, size_t len)
{
	if (len > 0)
		memcpy(delta->bytes + delta->len, bytes, len);
	delta->len += (uint32_t)len;
}

static void add_soa(struct delta *delta, const struct item *soa)
{
	add(delta, soa->name, soa->name_len);
	add(delta, soa->fixed, soa->fixed_len);
}

enum al_err draft_finish(struct draft *draft, const struct node *before, const struct node *after, struct delta **out)
{
	struct item old = soa_of(before), new = soa_of(after);
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
