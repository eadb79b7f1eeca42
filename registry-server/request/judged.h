/* SPDX-License-Identifier: MIT */
/*
 * judged.h -- which texts were judged lately, so that nobody makes another pay by sending his text again: one that
 * was refused, or that waits for the hostmaster, can be had by others.
 *
 * One slot a hash value, by a secret: who is pushed out is nobody's choice. What is forgotten is paid for once more.
 */
#ifndef REGISTRY_JUDGED_H
#define REGISTRY_JUDGED_H

#include "alamo/base/base.h"

#define JUDGED_SLOTS 4096u /* a power of two */

struct judged {
	uint64_t secret;
	uint8_t hash[JUDGED_SLOTS][AL_HASH_LEN];
};

void judged_init(struct judged *judged);
/* Was it there before? It is now. */
bool judged_again(struct judged *judged, const uint8_t hash[static AL_HASH_LEN]);

#endif
