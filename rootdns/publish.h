/* SPDX-License-Identifier: MIT */
/*
 * publish.h -- the set of zones in force, from the one builder to the readers.
 *
 * A reader says which set it looks at in its own slot; the builder frees a set
 * when it is no longer in force and no slot names it. Entering costs a reader
 * one store; it never waits and never frees.
 */
#ifndef ROOTDNS_PUBLISH_H
#define ROOTDNS_PUBLISH_H

#include "zone.h"

struct publish;

AL_MUST_USE enum al_err publish_new(size_t readers, struct publish **out);
/* All readers have left. Frees every set. */
void publish_free(struct publish *publish);
/* Builder: `set` is in force from now on and belongs to the publisher. */
void publish_swap(struct publish *publish, struct zone_set *set);
/* Builder: frees sets that nobody looks at any more. */
void publish_reclaim(struct publish *publish);

/* Reader `reader`, one thread each: valid until publish_leave(). NULL before the first swap. */
const struct zone_set *publish_enter(struct publish *publish, size_t reader);
void publish_leave(struct publish *publish, size_t reader);

#endif
