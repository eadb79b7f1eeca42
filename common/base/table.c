/* SPDX-License-Identifier: MIT */
/*
 * table.c -- open addressing with linear probing, between half and three quarters full.
 *
 * The size is no power of two: growth by a half leaves less air than growth by two. An item's home is therefore a
 * fraction of the size, taken from the upper half of its hash.
 */
#include "alamo/base/table.h"

#include <sodium.h>
#include <stdlib.h>

#include "alamo/base/pages.h"
#include "alamo/base/wire.h"

#define SIZE_LEAST 16u

void al_table_init(struct al_table *table, uint64_t (*hash)(const void *item, const void *arg), const void *arg)
{
	*table = (struct al_table){ .hash = hash, .arg = arg };
}

void al_table_release(struct al_table *table)
{
	free(table->slots);
	al_table_init(table, table->hash, table->arg);
}

static size_t home_of(size_t size, uint64_t hash)
{
	return (size_t)((hash >> 32) * size >> 32);
}

static size_t next_of(const struct al_table *table, size_t i)
{
	return i + 1 == table->size ? 0 : i + 1;
}

/* Slots from `from` on to `to`, around the end. */
static size_t steps(const struct al_table *table, size_t from, size_t to)
{
	return to >= from ? to - from : to + table->size - from;
}

void *al_table_find(const struct al_table *table, uint64_t hash, al_table_is_fn is, const void *key)
{
	if (table->count == 0)
		return NULL;
	for (size_t i = home_of(table->size, hash); table->slots[i] != NULL; i = next_of(table, i))
		if (is(table->slots[i], key))
			return table->slots[i];
	return NULL;
}

static void put(struct al_table *table, void *item)
{
	size_t i = home_of(table->size, table->hash(item, table->arg));

	while (table->slots[i] != NULL)
		i = next_of(table, i);
	table->slots[i] = item;
}

static enum al_err grow(struct al_table *table)
{
	struct al_table grown = *table;

	grown.size = table->size > 0 ? table->size + table->size / 2 : SIZE_LEAST;
	if (grown.size > UINT32_MAX)
		return AL_ELIMIT;
	grown.slots = al_large_calloc(grown.size, sizeof(*grown.slots));
	if (grown.slots == NULL)
		return AL_ENOMEM;
	for (size_t i = 0; i < table->size; i++)
		if (table->slots[i] != NULL)
			put(&grown, table->slots[i]);
	free(table->slots);
	*table = grown;
	return AL_OK;
}

enum al_err al_table_add(struct al_table *table, void *item)
{
	enum al_err err = AL_OK;

	if (table->count >= table->size / 4 * 3)
		err = grow(table);
	if (err != AL_OK)
		return err;
	put(table, item);
	table->count++;
	return AL_OK;
}

void al_table_remove(struct al_table *table, const void *item)
{
	size_t hole = home_of(table->size, table->hash(item, table->arg)), i;

	while (table->slots[hole] != item)
		hole = next_of(table, hole);
	/* Later items of the same run move up, so that no search meets a hole too early. */
	for (i = next_of(table, hole); table->slots[i] != NULL; i = next_of(table, i)) {
		size_t home = home_of(table->size, table->hash(table->slots[i], table->arg));

		if (steps(table, home, i) < steps(table, hole, i))
			continue;
		table->slots[hole] = table->slots[i];
		hole = i;
	}
	table->slots[hole] = NULL;
	table->count--;
}

void *al_table_next(const struct al_table *table, size_t *at)
{
	while (*at < table->size) {
		void *item = table->slots[(*at)++];

		if (item != NULL)
			return item;
	}
	return NULL;
}

_Static_assert(AL_TABLE_SECRET_LEN == crypto_shorthash_KEYBYTES, "a secret is a key of SipHash");

void al_table_secret(uint8_t out[static AL_TABLE_SECRET_LEN])
{
	crypto_shorthash_keygen(out);
}

uint64_t al_table_hash(const uint8_t secret[static AL_TABLE_SECRET_LEN], struct al_slice key)
{
	uint8_t hash[crypto_shorthash_BYTES];

	(void)crypto_shorthash(hash, (const uint8_t *)key.ptr, key.len, secret);
	return al_get_u64(hash);
}
