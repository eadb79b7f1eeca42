/* SPDX-License-Identifier: MIT */
/*
 * offer.h -- a signed request that waits for somebody else's signature, as one word that travels by any way: a mark
 * that says what for ("alamo-peer1-"), and the request's bytes in base64url. No key leaves its machine.
 */
#ifndef CLI_OFFER_H
#define CLI_OFFER_H

#include "submit.h"

#define OFFER_MAX 16384

/* Builds and signs the request, and appends its word to `out`. Reasons for failures go to standard error. */
AL_MUST_USE enum al_err offer_make(const struct submit *submit, struct al_slice objects, const char *mark,
				   struct al_buf *out);
/* The request of a word; false: it is none of that mark, or not the whole of it. */
bool offer_read(const char *word, const char *mark, struct al_buf *out);

#endif
