/* SPDX-License-Identifier: MIT */
/*
 * test_vrp_set.c -- order, doubles, looking up, and base + difference = next against plain lists.
 */
#include "vrps.h"

static void assert_text(const struct vrp *vrp, const char *want)
{
	struct al_buf text;

	assert_non_null(vrp);
	al_buf_init(&text, 100);
	vrp_format(vrp, &text);
	al_buf_u8(&text, 0);
	assert_string_equal((const char *)text.ptr, want);
	al_buf_release(&text);
}

static void order_is_most_specific_first(void **state)
{
	static const char *const want[] = {
		"172.20.0.0/27-27 AS4242420000", "172.20.0.0/24-28 AS1", "172.20.0.0/24-28 AS2",
		"172.20.1.0/24-28 AS1",          "172.20.0.0/24-24 AS9", "0.0.0.0/0-0 AS0",
		"fd00::1/128-128 AS4294967295",  "fd00::/48-64 AS1",     "::/0-48 AS1",
	};
	struct vrp items[] = {
		vrp_of("::/0", 48, 1),
		vrp_of("172.20.1.0/24", 28, 1),
		vrp_of("172.20.0.0/24", 28, 2),
		vrp_of("0.0.0.0/0", 0, 0),
		vrp_of("172.20.0.0/24", 24, 9),
		vrp_of("fd00::/48", 64, 1),
		vrp_of("172.20.0.0/27", 27, 4242420000),
		vrp_of("172.20.0.0/24", 28, 1),
		vrp_of("fd00::1/128", 128, UINT32_MAX),
		vrp_of("172.20.0.0/24", 28, 1),
		vrp_of("fd00::/48", 64, 1),
	};
	struct vrp_walk walk;
	struct vrp_set *set;
	size_t i;

	(void)state;
	assert_int_equal(vrp_set_new(items, AL_COUNT(items), 7, &set), AL_OK);
	assert_int_equal(set->count, AL_COUNT(want));
	assert_int_equal(set->count4, 6);
	assert_int_equal(set->serial, 7);
	vrp_walk_start(&walk, set);
	for (i = 0; i < AL_COUNT(want); i++)
		assert_text(vrp_walk_next(&walk), want[i]);
	assert_null(vrp_walk_next(&walk));
	vrp_set_unref(set);
}

static void empty_set(void **state)
{
	struct vrp_set *set, *next;
	struct vrp one = vrp_of("10.0.0.0/8", 8, 1);

	(void)state;
	assert_int_equal(vrp_set_new(NULL, 0, 0, &set), AL_OK);
	assert_int_equal(set->serial, 1);
	assert_int_equal(set->count4, 0);
	assert_null(vrp_set_find(set, &one));
	assert_int_equal(vrp_set_apply(set, &one, 1, NULL, 0, 3, &next), AL_OK);
	assert_int_equal(next->count, 1);
	vrp_set_unref(set);
	assert_int_equal(vrp_set_apply(next, NULL, 0, &one, 1, 4, &set), AL_OK);
	assert_int_equal(set->count, 0);
	vrp_set_unref(set);
	vrp_set_unref(next);
}

static void find_is_by_prefix_and_asn(void **state)
{
	uint64_t seed = 3;
	unsigned hits = 0;
	size_t i;
	int round;

	(void)state;
	for (round = 0; round < 300; round++) {
		struct vrp_set *set = set_random(&seed, 30, 1);
		struct vrp key = vrp_random(&seed);
		const struct vrp *got = vrp_set_find(set, &key);
		struct vrp *items = set_items(set);
		bool there = false;

		for (i = 0; i < set->count; i++)
			there = there || vrp_key_cmp(&items[i], &key) == 0;
		assert_int_equal(got != NULL, there);
		if (got != NULL)
			assert_int_equal(vrp_key_cmp(got, &key), 0);
		hits += there ? 1 : 0;
		free(items);
		vrp_set_unref(set);
	}
	assert_in_range(hits, 20, 280);
}

static void applying_the_difference_gives_the_next(void **state)
{
	uint64_t seed = 1;
	int round;

	(void)state;
	for (round = 0; round < 500; round++) {
		struct vrp_set *a = set_random(&seed, dice(&seed, 60), 10);
		struct vrp_set *b = set_random(&seed, dice(&seed, 60), 11);
		struct vrp_delta *delta = delta_between(a, b);

		assert_leads(a, delta, b);
		free(delta);
		vrp_set_unref(a);
		vrp_set_unref(b);
	}
}

static void impossible_differences_are_refused(void **state)
{
	struct vrp items[] = { vrp_of("10.0.0.0/9", 9, 1), vrp_of("10.0.0.0/8", 8, 1) };
	struct vrp other = vrp_of("10.0.0.0/8", 9, 1), twice[] = { other, other };
	struct vrp_set *set, *next = NULL;

	(void)state;
	assert_int_equal(vrp_set_new(items, 2, 1, &set), AL_OK);
	assert_int_equal(vrp_set_apply(set, &items[0], 1, NULL, 0, 2, &next), AL_EINVAL);
	assert_int_equal(vrp_set_apply(set, NULL, 0, &other, 1, 2, &next), AL_EINVAL);
	assert_int_equal(vrp_set_apply(set, twice, 2, NULL, 0, 2, &next), AL_EINVAL);
	assert_int_equal(vrp_set_apply(set, &items[0], 1, &items[0], 1, 2, &next), AL_EINVAL);
	assert_null(next);
	vrp_set_unref(set);
}

static void serial_never_is_zero(void **state)
{
	(void)state;
	assert_int_equal(vrp_serial(0), 1);
	assert_int_equal(vrp_serial(1), 1);
	assert_int_equal(vrp_serial(2), 2);
	assert_int_equal(vrp_serial(UINT32_MAX), UINT32_MAX);
	assert_int_equal(vrp_serial((uint64_t)UINT32_MAX + 1), 1);
	assert_int_equal(vrp_serial((uint64_t)UINT32_MAX * 5), UINT32_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(order_is_most_specific_first),
		cmocka_unit_test(empty_set),
		cmocka_unit_test(find_is_by_prefix_and_asn),
		cmocka_unit_test(applying_the_difference_gives_the_next),
		cmocka_unit_test(impossible_differences_are_refused),
		cmocka_unit_test(serial_never_is_zero),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
