/* SPDX-License-Identifier: MIT */
/*
 * tiles.h -- the published log (c2sp.org/tlog-tiles) of a mirror: files below
 * DIR/tiles, made from the store, and the same over HTTP.
 *
 * Follows the store on a timer, a piece at a time, so that the stream is not
 * held up by it; the published checkpoint is a moment behind.
 */
#ifndef MIRROR_TILES_H
#define MIRROR_TILES_H

#include "alamo/net/http.h"
#include "store.h"

struct tiles;

AL_MUST_USE enum al_err tiles_new(struct al_loop *loop, struct store *store, struct tiles **out);
void tiles_free(struct tiles *tiles); /* NULL is allowed, here and below */
/* The store has grown. */
void tiles_wake(struct tiles *tiles);
/* The store has another key. */
void tiles_key(struct tiles *tiles);
AL_MUST_USE enum al_err tiles_listen(struct tiles *tiles, struct al_slice addr, uint16_t port, uint16_t *bound);

#endif
