/* SPDX-License-Identifier: MIT */
/*
 * test_tally.c -- counts by account: each kind and pool for itself, what an
 * account has, and spans of time.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "alamo/base/buf.h"
#include "tally.h"

#define TALLY(w, n, k, p)                                                                  \
	(struct tally)                                                                     \
	{                                                                                  \
		.whose = (w), .who = al_slice_str(n), .kind = (k), .pool = al_slice_str(p) \
	}

static void add(struct tallies *t, struct tally tally, int64_t change)
{
	assert_int_equal(tallies_add(t, &tally, change), AL_OK);
}

static int64_t get(const struct tallies *t, struct tally tally)
{
	return tallies_get(t, &tally);
}

static void each_for_itself(void **state)
{
	struct tallies t;

	(void)state;
	tallies_init(&t);
	assert_int_equal(get(&t, TALLY(TALLY_MNTNER, "A-MNT", TALLY_SETS, "")), 0);
	add(&t, TALLY(TALLY_MNTNER, "A-MNT", TALLY_SETS, ""), 3);
	add(&t, TALLY(TALLY_MNTNER, "A-MNT", TALLY_SETS, "10.0.0.0/8"), 4);
	add(&t, TALLY(TALLY_MNTNER, "A-MNT", TALLY_DOMAINS, ""), 5);
	add(&t, TALLY(TALLY_TREE, "A-MNT", TALLY_SETS, ""), 6);
	add(&t, TALLY(TALLY_MNTNER, "A-MN", TALLY_SETS, ""), 7);
	add(&t, TALLY(TALLY_POOL, "", TALLY_GIVEN, "10.0.0.0/8"), 8);
	add(&t, TALLY(TALLY_MNTNER, "A-MNT", TALLY_SETS, ""), -1);
	assert_int_equal(get(&t, TALLY(TALLY_MNTNER, "A-MNT", TALLY_SETS, "")), 2);
	assert_int_equal(get(&t, TALLY(TALLY_MNTNER, "A-MNT", TALLY_SETS, "10.0.0.0/8")), 4);
	assert_int_equal(get(&t, TALLY(TALLY_MNTNER, "A-MNT", TALLY_SETS, "10.0.0.0/")), 0);
	assert_int_equal(get(&t, TALLY(TALLY_MNTNER, "A-MNT", TALLY_DOMAINS, "")), 5);
	assert_int_equal(get(&t, TALLY(TALLY_TREE, "A-MNT", TALLY_SETS, "")), 6);
	assert_int_equal(get(&t, TALLY(TALLY_MNTNER, "A-MN", TALLY_SETS, "")), 7);
	assert_int_equal(get(&t, TALLY(TALLY_KEY, "A-MNT", TALLY_SETS, "")), 0);
	assert_int_equal(get(&t, TALLY(TALLY_POOL, "", TALLY_GIVEN, "10.0.0.0/8")), 8);
	/* Below 0, and back. */
	add(&t, TALLY(TALLY_MNTNER, "B-MNT", TALLY_HELD, ""), -2);
	assert_int_equal(get(&t, TALLY(TALLY_MNTNER, "B-MNT", TALLY_HELD, "")), -2);
	add(&t, TALLY(TALLY_MNTNER, "B-MNT", TALLY_HELD, ""), 2);
	assert_int_equal(get(&t, TALLY(TALLY_MNTNER, "B-MNT", TALLY_HELD, "")), 0);
	tallies_release(&t);
}

/* Several at once are what they are one by one, in a pool and outside. */
static void several_at_once(void **state)
{
	const struct tally_change changes[] = {
		{ TALLY_HELD, AL_S("10.0.0.0/8"), 2 },  { .kind = TALLY_HELD, .change = 3 },
		{ TALLY_GIVEN, AL_S("10.0.0.0/8"), 4 }, { .kind = TALLY_VOUCHED, .change = 5 },
		{ .kind = TALLY_HELD, .change = -1 },
	};
	struct tallies t;

	(void)state;
	tallies_init(&t);
	add(&t, TALLY(TALLY_KEY, "key", TALLY_HELD, "10.0.0.0/8"), 10);
	assert_int_equal(tallies_account(&t, TALLY_KEY, AL_S("key"), changes, AL_COUNT(changes)), AL_OK);
	assert_int_equal(get(&t, TALLY(TALLY_KEY, "key", TALLY_HELD, "10.0.0.0/8")), 12);
	assert_int_equal(get(&t, TALLY(TALLY_KEY, "key", TALLY_HELD, "")), 2);
	assert_int_equal(get(&t, TALLY(TALLY_KEY, "key", TALLY_GIVEN, "10.0.0.0/8")), 4);
	assert_int_equal(get(&t, TALLY(TALLY_KEY, "key", TALLY_VOUCHED, "")), 5);
	assert_int_equal(tallies_account(&t, TALLY_KEY, AL_S("key"), changes, 0), AL_OK);
	assert_int_equal(get(&t, TALLY(TALLY_KEY, "key", TALLY_VOUCHED, "")), 5);
	tallies_release(&t);
}

static struct tally long_tally(const char *who, size_t who_len, const char *pool, size_t pool_len)
{
	return (struct tally){ TALLY_KEY, al_slice_of(who, who_len), TALLY_HELD, al_slice_of(pool, pool_len) };
}

/* A name is told from others by its first 800 bytes, a pool by its first 128; nothing of either is lost. */
static void names_that_are_long(void **state)
{
	char who[900], pool[200];
	struct tallies t;

	(void)state;
	memset(who, 'w', sizeof(who));
	memset(pool, 'p', sizeof(pool));
	tallies_init(&t);
	add(&t, long_tally(who, 800, pool, 128), 1);
	add(&t, long_tally(who, 800, pool, 0), 2);
	assert_int_equal(get(&t, long_tally(who, 900, pool, 200)), 1);
	assert_int_equal(get(&t, long_tally(who, 799, pool, 128)), 0);
	assert_int_equal(get(&t, long_tally(who, 800, pool, 127)), 0);
	assert_int_equal(get(&t, long_tally(who, 801, pool, 0)), 2);
	who[799] = pool[127] = 'x';
	assert_int_equal(get(&t, long_tally(who, 800, pool, 0)), 0);
	add(&t, long_tally(who, 1, pool, 1), 3); /* of one character each */
	assert_int_equal(get(&t, long_tally(who, 1, pool, 1)), 3);
	assert_int_equal(get(&t, long_tally("v", 1, pool, 1)), 0);
	assert_int_equal(get(&t, long_tally(who, 1, "q", 1)), 0);
	tallies_release(&t);
}

struct visit {
	struct tallies *tallies;
	struct al_buf text;
	unsigned calls, last; /* an error at the call of that number; 0: never */
};

static enum al_err note(const struct tally *tally, int64_t count, void *arg)
{
	struct visit *v = arg;

	al_buf_printf(&v->text, "%d %.*s %d %.*s %" PRId64 "\n", (int)tally->whose, AL_FMT(tally->who),
		      (int)tally->kind, AL_FMT(tally->pool), count);
	/* Rows of another account may come meanwhile. */
	add(v->tallies, TALLY(TALLY_TREE, "C-MNT", tally->kind, ""), count);
	return ++v->calls == v->last ? AL_ELIMIT : AL_OK;
}

static void all_of_an_account(void **state)
{
	struct tallies t;
	struct visit v = { .tallies = &t };

	(void)state;
	tallies_init(&t);
	al_buf_init(&v.text, 1000);
	add(&t, TALLY(TALLY_MNTNER, "A-MNT", TALLY_SETS, ""), 3);
	add(&t, TALLY(TALLY_MNTNER, "A-MNT", TALLY_HELD, "10.0.0.0/8"), 4);
	add(&t, TALLY(TALLY_MNTNER, "A-MNT", TALLY_DOMAINS, ""), 1);
	add(&t, TALLY(TALLY_MNTNER, "A-MNT", TALLY_DOMAINS, ""), -1); /* it is 0: none */
	add(&t, TALLY(TALLY_KEY, "A-MNT", TALLY_SETS, ""), 9);
	add(&t, TALLY(TALLY_MNTNER, "A-MNTS", TALLY_SETS, ""), 9);
	assert_int_equal(tallies_each(&t, TALLY_MNTNER, AL_S("A-MNT"), note, &v), AL_OK);
	assert_int_equal(v.calls, 2);
	assert_true(al_slice_is(al_buf_view(&v.text), "0 A-MNT 0 10.0.0.0/8 4\n0 A-MNT 3  3\n"));
	assert_int_equal(get(&t, TALLY(TALLY_TREE, "C-MNT", TALLY_HELD, "")), 4);
	assert_int_equal(get(&t, TALLY(TALLY_TREE, "C-MNT", TALLY_SETS, "")), 3);
	/* The first error ends it; of an account that nobody heard of there is nothing. */
	v.calls = 0;
	v.last = 1;
	assert_int_equal(tallies_each(&t, TALLY_MNTNER, AL_S("A-MNT"), note, &v), AL_ELIMIT);
	assert_int_equal(v.calls, 1);
	assert_int_equal(tallies_each(&t, TALLY_POOL, AL_S(""), note, &v), AL_OK);
	assert_int_equal(v.calls, 1);
	al_buf_release(&v.text);
	tallies_release(&t);
}

static void spans_of_time(void **state)
{
	static const struct {
		uint64_t time;
		unsigned days;
		const char *period;
	} rows[] = {
		{ 0, 1, "10.0.0.0/8 0" },           { 86399, 1, "10.0.0.0/8 0" },
		{ 86400, 1, "10.0.0.0/8 1" },       { 30 * 86400 - 1, 30, "10.0.0.0/8 0" },
		{ 30 * 86400, 30, "10.0.0.0/8 1" }, { 1764000000, 1, "10.0.0.0/8 20416" },
	};
	char out[TALLY_POOL_MAX];

	(void)state;
	for (size_t i = 0; i < AL_COUNT(rows); i++)
		assert_true(
			al_slice_is(tally_period(AL_S("10.0.0.0/8"), rows[i].time, rows[i].days, out), rows[i].period));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_for_itself),     cmocka_unit_test(several_at_once),
		cmocka_unit_test(names_that_are_long), cmocka_unit_test(all_of_an_account),
		cmocka_unit_test(spans_of_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
