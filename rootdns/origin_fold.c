/* SPDX-License-Identifier: MIT */
/*
 * origin_fold.c -- see origin_fold.h.
 */
#include "origin_fold.h"

#include <stdlib.h>
#include <string.h>

#include "alamo/base/table.h"
#include "vrp_build.h"

#define DAY_S 86400u

/* The origins of one prefix, hidden or not. */
struct list {
	size_t count;
	uint32_t asns[]; /* rising */
};

struct asn {
	uint32_t asn;
	uint32_t day;
};

struct origin_fold {
	struct al_trie routes; /* of struct list, owned */
	struct vrp_holds holds;
	struct al_trie blocks; /* country and day + 1 as a pointer's value */
	struct al_table asns;  /* of struct asn, owned */
	uint8_t secret[AL_TABLE_SECRET_LEN];
};

static uint64_t hash_of(const struct origin_fold *fold, const uint32_t *asn)
{
	return al_table_hash(fold->secret, al_slice_of((const char *)asn, sizeof(*asn)));
}

static uint64_t asn_hash(const void *item, const void *arg)
{
	return hash_of(arg, &((const struct asn *)item)->asn);
}

static bool asn_is(const void *item, const void *key)
{
	return ((const struct asn *)item)->asn == *(const uint32_t *)key;
}

enum al_err origin_fold_new(struct origin_fold **out)
{
	struct origin_fold *fold = calloc(1, sizeof(*fold));

	if (fold == NULL)
		return AL_ENOMEM;
	al_trie_init(&fold->routes);
	al_trie_init(&fold->blocks);
	vrp_holds_init(&fold->holds);
	al_table_secret(fold->secret);
	al_table_init(&fold->asns, asn_hash, fold);
	*out = fold;
	return AL_OK;
}

static bool list_free(const struct al_prefix *key, void *value, void *arg)
{
	(void)key;
	(void)arg;
	free(value);
	return true;
}

void origin_fold_free(struct origin_fold *fold)
{
	static const struct al_prefix all[] = { { .bits = 32 }, { .bits = 128 } };
	size_t at = 0;

	if (fold == NULL)
		return;
	for (size_t i = 0; i < AL_COUNT(all); i++)
		al_trie_within(&fold->routes, &all[i], list_free, NULL);
	for (struct asn *asn; (asn = al_table_next(&fold->asns, &at)) != NULL;)
		free(asn);
	al_trie_release(&fold->routes);
	al_trie_release(&fold->blocks);
	vrp_holds_release(&fold->holds);
	al_table_release(&fold->asns);
	free(fold);
}

unsigned origin_fold_classes(void)
{
	return 1u << AL_ROUTE | 1u << AL_ROUTE6 | 1u << AL_INETNUM | 1u << AL_INET6NUM | 1u << AL_AUT_NUM;
}

/* ---- routes ---- */

static enum al_err list_add(struct origin_fold *fold, const struct al_prefix *prefix, uint32_t asn)
{
	void **slot = al_trie_slot(&fold->routes, prefix);
	struct list *list = slot != NULL ? *slot : NULL, *grown;
	size_t count = list != NULL ? list->count : 0, at = 0;

	if (slot == NULL)
		return AL_ENOMEM;
	grown = realloc(list, sizeof(*list) + (count + 1) * sizeof(list->asns[0]));
	if (grown == NULL) {
		if (list == NULL)
			(void)al_trie_remove(&fold->routes, prefix);
		return AL_ENOMEM;
	}
	while (at < count && grown->asns[at] < asn)
		at++;
	memmove(grown->asns + at + 1, grown->asns + at, (count - at) * sizeof(grown->asns[0]));
	grown->asns[at] = asn;
	grown->count = count + 1;
	*slot = grown;
	return AL_OK;
}

static void list_remove(struct origin_fold *fold, const struct al_prefix *prefix, struct list *list, size_t at)
{
	list->count--;
	memmove(list->asns + at, list->asns + at + 1, (list->count - at) * sizeof(list->asns[0]));
	if (list->count == 0)
		free(al_trie_remove(&fold->routes, prefix));
}

static enum al_err change_hold(struct origin_fold *fold, const struct vrp *vrp, bool deleted)
{
	if (!deleted)
		return vrp_holds_put(&fold->holds, vrp);
	vrp_holds_remove(&fold->holds, vrp);
	return AL_OK;
}

static enum al_err change_route(struct origin_fold *fold, const struct al_object *now, bool *shown)
{
	struct al_prefix prefix;
	struct list *list;
	struct vrp vrp;
	size_t at = 0;

	if (!vrp_of_object(now, &vrp))
		return AL_OK;
	*shown = true;
	if (vrp.asn == 0)
		return change_hold(fold, &vrp, now->deleted);
	prefix = vrp_prefix(&vrp);
	list = al_trie_get(&fold->routes, &prefix);
	while (list != NULL && at < list->count && list->asns[at] != vrp.asn)
		at++;
	*shown = (list != NULL && at < list->count) == now->deleted;
	if (!*shown)
		return AL_OK;
	if (!now->deleted)
		return list_add(fold, &prefix, vrp.asn);
	list_remove(fold, &prefix, list, at);
	return AL_OK;
}

/* ---- blocks and AS numbers ---- */

static uint32_t day_of(const struct al_object *object)
{
	return (uint32_t)(object->time / DAY_S);
}

static uint16_t country_of(const struct al_object *object)
{
	struct al_slice country = al_object_attr(object, "country");

	return country.len == 2 ? (uint16_t)((uint8_t)country.ptr[0] << 8 | (uint8_t)country.ptr[1]) : 0;
}

static enum al_err change_block(struct origin_fold *fold, const struct al_object *now, bool *shown)
{
	struct al_prefix prefix;
	uintptr_t was, is;
	void **slot;

	if (al_object_prefix(now, &prefix) != AL_OK)
		return AL_OK;
	was = (uintptr_t)al_trie_get(&fold->blocks, &prefix);
	*shown = true;
	if (now->deleted) {
		*shown = al_trie_remove(&fold->blocks, &prefix) != NULL;
		return AL_OK;
	}
	/* A new version is not a new block. */
	is = (was != 0 ? was >> 16 : (uintptr_t)day_of(now) + 1) << 16 | country_of(now);
	slot = al_trie_slot(&fold->blocks, &prefix);
	if (slot == NULL)
		return AL_ENOMEM;
	*slot = (void *)is;
	*shown = is != was;
	return AL_OK;
}

static struct asn *asn_find(const struct origin_fold *fold, uint32_t asn)
{
	return al_table_find(&fold->asns, hash_of(fold, &asn), asn_is, &asn);
}

static enum al_err asn_add(struct origin_fold *fold, uint32_t number, uint32_t day)
{
	struct asn *asn = malloc(sizeof(*asn));
	enum al_err err;

	if (asn == NULL)
		return AL_ENOMEM;
	*asn = (struct asn){ number, day };
	err = al_table_add(&fold->asns, asn);
	if (err != AL_OK)
		free(asn);
	return err;
}

static bool same_words(const struct al_object *a, const struct al_object *b)
{
	return al_slice_eq(al_object_attr(a, "as-name"), al_object_attr(b, "as-name")) &&
	       al_slice_eq(al_object_attr(a, "descr"), al_object_attr(b, "descr"));
}

static enum al_err change_asn(struct origin_fold *fold, const struct al_object *old, const struct al_object *now,
			      bool *shown)
{
	struct asn *asn;
	uint32_t number;

	if (al_object_asn(now, &number) != AL_OK)
		return AL_OK;
	asn = asn_find(fold, number);
	*shown = (asn != NULL) == now->deleted || old == NULL || !same_words(old, now);
	if (asn == NULL)
		return now->deleted ? AL_OK : asn_add(fold, number, day_of(now));
	if (now->deleted) {
		al_table_remove(&fold->asns, asn);
		free(asn);
	}
	return AL_OK;
}

enum al_err origin_fold_change(struct origin_fold *fold, const struct al_object *old, const struct al_object *now,
			       bool *shown)
{
	*shown = false;
	switch (now->cls) {
	case AL_ROUTE:
	case AL_ROUTE6:
		return change_route(fold, now, shown);
	case AL_INETNUM:
	case AL_INET6NUM:
		return change_block(fold, now, shown);
	case AL_AUT_NUM:
		return change_asn(fold, old, now, shown);
	default:
		return AL_OK;
	}
}

/* ---- reading ---- */

struct visit {
	const struct origin_fold *fold;
	origin_visit_fn fn;
	void *arg;
};

static bool hidden(const struct origin_fold *fold, const struct al_prefix *prefix)
{
	struct vrp vrp = { .asn = 1, .bits = prefix->bits, .len = prefix->len, .max = prefix->len };

	memcpy(vrp.addr, prefix->addr, sizeof(vrp.addr));
	return vrp_holds_hide(&fold->holds, &vrp);
}

static bool visit_list(const struct al_prefix *key, void *value, void *arg)
{
	const struct visit *visit = arg;
	const struct list *list = value;
	const struct origin_prefix prefix = { *key, hidden(visit->fold, key), list->asns, list->count };

	return visit->fn(&prefix, visit->arg);
}

void origin_fold_covering(const struct origin_fold *fold, const struct al_prefix *key, origin_visit_fn visit, void *arg)
{
	struct visit with = { fold, visit, arg };

	al_trie_covering(&fold->routes, key, visit_list, &with);
}

void origin_fold_within(const struct origin_fold *fold, const struct al_prefix *key, origin_visit_fn visit, void *arg)
{
	struct visit with = { fold, visit, arg };

	al_trie_within(&fold->routes, key, visit_list, &with);
}

static void date_put(uint64_t day, char out[static 11])
{
	char text[AL_TIME_STRLEN];

	al_time_format(day * DAY_S, text);
	memcpy(out, text, 10);
	out[10] = '\0';
}

void origin_fold_block(const struct origin_fold *fold, const struct al_prefix *prefix, struct origin_block *out)
{
	uintptr_t block = (uintptr_t)al_trie_longest(&fold->blocks, prefix, false, NULL);

	*out = (struct origin_block){ .country = "" };
	if (block == 0)
		return;
	out->country[0] = (char)(block >> 8 & 0xff);
	out->country[1] = (char)(block & 0xff);
	date_put((block >> 16) - 1, out->date);
}

void origin_fold_asn_date(const struct origin_fold *fold, uint32_t asn, char out[static 11])
{
	const struct asn *found = asn_find(fold, asn);

	out[0] = '\0';
	if (found != NULL)
		date_put(found->day, out);
}
