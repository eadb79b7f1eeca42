/* SPDX-License-Identifier: MIT */
/*
 * vrp_set.h -- the records of one moment: sorted, without duplicates, immutable, counted.
 *
 * A set belongs to the thread that made it: the count is not atomic.
 */
#ifndef ORIGINS_VRP_SET_H
#define ORIGINS_VRP_SET_H

#include "vrp.h"

struct vrp_run; /* stretch of one family, length and max-length; private */

struct vrp_set {
	unsigned refs;
	uint32_t serial; /* RTR serial: vrp_serial() of `size` */
	uint64_t size;   /* log size right after the entry that made this set what it is; 0: never changed */
	size_t count;    /* records: VRPs, and then pairs */
	size_t vrps;     /* items[0 .. vrps) */
	size_t count4;   /* of them IPv4: items[0 .. count4) */
	struct vrp_run *runs;
	size_t run_count;
	struct vrp items[];
};

/* The pairs of one customer: *first is the position of the first. Returns how many. */
size_t vrp_set_providers(const struct vrp_set *set, uint32_t customer, size_t *first);
size_t vrp_set_customers(const struct vrp_set *set); /* with at least one pair */

/* Copies `items`, in any order and with duplicates. One reference is the caller's. */
AL_MUST_USE enum al_err vrp_set_new(const struct vrp *items, size_t count, uint64_t size, struct vrp_set **out);
const struct vrp_set *vrp_set_ref(const struct vrp_set *set);
void vrp_set_unref(const struct vrp_set *set); /* NULL is allowed */
/* The VRP of this prefix and AS number, whatever its max-length; NULL: none. O(runs of that length * log n). */
const struct vrp *vrp_set_find(const struct vrp_set *set, const struct vrp *key);
/* VRPs whose prefix lies in `prefix` (or is it), in the set's order; false from `visit` ends it. O(runs * log n) and what is found. */
typedef bool (*vrp_fn)(const struct vrp *vrp, void *arg);
void vrp_set_within(const struct vrp_set *set, const struct al_prefix *prefix, vrp_fn visit, void *arg);
bool vrp_set_eq(const struct vrp_set *a, const struct vrp_set *b); /* contents only */

/*
 * base without `withdrawn`, with `announced`; both in the set's order. AL_EINVAL if a
 * withdrawn one is missing or an announced one is there already. Copies the stretches
 * between changes as they are: one memcpy of 24 bytes a VRP (600,000: 14 MB, about 3 ms)
 * and O(log n) for each change.
 */
AL_MUST_USE enum al_err vrp_set_apply(const struct vrp_set *base, const struct vrp *announced, size_t announced_count,
				      const struct vrp *withdrawn, size_t withdrawn_count, uint64_t size,
				      struct vrp_set **out);

#endif
