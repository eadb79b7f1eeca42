/* SPDX-License-Identifier: MIT */
/*
 * test_clock_guard.c -- a clock that jumps ahead is not believed; one that drifts, sleeps or is set back is.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "../clock.h"
#include "../metric.h"
#include "../locks.h"
#include "../said.h"

#include "clock_guard.h"

#define BOUND 3600u
#define DAY 86400u
#define WALL 1764172800u

static void a_jump_and_back(void **state)
{
	struct clock_sight s = { .begun = false };

	(void)state;
	assert_int_equal(clock_sight_step(&s, BOUND, WALL, 100), 0);
	assert_int_equal(clock_sight_step(&s, BOUND, WALL + 10, 110), 0);
	assert_int_equal(clock_sight_step(&s, BOUND, WALL + 10 + BOUND, 110), 0);
	assert_int_equal(clock_sight_step(&s, BOUND, WALL + 11 + 30 * DAY, 111), 30 * DAY);
	/* However long it stays so. */
	assert_int_equal(clock_sight_step(&s, BOUND, WALL + 31 * DAY, 100 + DAY), 30 * DAY);
	/* Mended. */
	assert_int_equal(clock_sight_step(&s, BOUND, WALL + DAY + 1, 101 + DAY), 0);
}

static void one_second_decides(void **state)
{
	struct clock_sight s = { .begun = false };

	(void)state;
	assert_int_equal(clock_sight_step(&s, BOUND, WALL, 100), 0);
	assert_int_equal(clock_sight_step(&s, BOUND, WALL + BOUND, 100), 0);
	assert_int_equal(clock_sight_step(&s, BOUND, WALL + BOUND + 1, 100), BOUND + 1);
}

/* The operator's word: every clock is right, and from then on this one is. */
static void the_operators_word(void **state)
{
	struct clock_sight s = { .begun = false };

	(void)state;
	assert_int_equal(clock_sight_step(&s, BOUND, WALL, 100), 0);
	assert_int_equal(clock_sight_step(&s, BOUND, WALL + 30 * DAY, 101), 30 * DAY - 1);
	assert_int_equal(clock_sight_step(&s, 0, WALL + 30 * DAY, 101), 0);
	assert_int_equal(clock_sight_step(&s, BOUND, WALL + 30 * DAY, 102), 0);
	assert_int_equal(clock_sight_step(&s, BOUND, WALL + 60 * DAY + 1, 102), 30 * DAY);
}

/* Years of a bad quartz are no jump; a clock that is moved in small steps gets no further than the bound a day. */
static void drift(void **state)
{
	struct clock_sight s = { .begun = false };
	uint64_t t, steps;

	(void)state;
	assert_int_equal(clock_sight_step(&s, BOUND, WALL, 0), 0);
	for (t = 0; t < 1000 * DAY; t += 600) /* 43 s a day */
		assert_int_equal(clock_sight_step(&s, BOUND, WALL + t + t / 2000, t), 0);
	/* Looked at so often that no second of the bound's share has gone by in between. */
	s = (struct clock_sight){ .begun = false };
	assert_int_equal(clock_sight_step(&s, BOUND, WALL, 0), 0);
	for (t = 0; t < 200 * DAY; t += 10)
		assert_int_equal(clock_sight_step(&s, BOUND, WALL + t + t / 2000, t), 0);
	s = (struct clock_sight){ .begun = false };
	assert_int_equal(clock_sight_step(&s, BOUND, WALL, 0), 0);
	for (steps = 1; steps < 1000 && clock_sight_step(&s, BOUND, WALL + steps * (BOUND / 2), steps) == 0; steps++)
		;
	assert_int_equal(steps, 3);
}

static void set_back(void **state)
{
	struct clock_sight s = { .begun = false };

	(void)state;
	/* Started with a clock that was ahead, which is then mended. */
	assert_int_equal(clock_sight_step(&s, BOUND, WALL + 30 * DAY, 100), 0);
	assert_int_equal(clock_sight_step(&s, BOUND, WALL, 101), 0);
	assert_int_equal(clock_sight_step(&s, BOUND, WALL + 30 * DAY, 102), 30 * DAY - 1);
}

static void extremes(void **state)
{
	struct clock_sight s = { .begun = false };

	(void)state;
	assert_int_equal(clock_sight_step(&s, 1, 0, 0), 0);
	assert_int_equal(clock_sight_step(&s, 1, INT64_MAX / 2, 0), INT64_MAX / 2);
	assert_int_equal(clock_sight_step(&s, 1, 0, INT64_MAX / 2), 0);
	assert_int_equal(clock_sight_step(&s, UINT32_MAX, INT64_MAX / 2, INT64_MAX / 2), INT64_MAX / 2);
}

/* ---- of this process, by its own clocks ---- */

#define AHEAD "alamo_registry_clock_ahead_seconds"

/* The two clocks do not turn their seconds at the same moment. */
static bool about(uint64_t value, uint64_t wanted)
{
	return value + 1 >= wanted && value <= wanted + 1;
}

/* Once said, however often it is looked at: `times` lines of this event. */
static void said_times(struct said *said, const char *event, unsigned times)
{
	const char *at = said_end(said);

	for (; (at = strstr(at, event)) != NULL; at++)
		times--;
	assert_int_equal(times, 0);
}

static void this_process(void **state)
{
	struct said said;

	(void)state;
	said_begin(&said);
	clock_date_ahead_s = 30 * DAY; /* nobody has asked for it to be looked at */
	assert_true(clock_guard_trusted());
	clock_date_ahead_s = 0;
	clock_guard_bound(BOUND);
	assert_true(clock_guard_trusted());
	assert_int_equal(metric(AHEAD), 0);
	said_times(&said, "event=", 0);

	said_begin(&said);
	clock_date_ahead_s = 2 * BOUND;
	for (unsigned i = 0; i < 3; i++)
		assert_false(clock_guard_trusted());
	assert_true(about(metric(AHEAD), 2 * BOUND));
	said_times(&said, "error alamo event=clock-jumped ahead_s=7", 1);

	said_begin(&said);
	clock_date_ahead_s = 0;
	for (unsigned i = 0; i < 3; i++)
		assert_true(clock_guard_trusted());
	assert_int_equal(metric(AHEAD), 0);
	said_times(&said, "info alamo event=clock-right was_ahead_s=7", 1);
}

/* With the bound 0 for a moment, which is noticed at once. */
static void this_process_is_told(void **state)
{
	struct said said;

	(void)state;
	clock_guard_bound(BOUND);
	said_begin(&said);
	clock_date_ahead_s = 3 * BOUND;
	clock_guard_bound(BOUND);
	assert_true(about(metric(AHEAD), 3 * BOUND));
	clock_guard_bound(0);
	assert_int_equal(metric(AHEAD), 0);
	clock_guard_bound(BOUND);
	assert_true(clock_guard_trusted());
	said_times(&said, "event=clock-", 2);
	said_begin(&said);
	clock_date_ahead_s += BOUND + 60;
	assert_false(clock_guard_trusted());
	said_times(&said, "event=clock-jumped", 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_jump_and_back),    cmocka_unit_test(one_second_decides),
		cmocka_unit_test(the_operators_word), cmocka_unit_test(drift),
		cmocka_unit_test(set_back),           cmocka_unit_test(extremes),
		cmocka_unit_test(this_process),       cmocka_unit_test(this_process_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
