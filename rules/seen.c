/* SPDX-License-Identifier: MIT */
/*
 * seen.c -- a hash table with linear probing. Its keys are hashes already; a
 * secret mixed in keeps long runs from being built on purpose. To grow, and to
 * pass others by, no text is looked at.
 */
#include "seen.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "alamo/base/pages.h"

#define FIRST_SIZE 1024u
#define ODD UINT64_C(0x9e3779b97f4a7c15)

void seen_init(struct seen *seen)
{
	*seen = (struct seen){ .places = NULL };
	randombytes_buf(&seen->secret, sizeof(seen->secret));
}

void seen_release(struct seen *seen)
{
	free(seen->places);
	free(seen->texts);
	seen->places = NULL;
	seen->texts = NULL;
	seen->size = 0;
	seen->count = 0;
}

static uint32_t tag_of(const struct seen *seen, const uint8_t *hash)
{
	uint64_t bits;

	memcpy(&bits, hash, sizeof(bits));
	return (uint32_t)((bits ^ seen->secret) * ODD >> 32);
}

static struct seen_place *free_place(struct seen_place *places, size_t size, uint32_t tag)
{
	size_t at = tag & (size - 1);

	while (places[at].at != 0)
		at = (at + 1) & (size - 1);
	return &places[at];
}

static enum al_err seen_grow(struct seen *seen)
{
	size_t size = seen->size > 0 ? seen->size * 2 : FIRST_SIZE;
	struct seen_text *texts = realloc(seen->texts, size / 4 * 3 * sizeof(*texts));
	struct seen_place *places;

	if (texts == NULL)
		return AL_ENOMEM;
	seen->texts = texts;
	places = size <= UINT32_MAX ? al_large_calloc(size, sizeof(*places)) : NULL;
	if (places == NULL)
		return AL_ENOMEM;
	for (size_t i = 0; i < seen->size; i++)
		if (seen->places[i].at != 0)
			*free_place(places, size, seen->places[i].tag) = seen->places[i];
	free(seen->places);
	seen->places = places;
	seen->size = size;
	return AL_OK;
}

enum al_err seen_add(struct seen *seen, const uint8_t hash[static AL_HASH_LEN], uint64_t index)
{
	uint32_t tag = tag_of(seen, hash);
	struct seen_text *text;

	if (seen->count >= seen->size / 4 * 3 && seen_grow(seen) != AL_OK)
		return AL_ENOMEM;
	text = &seen->texts[seen->count++];
	memcpy(text->hash, hash, AL_HASH_LEN);
	text->index = index;
	*free_place(seen->places, seen->size, tag) = (struct seen_place){ tag, (uint32_t)seen->count };
	return AL_OK;
}

bool seen_find(const struct seen *seen, const uint8_t hash[static AL_HASH_LEN], uint64_t *index)
{
	uint32_t tag = tag_of(seen, hash);

	if (seen->count == 0)
		return false;
	for (size_t at = tag & (seen->size - 1); seen->places[at].at != 0; at = (at + 1) & (seen->size - 1)) {
		const struct seen_text *text = &seen->texts[seen->places[at].at - 1];

		if (seen->places[at].tag != tag || memcmp(text->hash, hash, AL_HASH_LEN) != 0)
			continue;
		*index = text->index;
		return true;
	}
	return false;
}
