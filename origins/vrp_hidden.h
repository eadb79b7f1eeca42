/* SPDX-License-Identifier: MIT */
/*
 * vrp_hidden.h -- the routes that live in the registry and are in no set, because a hold covers them (vrp_build.h, rule 2):
 * what comes back when the hold goes.
 */
#ifndef ORIGINS_VRP_HIDDEN_H
#define ORIGINS_VRP_HIDDEN_H

#include "vrp_set.h"

struct hidden_item; /* private */

struct vrp_hidden {
	struct hidden_item *items; /* by prefix and AS number */
};

void vrp_hidden_release(struct vrp_hidden *hidden); /* of a zeroed one, too */
/* Of several max-lengths of one prefix and AS number the last counts. */
AL_MUST_USE enum al_err vrp_hidden_put(struct vrp_hidden *hidden, const struct vrp *vrp);
void vrp_hidden_remove(struct vrp_hidden *hidden, const struct vrp *vrp);

/* Return false to keep it, true to take it out. */
typedef bool (*vrp_hidden_fn)(const struct vrp *vrp, void *arg);
/* All of them, in no order. */
void vrp_hidden_take(struct vrp_hidden *hidden, vrp_hidden_fn visit, void *arg);

#endif
