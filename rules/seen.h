/* SPDX-License-Identifier: MIT */
/*
 * seen.h -- which entry an accepted text became: from SHA-256 to log index.
 *
 * Open addressing, 40 bytes a slot, at most three quarters full; nothing is
 * ever taken out. One thread.
 */
#ifndef REGISTRY_SEEN_H
#define REGISTRY_SEEN_H

#include "alamo/base/base.h"

struct seen_slot {
	uint8_t hash[AL_HASH_LEN];
	uint64_t entry; /* index + 1; 0: free */
};

struct seen {
	struct seen_slot *slots; /* a power of two of them, or NULL */
	size_t size, count;
	uint64_t secret; /* so that nobody can choose where his texts go */
};

void seen_init(struct seen *seen);
void seen_release(struct seen *seen); /* empty again, ready for more */
/* `hash` is not in it yet. AL_ENOMEM: not added. */
AL_MUST_USE enum al_err seen_add(struct seen *seen, const uint8_t hash[static AL_HASH_LEN], uint64_t index);
bool seen_find(const struct seen *seen, const uint8_t hash[static AL_HASH_LEN], uint64_t *index);

#endif
