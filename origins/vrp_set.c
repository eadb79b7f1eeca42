/* SPDX-License-Identifier: MIT */
/*
 * vrp_set.c -- immutable sorted sets of VRPs.
 *
 * Thread: a set stays on the thread that made it. Invariant: items are in strictly
 * ascending vrp_cmp() order, and runs cover them without gaps.
 */
#include <stdlib.h>
#include <string.h>

#include "vrp_set.h"

static bool same_rank(const struct vrp *a, const struct vrp *b)
{
	return a->bits == b->bits && a->len == b->len && a->max == b->max;
}

struct vrp_run {
	uint8_t bits, len, max;
	size_t first, count;
};

/* First position in [from, count) whose item is not below `key`. */
static size_t vrp_lower_bound(const struct vrp_set *set, size_t from, const struct vrp *key)
{
	size_t left = from, right = set->count;

	while (left < right) {
		size_t mid = left + (right - left) / 2;

		if (vrp_cmp(&set->items[mid], key) < 0)
			left = mid + 1;
		else
			right = mid;
	}
	return left;
}

/* The end of the run that starts at `first`. */
static size_t run_end(const struct vrp_set *set, size_t first)
{
	size_t left = first + 1, right = set->count;
	const struct vrp *run = &set->items[first];

	while (left < right) {
		size_t mid = left + (right - left) / 2;

		if (same_rank(&set->items[mid], run))
			left = mid + 1;
		else
			right = mid;
	}
	return left;
}

static void set_customers(struct vrp_set *set)
{
	for (size_t i = set->vrps; i < set->count; i++)
		set->customers += i == set->vrps || vrp_customer(&set->items[i]) != vrp_customer(&set->items[i - 1])
					  ? 1
					  : 0;
}

static enum al_err set_index(struct vrp_set *set)
{
	size_t at, count = 0;

	for (at = 0; at < set->count; at = run_end(set, at))
		count++;
	set->runs = calloc(count != 0 ? count : 1, sizeof(*set->runs));
	if (set->runs == NULL)
		return AL_ENOMEM;
	for (at = 0; at < set->count;) {
		const struct vrp *v = &set->items[at];
		size_t end = run_end(set, at);

		set->runs[set->run_count++] = (struct vrp_run){ v->bits, v->len, v->max, at, end - at };
		if (v->bits == 32)
			set->count4 = end;
		if (v->bits != VRP_ASPA)
			set->vrps = end;
		at = end;
	}
	set_customers(set);
	return AL_OK;
}

static struct vrp_set *set_alloc(size_t count, uint64_t size)
{
	struct vrp_set *set = NULL;

	if (count <= (SIZE_MAX - sizeof(*set)) / sizeof(set->items[0]))
		set = malloc(sizeof(*set) + count * sizeof(set->items[0]));
	if (set != NULL)
		*set = (struct vrp_set){ .refs = 1, .serial = vrp_serial(size), .size = size };
	return set;
}

enum al_err vrp_set_new(const struct vrp *items, size_t count, uint64_t size, struct vrp_set **out)
{
	struct vrp_set *set = set_alloc(count, size);
	size_t i;

	if (set == NULL)
		return AL_ENOMEM;
	if (count != 0)
		memcpy(set->items, items, count * sizeof(*items));
	vrp_sort(set->items, count);
	for (i = 0; i < count; i++)
		if (set->count == 0 || vrp_cmp(&set->items[set->count - 1], &set->items[i]) != 0)
			set->items[set->count++] = set->items[i];
	if (set_index(set) != AL_OK) {
		vrp_set_unref(set);
		return AL_ENOMEM;
	}
	*out = set;
	return AL_OK;
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
	free(counted->runs);
	free(counted);
}

const struct vrp *vrp_set_find(const struct vrp_set *set, const struct vrp *key)
{
	size_t i;

	for (i = 0; i < set->run_count; i++) {
		const struct vrp_run *run = &set->runs[i];
		struct vrp probe = *key;
		size_t at;

		if (run->bits != key->bits || run->len != key->len)
			continue;
		probe.max = run->max;
		at = vrp_lower_bound(set, run->first, &probe);
		if (at < set->count && vrp_cmp(&set->items[at], &probe) == 0)
			return &set->items[at];
	}
	return NULL;
}

void vrp_set_within(const struct vrp_set *set, const struct al_prefix *prefix, vrp_fn visit, void *arg)
{
	bool more = true;

	for (size_t i = 0; i < set->run_count && more; i++) {
		const struct vrp_run *run = &set->runs[i];
		struct vrp least = { .bits = run->bits, .len = run->len, .max = run->max };

		if (run->bits != prefix->bits || run->len < prefix->len)
			continue;
		memcpy(least.addr, prefix->addr, sizeof(least.addr));
		for (size_t at = vrp_lower_bound(set, run->first, &least); at < run->first + run->count && more; at++) {
			struct al_prefix inner = vrp_prefix(&set->items[at]);

			if (!al_prefix_covers(prefix, &inner))
				break;
			more = visit(&set->items[at], arg);
		}
	}
}

/* ---- walking ---- */

void vrp_walk_start(struct vrp_walk *walk, const struct vrp_set *set)
{
	*walk = (struct vrp_walk){ .set = set };
}

void vrp_walk_seek(struct vrp_walk *walk, const struct vrp_set *set, const struct vrp *key)
{
	*walk = (struct vrp_walk){ .set = set, .item = vrp_lower_bound(set, 0, key) };
}

void vrp_walk_family(struct vrp_walk *walk, const struct vrp_set *set, uint8_t bits)
{
	*walk = (struct vrp_walk){ .set = set, .item = bits == 32 ? 0 : bits == 128 ? set->count4 : set->vrps };
}

const struct vrp *vrp_walk_peek(const struct vrp_walk *walk)
{
	return walk->item < walk->set->count ? &walk->set->items[walk->item] : NULL;
}

const struct vrp *vrp_walk_next(struct vrp_walk *walk)
{
	return walk->item < walk->set->count ? &walk->set->items[walk->item++] : NULL;
}

size_t vrp_set_providers(const struct vrp_set *set, uint32_t customer, struct vrp_walk *walk)
{
	struct vrp least = vrp_pair(customer, 0);
	size_t end;

	vrp_walk_seek(walk, set, &least);
	for (end = walk->item; end < set->count && vrp_customer(&set->items[end]) == customer;)
		end++;
	return end - walk->item;
}

/* ---- comparing ---- */

#define BLOCK ((size_t)128)

/* How many records from here on are the same in both, in whole blocks. */
static size_t same_blocks(const struct vrp_walk *a, const struct vrp_walk *b)
{
	size_t left_a = a->set->count - a->item, left_b = b->set->count - b->item;
	size_t most = left_a < left_b ? left_a : left_b, n = 0;

	while (n + BLOCK <= most &&
	       memcmp(&a->set->items[a->item + n], &b->set->items[b->item + n], BLOCK * sizeof(struct vrp)) == 0)
		n += BLOCK;
	return n;
}

void vrp_set_diff(const struct vrp_set *a, const struct vrp_set *b, vrp_diff_fn visit, void *arg)
{
	struct vrp_walk in_a, in_b;
	bool more = true;

	vrp_walk_start(&in_a, a);
	vrp_walk_start(&in_b, b);
	while (more) {
		size_t same = same_blocks(&in_a, &in_b);
		const struct vrp *x, *y;
		int cmp;

		in_a.item += same;
		in_b.item += same;
		x = vrp_walk_peek(&in_a);
		y = vrp_walk_peek(&in_b);
		if (x == NULL && y == NULL)
			break;
		cmp = x == NULL ? 1 : y == NULL ? -1 : vrp_cmp(x, y);
		if (cmp != 0)
			more = visit(cmp < 0 ? x : y, cmp > 0, arg);
		in_a.item += cmp <= 0 ? 1 : 0;
		in_b.item += cmp >= 0 ? 1 : 0;
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

/* ---- changing ---- */

/* Append base's items [from, to) to `set`. */
static void set_copy(struct vrp_set *set, const struct vrp_set *base, size_t from, size_t to)
{
	memcpy(&set->items[set->count], &base->items[from], (to - from) * sizeof(base->items[0]));
	set->count += to - from;
}

static enum al_err set_merge(struct vrp_set *set, const struct vrp_set *base, const struct vrp *add, size_t adds,
			     const struct vrp *del, size_t dels)
{
	size_t at = 0;

	while (adds != 0 || dels != 0) {
		int cmp = dels == 0 ? -1 : adds == 0 ? 1 : vrp_cmp(add, del);
		bool adding = cmp < 0;
		const struct vrp *next = adding ? add : del;
		size_t to = vrp_lower_bound(base, at, next);
		bool there = to < base->count && vrp_cmp(&base->items[to], next) == 0;

		if (there == adding || cmp == 0)
			return AL_EINVAL;
		set_copy(set, base, at, to);
		at = to;
		if (adding) {
			if (set->count != 0 && vrp_cmp(&set->items[set->count - 1], add) >= 0)
				return AL_EINVAL;
			set->items[set->count++] = *add++;
			adds--;
		} else {
			at++;
			del++;
			dels--;
		}
	}
	set_copy(set, base, at, base->count);
	return AL_OK;
}

enum al_err vrp_set_apply(const struct vrp_set *base, const struct vrp *announced, size_t announced_count,
			  const struct vrp *withdrawn, size_t withdrawn_count, uint64_t size, struct vrp_set **out)
{
	struct vrp_set *set;
	enum al_err err;

	if (withdrawn_count > base->count)
		return AL_EINVAL;
	set = set_alloc(base->count + announced_count, size);
	if (set == NULL)
		return AL_ENOMEM;
	err = set_merge(set, base, announced, announced_count, withdrawn, withdrawn_count);
	if (err == AL_OK)
		err = set_index(set);
	if (err != AL_OK) {
		vrp_set_unref(set);
		return err;
	}
	*out = set;
	return AL_OK;
}
