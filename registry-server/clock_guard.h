/* SPDX-License-Identifier: MIT */
/*
 * clock_guard.h -- has the system's clock jumped ahead?
 *
 * An entry's time is never taken back: one that is dated next month makes every later one wait for next month, in
 * quotas, rates, rests and not-after lines. So the clock is compared with one that only counts (CLOCK_BOOTTIME, which goes on
 * while the machine sleeps), from this process's start: when it is further ahead of that than a bound, nothing is dated until
 * it is right again, or the operator says that it is right now (bound 0, for a moment). What it drifts is followed, by the
 * bound a day at most. Backwards is no danger: log time stays where it is.
 *
 * One in a process, for any thread.
 */
#ifndef REGISTRY_CLOCK_GUARD_H
#define REGISTRY_CLOCK_GUARD_H

#include "alamo/base/base.h"

/* Looks from now on; 0: every clock is right, and the next bound begins with this one. Loop thread. */
void clock_guard_bound(uint64_t seconds);
/* Looks at both clocks. Before the first bound: true. A change is logged. */
bool clock_guard_trusted(void);

/* What is told to who asks for something to be stored meanwhile. */
extern const char clock_guard_words[];

/* ---- the judgement, without clocks ---- */

struct clock_sight {
	bool begun;
	int64_t offset_s; /* of the wall clock from the one that counts, when both were right */
	uint64_t moved_s; /* when that was followed */
};

/* How many seconds the wall clock is ahead of what it may be; 0: it is right. */
uint64_t clock_sight_step(struct clock_sight *sight, uint64_t bound_s, uint64_t wall_s, uint64_t counted_s);

#endif
