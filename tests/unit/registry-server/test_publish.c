/* SPDX-License-Identifier: MIT */
/*
 * test_publish.c -- what stands in the folder with the published log and when, over restarts, and beside a ledger that is not
 * the one it was made from.
 */
#include "publish_bench.h"

static void follows_the_ledger(void **state)
{
	static const step_fn steps[] = { three_more, is_published, one_more, is_published,
					 three_more, is_published, NULL },
			     none[] = { is_published, NULL };
	struct bench *bench = *state;

	assert_int_equal(serve(bench, steps), 0);
	assert_int_equal(bench->size, 7);
	/* The next process goes on there, and so does the one after it, which has nothing to do. */
	assert_int_equal(serve(bench, steps), 0);
	assert_int_equal(bench->size, 14);
	assert_int_equal(serve(bench, none), 0);
	assert_false(has_said(bench, "event=publish"));
	/* From the beginning, when the files are gone. */
	(void)folder_remove(path_of(bench, "public"));
	assert_int_equal(serve(bench, none), 0);
}

/* However many commits there are, it is published a few times a second at most. */
static void not_each_commit(void **state)
{
	static const step_fn steps[] = { one_more, is_published, busy, is_published, NULL };
	struct bench *bench = *state;

	assert_int_equal(serve(bench, steps), 0);
	assert_in_range(bench->changes, 1, (bench->ended_ms - bench->began_ms) / INTERVAL_MS + 2);
	assert_int_equal(metric("alamo_registry_published_size"), bench->size);
}

static void far_behind(void **state)
{
	static const step_fn steps[] = { thousands_more, is_published, one_more, is_published, NULL };
	struct bench *bench = *state;

	assert_int_equal(serve(bench, steps), 0);
	(void)folder_remove(path_of(bench, "public"));
	assert_int_equal(serve(bench, steps + 1), 0);
	assert_int_equal(bench->size, 9002);
}

static void dates(void **state)
{
	static const step_fn steps[] = { three_more, is_published, date_it, is_dated,
					 /* A date that comes before what it dates waits for it. */
					 hear_nothing, one_more, is_durable, date_it, is_dated, hear_again,
					 /* And one that comes late dates nothing. */
					 one_more, is_published, old_date, one_more, is_published, date_it, is_dated,
					 NULL };
	static const step_fn again[] = { is_published, is_dated, NULL };
	struct bench *bench = *state;

	assert_int_equal(serve(bench, steps), 0);
	assert_false(has_said(bench, "event=publish"));
	assert_int_equal(serve(bench, again), 0);
}

static void not_wanted(void **state)
{
	static const step_fn steps[] = { one_more, is_durable, date_it, date_has_come, NULL };
	struct bench *bench = *state;

	conf_write(bench, "");
	assert_int_equal(serve(bench, steps), 0);
	assert_int_not_equal(access(path_of(bench, "public"), F_OK), 0);
}

/* An older ledger, or another one: nothing is signed on beside what everybody has seen. */
static void another_ledger(void **state)
{
	static const step_fn steps[] = { three_more, is_published, NULL }, none[] = { never, NULL };
	static const step_fn fill[] = { three_more, is_durable, three_more, is_durable, NULL };
	struct bench *bench = *state;

	assert_int_equal(serve(bench, steps), 0);
	bench->ledger_name = "other.db";
	bench->word = "other";
	assert_int_equal(serve(bench, none), 1); /* with nothing */
	assert_int_equal(bench->began, AL_EFORK);
	assert_true(has_said(bench, "event=publish-fork") && has_said(bench, "published=3 ledger=0 "));
	/* Of the same size, and then of a larger one, which is found in the ledger itself. */
	conf_write(bench, "");
	assert_int_equal(serve(bench, fill + 2), 0);
	conf_write(bench, "public");
	assert_int_equal(serve(bench, none), 1);
	assert_int_equal(bench->began, AL_EFORK);
	assert_true(has_said(bench, "published=3 ledger=3 "));
	conf_write(bench, "");
	assert_int_equal(serve(bench, fill + 2), 0);
	conf_write(bench, "public");
	assert_int_equal(serve(bench, none), 1);
	assert_int_equal(bench->began, AL_OK);
	assert_true(has_said(bench, "published=3 ledger=6 "));
	/* The right one still goes on there. */
	bench->ledger_name = "ledger.db";
	bench->word = "entry";
	assert_int_equal(serve(bench, steps), 0);
}

/* The checkpoint of what is published; before there is one, who asks is told to ask again. */
static void over_http(void **state)
{
	static const step_fn steps[] = { ask_for_it, has_nothing,  three_more, is_published,
					 ask_for_it, has_the_note, NULL };

	assert_int_equal(serve(*state, steps), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(follows_the_ledger), TEST(far_behind),     TEST(not_each_commit), TEST(dates),
		TEST(not_wanted),         TEST(another_ledger), TEST(over_http),
	};

	return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
