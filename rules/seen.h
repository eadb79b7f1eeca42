/* SPDX-License-Identifier: MIT */
/*
 * seen.h -- which entry an accepted text became: from SHA-256 to log index.
 *
 * 40 bytes a text in the order in which they came, and open addressing with
 * eight bytes a place, at most three quarters full; nothing is ever taken out.
 * One thread.
 */
#ifndef REGISTRY_SEEN_H
#define REGISTRY_SEEN_H

#include "alamo/base/base.h"

struct seen_text {
	uint8_t hash[AL_HASH_LEN];
	uint64_t index;
};

struct seen_place {
	uint32_t tag; /* of its hash: where it belongs */
	uint32_t at;  /* 1 + number of its text; 0: free */
};

struct seen {
	struct seen_place *places; /* a power of two of them, or NULL */
	struct seen_text *texts;   /* room for three quarters as many */
	size_t size, count;
	uint64_t secret; /* so that nobody can choose where his texts go */
};

void seen_init(struct seen *seen);
void seen_release(struct seen *seen); /* empty again, ready for more */
/* `hash` is not in it yet. AL_ENOMEM: not added. */
AL_MUST_USE enum al_err seen_add(struct seen *seen, const uint8_t hash[static AL_HASH_LEN], uint64_t index);
bool seen_find(const struct seen *seen, const uint8_t hash[static AL_HASH_LEN], uint64_t *index);

#endif
