/* SPDX-License-Identifier: MIT */
/*
 * seen.c -- a hash table with linear probing. Its keys are hashes already; a
 * secret mixed in keeps long runs from being built on purpose.
 */
#include "seen.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_SIZE 1024u
#define ODD UINT64_C(0x9e3779b97f4a7c15)

void seen_init(struct seen *seen)
{
	*seen = (struct seen){ .slots = NULL };
	randombytes_buf(&seen->secret, sizeof(seen->secret));
}

void seen_release(struct seen *seen)
{
	free(seen->slots);
	seen->slots = NULL;
	seen->size = 0;
	seen->count = 0;
}

/* The slot of `hash`, or the free one where it would go. */
static struct seen_slot *slot_of(struct seen_slot *slots, size_t size, uint64_t secret, const uint8_t *hash)
{
	uint64_t bits;
	size_t at;

	memcpy(&bits, hash, sizeof(bits));
	bits = (bits ^ secret) * ODD;
	for (at = (size_t)(bits >> 16) & (size - 1); slots[at].entry != 0; at = (at + 1) & (size - 1))
		if (memcmp(slots[at].hash, hash, AL_HASH_LEN) == 0)
			break;
	return &slots[at];
}

static enum al_err seen_grow(struct seen *seen)
{
	size_t size = seen->size > 0 ? seen->size * 2 : FIRST_SIZE;
	struct seen_slot *slots = calloc(size, sizeof(*slots));

	if (slots == NULL)
		return AL_ENOMEM;
	for (size_t i = 0; i < seen->size; i++)
		if (seen->slots[i].entry != 0)
			*slot_of(slots, size, seen->secret, seen->slots[i].hash) = seen->slots[i];
	free(seen->slots);
	seen->slots = slots;
	seen->size = size;
	return AL_OK;
}

enum al_err seen_add(struct seen *seen, const uint8_t hash[static AL_HASH_LEN], uint64_t index)
{
	struct seen_slot *slot;

	if (seen->count >= seen->size / 4 * 3 && seen_grow(seen) != AL_OK)
		return AL_ENOMEM;
	slot = slot_of(seen->slots, seen->size, seen->secret, hash);
	memcpy(slot->hash, hash, AL_HASH_LEN);
	slot->entry = index + 1;
	seen->count++;
	return AL_OK;
}

bool seen_find(const struct seen *seen, const uint8_t hash[static AL_HASH_LEN], uint64_t *index)
{
	const struct seen_slot *slot;

	if (seen->count == 0)
		return false;
	slot = slot_of(seen->slots, seen->size, seen->secret, hash);
	if (slot->entry == 0)
		return false;
	*index = slot->entry - 1;
	return true;
}
