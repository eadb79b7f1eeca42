/* SPDX-License-Identifier: MIT */
/*
 * pending.h -- what changed in the state since the zones were last built: the
 * newest version of each object, and whether the plan itself changed.
 *
 * On the state's thread. Objects that say nothing to a zone, and changes that
 * a zone does not show, are not noted.
 *
 * A job is a bounded piece of what waits: maintainers take turns, an entry of
 * the log each, so that one who changes thousands of names makes himself wait
 * and nobody else. What one entry changed stays together.
 */
#ifndef ROOTDNS_PENDING_H
#define ROOTDNS_PENDING_H

#include "alamo/rpsl/state.h"
#include "builder.h"

#define PENDING_JOB_WEIGHT 512u /* of a job: objects, long ones more */

struct pending;

AL_MUST_USE enum al_err pending_new(struct pending **out);
void pending_free(struct pending *pending); /* NULL is allowed */
/* As al_change_fn has it. A lack of memory shows in pending_take(). */
void pending_note(struct pending *pending, const struct al_object *old, const struct al_object *now);

/* What one step of the builder needs. */
struct build_job {
	struct zone_plan *plan; /* NULL: the plan did not change */
	uint64_t changed_at;    /* index of the entry that made the plan */
	struct source *sources;
	uint64_t size; /* log size that the zones show then: of all before it nothing is missing */
	bool more;     /* something still waits */
};
/*
 * Turns some of what was noted into a job, all of it with a new plan, and forgets that. AL_ENOTFOUND while there is no registry object.
 * The caller owns plan and sources.
 */
AL_MUST_USE enum al_err pending_take(struct pending *pending, const struct al_state *state, struct build_job *out);

#endif
