/* SPDX-License-Identifier: MIT */
/*
 * vrp_set.h -- the records of one moment: sorted, without duplicates, immutable, counted.
 *
 * Records are in leaves, leaves in branches, and a set is a list of branches; each is immutable and counted too, and
 * belongs to all sets that have it. So the next set is what changed and a new list: its cost is that of the leaves that
 * change, whatever else there is, and two neighbours are compared by what they do not share. With at most
 * VRP_LEAF_MAX records in a leaf and VRP_BRANCH_MAX leaves in a branch a million records are some 60 branches.
 *
 * A set, and all that share with it, belongs to the thread that made it: the counts are not atomic. Another thread may
 * read one to which a reference is held meanwhile.
 */
#ifndef ORIGINS_VRP_SET_H
#define ORIGINS_VRP_SET_H

#include "vrp.h"

#define VRP_LEAF_MAX 256
#define VRP_BRANCH_MAX 128

struct vrp_branch; /* private: vrp_tree.h */

struct vrp_set {
	unsigned refs;
	uint32_t serial;  /* RTR serial: vrp_serial() of `size` */
	uint64_t size;    /* log size right after the entry that made this set what it is; 0: never changed */
	size_t count;     /* records: VRPs of IPv4, VRPs of IPv6, pairs */
	size_t vrps;      /* the first so many are VRPs */
	size_t count4;    /* of them IPv4 */
	size_t customers; /* with at least one pair */
	size_t branch_count;
	struct vrp_branch *branches[];
};

/* Copies `items`, in any order and with duplicates. One reference is the caller's. */
AL_MUST_USE enum al_err vrp_set_new(const struct vrp *items, size_t count, uint64_t size, struct vrp_set **out);
const struct vrp_set *vrp_set_ref(const struct vrp_set *set);
void vrp_set_unref(const struct vrp_set *set); /* NULL is allowed */

/*
 * base without `withdrawn`, with `announced`; both strictly in order. AL_EINVAL if a
 * withdrawn one is missing or an announced one is there already. Cost: the leaves and branches that change, and the
 * list of branches.
 */
AL_MUST_USE enum al_err vrp_set_apply(const struct vrp_set *base, const struct vrp *announced, size_t announced_count,
				      const struct vrp *withdrawn, size_t withdrawn_count, uint64_t size,
				      struct vrp_set **out);

/* ---- reading ---- */

/* A place in a set, which it borrows. */
struct vrp_walk {
	const struct vrp_set *set;
	size_t branch, leaf, item; /* of the next record; branch_count, 0, 0 at the end */
};

void vrp_walk_start(struct vrp_walk *walk, const struct vrp_set *set);
/* At the first record that is not below `key`. O(log n). */
void vrp_walk_seek(struct vrp_walk *walk, const struct vrp_set *set, const struct vrp *key);
/* At the first record of a family: 32, 128 or VRP_ASPA bits. */
void vrp_walk_family(struct vrp_walk *walk, const struct vrp_set *set, uint8_t bits);
/* The next record, and past it; NULL at the end. It lives as long as the set. */
const struct vrp *vrp_walk_next(struct vrp_walk *walk);
/* The same, without going past it. */
const struct vrp *vrp_walk_peek(const struct vrp_walk *walk);

/* How many providers a customer has; `walk` is at the first pair. */
size_t vrp_set_providers(const struct vrp_set *set, uint32_t customer, struct vrp_walk *walk);
/* The VRP of this prefix and AS number, whatever its max-length; NULL: none. O(max-lengths of that length * log n). */
const struct vrp *vrp_set_find(const struct vrp_set *set, const struct vrp *key);

/*
 * The same for many keys in the order of vrp_key_cmp(): each search goes on where the one before it ended. A run is what a
 * set has of one length and max-length.
 */
struct vrp_finder {
	const struct vrp_set *set; /* borrowed; the rest is the finder's own */
	struct vrp key;            /* the last one; its length is that of the runs */
	unsigned count;
	struct vrp_walk runs[129];
	uint8_t max[129];
};

void vrp_finder_start(struct vrp_finder *finder, const struct vrp_set *set);
const struct vrp *vrp_finder_find(struct vrp_finder *finder, const struct vrp *key);
/* VRPs whose prefix lies in `prefix` (or is it), in order; false from `visit` ends it. O(lengths * log n) and what is found. */
typedef bool (*vrp_fn)(const struct vrp *vrp, void *arg);
void vrp_set_within(const struct vrp_set *set, const struct al_prefix *prefix, vrp_fn visit, void *arg);
/*
 * The records that are in one of the two only, in order; false from `visit` ends it. Cost: what they do not share.
 */
typedef bool (*vrp_diff_fn)(const struct vrp *vrp, bool in_b, void *arg);
void vrp_set_diff(const struct vrp_set *a, const struct vrp_set *b, vrp_diff_fn visit, void *arg);
bool vrp_set_eq(const struct vrp_set *a, const struct vrp_set *b); /* contents only */

#endif
