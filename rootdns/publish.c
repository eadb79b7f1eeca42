/* SPDX-License-Identifier: MIT */
/*
 * publish.c -- one pointer swapped, one hazard slot a reader: see publish.h.
 */
#include "publish.h"

#include <stdlib.h>

#define LINE_BYTES 64

struct reader_slot {
	_Alignas(LINE_BYTES) _Atomic(struct zone_set *) set; /* a cache line each: no sharing */
};

struct publish {
	_Atomic(struct zone_set *) current;
	struct zone_set *old; /* builder's: no longer in force, perhaps still read */
	size_t reader_count;
	struct reader_slot *readers;
};

enum al_err publish_new(size_t readers, struct publish **out)
{
	struct publish *publish = calloc(1, sizeof(*publish));

	if (publish == NULL)
		return AL_ENOMEM;
	publish->readers = aligned_alloc(LINE_BYTES, readers * sizeof(*publish->readers));
	if (publish->readers == NULL) {
		free(publish);
		return AL_ENOMEM;
	}
	publish->reader_count = readers;
	for (size_t i = 0; i < readers; i++)
		atomic_init(&publish->readers[i].set, NULL);
	*out = publish;
	return AL_OK;
}

void publish_free(struct publish *publish)
{
	if (publish == NULL)
		return;
	publish_swap(publish, NULL);
	publish_reclaim(publish);
	free(publish->readers);
	free(publish);
}

void publish_swap(struct publish *publish, struct zone_set *set)
{
	struct zone_set *before = atomic_exchange(&publish->current, set);

	if (before != NULL) {
		before->next = publish->old;
		publish->old = before;
	}
	publish_reclaim(publish);
}

static bool is_read(const struct publish *publish, const struct zone_set *set)
{
	for (size_t i = 0; i < publish->reader_count; i++)
		if (atomic_load(&publish->readers[i].set) == set)
			return true;
	return false;
}

void publish_reclaim(struct publish *publish)
{
	struct zone_set **at = &publish->old;

	while (*at != NULL) {
		struct zone_set *set = *at;

		if (is_read(publish, set)) {
			at = &set->next;
			continue;
		}
		*at = set->next;
		zone_set_free(set);
	}
}

const struct zone_set *publish_enter(struct publish *publish, size_t reader)
{
	struct zone_set *set = atomic_load(&publish->current);

	for (;;) {
		struct zone_set *again;

		/* In this order: a builder that does not see the slot has swapped before, and then we see that. */
		atomic_store(&publish->readers[reader].set, set);
		again = atomic_load(&publish->current);
		if (again == set)
			return set;
		set = again;
	}
}

void publish_leave(struct publish *publish, size_t reader)
{
	atomic_store_explicit(&publish->readers[reader].set, NULL, memory_order_release);
}
