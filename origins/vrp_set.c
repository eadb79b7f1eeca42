/* SPDX-License-Identifier: MIT */
/* vrp_set.c -- sets as they are counted, searched, walked and compared. */
#include "vrp_set.h"

#include <stdlib.h>
#include <string.h>

#include "vrp_tree.h"

/* ---- counting ---- */

void vrp_leaf_unref(struct vrp_leaf *leaf)
{
	if (--leaf->refs == 0)
		free(leaf);
}

void vrp_branch_unref(struct vrp_branch *branch)
{
	if (--branch->refs != 0)
		return;
	for (unsigned i = 0; i < branch->count; i++)
		vrp_leaf_unref(branch->leaves[i]);
	free(branch);
}

const struct vrp_set *vrp_set_ref(const struct vrp_set *set)
{
	/* Counting is the one thing that changes in a set; the contents stay const. */
	struct vrp_set *counted = (struct vrp_set *)(uintptr_t)set;

	counted->refs++;
	return set;
}

void vrp_set_unref(const struct vrp_set *set)
{
	struct vrp_set *counted = (struct vrp_set *)(uintptr_t)set;

	if (counted == NULL || --counted->refs != 0)
		return;
	for (size_t i = 0; i < counted->branch_count; i++)
		vrp_branch_unref(counted->branches[i]);
	free(counted);
}

/* ---- walking ---- */

void vrp_walk_start(struct vrp_walk *walk, const struct vrp_set *set)
{
	*walk = (struct vrp_walk){ .set = set };
}

/* Past the leaf that the walk is in. */
static void walk_leaf_over(struct vrp_walk *walk)
{
	walk->item = 0;
	if (++walk->leaf == walk->set->branches[walk->branch]->count) {
		walk->leaf = 0;
		walk->branch++;
	}
}

static const struct vrp_leaf *walk_leaf(const struct vrp_walk *walk)
{
	return walk->set->branches[walk->branch]->leaves[walk->leaf];
}

const struct vrp *vrp_walk_peek(const struct vrp_walk *walk)
{
	return walk->branch < walk->set->branch_count ? &walk_leaf(walk)->items[walk->item] : NULL;
}

const struct vrp *vrp_walk_next(struct vrp_walk *walk)
{
	const struct vrp *vrp = vrp_walk_peek(walk);

	if (vrp != NULL && ++walk->item == walk_leaf(walk)->count)
		walk_leaf_over(walk);
	return vrp;
}

/* The last branch that begins at or below `key`; 0 if none does. */
static size_t branch_of(const struct vrp_set *set, const struct vrp *key)
{
	size_t left = 0, right = set->branch_count;

	while (right - left > 1) {
		size_t mid = left + (right - left) / 2;

		if (vrp_cmp(vrp_branch_first(set->branches[mid]), key) <= 0)
			left = mid;
		else
			right = mid;
	}
	return left;
}

static size_t leaf_of(const struct vrp_branch *branch, const struct vrp *key)
{
	size_t left = 0, right = branch->count;

	while (right - left > 1) {
		size_t mid = left + (right - left) / 2;

		if (vrp_cmp(&branch->leaves[mid]->items[0], key) <= 0)
			left = mid;
		else
			right = mid;
	}
	return left;
}

size_t vrp_leaf_find(const struct vrp_leaf *leaf, size_t from, const struct vrp *key)
{
	size_t left = from, right = leaf->count;

	while (left < right) {
		size_t mid = left + (right - left) / 2;

		if (vrp_cmp(&leaf->items[mid], key) < 0)
			left = mid + 1;
		else
			right = mid;
	}
	return left;
}

void vrp_walk_seek(struct vrp_walk *walk, const struct vrp_set *set, const struct vrp *key)
{
	vrp_walk_start(walk, set);
	if (set->branch_count == 0)
		return;
	walk->branch = branch_of(set, key);
	walk->leaf = leaf_of(set->branches[walk->branch], key);
	walk->item = vrp_leaf_find(walk_leaf(walk), 0, key);
	if (walk->item == walk_leaf(walk)->count)
		walk_leaf_over(walk);
}

/* Below every record of that family and length, and above those of longer ones. */
static struct vrp least_of(uint8_t bits, uint8_t len, uint8_t max)
{
	return (struct vrp){ .bits = bits, .len = len, .max = max };
}

void vrp_walk_family(struct vrp_walk *walk, const struct vrp_set *set, uint8_t bits)
{
	/* Of pairs length and max-length are 0, and the longest prefix comes first. */
	struct vrp least = bits == VRP_ASPA ? vrp_pair(0, 0) : least_of(bits, UINT8_MAX, UINT8_MAX);

	vrp_walk_seek(walk, set, &least);
}

/* ---- looking up ---- */

#define STRIDE 8 /* records that are walked over before it is cheaper to search */

void vrp_finder_start(struct vrp_finder *finder, const struct vrp_set *set)
{
	finder->set = set;
	finder->count = 0;
	finder->key = least_of(0, 0, 0); /* of no family */
}

/* The runs of this length, each from its beginning. */
static void finder_open(struct vrp_finder *finder, uint8_t bits, uint8_t len)
{
	struct vrp probe = least_of(bits, len, UINT8_MAX);
	const struct vrp *first;

	for (finder->count = 0; finder->count < AL_COUNT(finder->runs);) {
		struct vrp_walk *run = &finder->runs[finder->count];

		vrp_walk_seek(run, finder->set, &probe);
		first = vrp_walk_peek(run);
		if (first == NULL || first->bits != bits || first->len != len)
			return;
		finder->max[finder->count++] = first->max;
		if (first->max == 0)
			return;
		probe.max = (uint8_t)(first->max - 1);
	}
}

static const struct vrp *run_find(struct vrp_walk *run, const struct vrp *probe)
{
	const struct vrp *at = vrp_walk_peek(run);

	for (unsigned i = 0; at != NULL && vrp_cmp(at, probe) < 0; i++) {
		if (i < STRIDE)
			(void)vrp_walk_next(run);
		else
			vrp_walk_seek(run, run->set, probe);
		at = vrp_walk_peek(run);
	}
	return at != NULL && vrp_cmp(at, probe) == 0 ? at : NULL;
}

const struct vrp *vrp_finder_find(struct vrp_finder *finder, const struct vrp *key)
{
	const struct vrp *found = NULL;
	struct vrp probe = *key;

	if (finder->key.bits != key->bits || finder->key.len != key->len)
		finder_open(finder, key->bits, key->len);
	finder->key = *key;
	for (unsigned i = 0; i < finder->count && found == NULL; i++) {
		probe.max = finder->max[i];
		found = run_find(&finder->runs[i], &probe);
	}
	return found;
}

const struct vrp *vrp_set_find(const struct vrp_set *set, const struct vrp *key)
{
	struct vrp_finder finder;

	vrp_finder_start(&finder, set);
	return vrp_finder_find(&finder, key);
}

/* Those of one length and max-length; false: `visit` has had enough. */
static bool within_run(const struct vrp_set *set, const struct al_prefix *prefix, uint8_t len, uint8_t max,
		       vrp_fn visit, void *arg)
{
	struct vrp least = least_of(prefix->bits, len, max);
	const struct vrp *vrp;
	struct vrp_walk walk;

	memcpy(least.addr, prefix->addr, sizeof(least.addr));
	vrp_walk_seek(&walk, set, &least);
	while ((vrp = vrp_walk_next(&walk)) != NULL && vrp->bits == prefix->bits && vrp->len == len &&
	       vrp->max == max) {
		struct al_prefix inner = vrp_prefix(vrp);

		if (!al_prefix_covers(prefix, &inner))
			break;
		if (!visit(vrp, arg))
			return false;
	}
	return true;
}

void vrp_set_within(const struct vrp_set *set, const struct al_prefix *prefix, vrp_fn visit, void *arg)
{
	struct vrp probe = least_of(prefix->bits, UINT8_MAX, UINT8_MAX);
	const struct vrp *run;
	struct vrp_walk walk;

	/* From run to run: a stretch of one length and max-length. */
	for (;;) {
		vrp_walk_seek(&walk, set, &probe);
		run = vrp_walk_peek(&walk);
		if (run == NULL || run->bits != prefix->bits || run->len < prefix->len ||
		    !within_run(set, prefix, run->len, run->max, visit, arg))
			return;
		if (run->max == 0 && run->len == 0)
			return;
		probe = run->max != 0 ? least_of(run->bits, run->len, (uint8_t)(run->max - 1))
				      : least_of(run->bits, (uint8_t)(run->len - 1), UINT8_MAX);
	}
}

size_t vrp_set_providers(const struct vrp_set *set, uint32_t customer, struct vrp_walk *walk)
{
	struct vrp least = vrp_pair(customer, 0);
	const struct vrp *pair;
	struct vrp_walk at;
	size_t count = 0;

	vrp_walk_seek(walk, set, &least);
	at = *walk;
	while ((pair = vrp_walk_next(&at)) != NULL && pair->bits == VRP_ASPA && vrp_customer(pair) == customer)
		count++;
	return count;
}

/* ---- comparing ---- */

/* Over a branch or leaf that both have, if both are at its beginning. */
static bool walk_shared(struct vrp_walk *a, struct vrp_walk *b)
{
	const struct vrp_branch *of_a, *of_b;

	if (a->item != 0 || b->item != 0 || a->branch == a->set->branch_count || b->branch == b->set->branch_count)
		return false;
	of_a = a->set->branches[a->branch];
	of_b = b->set->branches[b->branch];
	if (of_a == of_b && a->leaf == 0 && b->leaf == 0) {
		a->branch++;
		b->branch++;
		return true;
	}
	if (of_a->leaves[a->leaf] != of_b->leaves[b->leaf])
		return false;
	walk_leaf_over(a);
	walk_leaf_over(b);
	return true;
}

void vrp_set_diff(const struct vrp_set *a, const struct vrp_set *b, vrp_diff_fn visit, void *arg)
{
	struct vrp_walk in_a, in_b;
	bool more = true;

	vrp_walk_start(&in_a, a);
	vrp_walk_start(&in_b, b);
	while (more) {
		const struct vrp *x, *y;
		int cmp;

		while (walk_shared(&in_a, &in_b))
			;
		x = vrp_walk_peek(&in_a);
		y = vrp_walk_peek(&in_b);
		if (x == NULL && y == NULL)
			break;
		cmp = x == NULL ? 1 : y == NULL ? -1 : vrp_cmp(x, y);
		if (cmp != 0)
			more = visit(cmp < 0 ? x : y, cmp > 0, arg);
		if (cmp <= 0)
			(void)vrp_walk_next(&in_a);
		if (cmp >= 0)
			(void)vrp_walk_next(&in_b);
	}
}

static bool eq_visit(const struct vrp *vrp, bool in_b, void *arg)
{
	bool *same = arg;

	(void)vrp;
	(void)in_b;
	*same = false;
	return false;
}

bool vrp_set_eq(const struct vrp_set *a, const struct vrp_set *b)
{
	bool same = a->count == b->count;

	if (same)
		vrp_set_diff(a, b, eq_visit, &same);
	return same;
}
