/* SPDX-License-Identifier: MIT */
/*
 * roa_plan.h -- which signed objects a set of records calls for.
 */
#ifndef X509_ROA_PLAN_H
#define X509_ROA_PLAN_H

#include "issued.h"
#include "resources.h"

/* One ROA: all records of one AS. */
struct planned_roa {
	char path[ISSUED_PATH_MAX]; /* "ca/AS64512.roa" */
	size_t first, count;        /* of plan.items */
};

struct roa_plan {
	struct vrp *items; /* owned; by AS, then econtent_vrp_cmp() */
	size_t item_count;
	struct planned_roa *roas; /* owned */
	size_t roa_count;
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
