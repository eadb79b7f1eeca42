/* SPDX-License-Identifier: MIT */
/*
 * vrp_tree.h -- what sets are made of; for vrp_set.c and vrp_make.c only.
 *
 * Invariants: nothing is empty, and all records are in strictly ascending vrp_cmp() order. Every leaf but a set's last has
 * VRP_LEAF_MIN records or more, every branch but the last VRP_BRANCH_MIN leaves or more: so a set of n records has at
 * most n / (VRP_LEAF_MIN * VRP_BRANCH_MIN) + 1 branches, whatever changes made it.
 */
#ifndef ORIGINS_VRP_TREE_H
#define ORIGINS_VRP_TREE_H

#include "vrp_set.h"

#define VRP_LEAF_MIN (VRP_LEAF_MAX / 4)
#define VRP_BRANCH_MIN (VRP_BRANCH_MAX / 4)

struct vrp_leaf {
	unsigned refs;
	unsigned count;
	struct vrp items[];
};

struct vrp_branch {
	unsigned refs;
	unsigned count;
	struct vrp_leaf *leaves[];
};

static inline const struct vrp *vrp_branch_first(const struct vrp_branch *branch)
{
	return &branch->leaves[0]->items[0];
}

/* The first record from position `from` on that is not below `key`, or the leaf's end. */
size_t vrp_leaf_find(const struct vrp_leaf *leaf, size_t from, const struct vrp *key);
void vrp_leaf_unref(struct vrp_leaf *leaf);
void vrp_branch_unref(struct vrp_branch *branch);

#endif
