/* SPDX-License-Identifier: MIT */
/*
 * roa_plan.h -- which signed objects a set of records calls for.
 */
#ifndef X509_ROA_PLAN_H
#define X509_ROA_PLAN_H

#include "issued.h"
#include "resources.h"

/* One object: all routes that an AS originates, or all ASs that carry its own. */
struct planned {
	char path[ISSUED_PATH_MAX]; /* "ca/AS64512.roa", "ca/AS64512.asa" */
	size_t first, count;        /* of roa_plan.items */
	bool aspa;
};

struct roa_plan {
	struct vrp *items; /* owned; routes by AS and econtent_vrp_cmp(), then pairs by customer and provider */
	size_t item_count;
	struct planned *objects; /* owned */
	size_t object_count;
	size_t left_out; /* records that no certificate for `resources` can be about */
};

/*
 * AS 0 for a whole address space becomes two records of half of it each: validators and routers take either, but
 * StayRTR drops records of length 0. AL_ENOMEM. free with roa_plan_release().
 */
AL_MUST_USE enum al_err roa_plan_make(const struct vrp_set *set, const struct resources *resources,
				      struct roa_plan *out);
void roa_plan_release(struct roa_plan *plan);

#endif
