/* SPDX-License-Identifier: MIT */
/*
 * keeper.h -- kept.h on a thread of its own: the file of a million records takes a second, and no router waits for it.
 *
 * One write at a time, and at most a twentieth of the time is spent on them, however fast the set changes.
 */
#ifndef RPKI_LITE_KEEPER_H
#define RPKI_LITE_KEEPER_H

#include "alamo/net/loop.h"

#include "kept.h"

struct keeper;

/* For the caller's `loop`; `log` is copied. */
AL_MUST_USE enum al_err keeper_new(struct al_loop *loop, const char *dir, const struct al_vkey *log,
				   struct keeper **out);
void keeper_free(struct keeper *keeper); /* waits for what is being written; NULL is allowed */
/* kept_load(), before anything is saved. */
AL_MUST_USE enum al_err keeper_load(struct keeper *keeper, struct origin_head *head, struct vrp_set **out);
/* False: the last is still being written, or was a moment ago. */
bool keeper_ready(const struct keeper *keeper);
/* Begins to write what is shown; only when ready. A failure is logged. */
void keeper_save(struct keeper *keeper, const struct moment *moment, uint64_t expires);
/* The last of all, at the end: waits for it. */
void keeper_finish(struct keeper *keeper, const struct moment *moment, uint64_t expires);

#endif
