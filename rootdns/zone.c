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
	zone_chain_release(&zone->chain, false);
	zone_slots_release(&zone->slots, false);
	free(zone->soa);
	free(zone->servers);
	retired_free(&zone->retired);
	for (size_t i = 0; i < zone->delta_count; i++)
		if (--zone->deltas[i]->refs == 0)
			free(zone->deltas[i]);
	free(zone->deltas);
	free(zone->refs);
	free(zone);
}

/* ---- look-ups ---- */

const struct node *zone_find(const struct zone *zone, const struct dname_index *name, unsigned labels)
{
	return zone_slots_find(&zone->slots, name, labels, false);
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
			node = zone_slots_find(&zone->slots, name, labels, true);
			if (node != NULL)
				return node;
		}
	}
	return NULL;
}

void zone_prefetch(const struct zone *zone, const struct dname_index *name)
{
	unsigned labels = zone->labels < name->labels ? zone->labels + 1 : name->labels;

	zone_slots_prefetch(&zone->slots, name->hash[labels]);
	if (labels != name->labels)
		zone_slots_prefetch(&zone->slots, name->hash[name->labels]);
}

const struct node *zone_hint(const struct zone *zone, const struct dname_index *name)
{
	const struct node *node = NULL;

	if (name->labels > zone->labels)
		node = zone_slots_hint(&zone->slots, name->hash[zone->labels + 1]);
	return node != NULL ? node : zone_slots_hint(&zone->slots, name->hash[name->labels]);
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
