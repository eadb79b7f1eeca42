/* SPDX-License-Identifier: MIT */
/*
 * test_origin_set.c -- records as text: there and back, one spelling only, and deltas that lead where they say.
 */
#include "alamo/base/wire.h"

#include "vrps.h"

#include "origin_brake.h"
#include "origin_set.h"

static void there_and_back(void **state)
{
	uint64_t seed = 4;
	int i;

	(void)state;
	for (i = 0; i < 200; i++) {
		struct vrp_set *a = set_random(&seed, dice(&seed, 40), 20), *b = set_random(&seed, dice(&seed, 40), 26);
		struct vrp_set *got;
		struct vrp_delta *delta = delta_between(a, b), *merged;
		struct al_buf text;

		assert_int_equal(vrp_delta_between(a, b, &merged), AL_OK);
		assert_int_equal(merged->announced, delta->announced);
		assert_int_equal(merged->withdrawn, delta->withdrawn);
		assert_memory_equal(merged->items, delta->items,
				    (delta->announced + delta->withdrawn) * sizeof(delta->items[0]));
		free(merged);
		al_buf_init(&text, 100000);
		origin_set_write(b, &text);
		assert_int_equal(origin_set_read(al_buf_view(&text), 26, &got), AL_OK);
		assert_true(vrp_set_eq(got, b));
		assert_int_equal(got->serial, 26);
		vrp_set_unref(got);
		al_buf_reset(&text);
		origin_delta_write(delta, &text);
		assert_int_equal(origin_delta_apply(al_buf_view(&text), a, 26, &got), AL_OK);
		assert_true(vrp_set_eq(got, b));
		vrp_set_unref(got);
		assert_int_equal(origin_delta_apply(al_buf_view(&text), a, 27, &got), AL_ESTALE);
		assert_int_equal(origin_delta_apply(al_buf_view(&text), b, 26, &got), AL_ESTALE);
		al_buf_release(&text);
		free(delta);
		vrp_set_unref(a);
		vrp_set_unref(b);
	}
}

static void one_spelling(void **state)
{
	static const char *const bad[] = {
		"vrp 10.0.0.0/8 8 AS1", /* cut off */
		"vrp 10.0.0.0/8 8 as1\n",
		"vrp 10.0.0.0/8 8 1\n",
		"vrp 10.0.0.0/8 08 AS1\n",
		"vrp 10.0.0.0/8 7 AS1\n",
		"vrp 10.0.0.0/8 33 AS1\n",
		"vrp 10.0.0.1/8 8 AS1\n",
		"vrp 10.0.0.0/8 8 AS4294967296\n",
		"vrp 10.0.0.0/8  8 AS1\n",
		"vrp 10.0.0.0/8 8 AS1 \n",
		"vrp 10.0.0.0/8 8 AS1\r\n",
		"VRP 10.0.0.0/8 8 AS1\n",
		"vrp FD00::/16 16 AS1\n",
		"vrp fd00:0::/16 16 AS1\n",
		"vrp fd00::/16 129 AS1\n",
		"\n",
		"roa 10.0.0.0/8 8 AS1\n",
		"aspa AS1\n",
		"aspa AS1 AS1\n",
		"aspa AS0 AS1\n",
		"aspa AS1 AS0\n",
		"aspa AS1 AS2 AS3\n",
		"aspa 1 2\n",
		"aspa AS1  AS2\n",
		"aspa AS1 AS4294967296\n",
		"aspa AS2 AS1\naspa AS1 AS2\n",
		"aspa AS1 AS2\nvrp 10.0.0.0/8 8 AS1\n",
		"vrp 10.0.0.0/8 8 AS1\nvrp 10.0.0.0/8 8 AS1\n", /* twice */
		"vrp 10.0.0.0/8 8 AS2\nvrp 10.0.0.0/8 8 AS1\n", /* out of order */
		"vrp fd00::/16 16 AS1\nvrp 10.0.0.0/8 8 AS1\n",
	};
	struct vrp_set *set;
	size_t i;

	(void)state;
	for (i = 0; i < AL_COUNT(bad); i++)
		assert_int_equal(origin_set_read(al_slice_str(bad[i]), 1, &set), AL_EINVAL);
	assert_int_equal(origin_set_read(AL_S(""), 1, &set), AL_OK);
	assert_int_equal(set->count, 0);
	vrp_set_unref(set);
}

static void bad_deltas(void **state)
{
	static const char *const bad[] = {
		"",
		"delta 10 12",
		"delta 10\n",
		"delta 10 12 \n",
		"delta 10 12\nvrp 10.0.0.0/8 8 AS2\n",
		"delta 10 12\n+vrp 10.0.0.0/8 8 AS1\n", /* there already */
		"delta 10 12\n-vrp 10.0.0.0/8 8 AS2\n", /* not there */
		"delta 10 12\n-vrp 10.0.0.0/8 8 AS1\n+vrp 10.0.0.0/8 8 AS2\n",
		"delta 10 12\n+vrp 10.0.0.0/8 8 AS3\n+vrp 10.0.0.0/8 8 AS2\n",
	};
	struct vrp one = vrp_of("10.0.0.0/8", 8, 1);
	struct vrp_set *base, *got;
	size_t i;

	(void)state;
	assert_int_equal(vrp_set_new(&one, 1, 10, &base), AL_OK);
	for (i = 0; i < AL_COUNT(bad); i++)
		assert_int_equal(origin_delta_apply(al_slice_str(bad[i]), base, 12, &got), AL_EINVAL);
	vrp_set_unref(base);
}

/* ---- the brake ---- */

static size_t lost(const struct vrp *before, size_t count, const struct vrp *after, size_t after_count)
{
	struct vrp_set *a, *b;
	size_t got, gone;

	assert_int_equal(vrp_set_new(before, count, 1, &a), AL_OK);
	assert_int_equal(vrp_set_new(after, after_count, 2, &b), AL_OK);
	got = origin_lost(a, b, &gone);
	assert_in_range(got, 0, gone);
	assert_in_range(gone, 0, count);
	vrp_set_unref(a);
	vrp_set_unref(b);
	return got;
}

static void what_is_lost(void **state)
{
	struct vrp a = vrp_of("10.1.0.0/16", 16, 1), wide = vrp_of("10.1.0.0/16", 24, 1),
		   above = vrp_of("10.0.0.0/8", 16, 1);
	struct vrp short_of = vrp_of("10.0.0.0/8", 15, 1), other = vrp_of("10.1.0.0/16", 16, 2);
	struct vrp hold = vrp_of("10.0.0.0/8", 32, 0), all = vrp_of("0.0.0.0/0", 32, 1);
	struct vrp moved[] = { other, vrp_of("fd00::/16", 16, 1) };

	(void)state;
	assert_int_equal(lost(&a, 1, &a, 1), 0);
	assert_int_equal(lost(&a, 1, NULL, 0), 1);
	assert_int_equal(lost(&a, 1, &wide, 1), 0);
	assert_int_equal(lost(&a, 1, &above, 1), 0);
	assert_int_equal(lost(&a, 1, &all, 1), 0);
	assert_int_equal(lost(&a, 1, &short_of, 1), 1);
	assert_int_equal(lost(&a, 1, &other, 1), 1);
	assert_int_equal(lost(&a, 1, &hold, 1), 1);
	assert_int_equal(lost(&hold, 1, NULL, 0), 0); /* nobody's route */
	assert_int_equal(lost(NULL, 0, &a, 1), 0);
	assert_int_equal(lost(moved, 2, &other, 1), 1);
}

/* A thousand host routes, none of which covers another: every one that goes and does not come back is lost. */
static void lost_among_many(void **state)
{
	static struct vrp before[1000], after[2000];
	uint64_t seed = 9;

	(void)state;
	for (unsigned round = 0; round < 200; round++) {
		size_t gone = 0, count = 0, often = 1 + dice(&seed, 400);

		for (uint32_t i = 0; i < AL_COUNT(before); i++) {
			before[i] = (struct vrp){ .bits = 32, .len = 32, .max = 32, .asn = 64500, .addr = { 10 } };
			al_set_u32(before[i].addr, 0x0a000000 + 2 * i);
			if (dice(&seed, (uint32_t)often) == 0)
				gone++;
			else
				after[count++] = before[i];
			if (dice(&seed, (uint32_t)often) == 0) {
				after[count] = before[i];
				al_set_u32(after[count++].addr, 0x0a000000 + 2 * i + 1);
			}
		}
		assert_int_equal(lost(before, AL_COUNT(before), after, count), gone);
	}
}

static void what_is_too_much(void **state)
{
	struct vrp_set set = { .vrps = 100 }, small = { .vrps = 20 };

	(void)state;
	assert_false(origin_brake(&set, 25, 25));
	assert_true(origin_brake(&set, 26, 25));
	assert_false(origin_brake(&set, 100, 100));
	assert_false(origin_brake(&small, ORIGIN_BRAKE_LEAST - 1, 25));
	assert_true(origin_brake(&small, ORIGIN_BRAKE_LEAST, 25));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(there_and_back), cmocka_unit_test(one_spelling),    cmocka_unit_test(bad_deltas),
		cmocka_unit_test(what_is_lost),   cmocka_unit_test(lost_among_many), cmocka_unit_test(what_is_too_much),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
