/* SPDX-License-Identifier: MIT */
/*
 * vrp_make.c -- sets out of records, and out of another set and what changes in it.
 *
 * Records go in one after the other, leaves and branches of the other set whole where nothing changes. What is not
 * enough for a leaf or a branch yet waits for what follows, which is opened then: so the invariants of vrp_tree.h hold.
 */
#include <stdlib.h>
#include <string.h>

#include "vrp_set.h"
#include "vrp_tree.h"

struct maker {
	struct vrp items[2 * VRP_LEAF_MAX]; /* of leaves to come */
	size_t item_count;
	struct vrp_leaf *leaves[2 * VRP_BRANCH_MAX]; /* of branches to come; counted */
	size_t leaf_count;
	struct vrp_set *set; /* under way: one reference, or NULL */
	size_t branch_cap;
	enum al_err err;
};

/* ---- leaves and branches ---- */

static void branch_add(struct maker *maker, struct vrp_branch *branch)
{
	if (maker->set->branch_count == maker->branch_cap) {
		size_t cap = maker->branch_cap * 2;
		struct vrp_set *grown = realloc(maker->set, sizeof(*grown) + cap * sizeof(struct vrp_branch *));

		if (grown == NULL) {
			maker->err = AL_ENOMEM;
			vrp_branch_unref(branch);
			return;
		}
		maker->set = grown;
		maker->branch_cap = cap;
	}
	maker->set->branches[maker->set->branch_count++] = branch;
}

/* The first `count` leaves become a branch. */
static void branch_cut(struct maker *maker, size_t count)
{
	struct vrp_branch *branch = malloc(sizeof(*branch) + count * sizeof(struct vrp_leaf *));

	if (branch == NULL) {
		maker->err = AL_ENOMEM;
		return;
	}
	branch->refs = 1;
	branch->count = (unsigned)count;
	memcpy(branch->leaves, maker->leaves, count * sizeof(struct vrp_leaf *));
	maker->leaf_count -= count;
	memmove(maker->leaves, maker->leaves + count, maker->leaf_count * sizeof(struct vrp_leaf *));
	branch_add(maker, branch);
}

static void leaf_add(struct maker *maker, struct vrp_leaf *leaf)
{
	maker->leaves[maker->leaf_count++] = leaf;
	if (maker->leaf_count == AL_COUNT(maker->leaves))
		branch_cut(maker, VRP_BRANCH_MAX);
}

/* The first `count` records become a leaf. */
static void leaf_cut(struct maker *maker, size_t count)
{
	struct vrp_leaf *leaf = malloc(sizeof(*leaf) + count * sizeof(struct vrp));

	if (leaf == NULL) {
		maker->err = AL_ENOMEM;
		return;
	}
	leaf->refs = 1;
	leaf->count = (unsigned)count;
	memcpy(leaf->items, maker->items, count * sizeof(struct vrp));
	maker->item_count -= count;
	memmove(maker->items, maker->items + count, maker->item_count * sizeof(struct vrp));
	leaf_add(maker, leaf);
}

static void items_add(struct maker *maker, const struct vrp *items, size_t count)
{
	while (count != 0 && maker->err == AL_OK) {
		size_t room = AL_COUNT(maker->items) - maker->item_count, some = count < room ? count : room;

		memcpy(maker->items + maker->item_count, items, some * sizeof(*items));
		maker->item_count += some;
		items += some;
		count -= some;
		if (maker->item_count == AL_COUNT(maker->items))
			leaf_cut(maker, VRP_LEAF_MAX);
	}
}

/* Records that are enough become one leaf or two halves; `last`: however few. */
static void items_end(struct maker *maker, bool last)
{
	if (maker->err != AL_OK || maker->item_count < (last ? 1 : VRP_LEAF_MIN))
		return;
	if (maker->item_count > VRP_LEAF_MAX)
		leaf_cut(maker, maker->item_count / 2);
	if (maker->err == AL_OK)
		leaf_cut(maker, maker->item_count);
}

static void leaves_end(struct maker *maker, bool last)
{
	if (maker->err != AL_OK || maker->leaf_count < (last ? 1 : VRP_BRANCH_MIN))
		return;
	if (maker->leaf_count > VRP_BRANCH_MAX)
		branch_cut(maker, maker->leaf_count / 2);
	if (maker->err == AL_OK)
		branch_cut(maker, maker->leaf_count);
}

/* ---- life ---- */

static enum al_err maker_new(size_t branch_cap, uint64_t size, struct maker **out)
{
	struct maker *maker = malloc(sizeof(*maker));

	if (maker == NULL)
		return AL_ENOMEM;
	maker->item_count = maker->leaf_count = 0;
	maker->branch_cap = branch_cap;
	maker->err = AL_OK;
	maker->set = malloc(sizeof(*maker->set) + branch_cap * sizeof(struct vrp_branch *));
	if (maker->set == NULL) {
		free(maker);
		return AL_ENOMEM;
	}
	*maker->set = (struct vrp_set){ .refs = 1, .serial = vrp_serial(size), .size = size };
	*out = maker;
	return AL_OK;
}

/* What was made, or nothing; the maker is gone. */
static enum al_err maker_end(struct maker *maker, struct vrp_set **out)
{
	enum al_err err;

	items_end(maker, true);
	leaves_end(maker, true);
	err = maker->err;
	for (size_t i = 0; i < maker->leaf_count; i++)
		vrp_leaf_unref(maker->leaves[i]);
	if (err == AL_OK)
		*out = maker->set;
	else
		vrp_set_unref(maker->set);
	free(maker);
	return err;
}

/* ---- out of records ---- */

static bool starts_customer(const struct vrp *before, const struct vrp *pair)
{
	return pair->bits == VRP_ASPA &&
	       (before == NULL || before->bits != VRP_ASPA || vrp_customer(before) != vrp_customer(pair));
}

static enum al_err new_of_sorted(const struct vrp *items, size_t count, uint64_t size, struct vrp_set **out)
{
	struct maker *maker;
	const struct vrp *last = NULL;
	struct vrp_set *set;
	enum al_err err = maker_new(count / ((size_t)VRP_LEAF_MAX * VRP_BRANCH_MAX) + 1, size, &maker);

	if (err != AL_OK)
		return err;
	for (size_t i = 0; i < count; last = &items[i++]) {
		if (last != NULL && vrp_cmp(last, &items[i]) == 0)
			continue;
		items_add(maker, &items[i], 1);
		set = maker->set;
		set->count++;
		set->vrps += items[i].bits != VRP_ASPA ? 1 : 0;
		set->count4 += items[i].bits == 32 ? 1 : 0;
		set->customers += starts_customer(last, &items[i]) ? 1 : 0;
	}
	return maker_end(maker, out);
}

enum al_err vrp_set_new(const struct vrp *items, size_t count, uint64_t size, struct vrp_set **out)
{
	struct vrp *copy;
	enum al_err err;
	size_t i = 1;

	while (i < count && vrp_cmp(&items[i - 1], &items[i]) <= 0)
		i++;
	if (i >= count)
		return new_of_sorted(items, count, size, out);
	copy = count <= SIZE_MAX / sizeof(*copy) ? malloc(count * sizeof(*copy)) : NULL;
	if (copy == NULL)
		return AL_ENOMEM;
	memcpy(copy, items, count * sizeof(*copy));
	vrp_sort(copy, count);
	err = new_of_sorted(copy, count, size, out);
	free(copy);
	return err;
}

/* ---- out of another set ---- */

/* What is still to change, both strictly in order. */
struct changes {
	const struct vrp *add, *add_end, *del, *del_end;
};

/* Is the next one in order taken away? Of two that are the same, which is wrong either way, that one. */
static bool changes_gone(const struct changes *changes)
{
	return changes->add == changes->add_end ||
	       (changes->del != changes->del_end && vrp_cmp(changes->add, changes->del) >= 0);
}

/* NULL: none is left. */
static const struct vrp *changes_next(const struct changes *changes)
{
	if (changes->add == changes->add_end && changes->del == changes->del_end)
		return NULL;
	return changes_gone(changes) ? changes->del : changes->add;
}

/* Is there a change below `limit`? NULL: no limit. */
static bool changes_below(const struct changes *changes, const struct vrp *limit)
{
	const struct vrp *next = changes_next(changes);

	return next != NULL && (limit == NULL || vrp_cmp(next, limit) < 0);
}

static bool in_order(const struct vrp *items, size_t count)
{
	for (size_t i = 1; i < count; i++)
		if (vrp_cmp(&items[i - 1], &items[i]) >= 0)
			return false;
	return true;
}

/* One change, at the leaf's record `at`. */
static void merge_change(struct maker *maker, struct changes *changes, const struct vrp_leaf *leaf, size_t *at)
{
	const struct vrp *next = changes_next(changes);
	bool there = *at < leaf->count && vrp_cmp(&leaf->items[*at], next) == 0, gone = changes_gone(changes);

	if (there != gone || (gone && changes->add != changes->add_end && vrp_cmp(changes->add, next) == 0)) {
		maker->err = AL_EINVAL;
	} else if (gone) {
		changes->del++;
		++*at;
	} else {
		items_add(maker, changes->add++, 1);
	}
}

/* `limit` is where the next leaf begins; NULL: this is the last one. */
static void merge_leaf(struct maker *maker, struct changes *changes, const struct vrp_leaf *leaf,
		       const struct vrp *limit)
{
	size_t at = 0;

	while (maker->err == AL_OK && changes_below(changes, limit)) {
		size_t to = vrp_leaf_find(leaf, at, changes_next(changes));

		items_add(maker, leaf->items + at, to - at);
		at = to;
		if (maker->err == AL_OK)
			merge_change(maker, changes, leaf, &at);
	}
	items_add(maker, leaf->items + at, leaf->count - at);
	items_end(maker, false);
}

/* `limit` is where the next branch begins; NULL: this is the last one. */
static void merge_branch(struct maker *maker, struct changes *changes, const struct vrp_branch *branch,
			 const struct vrp *limit)
{
	for (unsigned i = 0; i < branch->count && maker->err == AL_OK; i++) {
		const struct vrp *end = i + 1 < branch->count ? &branch->leaves[i + 1]->items[0] : limit;
		struct vrp_leaf *leaf = branch->leaves[i];

		if (maker->item_count != 0 || changes_below(changes, end)) {
			merge_leaf(maker, changes, leaf, end);
		} else {
			leaf->refs++;
			leaf_add(maker, leaf);
		}
	}
	leaves_end(maker, false);
}

static void merge_set(struct maker *maker, struct changes *changes, const struct vrp_set *base)
{
	static const struct vrp_leaf nothing = { .count = 0 };

	for (size_t i = 0; i < base->branch_count && maker->err == AL_OK; i++) {
		const struct vrp *end = i + 1 < base->branch_count ? vrp_branch_first(base->branches[i + 1]) : NULL;
		struct vrp_branch *branch = base->branches[i];

		if (maker->item_count != 0 || maker->leaf_count != 0 || changes_below(changes, end)) {
			merge_branch(maker, changes, branch, end);
		} else {
			branch->refs++;
			branch_add(maker, branch);
		}
	}
	if (base->branch_count == 0)
		merge_leaf(maker, changes, &nothing, NULL);
}

static void count_changes(struct vrp_set *set, const struct vrp *items, size_t count, bool more)
{
	size_t four = 0, pairs = 0;

	for (size_t i = 0; i < count; i++) {
		four += items[i].bits == 32 ? 1 : 0;
		pairs += items[i].bits == VRP_ASPA ? 1 : 0;
	}
	set->count = more ? set->count + count : set->count - count;
	set->vrps = more ? set->vrps + count - pairs : set->vrps - (count - pairs);
	set->count4 = more ? set->count4 + four : set->count4 - four;
}

/* Customers that come with these pairs (`other` is without them) or that go (`other` is without them, too). */
static size_t customers_only(const struct vrp *items, size_t count, const struct vrp_set *other)
{
	struct vrp_walk walk;
	size_t only = 0;

	for (size_t i = 0; i < count; i++)
		if (starts_customer(i != 0 ? &items[i - 1] : NULL, &items[i]) &&
		    vrp_set_providers(other, vrp_customer(&items[i]), &walk) == 0)
			only++;
	return only;
}

enum al_err vrp_set_apply(const struct vrp_set *base, const struct vrp *announced, size_t announced_count,
			  const struct vrp *withdrawn, size_t withdrawn_count, uint64_t size, struct vrp_set **out)
{
	struct changes changes = { .add = announced, .del = withdrawn };
	struct maker *maker;
	struct vrp_set *set;
	enum al_err err;

	if (!in_order(announced, announced_count) || !in_order(withdrawn, withdrawn_count))
		return AL_EINVAL;
	err = maker_new(base->branch_count + 1, size, &maker);
	if (err != AL_OK)
		return err;
	changes.add_end = announced_count != 0 ? announced + announced_count : announced;
	changes.del_end = withdrawn_count != 0 ? withdrawn + withdrawn_count : withdrawn;
	merge_set(maker, &changes, base);
	err = maker_end(maker, &set);
	if (err != AL_OK)
		return err;
	set->count = base->count;
	set->vrps = base->vrps;
	set->count4 = base->count4;
	count_changes(set, announced, announced_count, true);
	count_changes(set, withdrawn, withdrawn_count, false);
	set->customers = base->customers + customers_only(announced, announced_count, base) -
			 customers_only(withdrawn, withdrawn_count, set);
	*out = set;
	return AL_OK;
}
