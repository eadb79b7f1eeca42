/* SPDX-License-Identifier: MIT */
/*
 * vrp_fold.h -- the rule of vrp_build.h, kept up to date change by change.
 *
 * vrp_fold_change() writes down, for each object that an entry changes, what is now true of its prefix and AS
 * (and, for a hold, of everything below it). vrp_fold_take() turns what was written down into the next set and
 * one delta for each entry that changed it. Cost: O(log n) a changed object, and the leaves of the set that change
 * (vrp_set_apply) a take, however many heads it covers, a hold, and VRP_FOLD_EVENTS objects.
 *
 * Memory is the set itself, 24 bytes a record: what else lives in the registry are routes that a hold hides, and
 * nodes and peerings. Which entries are taken together makes no difference to serials or deltas.
 */
#ifndef ORIGINS_VRP_FOLD_H
#define ORIGINS_VRP_FOLD_H

#include "vrp_build.h"
#include "vrp_delta.h"

struct vrp_fold;

#define VRP_FOLD_EVENTS 65536

/* `history`: deltas that are kept between two takes. */
AL_MUST_USE enum al_err vrp_fold_new(size_t history, struct vrp_fold **out);
void vrp_fold_free(struct vrp_fold *fold); /* NULL is allowed */

/*
 * `now` is a new version of an object, living or not, of any class, or an edit's own lines. Call for every one since the log's start, in order.
 * AL_ENOMEM: the change is lost and the fold is of no use any more.
 */
AL_MUST_USE enum al_err vrp_fold_change(struct vrp_fold *fold, const struct al_object *now);

/*
 * Everything of entries below `size`, which is at least what was taken before. The next set is the last one itself (a
 * reference) when no entry changed it; else it carries the size of the last entry that did, even if the contents are
 * the same again. Deltas since the last take go to `history`. On failure nothing is changed, and the call may be
 * repeated.
 */
AL_MUST_USE enum al_err vrp_fold_take(struct vrp_fold *fold, uint64_t size, struct vrp_history *history,
				      const struct vrp_set **out);

/* Records that a history may hold beside a set of `count`: vrp_history_push(). */
size_t vrp_fold_records_max(size_t count);

#endif
