/* SPDX-License-Identifier: MIT */
/*
 * state_slots.c -- from a key to its slot: a table of hashes and numbers, and the slots in the order in which they came.
 *
 * A search looks at the table alone, eight bytes a step, until the hash is right. A slot has no key of its own: its
 * object has it, and only what is named before it exists needs a copy. Slots stay where they are.
 */
#include <stdlib.h>
#include <string.h>

#include "alamo/base/pages.h"

#include "state_parts.h"

#define KEY_BYTES_MAX 600 /* of a class and a key */
#define TABLE_LEAST 64u

struct slot *state_slot_at(const struct al_state *state, size_t i)
{
	return &state->slots.chunks[i / SLOT_CHUNK][i % SLOT_CHUNK];
}

static bool slot_is(const struct slot *slot, enum al_class cls, struct al_slice key)
{
	return slot->cls == (uint8_t)cls &&
	       al_slice_eq(slot->named ? al_slice_str(slot->u.name) : al_object_key(slot->u.object), key);
}

/* False: longer than any key is. */
static bool hash_of(const struct al_state *state, enum al_class cls, struct al_slice key, uint32_t *out)
{
	char bytes[KEY_BYTES_MAX];

	if (key.len >= sizeof(bytes) - 1)
		return false;
	bytes[0] = (char)cls;
	if (key.len > 0)
		memcpy(bytes + 1, key.ptr, key.len);
	*out = (uint32_t)al_table_hash(state->slots.secret, al_slice_of(bytes, key.len + 1));
	return true;
}

static struct slot *find(const struct al_state *state, enum al_class cls, struct al_slice key, uint32_t hash)
{
	const struct slots *slots = &state->slots;

	if (slots->count == 0)
		return NULL;
	for (size_t i = hash & (slots->size - 1); slots->table[i].at != 0; i = (i + 1) & (slots->size - 1)) {
		struct slot *slot = state_slot_at(state, slots->table[i].at - 1);

		if (slots->table[i].hash == hash && slot_is(slot, cls, key))
			return slot;
	}
	return NULL;
}

struct slot *state_slot(const struct al_state *state, enum al_class cls, struct al_slice key)
{
	uint32_t hash;

	return hash_of(state, cls, key, &hash) ? find(state, cls, key, hash) : NULL;
}

static void table_put(struct slot_place *table, size_t size, struct slot_place place)
{
	size_t i = place.hash & (size - 1);

	while (table[i].at != 0)
		i = (i + 1) & (size - 1);
	table[i] = place;
}

static bool table_reserve(struct slots *slots)
{
	size_t size = slots->size > 0 ? slots->size * 2 : TABLE_LEAST;
	struct slot_place *table;

	if (slots->count < slots->size / 4 * 3)
		return true;
	table = size <= UINT32_MAX ? al_large_calloc(size, sizeof(*table)) : NULL;
	if (table == NULL)
		return false;
	for (size_t i = 0; i < slots->size; i++)
		if (slots->table[i].at != 0)
			table_put(table, size, slots->table[i]);
	free(slots->table);
	slots->table = table;
	slots->size = size;
	return true;
}

static bool chunk_reserve(struct slots *slots)
{
	size_t have = slots->count / SLOT_CHUNK;
	struct slot **chunks;

	if (slots->count % SLOT_CHUNK != 0 || slots->chunk_count > have)
		return true;
	chunks = realloc(slots->chunks, (have + 1) * sizeof(*chunks));
	if (chunks == NULL)
		return false;
	slots->chunks = chunks;
	chunks[have] = calloc(SLOT_CHUNK, sizeof(*chunks[have]));
	slots->chunk_count += chunks[have] != NULL;
	return chunks[have] != NULL;
}

struct slot *state_slot_get(struct al_state *state, enum al_class cls, struct al_slice key)
{
	struct slots *slots = &state->slots;
	struct slot *slot;
	uint32_t hash;
	char *name;

	if (!hash_of(state, cls, key, &hash))
		return NULL;
	slot = find(state, cls, key, hash);
	if (slot != NULL || !table_reserve(slots) || !chunk_reserve(slots))
		return slot;
	name = al_slice_dup(key);
	if (name == NULL)
		return NULL;
	slot = state_slot_at(state, slots->count);
	*slot = (struct slot){ .u.name = name, .named = true, .cls = (uint8_t)cls };
	slots->count++;
	table_put(slots->table, slots->size, (struct slot_place){ hash, (uint32_t)slots->count });
	return slot;
}

void state_slot_set(struct slot *slot, struct al_object *object)
{
	if (slot->named)
		free(slot->u.name);
	slot->named = false;
	slot->u.object = object;
}

void state_slots_init(struct slots *slots)
{
	al_table_secret(slots->secret);
}

void state_slots_release(struct al_state *state)
{
	struct slots *slots = &state->slots;

	for (size_t i = 0; i < slots->count; i++) {
		struct slot *slot = state_slot_at(state, i);

		if (slot->named)
			free(slot->u.name);
		else
			al_object_unref(slot->u.object);
	}
	for (size_t i = 0; i < slots->chunk_count; i++)
		free(slots->chunks[i]);
	free(slots->chunks);
	free(slots->table);
}
