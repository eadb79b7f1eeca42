/* SPDX-License-Identifier: MIT */
/*
 * judged.c -- a table that forgets.
 */
#include "judged.h"

#include <sodium.h>
#include <string.h>

#define ODD UINT64_C(0x9e3779b97f4a7c15)

void judged_init(struct judged *judged)
{
	memset(judged, 0, sizeof(*judged));
	randombytes_buf(&judged->secret, sizeof(judged->secret));
}

bool judged_again(struct judged *judged, const uint8_t hash[static AL_HASH_LEN])
{
	uint64_t bits;
	uint8_t *slot;
	bool again;

	memcpy(&bits, hash, sizeof(bits));
	slot = judged->hash[((bits ^ judged->secret) * ODD >> 40) % JUDGED_SLOTS];
	again = memcmp(slot, hash, AL_HASH_LEN) == 0;
	memcpy(slot, hash, AL_HASH_LEN);
	return again;
}
