/* SPDX-License-Identifier: MIT */
/*
 * table.h -- hash table of pointers for items by the hundred thousand: eight bytes an item and some air, where
 * uthash takes seventy. The items are the caller's and carry their keys.
 *
 * Hashes must be keyed where strangers choose the keys. One thread at a time, or readers only.
 */
#ifndef ALAMO_TABLE_H
#define ALAMO_TABLE_H

#include "alamo/base/slice.h"

struct al_table {
	void **slots;
	size_t size, count;
	/* The hash under which an item was added; asked again whenever it moves. */
	uint64_t (*hash)(const void *item, const void *arg);
	const void *arg;
};

/* Does this item have this key? */
typedef bool (*al_table_is_fn)(const void *item, const void *key);

void al_table_init(struct al_table *table, uint64_t (*hash)(const void *item, const void *arg), const void *arg);
/* Forgets all items; they are the caller's to free. */
void al_table_release(struct al_table *table);

/* NULL: none. */
void *al_table_find(const struct al_table *table, uint64_t hash, al_table_is_fn is, const void *key);
/* No item with its key may be there. AL_ENOMEM: the table is as it was. */
AL_MUST_USE enum al_err al_table_add(struct al_table *table, void *item);
/* It must be there. */
void al_table_remove(struct al_table *table, const void *item);
/* All items in no order: start with *at = 0; NULL at the end. Nothing may be added or removed on the way. */
void *al_table_next(const struct al_table *table, size_t *at);

/* A secret of the process, and the hash of bytes under it (SipHash), for keys that strangers choose. */
#define AL_TABLE_SECRET_LEN 16
void al_table_secret(uint8_t out[static AL_TABLE_SECRET_LEN]);
uint64_t al_table_hash(const uint8_t secret[static AL_TABLE_SECRET_LEN], struct al_slice key);

#endif
