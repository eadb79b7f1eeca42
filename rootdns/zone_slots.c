/* SPDX-License-Identifier: MIT */
/*
 * zone_slots.c -- see zone_slots.h.
 */
#include "zone_slots.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define ADDRESS_BITS 48
#define ADDRESS ((UINT64_C(1) << ADDRESS_BITS) - 1)
#define ZONE_CUT (UINT64_C(1) << ADDRESS_BITS) /* the node is a delegation */
#define TAG (~(ADDRESS | ZONE_CUT))            /* these bits of a slot are those of the hash */

static const struct node *slot_node(uint64_t slot)
{
	return (const struct node *)(uintptr_t)(slot & ADDRESS);
}

static uint64_t slot_of(const struct node *node, uint64_t hash)
{
	uint64_t address = (uintptr_t)node;

	assert((address & ~ADDRESS) == 0);
	return address | (hash & TAG) | (node->cut ? ZONE_CUT : 0);
}

static uint64_t slot_at(const struct zone_slots *slots, size_t i)
{
	return slots->pages[i / SLOT_PAGE]->slots[i % SLOT_PAGE];
}

static size_t home_of(const struct zone_slots *slots, uint64_t hash)
{
	return (size_t)hash & slots->mask;
}

static size_t next_of(const struct zone_slots *slots, size_t i)
{
	return (i + 1) & slots->mask;
}

/* ---- reading ---- */

static bool node_is(const struct node *node, const struct dname_index *name, unsigned labels)
{
	size_t at = name->at[labels];

	return node->name_len == name->len - at && memcmp(node_name(node), name->name + at, node->name_len) == 0;
}

const struct node *zone_slots_find(const struct zone_slots *slots, const struct dname_index *name, unsigned labels,
				   bool cut)
{
	uint64_t hash = name->hash[labels], mask = cut ? TAG | ZONE_CUT : TAG, slot;
	uint64_t tag = (hash & TAG) | (cut ? ZONE_CUT : 0);

	for (size_t i = home_of(slots, hash); (slot = slot_at(slots, i)) != 0; i = next_of(slots, i))
		if ((slot & mask) == tag && node_is(slot_node(slot), name, labels))
			return slot_node(slot);
	return NULL;
}

const struct node *zone_slots_hint(const struct zone_slots *slots, uint64_t hash)
{
	uint64_t slot;

	for (size_t i = home_of(slots, hash); (slot = slot_at(slots, i)) != 0; i = next_of(slots, i))
		if ((slot & TAG) == (hash & TAG))
			return slot_node(slot);
	return NULL;
}

void zone_slots_prefetch(const struct zone_slots *slots, uint64_t hash)
{
	size_t i = home_of(slots, hash);

	__builtin_prefetch(&slots->pages[i / SLOT_PAGE]->slots[i % SLOT_PAGE]);
}

/* ---- pages ---- */

static size_t page_count(const struct zone_slots *slots)
{
	return slots->pages != NULL ? (slots->mask + 1) / SLOT_PAGE : 0;
}

void zone_slots_release(struct zone_slots *slots, bool pages)
{
	for (size_t i = 0; pages && i < page_count(slots); i++)
		free(slots->pages[i]);
	free(slots->pages);
	slots->pages = NULL;
}

enum al_err zone_slots_new(struct zone_slots *slots, uint64_t seed, const struct making *making, size_t nodes)
{
	size_t size = SLOT_PAGE;

	while (size < nodes * 2)
		size *= 2;
	*slots = (struct zone_slots){ .seed = seed, .mask = size - 1 };
	slots->pages = calloc(size / SLOT_PAGE, sizeof(struct slot_page *));
	for (size_t i = 0; slots->pages != NULL && i < size / SLOT_PAGE; i++) {
		slots->pages[i] = calloc(1, sizeof(struct slot_page));
		if (slots->pages[i] == NULL) {
			zone_slots_release(slots, true);
			return AL_ENOMEM;
		}
		slots->pages[i]->shared.born = making->number;
	}
	return slots->pages != NULL ? AL_OK : AL_ENOMEM;
}

enum al_err zone_slots_share(const struct zone_slots *from, struct zone_slots *to)
{
	size_t size = page_count(from) * sizeof(struct slot_page *);

	assert(size > 0);
	*to = *from;
	to->pages = malloc(size);
	if (to->pages == NULL)
		return AL_ENOMEM;
	memcpy(to->pages, from->pages, size);
	return AL_OK;
}

/* ---- edits ---- */

static enum al_err slot_set(struct zone_slots *slots, const struct making *making, size_t i, uint64_t slot)
{
	struct slot_page **at = &slots->pages[i / SLOT_PAGE], *before = *at;
	enum al_err err = AL_OK;

	if (!shared_is_own(making, &before->shared)) {
		struct slot_page *page = malloc(sizeof(*page));

		if (page == NULL)
			return AL_ENOMEM;
		memcpy(page, before, sizeof(*page));
		page->shared.born = making->number;
		*at = page;
		err = shared_drop(making, &before->shared);
	}
	(*at)->slots[i % SLOT_PAGE] = slot;
	return err;
}

static uint64_t hash_of(const struct zone_slots *slots, const struct node *node)
{
	return dname_hash(slots->seed, node_name(node));
}

static enum al_err put(struct zone_slots *slots, const struct making *making, const struct node *node)
{
	uint64_t hash = hash_of(slots, node);
	size_t i = home_of(slots, hash);

	while (slot_at(slots, i) != 0)
		i = next_of(slots, i);
	slots->count++;
	return slot_set(slots, making, i, slot_of(node, hash));
}

/* Twice as many, in pages of their own. */
static enum al_err grow(struct zone_slots *slots, const struct making *making)
{
	struct zone_slots grown;
	enum al_err err = zone_slots_new(&grown, slots->seed, making, slots->count + slots->count / 2 + 1);

	for (size_t i = 0; err == AL_OK && i <= slots->mask; i++)
		if (slot_at(slots, i) != 0)
			err = put(&grown, making, slot_node(slot_at(slots, i)));
	for (size_t i = 0; err == AL_OK && i < page_count(slots); i++)
		err = shared_drop(making, &slots->pages[i]->shared);
	if (err != AL_OK) {
		zone_slots_release(&grown, true);
		return err;
	}
	zone_slots_release(slots, false);
	*slots = grown;
	return AL_OK;
}

enum al_err zone_slots_add(struct zone_slots *slots, const struct making *making, const struct node *node)
{
	enum al_err err = AL_OK;

	if ((slots->count + 1) * 2 > slots->mask + 1)
		err = grow(slots, making);
	return err == AL_OK ? put(slots, making, node) : err;
}

static size_t place_of(const struct zone_slots *slots, uint64_t hash, const struct node *node)
{
	size_t i = home_of(slots, hash);

	while (slot_node(slot_at(slots, i)) != node)
		i = next_of(slots, i);
	return i;
}

enum al_err zone_slots_replace(struct zone_slots *slots, const struct making *making, const struct node *before,
			       const struct node *node)
{
	uint64_t hash = hash_of(slots, node);

	return slot_set(slots, making, place_of(slots, hash, before), slot_of(node, hash));
}

/* Later ones of the same run move up, so that no look-up meets a hole too early. */
enum al_err zone_slots_remove(struct zone_slots *slots, const struct making *making, const struct node *node)
{
	size_t hole = place_of(slots, hash_of(slots, node), node);
	enum al_err err = AL_OK;
	uint64_t slot;

	for (size_t i = next_of(slots, hole); (slot = slot_at(slots, i)) != 0 && err == AL_OK; i = next_of(slots, i)) {
		size_t home = home_of(slots, hash_of(slots, slot_node(slot)));

		if (((i - home) & slots->mask) < ((i - hole) & slots->mask))
			continue;
		err = slot_set(slots, making, hole, slot);
		hole = i;
	}
	slots->count--;
	return err == AL_OK ? slot_set(slots, making, hole, 0) : err;
}
