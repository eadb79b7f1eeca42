/* SPDX-License-Identifier: MIT */
/*
 * test_fresh.c -- how old is what we follow: dates, clocks that are wrong, restarts.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "../metric.h"
#include "../said.h"
#include "alamo/base/log.h"
#include "alamo/follow/follow.h"
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

struct told {
	unsigned count;
	struct al_freshness last;
};

static void on_age(void *arg, const struct al_freshness *freshness)
{
	struct told *told = arg;

	told->count++;
	told->last = *freshness;
}

/* The metrics, the log and whoever wants to hear of it say the same; the log says it when it changes. */
static void age_is_told(void **state)
{
	const uint64_t old = al_now_s() - 3 * (uint64_t)DAY_S, now = al_now_s();
	struct told told = { .count = 0 };
	struct al_loop *loop;
	struct al_age *age;
	struct said said;
	const char *text;

	(void)state;
	assert_int_equal(al_loop_new(&loop), AL_OK);
	assert_int_equal(al_age_new(loop, STALE_S, on_age, &told, &age), AL_OK);
	said_begin(&said);
	al_age_remember(age, old, 3 * DAY_S);
	al_age_grow(age, 17);
	al_age_limit(age, STALE_S);
	al_age_limit(age, STALE_S);
	text = said_end(&said);
	assert_non_null(strstr(text, "log-stale size=17 date="));
	assert_null(strstr(strstr(text, "log-stale") + 1, "log-")); /* once */
	assert_int_equal(told.count, 2);
	assert_true(told.last.stale && told.last.date == old && told.last.age_s >= 3 * DAY_S);
	assert_int_equal(metric("alamo_log_stale"), 1);
	assert_int_equal(metric("alamo_log_date_seconds"), old);
	assert_true(metric("alamo_log_age_seconds") >= 3 * DAY_S);
	said_begin(&said);
	assert_false(al_age_hear(age, old));
	assert_int_equal(told.count, 2);
	assert_true(al_age_hear(age, now));
	al_age_limit(age, 2 * STALE_S);
	text = said_end(&said);
	assert_non_null(strstr(text, "log-fresh size=17 date="));
	assert_null(strstr(strstr(text, "log-fresh") + 1, "log-"));
	assert_int_equal(told.count, 4);
	assert_true(!told.last.stale && told.last.date == now);
	assert_int_equal(metric("alamo_log_stale"), 0);
	assert_int_equal(metric("alamo_log_date_seconds"), now);
	assert_true(metric("alamo_log_age_seconds") < STALE_S);
	assert_false(al_age_look(age).stale);
	al_age_free(age);
	al_age_free(NULL);
	/* Nobody has to want to hear of it. */
	assert_int_equal(al_age_new(loop, STALE_S, NULL, NULL, &age), AL_OK);
	al_age_limit(age, STALE_S);
	assert_int_equal(metric("alamo_log_stale"), 0);
	al_age_free(age);
	al_loop_free(loop);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_quiet_registry_is_alive),
		cmocka_unit_test(repetition_ages),
		cmocka_unit_test(our_clock_is_wrong),
		cmocka_unit_test(the_registrys_clock_was_ahead),
		cmocka_unit_test(age_outlives_a_restart),
		cmocka_unit_test(a_log_without_dates),
		cmocka_unit_test(age_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
