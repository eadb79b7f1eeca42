/* SPDX-License-Identifier: MIT */
/*
 * vrp_delta.h -- the difference between two sets, and the last differences of a log.
 *
 * One delta belongs to one log entry that changed the set: it leads from the serial
 * before that entry to the serial after it. Because a serial names a position in the log
 * and not a moment of publishing, the history is the same whichever heads a cache saw.
 */
#ifndef ORIGINS_VRP_DELTA_H
#define ORIGINS_VRP_DELTA_H

#include "vrp_set.h"

struct vrp_delta {
	uint32_t from, to; /* serials */
	size_t announced;  /* items[0 .. announced) in the set's order */
	size_t withdrawn;  /* the rest, in the set's order too */
	struct vrp items[];
};

/* Uninitialised items; NULL: out of memory. free() ends it. */
struct vrp_delta *vrp_delta_alloc(uint32_t from, uint32_t to, size_t announced, size_t withdrawn);
void vrp_delta_sort(struct vrp_delta *delta); /* both parts into the set's order */

/* What leads from `a` to `b`, by vrp_set_diff(). free() ends it. */
AL_MUST_USE enum al_err vrp_delta_between(const struct vrp_set *a, const struct vrp_set *b, struct vrp_delta **out);

struct vrp_history;

/* Keeps at most `cap` deltas. */
AL_MUST_USE enum al_err vrp_history_new(size_t cap, struct vrp_history **out);
void vrp_history_free(struct vrp_history *history); /* NULL is allowed */
size_t vrp_history_cap(const struct vrp_history *history);
size_t vrp_history_count(const struct vrp_history *history);
/*
 * Takes `delta` over. What does not lead to where it starts goes; the oldest go when there
 * are more than `cap`, or when all together hold more than `records_max` records: to load
 * a set costs less than a longer history of it.
 */
void vrp_history_push(struct vrp_history *history, struct vrp_delta *delta, size_t records_max);
/* All deltas of `from`, in order, pushed to `to`; `from` is empty then. */
void vrp_history_move(struct vrp_history *from, struct vrp_history *to, size_t records_max);
bool vrp_history_has(const struct vrp_history *history, uint32_t from); /* by equality */
/*
 * The one net difference from serial `from` to the newest: what was announced and withdrawn in
 * between is absent, nothing is twice. AL_ENOTFOUND: not kept. The caller frees *out with free().
 */
AL_MUST_USE enum al_err vrp_history_net(const struct vrp_history *history, uint32_t from, struct vrp_delta **out);

#endif
