/* SPDX-License-Identifier: MIT */
/*
 * vrp_fold.h -- the rule of vrp_build.h, kept up to date change by change.
 *
 * vrp_fold_change() writes down, for each object that an entry changes, what is now true of its prefix and AS
 * (and, for a hold, of everything below it). vrp_fold_take() turns what was written down into the next set and
 * one delta for each entry that changed it. Cost: O(log n) a changed object, one walk of its subtree for a
 * hold, and one linear copy of the set a take (vrp_set_apply) however many heads it covers.
 *
 * Which entries are taken together makes no difference to serials or deltas.
 */
#ifndef ORIGINS_VRP_FOLD_H
#define ORIGINS_VRP_FOLD_H

#include "vrp_build.h"
#include "vrp_delta.h"

struct vrp_fold;

AL_MUST_USE enum al_err vrp_fold_new(struct vrp_fold **out);
void vrp_fold_free(struct vrp_fold *fold); /* NULL is allowed */

/*
 * Peerings link ASs whichever entry they are of (aspa_fold.h); what they give is written down in the same way.
 *
 * As al_change_fn: `state` shows `now` already, `old` may be NULL or a tombstone. Call for every change since
 * the log's start. AL_ENOMEM: the change is lost and the fold is of no use any more.
 */
AL_MUST_USE enum al_err vrp_fold_change(struct vrp_fold *fold, const struct al_state *state,
					const struct al_object *old, const struct al_object *now);

/*
 * Everything of entries below `size`. base NULL: this is the log's start. The next set is a reference to `base`
 * itself when no entry changed it; else it carries the size of the last entry that did, even if the contents are
 * base's again. Deltas go to `history`. On failure nothing is changed, and the call may be repeated.
 */
AL_MUST_USE enum al_err vrp_fold_take(struct vrp_fold *fold, uint64_t size, const struct vrp_set *base,
				      struct vrp_history *history, const struct vrp_set **out);

/* Records that a history may hold beside a set of `count`: vrp_history_push(). */
size_t vrp_fold_records_max(size_t count);

#endif
