/* SPDX-License-Identifier: MIT */
/*
 * vrps.h -- VRPs and sets for tests: from text, at random, and a difference by the plainest means.
 */
#ifndef TESTS_RPKI_VRPS_H
#define TESTS_RPKI_VRPS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "vrp_delta.h"
#include "vrp_set.h"

/* A small generator with a fixed seed: failures repeat. */
static inline uint32_t dice(uint64_t *seed, uint32_t sides)
{
	*seed = *seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(*seed >> 33) % sides;
}

static inline struct vrp vrp_of(const char *prefix, uint8_t max, uint32_t asn)
{
	struct vrp vrp = { 0 };
	struct al_prefix p;

	assert_int_equal(al_prefix_parse(al_slice_str(prefix), &p), AL_OK);
	memcpy(vrp.addr, p.addr, sizeof(vrp.addr));
	vrp.bits = p.bits;
	vrp.len = p.len;
	vrp.max = max;
	vrp.asn = asn;
	return vrp;
}

/* From a space so small that the same ones come again and again. */
static inline struct vrp vrp_random(uint64_t *seed)
{
	struct vrp vrp = { 0 };
	struct al_prefix p = { .bits = dice(seed, 2) == 0 ? 32 : 128 };

	p.addr[0] = 10;
	p.addr[1] = (uint8_t)(dice(seed, 4) << 6);
	p.addr[2] = (uint8_t)(dice(seed, 2) << 7);
	p.len = p.bits;
	al_prefix_truncate(&p, 8 + dice(seed, 10));
	memcpy(vrp.addr, p.addr, sizeof(vrp.addr));
	vrp.bits = p.bits;
	vrp.len = p.len;
	vrp.max = (uint8_t)(p.len + dice(seed, 3));
	vrp.asn = 64500 + dice(seed, 3);
	return vrp;
}

/* A VRP, or now and then a pair of an ASPA. */
static inline struct vrp record_random(uint64_t *seed)
{
	uint32_t a = 64500 + dice(seed, 5), b = 64500 + dice(seed, 5);

	if (dice(seed, 3) != 0 || a == b)
		return vrp_random(seed);
	return vrp_pair(a, b);
}

/* At most `count`, as there may be doubles. */
static inline struct vrp_set *set_random(uint64_t *seed, size_t count, uint64_t size)
{
	struct vrp *items = calloc(count + 1, sizeof(*items));
	struct vrp_set *set;
	size_t i;

	assert_non_null(items);
	for (i = 0; i < count; i++)
		items[i] = record_random(seed);
	assert_int_equal(vrp_set_new(items, count, size, &set), AL_OK);
	free(items);
	return set;
}

/* All records in order, which the caller frees. */
static inline struct vrp *set_items(const struct vrp_set *set)
{
	struct vrp *items = calloc(set->count + 1, sizeof(*items));
	const struct vrp *vrp;
	struct vrp_walk walk;
	size_t count = 0;

	assert_non_null(items);
	vrp_walk_start(&walk, set);
	while ((vrp = vrp_walk_next(&walk)) != NULL) {
		assert_true(count < set->count);
		items[count++] = *vrp;
	}
	assert_int_equal(count, set->count);
	return items;
}

static inline bool set_has(const struct vrp_set *set, const struct vrp *vrp)
{
	struct vrp_walk walk;
	const struct vrp *other;

	vrp_walk_start(&walk, set);
	while ((other = vrp_walk_next(&walk)) != NULL)
		if (vrp_cmp(other, vrp) == 0)
			return true;
	return false;
}

/* b - a, looking at every pair. */
static inline struct vrp_delta *delta_between(const struct vrp_set *a, const struct vrp_set *b)
{
	struct vrp_delta *delta = vrp_delta_alloc(a->serial, b->serial, b->count, a->count);
	struct vrp *of_a = set_items(a), *of_b = set_items(b), *gone;
	size_t i;

	assert_non_null(delta);
	gone = delta->items + b->count;
	delta->announced = 0;
	delta->withdrawn = 0;
	for (i = 0; i < b->count; i++)
		if (!set_has(a, &of_b[i]))
			delta->items[delta->announced++] = of_b[i];
	for (i = 0; i < a->count; i++)
		if (!set_has(b, &of_a[i]))
			gone[delta->withdrawn++] = of_a[i];
	memmove(delta->items + delta->announced, gone, delta->withdrawn * sizeof(*gone));
	free(of_a);
	free(of_b);
	return delta;
}

static inline enum al_err delta_apply(const struct vrp_set *base, const struct vrp_delta *delta, uint64_t size,
				      struct vrp_set **out)
{
	return vrp_set_apply(base, delta->items, delta->announced, delta->items + delta->announced, delta->withdrawn,
			     size, out);
}

/* `delta` leads from `a` to exactly `b`. */
static inline void assert_leads(const struct vrp_set *a, const struct vrp_delta *delta, const struct vrp_set *b)
{
	struct vrp_set *got;

	assert_int_equal(delta->from, a->serial);
	assert_int_equal(delta->to, b->serial);
	assert_int_equal(delta_apply(a, delta, b->size, &got), AL_OK);
	assert_true(vrp_set_eq(got, b));
	assert_int_equal(got->count4, b->count4);
	assert_int_equal(got->vrps, b->vrps);
	assert_int_equal(got->customers, b->customers);
	vrp_set_unref(got);
}

#endif
