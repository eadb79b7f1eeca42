/* SPDX-License-Identifier: MIT */
/*
 * resting.c -- a queue by time. What comes back early is marked, not moved.
 */
#include "resting.h"

#include <stdlib.h>
#include <string.h>

#define HASH_NONFATAL_OOM 1
#define uthash_nonfatal_oom(item) ((item)->lost = true)
#include <uthash.h>

/* With a name of its own: a tombstone goes when its object comes back. */
struct rest_chain {
	size_t newest; /* as an index value */
	bool lost;
	UT_hash_handle hh;
	char name[];
};

void resting_init(struct resting *resting)
{
	*resting = (struct resting){ .items = NULL };
	al_trie_init(&resting->by_asn);
	al_trie_init(&resting->by_inet);
}

void resting_release(struct resting *resting)
{
	struct rest_chain *chain, *next;

	HASH_ITER(hh, resting->chains, chain, next)
	{
		HASH_DEL(resting->chains, chain);
		free(chain);
	}
	free(resting->items);
	al_trie_release(&resting->by_asn);
	al_trie_release(&resting->by_inet);
	resting_init(resting);
}

/* ---- the index ---- */

static struct al_trie *index_of(struct resting *resting, const struct al_object *object)
{
	return object->cls == AL_AUT_NUM ? &resting->by_asn : &resting->by_inet;
}

static bool index_key(const struct al_object *object, struct al_prefix *key)
{
	uint32_t asn;

	if (object->cls != AL_AUT_NUM)
		return al_object_prefix(object, key) == AL_OK;
	if (al_object_asn(object, &asn) != AL_OK)
		return false;
	*key = (struct al_prefix){ .len = 32, .bits = 32 };
	for (unsigned i = 0; i < 4; i++)
		key->addr[i] = (uint8_t)(asn >> (24 - 8 * i));
	return true;
}

static void *place_value(size_t place)
{
	return (void *)(uintptr_t)(place + 1);
}

static struct rest_item *item_at(const struct resting *resting, const void *value)
{
	return &resting->items[(size_t)(uintptr_t)value - 1 - resting->gone];
}

static void index_remove(struct resting *resting, const struct al_object *object)
{
	struct al_prefix key;

	if (index_key(object, &key))
		(void)al_trie_remove(index_of(resting, object), &key);
}

/* ---- chains ---- */

static struct al_slice first_mntner(const struct al_object *object)
{
	struct al_slice rest = al_object_attr(object, "mnt-by"), name;

	(void)al_slice_cut(&rest, ',', &name);
	return al_slice_trim(name);
}

/* The chain of that maintainer, made if there is none; NULL: out of memory. */
static struct rest_chain *chain_of(struct resting *resting, struct al_slice name)
{
	struct rest_chain *chain;

	HASH_FIND(hh, resting->chains, name.ptr, name.len, chain);
	if (chain != NULL)
		return chain;
	chain = calloc(1, sizeof(*chain) + name.len);
	if (chain == NULL)
		return NULL;
	memcpy(chain->name, name.ptr, name.len);
	HASH_ADD_KEYPTR(hh, resting->chains, chain->name, name.len, chain);
	if (chain->lost) {
		free(chain);
		return NULL;
	}
	return chain;
}

const struct al_object *resting_of(const struct resting *resting, struct al_slice mntner, size_t *place, uint64_t *work)
{
	const struct rest_chain *chain;
	size_t at;

	HASH_FIND(hh, resting->chains, mntner.ptr, mntner.len, chain);
	if (chain == NULL)
		return NULL;
	at = *place == 0 ? chain->newest : resting->items[*place - 1 - resting->gone].before;
	for (; at > resting->gone + resting->first; at = resting->items[at - 1 - resting->gone].before) {
		const struct rest_item *item = &resting->items[at - 1 - resting->gone];

		(*work)++;
		if (!item->gone) {
			*place = at;
			return item->last;
		}
	}
	return NULL;
}

/* ---- the queue ---- */

static enum al_err reserve(struct resting *resting)
{
	size_t cap = resting->cap > 0 ? resting->cap * 2 : 16;
	struct rest_item *grown;

	if (resting->count == resting->cap && resting->first > resting->cap / 2) {
		resting->count -= resting->first;
		memmove(resting->items, resting->items + resting->first, resting->count * sizeof(*resting->items));
		resting->gone += resting->first;
		resting->first = 0;
	}
	if (resting->count < resting->cap)
		return AL_OK;
	grown = realloc(resting->items, cap * sizeof(*grown));
	if (grown == NULL)
		return AL_ENOMEM;
	resting->items = grown;
	resting->cap = cap;
	return AL_OK;
}

enum al_err resting_add(struct resting *resting, const struct al_object *last)
{
	struct al_prefix key;
	struct rest_chain *chain;
	void **slot;
	enum al_err err = reserve(resting);

	if (err != AL_OK || !index_key(last, &key))
		return err;
	chain = chain_of(resting, first_mntner(last));
	if (chain == NULL)
		return AL_ENOMEM;
	slot = al_trie_slot(index_of(resting, last), &key);
	if (slot == NULL)
		return AL_ENOMEM;
	*slot = place_value(resting->gone + resting->count);
	resting->items[resting->count++] = (struct rest_item){ .last = last,
							       .since = last->time,
							       .before = chain->newest };
	chain->newest = resting->gone + resting->count;
	return AL_OK;
}

bool resting_drop(struct resting *resting, const struct al_object *now)
{
	struct al_prefix key;
	void *value = index_key(now, &key) ? al_trie_get(index_of(resting, now), &key) : NULL;

	if (value == NULL)
		return false;
	item_at(resting, value)->gone = true;
	index_remove(resting, now);
	return true;
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
		index_remove(resting, item->last);
		return item->last;
	}
	return NULL;
}

/* ---- look-ups ---- */

static bool oldest_visit(const struct al_prefix *key, void *value, void *arg)
{
	void **oldest = arg;

	(void)key;
	if (*oldest == NULL || (uintptr_t)value < (uintptr_t)*oldest)
		*oldest = value;
	return true;
}

const struct al_object *resting_touching(const struct resting *resting, const struct al_object *asked)
{
	struct al_prefix key;
	void *oldest = NULL;

	if (!index_key(asked, &key))
		return NULL;
	if (asked->cls == AL_AUT_NUM) {
		oldest = al_trie_get(&resting->by_asn, &key);
	} else {
		al_trie_covering(&resting->by_inet, &key, oldest_visit, &oldest);
		al_trie_within(&resting->by_inet, &key, oldest_visit, &oldest);
	}
	return oldest != NULL ? item_at(resting, oldest)->last : NULL;
}
