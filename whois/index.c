/* SPDX-License-Identifier: MIT */
/*
 * index.c -- the inverse index: one open-addressed table of postings.
 *
 * A posting with one object holds it in place; longer ones are arrays in the
 * order of the objects' log index, so that removal finds its place by
 * bisection. In long arrays a removed item is only marked, and swept once one
 * in eight is: changing every object of a maintainer of a million stays linear.
 */
#include "index.h"

#include "parts.h"

#include <assert.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "alamo/base/pages.h"

#define DEAD ((uintptr_t)1) /* low bit of an item: removed, to be swept */
#define SWEEP_FROM 64u      /* shorter arrays close the gap at once */
#define KEY_BYTES 1200      /* of attribute and value that are hashed; the rest is compared anyway */
#define TABLE_LEAST 1024u

struct posting {
	uint64_t key; /* 0: free slot */
	union {
		uintptr_t one; /* cap 0 */
		uintptr_t *many;
	} u;
	uint32_t count; /* items, marked ones too */
	uint32_t dead;
	uint32_t cap;
};

struct whois_index {
	struct posting *table;
	size_t cap;  /* power of two */
	size_t used; /* slots with a key */
	size_t size;
	uint64_t changes;
	uint64_t *keys; /* of the object at hand */
	size_t key_count, key_cap;
	unsigned char secret[crypto_shorthash_KEYBYTES];
	enum al_err err;
};

/* ---- keys of an object ---- */

static void fold(uint8_t *bytes, struct al_slice s)
{
	size_t i;

	for (i = 0; i < s.len; i++) {
		uint8_t c = (uint8_t)s.ptr[i];

		bytes[i] = c >= 'A' && c <= 'Z' ? (uint8_t)(c + ('a' - 'A')) : c;
	}
}

static uint64_t key_of(const struct whois_index *index, enum al_class cls, const struct al_attr_rule *rule,
		       struct al_slice value)
{
	uint8_t bytes[KEY_BYTES], hash[crypto_shorthash_BYTES];
	struct al_slice attr = al_slice_head(al_slice_str(rule->name), 64);
	uint64_t key;

	value = al_slice_head(value, sizeof(bytes) - attr.len - 2);
	bytes[0] = (uint8_t)cls;
	memcpy(bytes + 1, attr.ptr, attr.len);
	bytes[1 + attr.len] = 0;
	fold(bytes + 2 + attr.len, value);
	(void)crypto_shorthash(hash, bytes, 2 + attr.len + value.len, index->secret);
	memcpy(&key, hash, sizeof(key));
	return key != 0 ? key : 1;
}

struct key_sink {
	struct whois_index *index;
	enum al_class cls;
};

static bool keys_take(const struct al_attr_rule *rule, struct al_slice part, void *arg)
{
	const struct key_sink *sink = arg;
	struct whois_index *index = sink->index;

	if (index->key_count == index->key_cap) {
		size_t cap = index->key_cap > 0 ? index->key_cap * 2 : 64;
		uint64_t *keys = realloc(index->keys, cap * sizeof(*keys));

		if (keys == NULL) {
			index->err = AL_ENOMEM;
			return false;
		}
		index->keys = keys;
		index->key_cap = cap;
	}
	index->keys[index->key_count++] = key_of(index, sink->cls, rule, part);
	return true;
}

static int key_order(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/* All keys of the object into index->keys, each once. */
static void keys_collect(struct whois_index *index, const struct al_object *object)
{
	struct key_sink sink = { index, (enum al_class)object->cls };
	size_t i, kept = 0;

	index->key_count = 0;
	whois_object_parts(object, keys_take, &sink);
	if (index->key_count > 1)
		qsort(index->keys, index->key_count, sizeof(*index->keys), key_order);
	for (i = 0; i < index->key_count; i++)
		if (kept == 0 || index->keys[i] != index->keys[kept - 1])
			index->keys[kept++] = index->keys[i];
	index->key_count = kept;
}

/* ---- postings ---- */

static uintptr_t *posting_items(struct posting *posting)
{
	return posting->cap == 0 ? &posting->u.one : posting->u.many;
}

static struct al_object *item_object(uintptr_t item)
{
	return (struct al_object *)(item & ~DEAD);
}

/* First item that is not older than `log_index`. */
static size_t posting_bound(struct posting *posting, uint64_t log_index)
{
	const uintptr_t *items = posting_items(posting);
	size_t low = 0, high = posting->count;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (item_object(items[mid])->index < log_index)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static bool posting_reserve(struct posting *posting)
{
	uint32_t cap = posting->cap == 0 ? 4 : posting->cap + posting->cap / 2;
	uintptr_t *many;

	if (posting->count < posting->cap || (posting->cap == 0 && posting->count == 0))
		return true;
	many = realloc(posting->cap == 0 ? NULL : posting->u.many, cap * sizeof(*many));
	if (many == NULL)
		return false;
	if (posting->cap == 0)
		many[0] = posting->u.one;
	posting->u.many = many;
	posting->cap = cap;
	return true;
}

static enum al_err posting_add(struct posting *posting, const struct al_object *object)
{
	uintptr_t *items;
	size_t at;

	if (!posting_reserve(posting))
		return AL_ENOMEM;
	items = posting_items(posting);
	/* Changes come in log order: the bound is the end, but for objects of one entry. */
	at = posting->count;
	while (at > 0 && item_object(items[at - 1])->index > object->index)
		at--;
	memmove(&items[at + 1], &items[at], (posting->count - at) * sizeof(*items));
	items[at] = (uintptr_t)al_object_ref(object);
	posting->count++;
	return AL_OK;
}

static void posting_sweep(struct posting *posting)
{
	uintptr_t *items = posting_items(posting);
	uint32_t i, kept = 0;

	for (i = 0; i < posting->count; i++) {
		if ((items[i] & DEAD) != 0)
			al_object_unref(item_object(items[i]));
		else
			items[kept++] = items[i];
	}
	posting->count = kept;
	posting->dead = 0;
}

static bool posting_remove(struct posting *posting, const struct al_object *object)
{
	uintptr_t *items = posting_items(posting);
	size_t at = posting_bound(posting, object->index);

	while (at < posting->count && items[at] != (uintptr_t)object)
		at++;
	if (at == posting->count)
		return false;
	items[at] |= DEAD;
	posting->dead++;
	if (posting->count < SWEEP_FROM || posting->dead > posting->count / 8)
		posting_sweep(posting);
	if (posting->count == 0 && posting->cap > 0) {
		free(posting->u.many);
		posting->cap = 0;
	}
	return true;
}

/* ---- table ---- */

/* The slot of `key`, or the free one where it belongs. */
static struct posting *table_slot(struct posting *table, size_t cap, uint64_t key)
{
	size_t at = (size_t)key & (cap - 1);

	while (table[at].key != 0 && table[at].key != key)
		at = (at + 1) & (cap - 1);
	return &table[at];
}

/* Room for one more key; empty postings fall out on the way. */
static enum al_err table_reserve(struct whois_index *index)
{
	struct posting *table;
	size_t i, live = 0, cap = TABLE_LEAST;

	if ((index->used + 1) * 4 <= index->cap * 3)
		return AL_OK;
	for (i = 0; i < index->cap; i++)
		live += index->table[i].count > 0;
	while (cap < (live + 1) * 2)
		cap *= 2;
	table = al_large_calloc(cap, sizeof(*table));
	if (table == NULL)
		return AL_ENOMEM;
	for (i = 0; i < index->cap; i++)
		if (index->table[i].count > 0)
			*table_slot(table, cap, index->table[i].key) = index->table[i];
	free(index->table);
	index->table = table;
	index->cap = cap;
	index->used = live;
	return AL_OK;
}

static enum al_err table_add(struct whois_index *index, uint64_t key, const struct al_object *object)
{
	struct posting *posting;
	enum al_err err = table_reserve(index);

	if (err != AL_OK)
		return err;
	posting = table_slot(index->table, index->cap, key);
	if (posting->key == 0) {
		posting->key = key;
		index->used++;
	}
	err = posting_add(posting, object);
	index->size += err == AL_OK;
	return err;
}

static void table_remove(struct whois_index *index, uint64_t key, const struct al_object *object)
{
	struct posting *posting = table_slot(index->table, index->cap, key);
	bool found = posting->count > 0 && posting_remove(posting, object);

	assert(found);
	index->size -= found;
}

/* ---- the module's face ---- */

enum al_err whois_index_new(struct whois_index **out)
{
	struct whois_index *index;

	if (sodium_init() < 0)
		return AL_ESYS;
	index = calloc(1, sizeof(*index));
	if (index == NULL)
		return AL_ENOMEM;
	crypto_shorthash_keygen(index->secret);
	if (table_reserve(index) != AL_OK) {
		free(index);
		return AL_ENOMEM;
	}
	*out = index;
	return AL_OK;
}

void whois_index_free(struct whois_index *index)
{
	size_t i;
	uint32_t j;

	if (index == NULL)
		return;
	for (i = 0; i < index->cap; i++) {
		for (j = 0; j < index->table[i].count; j++)
			al_object_unref(item_object(posting_items(&index->table[i])[j]));
		if (index->table[i].cap > 0)
			free(index->table[i].u.many);
	}
	free(index->table);
	free(index->keys);
	free(index);
}

void whois_index_change(void *arg, const struct al_object *old, const struct al_object *now)
{
	struct whois_index *index = arg;
	size_t i;

	index->changes++;
	if (index->err != AL_OK)
		return;
	if (old != NULL && !old->deleted) {
		keys_collect(index, old);
		for (i = 0; i < index->key_count && index->err == AL_OK; i++)
			table_remove(index, index->keys[i], old);
	}
	if (!now->deleted && index->err == AL_OK) {
		keys_collect(index, now);
		for (i = 0; i < index->key_count && index->err == AL_OK; i++)
			index->err = table_add(index, index->keys[i], now);
	}
}

enum al_err whois_index_error(const struct whois_index *index)
{
	return index->err;
}

uint64_t whois_index_changes(const struct whois_index *index)
{
	return index->changes;
}

size_t whois_index_size(const struct whois_index *index)
{
	return index->size;
}

static bool part_differs(const struct al_attr_rule *rule, struct al_slice part, void *arg)
{
	const struct al_slice *value = arg;

	(void)rule;
	return !al_slice_caseeq(part, *value);
}

/* A hit of the hash is one of the object only if the object says so. */
static bool object_says(const struct al_object *object, const struct al_attr_rule *rule, struct al_slice value)
{
	struct al_slice rest = al_object_text(object), line;

	while (al_attr_find(&rest, rule->name, &line))
		if (!whois_line_parts(rule, line, part_differs, &value))
			return true;
	return false;
}

/* What is held for a value, and the part of it that is looked for; NULL: not an attribute of the index. */
static struct posting *posting_of(const struct whois_index *index, const struct al_attr_rule *rule, enum al_class cls,
				  struct al_slice value, struct al_slice *wanted)
{
	struct al_slice part[2];

	if (rule == NULL || !whois_rule_indexed(rule) || whois_value_parts(rule->syntax, value, part) == 0)
		return NULL;
	*wanted = part[0];
	return table_slot(index->table, index->cap, key_of(index, cls, rule, part[0]));
}

size_t whois_index_count(const struct whois_index *index, enum al_class cls, struct al_slice attr,
			 struct al_slice value)
{
	struct al_slice wanted;
	const struct posting *posting = posting_of(index, al_class_rule(cls, attr), cls, value, &wanted);

	return posting != NULL ? posting->count : 0;
}

bool whois_index_find_some(const struct whois_index *index, enum al_class cls, struct al_slice attr,
			   struct al_slice value, size_t *at, size_t most, al_object_fn visit, void *arg)
{
	const struct al_attr_rule *rule = al_class_rule(cls, attr);
	struct al_slice wanted;
	struct posting *posting = posting_of(index, rule, cls, value, &wanted);
	const uintptr_t *items;
	size_t end;

	if (posting == NULL)
		return false;
	items = posting_items(posting);
	end = posting->count - *at < most ? posting->count : *at + most;
	while (*at < end) {
		uintptr_t item = items[(*at)++];

		if ((item & DEAD) != 0 || !object_says(item_object(item), rule, wanted))
			continue;
		if (!visit(item_object(item), arg))
			return false;
	}
	return *at < posting->count;
}

void whois_index_find(const struct whois_index *index, enum al_class cls, struct al_slice attr, struct al_slice value,
		      al_object_fn visit, void *arg)
{
	size_t at = 0;

	(void)whois_index_find_some(index, cls, attr, value, &at, SIZE_MAX, visit, arg);
}
