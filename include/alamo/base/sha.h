/* SPDX-License-Identifier: MIT */
/* sha.h -- SHA-256 of what there is much of: entries, requests, nodes of a tree. */
#ifndef ALAMO_SHA_H
#define ALAMO_SHA_H

#include "alamo/base/slice.h"

/* Of the parts, one behind the other. */
void al_sha256(const struct al_slice *parts, size_t count, uint8_t out[static AL_HASH_LEN]);

#endif
