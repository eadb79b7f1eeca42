/* SPDX-License-Identifier: MIT */
/*
 * test_fresh.c -- how old is what we follow: dates, clocks that are wrong, restarts.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "fresh.h"

#define NOW_S 1800000000u
#define DAY_S 86400u
#define STALE_S 600u

static void a_quiet_registry_is_alive(void **state)
{
	struct fresh f;
	uint64_t s;

	(void)state;
	fresh_init(&f, STALE_S, 5000);
	for (s = 0; s < DAY_S; s += 60) {
		assert_true(fresh_hear(&f, NOW_S + s, 5000 + s * 1000, NOW_S + s));
		assert_false(fresh_is_stale(&f, 5000 + (s + 59) * 1000, NOW_S + s + 59));
	}
	assert_int_equal(fresh_silent_s(&f, 5000 + (s - 60) * 1000), 0);
}

/* The newest note again and again is no sign of life. */
static void repetition_ages(void **state)
{
	struct fresh f;

	(void)state;
	fresh_init(&f, STALE_S, 0);
	assert_true(fresh_hear(&f, NOW_S, 0, NOW_S));
	assert_false(fresh_hear(&f, NOW_S, 601000, NOW_S + 601));
	assert_false(fresh_hear(&f, NOW_S - 1, 601000, NOW_S + 601));
	assert_int_equal(fresh_silent_s(&f, 601000), 601);
	assert_false(fresh_is_stale(&f, 600000, NOW_S + 600));
	assert_true(fresh_is_stale(&f, 601000, NOW_S + 601));
	assert_true(fresh_hear(&f, NOW_S + 601, 601000, NOW_S + 601));
	assert_false(fresh_is_stale(&f, 601000, NOW_S + 601));
}

/* Behind: the date is never old, but silence is heard. Ahead: a warning, and the silence is still the truth. */
static void our_clock_is_wrong(void **state)
{
	struct fresh f;

	(void)state;
	fresh_init(&f, STALE_S, 0);
	assert_true(fresh_hear(&f, NOW_S, 0, NOW_S - 30 * DAY_S));
	assert_int_equal(fresh_age_s(&f, 1000, NOW_S - 30 * DAY_S), 1);
	assert_true(fresh_is_stale(&f, 601000, NOW_S - 30 * DAY_S + 601));
	fresh_init(&f, STALE_S, 0);
	assert_true(fresh_hear(&f, NOW_S, 0, NOW_S + 30 * DAY_S));
	assert_true(fresh_is_stale(&f, 0, NOW_S + 30 * DAY_S));
	assert_int_equal(fresh_silent_s(&f, 1000), 1);
	assert_true(fresh_hear(&f, NOW_S + 60, 60000, NOW_S + 30 * DAY_S + 60));
	assert_int_equal(fresh_silent_s(&f, 60000), 0);
}

/* It was ahead for a moment: what it says today counts today. */
static void the_registrys_clock_was_ahead(void **state)
{
	struct fresh f;

	(void)state;
	fresh_init(&f, STALE_S, 0);
	assert_true(fresh_hear(&f, NOW_S + 365 * DAY_S, 0, NOW_S));
	assert_true(fresh_hear(&f, NOW_S + 60, 60000, NOW_S + 60));
	assert_int_equal(f.date, NOW_S + 60);
	assert_false(fresh_is_stale(&f, 60000, NOW_S + 60));
	/* But not what is older than we would call fresh. */
	assert_false(fresh_hear(&f, NOW_S - STALE_S, 61000, NOW_S + 61));
}

/* Starting again is no way to make old data young. */
static void age_outlives_a_restart(void **state)
{
	struct fresh f;

	(void)state;
	fresh_init(&f, STALE_S, 7000);
	fresh_remember(&f, NOW_S, 3 * DAY_S);
	assert_int_equal(fresh_silent_s(&f, 7000), 3 * DAY_S);
	assert_false(fresh_hear(&f, NOW_S, 8000, NOW_S + 3 * DAY_S + 1));
	assert_int_equal(fresh_silent_s(&f, 8000), 3 * DAY_S + 1);
	assert_true(fresh_hear(&f, NOW_S + 3 * DAY_S, 8000, NOW_S));
	assert_int_equal(fresh_silent_s(&f, 9000), 1);
}

/* A registry of before dates: growing is its only sign, and no sign for one that dates. */
static void a_log_without_dates(void **state)
{
	struct fresh f;

	(void)state;
	fresh_init(&f, STALE_S, 0);
	fresh_grow(&f, 500000);
	assert_false(fresh_is_stale(&f, 1100000, NOW_S));
	assert_true(fresh_is_stale(&f, 1101000, NOW_S));
	assert_true(fresh_hear(&f, NOW_S, 1200000, NOW_S));
	fresh_grow(&f, 1900000);
	assert_int_equal(fresh_silent_s(&f, 1900000), 700);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_quiet_registry_is_alive), cmocka_unit_test(repetition_ages),
		cmocka_unit_test(our_clock_is_wrong),        cmocka_unit_test(the_registrys_clock_was_ahead),
		cmocka_unit_test(age_outlives_a_restart),    cmocka_unit_test(a_log_without_dates),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
