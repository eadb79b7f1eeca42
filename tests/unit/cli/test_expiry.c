/* SPDX-License-Identifier: MIT */
/*
 * test_expiry.c -- when somebody is told that something ends.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "expiry.h"

#define DAY 86400ull
#define BEGUN 1764000000ull

/* Each row: what holds in the last second before, and in the first one of it. */
static void half_and_last(void **state)
{
	const struct {
		uint64_t life, half, last; /* seconds after the beginning */
	} rows[] = {
		{ DAY, DAY / 2, DAY / 10 * 9 },      { 14 * DAY, 7 * DAY, 14 * DAY - 14 * DAY / 10 },
		{ 140 * DAY, 70 * DAY, 126 * DAY }, /* from here on the last two weeks */
		{ 730 * DAY, 365 * DAY, 716 * DAY }, { 3650 * DAY, 1825 * DAY, 3636 * DAY },
	};

	(void)state;
	for (size_t i = 0; i < AL_COUNT(rows); i++) {
		uint64_t end = BEGUN + rows[i].life, half = BEGUN + rows[i].half, last = BEGUN + rows[i].last;

		assert_int_equal(expiry_judge(BEGUN, end, BEGUN - DAY), EXPIRY_GOOD); /* a clock behind */
		assert_int_equal(expiry_judge(BEGUN, end, half), EXPIRY_GOOD);
		assert_int_equal(expiry_judge(BEGUN, end, half + 1), EXPIRY_HALF);
		assert_int_equal(expiry_judge(BEGUN, end, last), EXPIRY_HALF);
		assert_int_equal(expiry_judge(BEGUN, end, last + 1), EXPIRY_LAST);
		assert_int_equal(expiry_judge(BEGUN, end, end), EXPIRY_LAST);
		assert_int_equal(expiry_judge(BEGUN, end, UINT64_MAX), EXPIRY_LAST);
	}
}

static void no_life_at_all(void **state)
{
	(void)state;
	/* It ended before it began: told when it is over, and not before. */
	assert_int_equal(expiry_judge(BEGUN + DAY, BEGUN, BEGUN), EXPIRY_LAST);
	assert_int_equal(expiry_judge(BEGUN + DAY, BEGUN, BEGUN - 1), EXPIRY_GOOD);
	assert_int_equal(expiry_judge(0, 0, 0), EXPIRY_LAST);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(half_and_last),
		cmocka_unit_test(no_life_at_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
