/* SPDX-License-Identifier: MIT */
/*
 * pending.h -- what changed in the log since the zones were last built: the
 * newest version of each object, and whether the plan itself changed.
 *
 * With origin look-ups they are noted for both, the objects' own names and those (origin_zone.h).
 *
 * On the follower's thread. Objects that say nothing to a zone, and changes that
 * a zone does not show, are not noted.
 *
 * A job is a bounded piece of what waits: maintainers take turns, an entry of
 * the log each, so that one who changes thousands of names makes himself wait
 * and nobody else. What one entry changed stays together, but names of origin look-ups
 * by the hundreds, as of a route that covers many: a piece of them goes with each job.
 */
#ifndef ROOTDNS_PENDING_H
#define ROOTDNS_PENDING_H

#include "alamo/rpsl/object.h"
#include "builder.h"

#define PENDING_JOB_WEIGHT 512u /* of a job: objects, long ones more */

struct pending;

/* `folder` is for the texts of objects (texts.h); `origins` as zone_plan_new() has it, copied. */
AL_MUST_USE enum al_err pending_new(const char *folder, struct al_slice origins, struct pending **out);
void pending_free(struct pending *pending); /* NULL is allowed */
/* The classes that are of interest: bits 1 << class. */
unsigned pending_classes(const struct pending *pending);
/* The next version, living or not, of an object of these classes. AL_EIO, AL_ENOMEM: nothing can be built any more. */
AL_MUST_USE enum al_err pending_object(struct pending *pending, const struct al_object *now);
/* The living object, for al_build.present, whose `arg` is the pending; until the next call. */
const struct al_object *pending_present(const void *arg, enum al_class cls, struct al_slice key);

/* What one step of the builder needs. */
struct build_job {
	struct zone_plan *plan; /* NULL: the plan did not change */
	uint64_t changed_at;    /* index of the entry that made the plan */
	struct source *sources;
	uint64_t size; /* log size that the zones show then: of all before it nothing is missing */
	bool more;     /* something still waits */
};
/*
 * Turns some of what was noted into a job, all of it with a new plan, and forgets that. `size`: of the log so far.
 * AL_ENOTFOUND while there is no registry object. The caller owns plan and sources.
 */
AL_MUST_USE enum al_err pending_take(struct pending *pending, uint64_t size, struct build_job *out);

#endif
