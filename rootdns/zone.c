/* SPDX-License-Identifier: MIT */
/*
 * zone.c -- look-ups in snapshots: see zone.h. Pure reads, any thread.
 */
#include "zone.h"

#include <stdlib.h>
#include <string.h>

struct zone *zone_alloc(void)
{
	struct zone *zone = calloc(1, sizeof(*zone));

	if (zone == NULL)
		return NULL;
	zone->refs = malloc(sizeof(*zone->refs));
	if (zone->refs == NULL) {
		free(zone);
		return NULL;
	}
	atomic_init(zone->refs, 0);
	return zone;
}

unsigned zone_refs(const struct zone *zone)
{
	return atomic_load_explicit(zone->refs, memory_order_acquire);
}

const struct zone *zone_ref(const struct zone *zone)
{
	atomic_fetch_add_explicit(zone->refs, 1, memory_order_relaxed);
	return zone;
}

void zone_unref(const struct zone *zone)
{
	atomic_fetch_sub_explicit(zone->refs, 1, memory_order_release);
}

void zone_free(struct zone *zone)
{
	if (zone == NULL)
		return;
	free(zone->nodes);
	free(zone->prefixes);
	free(zone->slots);
	free(zone->soa);
	free(zone->servers);
	free(zone->retired);
	for (size_t i = 0; i < zone->delta_count; i++)
		if (--zone->deltas[i]->refs == 0)
			free(zone->deltas[i]);
	free(zone->deltas);
	free(zone->refs);
	free(zone);
}

/* ---- hash table: open addressing, at most half full ---- */

static bool tag_eq(uint64_t tag, uint64_t hash)
{
	return ((tag ^ hash) & ~(uint64_t)ZONE_CUT) == 0;
}

/* Bits of the hash that pick the slot: not the lowest, which the tag does not keep. */
static size_t slot_home(const struct zone *zone, uint64_t hash)
{
	return (size_t)(hash >> 1) & zone->slot_mask;
}

void zone_slot_put(struct zone *zone, uint64_t hash, const struct node *node)
{
	size_t i = slot_home(zone, hash);

	while (zone->slots[i].node != NULL)
		i = (i + 1) & zone->slot_mask;
	zone->slots[i].tag = (hash & ~(uint64_t)ZONE_CUT) | (node->cut ? ZONE_CUT : 0);
	zone->slots[i].node = node;
}

struct zone_slot *zone_slot_of(struct zone *zone, uint64_t hash, const struct node *node)
{
	size_t i = slot_home(zone, hash);

	while (zone->slots[i].node != NULL && zone->slots[i].node != node)
		i = (i + 1) & zone->slot_mask;
	return zone->slots[i].node != NULL ? &zone->slots[i] : NULL;
}

/* Moves later entries of the same run back, so that no look-up meets a hole too early. */
void zone_slot_remove(struct zone *zone, struct zone_slot *slot)
{
	size_t hole = (size_t)(slot - zone->slots), i = hole;

	for (;;) {
		i = (i + 1) & zone->slot_mask;
		if (zone->slots[i].node == NULL)
			break;
		if (((i - slot_home(zone, zone->slots[i].tag)) & zone->slot_mask) >= ((i - hole) & zone->slot_mask)) {
			zone->slots[hole] = zone->slots[i];
			hole = i;
		}
	}
	zone->slots[hole].node = NULL;
}

static bool node_is(const struct node *node, const struct dname_index *name, unsigned labels)
{
	size_t at = name->at[labels];

	return node->name_len == name->len - at && memcmp(node_name(node), name->name + at, node->name_len) == 0;
}

const struct node *zone_find(const struct zone *zone, const struct dname_index *name, unsigned labels)
{
	uint64_t hash = name->hash[labels];

	for (size_t i = slot_home(zone, hash); zone->slots[i].node != NULL; i = (i + 1) & zone->slot_mask)
		if (tag_eq(zone->slots[i].tag, hash) && node_is(zone->slots[i].node, name, labels))
			return zone->slots[i].node;
	return NULL;
}

static const struct node *find_cut_at(const struct zone *zone, const struct dname_index *name, unsigned labels)
{
	uint64_t hash = name->hash[labels];

	for (size_t i = slot_home(zone, hash); zone->slots[i].node != NULL; i = (i + 1) & zone->slot_mask)
		if (tag_eq(zone->slots[i].tag, hash) && (zone->slots[i].tag & ZONE_CUT) != 0 &&
		    node_is(zone->slots[i].node, name, labels))
			return zone->slots[i].node;
	return NULL;
}

const struct node *zone_cut(const struct zone *zone, const struct dname_index *name)
{
	for (unsigned half = 0; half < 2; half++) {
		uint64_t bits = zone->cuts.word[half];

		for (; bits != 0; bits &= bits - 1) {
			unsigned labels = half * 64 + (unsigned)__builtin_ctzll(bits);
			const struct node *node;

			if (labels > name->labels)
				return NULL;
			node = find_cut_at(zone, name, labels);
			if (node != NULL)
				return node;
		}
	}
	return NULL;
}

void zone_prefetch(const struct zone *zone, const struct dname_index *name)
{
	unsigned labels = zone->labels < name->labels ? zone->labels + 1 : name->labels;

	__builtin_prefetch(&zone->slots[slot_home(zone, name->hash[labels])]);
	if (labels != name->labels)
		__builtin_prefetch(&zone->slots[slot_home(zone, name->hash[name->labels])]);
}

static const struct node *hint_at(const struct zone *zone, uint64_t hash)
{
	for (size_t i = slot_home(zone, hash); zone->slots[i].node != NULL; i = (i + 1) & zone->slot_mask)
		if (tag_eq(zone->slots[i].tag, hash))
			return zone->slots[i].node;
	return NULL;
}

const struct node *zone_hint(const struct zone *zone, const struct dname_index *name)
{
	const struct node *node = NULL;

	if (name->labels > zone->labels)
		node = hint_at(zone, name->hash[zone->labels + 1]);
	return node != NULL ? node : hint_at(zone, name->hash[name->labels]);
}

size_t zone_before(const struct zone *zone, const uint8_t *key, size_t key_len)
{
	uint64_t prefix = dname_key_prefix(key, key_len);
	size_t low = 0, high = zone->count;

	/* The first one with a larger prefix; those with the same one are looked at in full. */
	while (low < high) {
		size_t mid = low + (high - low) / 2;
		bool before = zone->prefixes[mid] < prefix;

		if (zone->prefixes[mid] == prefix) {
			const struct node *node = zone->nodes[mid];

			before = dname_key_cmp(node_key(node), node->key_len, key, key_len) <= 0;
		}
		if (before)
			low = mid + 1;
		else
			high = mid;
	}
	return low > 0 ? low - 1 : 0;
}

/* ---- all zones ---- */

static void set_put(struct zone_set *set, uint64_t hash, const struct zone *zone)
{
	size_t i = (size_t)hash & set->slot_mask;

	while (set->slots[i].zone != NULL)
		i = (i + 1) & set->slot_mask;
	set->slots[i] = (struct zone_set_slot){ hash, zone };
	set->depths.word[zone->labels / 64] |= UINT64_C(1) << zone->labels % 64;
}

enum al_err zone_set_new(uint64_t seed, uint64_t size, const struct zone *const *zones, size_t count,
			 struct zone_set **out)
{
	struct zone_set *set = calloc(1, sizeof(*set) + count * sizeof(*zones));
	size_t slots = 4;

	if (set == NULL)
		return AL_ENOMEM;
	while (slots < count * 4)
		slots *= 2;
	set->slots = calloc(slots, sizeof(*set->slots));
	if (set->slots == NULL) {
		free(set);
		return AL_ENOMEM;
	}
	set->seed = seed;
	set->size = size;
	set->slot_mask = slots - 1;
	for (size_t i = 0; i < count; i++) {
		set->zones[set->count++] = zone_ref(zones[i]);
		set_put(set, dname_hash(seed, zones[i]->apex.b), zones[i]);
	}
	*out = set;
	return AL_OK;
}

void zone_set_free(struct zone_set *set)
{
	if (set == NULL)
		return;
	for (size_t i = 0; i < set->count; i++)
		zone_unref(set->zones[i]);
	free(set->slots);
	free(set);
}

static const struct zone *set_at(const struct zone_set *set, const struct dname_index *name, unsigned labels)
{
	uint64_t hash = name->hash[labels];

	for (size_t i = (size_t)hash & set->slot_mask; set->slots[i].zone != NULL; i = (i + 1) & set->slot_mask) {
		const struct zone *zone = set->slots[i].zone;
		size_t at = name->at[labels];

		if (set->slots[i].hash == hash && zone->apex.len == name->len - at &&
		    memcmp(zone->apex.b, name->name + at, zone->apex.len) == 0)
			return zone;
	}
	return NULL;
}

const struct zone *zone_set_find(const struct zone_set *set, const struct dname_index *name, unsigned max_labels)
{
	unsigned most = name->labels < max_labels ? name->labels : max_labels;

	for (unsigned half = 2; half-- > 0;) {
		uint64_t bits = set->depths.word[half];

		while (bits != 0) {
			unsigned top = 63u - (unsigned)__builtin_clzll(bits);
			unsigned labels = half * 64 + top;
			const struct zone *zone = labels <= most ? set_at(set, name, labels) : NULL;

			if (zone != NULL)
				return zone;
			bits &= ~(UINT64_C(1) << top);
		}
	}
	return NULL;
}

const struct zone *zone_set_apex(const struct zone_set *set, const struct dname_index *name)
{
	return set_at(set, name, name->labels);
}
