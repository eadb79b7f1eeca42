/*
 * resting.c -- a queue by time. What comes back early is marked, not moved.
 */
#include "resting.h"

#include <stdlib.h>
#include <string.h>

void resting_release(struct resting *resting)
{
	free(resting->items);
	*resting = (struct resting){ .items = NULL };
}

enum al_err resting_add(struct resting *resting, const struct al_object *last)
{
	if (resting->count == resting->cap && resting->first > resting->cap / 2) {
		resting->count -= resting->first;
		memmove(resting->items, resting->items + resting->first, resting->count * sizeof(*resting->items));
		resting->first = 0;
	}
	if (resting->count == resting->cap) {
		size_t cap = resting->cap > 0 ? resting->cap * 2 : 16;
		struct rest_item *grown = realloc(resting->items, cap * sizeof(*grown));

		if (grown == NULL)
			return AL_ENOMEM;
		resting->items = grown;
		resting->cap = cap;
	}
	resting->items[resting->count++] = (struct rest_item){ .last = last, .since = last->time };
	return AL_OK;
}

void resting_drop(struct resting *resting, enum al_class cls, struct al_slice key)
{
	for (size_t i = resting->first; i < resting->count; i++) {
		struct rest_item *item = &resting->items[i];

		if (!item->gone && item->last->cls == cls && al_slice_eq(al_object_key(item->last), key))
			item->gone = true;
	}
}

const struct al_object *resting_due(struct resting *resting, uint64_t now)
{
	while (resting->first < resting->count) {
		const struct rest_item *item = &resting->items[resting->first];

		if (item->gone) {
			resting->first++;
			continue;
		}
		if (item->since + resting->rest_s > now)
			return NULL;
		resting->first++;
		return item->last;
	}
	return NULL;
}

static bool touches(const struct al_object *one, const struct al_object *other)
{
	struct al_prefix a, b;

	if (one->cls != other->cls)
		return false;
	if (one->cls == AL_AUT_NUM)
		return al_slice_eq(al_object_key(one), al_object_key(other));
	return al_object_prefix(one, &a) == AL_OK && al_object_prefix(other, &b) == AL_OK &&
	       (al_prefix_covers(&a, &b) || al_prefix_covers(&b, &a));
}

const struct al_object *resting_touching(const struct resting *resting, const struct al_object *asked)
{
	for (size_t i = resting->first; i < resting->count; i++)
		if (!resting->items[i].gone && touches(resting->items[i].last, asked))
			return resting->items[i].last;
	return NULL;
}
