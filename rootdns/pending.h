/*
 * pending.h -- what changed in the state since the zones were last built: the
 * newest version of each object, and whether the plan itself changed.
 *
 * On the state's thread. Objects that say nothing to a zone, and changes that
 * a zone does not show, are not noted.
 */
#ifndef ROOTDNS_PENDING_H
#define ROOTDNS_PENDING_H

#include "alamo/rpsl/state.h"
#include "builder.h"

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
	uint64_t size; /* log size */
};
/*
 * Turns what was noted into a job and forgets it. AL_ENOTFOUND while there is no registry object.
 * The caller owns plan and sources.
 */
AL_MUST_USE enum al_err pending_take(struct pending *pending, const struct al_state *state, struct build_job *out);

#endif
