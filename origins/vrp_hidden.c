/* SPDX-License-Identifier: MIT */
/* vrp_hidden.c -- a table by prefix and AS number: holds are few, and so is what they cover. */
#include "vrp_hidden.h"

#include <stdlib.h>

#define HASH_NONFATAL_OOM 1
#define uthash_nonfatal_oom(item) ((item)->lost = true)
#include <uthash.h>

#include "alamo/base/wire.h"

#define KEY_LEN 22 /* address, AS number, family, length */

struct hidden_item {
	UT_hash_handle hh;
	struct vrp vrp;
	uint8_t key[KEY_LEN];
	bool lost; /* uthash could not add it */
};

static void key_of(const struct vrp *vrp, uint8_t out[static KEY_LEN])
{
	memcpy(out, vrp->addr, sizeof(vrp->addr));
	al_set_u32(out + 16, vrp->asn);
	out[20] = vrp->bits;
	out[21] = vrp->len;
}

static struct hidden_item *hidden_find(const struct vrp_hidden *hidden, const struct vrp *vrp)
{
	struct hidden_item *item = NULL;
	uint8_t key[KEY_LEN];

	key_of(vrp, key);
	if (hidden->items != NULL)
		HASH_FIND(hh, hidden->items, key, KEY_LEN, item);
	return item;
}

static void hidden_drop(struct vrp_hidden *hidden, struct hidden_item *item)
{
	HASH_DEL(hidden->items, item);
	free(item);
}

enum al_err vrp_hidden_put(struct vrp_hidden *hidden, const struct vrp *vrp)
{
	struct hidden_item *item = hidden_find(hidden, vrp);

	if (item == NULL) {
		item = calloc(1, sizeof(*item));
		if (item == NULL)
			return AL_ENOMEM;
		key_of(vrp, item->key);
		HASH_ADD(hh, hidden->items, key, KEY_LEN, item);
	}
	if (item->lost) {
		free(item);
		return AL_ENOMEM;
	}
	item->vrp = *vrp;
	return AL_OK;
}

void vrp_hidden_remove(struct vrp_hidden *hidden, const struct vrp *vrp)
{
	struct hidden_item *item = hidden_find(hidden, vrp);

	if (item != NULL)
		hidden_drop(hidden, item);
}

void vrp_hidden_take(struct vrp_hidden *hidden, vrp_hidden_fn visit, void *arg)
{
	struct hidden_item *item, *next;

	HASH_ITER(hh, hidden->items, item, next)
	{
		struct vrp vrp = item->vrp;

		if (visit(&vrp, arg))
			hidden_drop(hidden, item);
	}
}

static bool take_all(const struct vrp *vrp, void *arg)
{
	(void)vrp;
	(void)arg;
	return true;
}

void vrp_hidden_release(struct vrp_hidden *hidden)
{
	vrp_hidden_take(hidden, take_all, NULL);
}
