/* SPDX-License-Identifier: MIT */
/*
 * pools.c -- a sorted array: pools are few, and looked through from the first.
 */
#include "pools.h"

#include <stdlib.h>
#include <string.h>

void pools_release(struct pools *pools)
{
	free(pools->items);
	*pools = (struct pools){ .items = NULL };
}

static size_t pool_position(const struct pools *pools, const struct al_prefix *prefix, bool *there)
{
	size_t low = 0, high = pools->count;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (al_prefix_cmp(&pools->items[middle], prefix) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	*there = low < pools->count && al_prefix_eq(&pools->items[low], prefix);
	return low;
}

static enum al_err pool_add(struct pools *pools, const struct al_prefix *prefix)
{
	bool there;
	size_t at = pool_position(pools, prefix, &there);

	if (there)
		return AL_OK;
	if (pools->count == pools->cap) {
		size_t cap = pools->cap > 0 ? pools->cap * 2 : 16;
		struct al_prefix *grown = realloc(pools->items, cap * sizeof(*grown));

		if (grown == NULL)
			return AL_ENOMEM;
		pools->items = grown;
		pools->cap = cap;
	}
	memmove(&pools->items[at + 1], &pools->items[at], (pools->count - at) * sizeof(pools->items[0]));
	pools->items[at] = *prefix;
	pools->count++;
	return AL_OK;
}

static void pool_drop(struct pools *pools, const struct al_prefix *prefix)
{
	bool there;
	size_t at = pool_position(pools, prefix, &there);

	if (!there)
		return;
	pools->count--;
	memmove(&pools->items[at], &pools->items[at + 1], (pools->count - at) * sizeof(pools->items[0]));
}

enum al_err pools_set(struct pools *pools, const struct al_prefix *prefix, bool in)
{
	if (in)
		return pool_add(pools, prefix);
	pool_drop(pools, prefix);
	return AL_OK;
}
