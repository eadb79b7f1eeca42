/* SPDX-License-Identifier: MIT */
/*
 * resting.h -- returned numbers and blocks that wait before another may have
 * them. Log time, not the clock: entries come in order, so this is a queue,
 * with an index by number and by prefix, and a chain for each last holder.
 */
#ifndef RULES_RESTING_H
#define RULES_RESTING_H

#include "alamo/rpsl/state.h"

struct resting {
	struct rest_item *items; /* oldest first, from `first` */
	size_t first, count, cap;
	size_t gone; /* taken off the front of the array so far */
	struct rest_chain *chains;
	struct al_trie by_asn;  /* numbers as keys of 32 bits */
	struct al_trie by_inet; /* values of both: the item's place, counted from the first one ever, plus 1 */
	uint64_t rest_s;        /* how long, in seconds; 0: nothing rests */
};

struct rest_item {
	const struct al_object *last; /* the tombstone; borrowed from the state, which has it until it is taken back */
	uint64_t since;               /* Unix seconds */
	bool gone;                    /* taken back before its time */
	size_t before;                /* the same maintainer's one before it, as an index value; 0: none */
};

void resting_init(struct resting *resting);
void resting_release(struct resting *resting);
AL_MUST_USE enum al_err resting_add(struct resting *resting, const struct al_object *last);
/* It lives again, and does not rest any more. False: it did not. */
bool resting_drop(struct resting *resting, const struct al_object *now);
/* The oldest whose time is over at `now`, taken out; NULL: none. */
const struct al_object *resting_due(struct resting *resting, uint64_t now);
/* The one that has rested longest of those that touch this block or number, or NULL. */
const struct al_object *resting_touching(const struct resting *resting, const struct al_object *asked);
/*
 * What rests of this maintainer, the first that it named, newest first: *place is 0 at the start. NULL: that was all.
 * *work counts the steps.
 */
const struct al_object *resting_of(const struct resting *resting, struct al_slice mntner, size_t *place,
				   uint64_t *work);

#endif
