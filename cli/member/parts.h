/* SPDX-License-Identifier: MIT */
/*
 * parts.h -- an object that is larger than one request: what is sent of it, one request after the other.
 *
 * A new object is sent with as many of its lines as fit, and extended (`extend:`). One that is there is brought from
 * what it is to what it should be; who was interrupted sends it again, and what is left to do is done.
 */
#ifndef CLI_PARTS_H
#define CLI_PARTS_H

#include "submit.h"

#define PARTS_BYTES 36864 /* of an object in one request; header and signature on top stay below AL_REQUEST_MAX */

struct al_object;

/*
 * Texts that make `wanted` of `present` (NULL: of nothing), appended to `out`, with an empty line behind each.
 * Attributes keep their order, where they are new. AL_ELIMIT: what has to be in the first text does not fit.
 */
AL_MUST_USE enum al_err parts_make(const struct al_object *present, const struct al_object *wanted, struct al_buf *out,
				   size_t *count);
/* Cuts off the next text. */
bool parts_next(struct al_slice *rest, struct al_slice *text);

/*
 * Does the registry take an object of this size (`object-kbytes:`)? It would else be left without its end. AL_ELIMIT:
 * no, *kbytes is the most.
 */
AL_MUST_USE enum al_err parts_fit(struct client *client, const struct al_object *wanted, uint64_t *kbytes);

/* Is it a plain object that does not fit one request? */
bool parts_needed(const struct draft *draft);
/* Sends the draft's one object in parts; each answer to `said`. Stops at the first that is not accepted. */
AL_MUST_USE enum al_err parts_send(const struct submit *submit, const struct draft *draft,
				   void (*said)(void *arg, struct al_slice answer), void *arg);

#endif
