/* SPDX-License-Identifier: MIT */
/*
 * vrp_batch.h -- what a run of events comes to: the next set, and a delta for each entry that changed it.
 *
 * An event says what is true of a key (prefix and AS number) right after its entry, whatever was true before; of several
 * events of one entry and key the last one counts.
 */
#ifndef ORIGINS_VRP_BATCH_H
#define ORIGINS_VRP_BATCH_H

#include "vrp_delta.h"

struct vrp_event {
	struct vrp vrp;
	uint64_t index; /* of the entry */
	uint32_t seq;   /* order of arrival, within one take */
	bool present;   /* after the entry */
	/* Filled by vrp_batch_run(): what the key was before the entry. */
	bool was;
	uint8_t was_max;
};

int vrp_event_cmp(const void *a, const void *b); /* by key, then in order; for qsort() */

/* What a run of events comes to: the set's own difference, and deltas for the history. */
struct vrp_batch {
	struct vrp_event *events; /* owned; by key, once it runs */
	size_t count;
	uint32_t *order;           /* owned; which event comes first in the log, and so on */
	struct vrp_delta *net;     /* from the base to the end */
	struct vrp_delta **deltas; /* the newest ones, in order */
	size_t delta_count;
};

/*
 * `events` are filled, in order; the rest is zero. *out: the set after them all, NULL if nothing is changed. `base` NULL:
 * nothing was there. `cap`: deltas of the newest entries. AL_ENOMEM.
 */
AL_MUST_USE enum al_err vrp_batch_run(struct vrp_batch *batch, const struct vrp_set *base, size_t cap,
				      struct vrp_set **out);
void vrp_batch_release(struct vrp_batch *batch);

#endif
