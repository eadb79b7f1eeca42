/* SPDX-License-Identifier: MIT */
/*
 * test_progress.c -- what is shown of long work, and when, by a clock of our own.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "progress.h"

static struct progress at_zero(bool terminal)
{
	return (struct progress){ .what = "verify", .unit = "entries", .terminal = terminal, .began_ms = 1000 };
}

static void five_times_a_second_at_a_terminal(void **state)
{
	struct progress p = at_zero(true);
	unsigned shown = 0;

	(void)state;
	for (uint64_t now = 1000; now < 11000; now++)
		shown += progress_due(&p, now);
	assert_int_equal(shown, 49);          /* the first after 200 ms */
	assert_false(progress_due(&p, 5000)); /* a clock that goes back shows nothing */
}

static void once_a_minute_elsewhere(void **state)
{
	struct progress p = at_zero(false);
	unsigned shown = 0;

	(void)state;
	for (uint64_t now = 1000; now < 60999; now += 7)
		assert_false(progress_due(&p, now));
	for (uint64_t now = 61000; now < 601000; now += 10)
		shown += progress_due(&p, now);
	assert_int_equal(shown, 9);
}

static void what_it_says(void **state)
{
	const struct {
		uint64_t from, done, total, ms; /* since the beginning */
		const char *text;
	} rows[] = {
		{ 0, 300000, 1000000, 12000, "verify: 300000 of 1000000 entries, 30 %, 25000/s, 28 s left" },
		{ 0, 1000000, 1000000, 40000, "verify: 1000000 of 1000000 entries, 100 %, 25000/s" },
		/* Of what was there before no rate is made. */
		{ 900, 1000, 1100, 10000, "verify: 1000 of 1100 entries, 90 %, 10/s, 10 s left" },
		{ 0, 10, 1000, 10000, "verify: 10 of 1000 entries, 1 %, 1.0/s, 16 min 30 s left" },
		{ 0, 1, 10000, 1000, "verify: 1 of 10000 entries, 0 %, 1.0/s, 2 h 46 min left" },
		/* Nobody knows how much there is, or it is more than was said. */
		{ 0, 500, 0, 5000, "verify: 500 entries, 100/s" },
		{ 0, 500, 400, 5000, "verify: 500 entries, 100/s" },
		/* Too early for a rate; nothing done; a clock that went back. */
		{ 0, 500, 1000, 999, "verify: 500 of 1000 entries, 50 %" },
		{ 0, 0, 1000, 5000, "verify: 0 of 1000 entries, 0 %" },
		{ 500, 400, 1000, 5000, "verify: 400 of 1000 entries, 40 %" },
		{ 0, UINT64_MAX, UINT64_MAX, 1, "verify: 18446744073709551615 of 18446744073709551615 entries, 100 %" },
	};
	char text[PROGRESS_TEXT_MAX];

	(void)state;
	for (size_t i = 0; i < AL_COUNT(rows); i++) {
		struct progress p = at_zero(true);

		p.from = rows[i].from;
		progress_text(&p, rows[i].done, rows[i].total, 1000 + rows[i].ms, text);
		assert_string_equal(text, rows[i].text);
	}
	{
		struct progress p = at_zero(true);

		progress_text(&p, 5, 10, 0, text); /* before it began */
		assert_string_equal(text, "verify: 5 of 10 entries, 50 %");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(five_times_a_second_at_a_terminal),
		cmocka_unit_test(once_a_minute_elsewhere),
		cmocka_unit_test(what_it_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
