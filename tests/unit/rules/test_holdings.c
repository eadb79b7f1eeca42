/* SPDX-License-Identifier: MIT */
/*
 * test_holdings.c -- what counts for whom: trees of vouchers over eight
 * generations, several maintainers and keys, blocks that come and go, and what
 * is given to newcomers on a day.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "holdings.h"

#define GENERATIONS (VOUCHERS_MAX + 3u)

struct world {
	struct al_state *state;
	struct holdings *holdings;
};

static void follow(void *arg, const struct al_object *old, const struct al_object *now)
{
	struct world *w = arg;

	assert_int_equal(holdings_change(w->holdings, w->state, old, now), AL_OK);
}

static struct al_object *build(const struct world *w, const char *text)
{
	struct al_build build = { .raw = al_slice_str(text), .index = al_state_size(w->state), .time = 1800000000 };
	struct al_report report;
	struct al_object *object;
	bool deletes;

	build.created = build.time;
	al_report_init(&report);
	assert_int_equal(al_object_build(&build, &report, &object, &deletes), AL_OK);
	al_report_release(&report);
	return object;
}

/* Member N, whom member N - 1 vouched for, with one domain, in one request. */
static void join(struct world *w, unsigned number, bool domain_first)
{
	char mntner[200], domain[200], voucher[40] = "";
	struct al_object *objects[2];

	if (number > 0)
		(void)snprintf(voucher, sizeof(voucher), "vouched-by: M%u-MNT\n", number - 1);
	(void)snprintf(mntner, sizeof(mntner), "mntner: M%u-MNT\n%smnt-by: M%u-MNT\nsource: TEST\n", number, voucher,
		       number);
	(void)snprintf(domain, sizeof(domain),
		       "domain: d%u.test\nnserver: ns.d%u.test 10.0.0.1\nmnt-by: M%u-MNT\n"
		       "source: TEST\n",
		       number, number, number);
	objects[domain_first ? 0 : 1] = build(w, domain);
	objects[domain_first ? 1 : 0] = build(w, mntner);
	assert_int_equal(al_state_put(w->state, objects, 2, 1800000000), AL_OK);
	al_object_unref(objects[0]);
	al_object_unref(objects[1]);
}

static int64_t domains_of(const struct world *w, enum tally_whose whose, unsigned number)
{
	struct tally tally = { whose, { NULL, 0 }, TALLY_DOMAINS, { NULL, 0 } };
	char name[40];

	(void)snprintf(name, sizeof(name), "M%u-MNT", number);
	tally.who = al_slice_str(name);
	return tallies_get(holdings_tallies(w->holdings), &tally);
}

static void a_tree(bool domain_first)
{
	struct world w;

	assert_int_equal(al_state_new(&w.state), AL_OK);
	assert_int_equal(holdings_new(&w.holdings), AL_OK);
	al_state_observe(w.state, follow, &w);
	for (unsigned i = 0; i < GENERATIONS; i++)
		join(&w, i, domain_first);
	for (unsigned i = 0; i < GENERATIONS; i++) {
		unsigned below = GENERATIONS - i; /* with itself */

		assert_int_equal(domains_of(&w, TALLY_MNTNER, i), 1);
		assert_int_equal(domains_of(&w, TALLY_TREE, i), below < VOUCHERS_MAX ? below : VOUCHERS_MAX);
	}
	holdings_free(w.holdings);
	al_state_free(w.state);
}

static void eight_generations(void **state)
{
	(void)state;
	a_tree(false);
}

static void whatever_came_first(void **state)
{
	(void)state;
	a_tree(true);
}

/* ---- one object after another ---- */

#define DAY UINT64_C(86400)

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	assert_non_null(w);
	assert_int_equal(al_state_new(&w->state), AL_OK);
	assert_int_equal(holdings_new(&w->holdings), AL_OK);
	al_state_observe(w->state, follow, w);
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	holdings_free(w->holdings);
	al_state_free(w->state);
	free(w);
	return 0;
}

/* The object of that text, maintained by `mntners`, as of that time. Bytes of its text. */
static int64_t put_at(struct world *w, const char *mntners, uint64_t time, const char *text)
{
	struct al_build build = { .index = al_state_size(w->state), .time = time, .created = time };
	struct al_object *object;
	char whole[800];
	int64_t bytes;
	bool deletes;

	(void)snprintf(whole, sizeof(whole), "%smnt-by: %s\nsource: TEST\n", text, mntners);
	build.raw = al_slice_str(whole);
	assert_int_equal(al_object_build(&build, NULL, &object, &deletes), AL_OK);
	assert_int_equal(al_state_put(w->state, &object, 1, time), AL_OK);
	bytes = object->text_len;
	al_object_unref(object);
	return bytes;
}

static int64_t put(struct world *w, const char *mntners, const char *text)
{
	return put_at(w, mntners, 1800000000, text);
}

static int64_t has(const struct world *w, enum tally_whose whose, const char *who, enum tally_kind kind,
		   const char *pool)
{
	const struct tally tally = { whose, al_slice_str(who), kind, al_slice_str(pool) };

	return tallies_get(holdings_tallies(w->holdings), &tally);
}

/* How many numbers or blocks X-MNT holds in each pool, and in all. */
static void assert_held(const struct world *w, const char *outer, int64_t in_outer, const char *inner, int64_t in_inner,
			int64_t all)
{
	assert_int_equal(has(w, TALLY_MNTNER, "X-MNT", TALLY_HELD, outer), in_outer);
	assert_int_equal(has(w, TALLY_MNTNER, "X-MNT", TALLY_HELD, inner), in_inner);
	assert_int_equal(has(w, TALLY_MNTNER, "X-MNT", TALLY_HELD, ""), all);
}

/* Those in it, from the first to the last, and no neighbour of theirs; in the upper half of the numbers, too. */
static void a_block_of_numbers_comes_and_goes(void **state)
{
	static const char outer[] = "AS4200000000-AS4200000999", inner[] = "AS4200000100-AS4200000199";
	static const unsigned numbers[] = { 0, 96, 99, 100, 101, 150, 199, 200, 999 };
	struct world *w = *state;
	char text[100];

	put(w, "HOST-MNT", "as-block: AS4200000000-AS4200000999\npolicy: open\n");
	for (size_t i = 0; i < AL_COUNT(numbers); i++) {
		(void)snprintf(text, sizeof(text), "aut-num: AS%u\nas-name: X-AS\n", 4200000000u + numbers[i]);
		put(w, "X-MNT", text);
	}
	assert_held(w, outer, 9, inner, 0, 9);
	put(w, "HOST-MNT", "as-block: AS4200000100-AS4200000199\npolicy: open\n");
	assert_held(w, outer, 5, inner, 4, 9);
	put(w, "HOST-MNT", "as-block: AS4200000100-AS4200000199\npolicy: ask\n");
	assert_held(w, outer, 5, inner, 4, 9);
	put(w, "X-MNT", "aut-num: AS4200000150\nas-name: NEW-AS\n");
	assert_held(w, outer, 5, inner, 4, 9);
	put(w, "X-MNT", "aut-num: AS4200000199\nas-name: X-AS\ndelete: x\n");
	put(w, "X-MNT", "aut-num: AS4200000200\nas-name: X-AS\ndelete: x\n");
	assert_held(w, outer, 4, inner, 3, 7);
	put(w, "HOST-MNT", "as-block: AS4200000100-AS4200000199\npolicy: ask\ndelete: x\n");
	assert_held(w, outer, 7, inner, 0, 7);
	put(w, "HOST-MNT", "as-block: AS4200000000-AS4200000999\npolicy: open\ndelete: x\n");
	assert_held(w, outer, 0, inner, 0, 7);
}

/* A wider one takes what lay in none, and leaves what lies in a smaller one, whichever comes first. */
static void a_block_around_blocks(void **state)
{
	static const char inner[] = "AS100-AS199", all[] = "AS1-AS4294967294";
	struct world *w = *state;

	put(w, "HOST-MNT", "as-block: AS100-AS199\npolicy: open\n");
	put(w, "X-MNT", "aut-num: AS50\nas-name: X-AS\n");
	put(w, "X-MNT", "aut-num: AS150\nas-name: X-AS\n");
	put(w, "X-MNT", "aut-num: AS151\nas-name: X-AS\n");
	put(w, "X-MNT", "aut-num: AS250\nas-name: X-AS\n");
	put(w, "X-MNT", "aut-num: AS4200000000\nas-name: X-AS\n");
	assert_held(w, all, 0, inner, 2, 5);
	put(w, "HOST-MNT", "as-block: AS1-AS4294967294\npolicy: open\n");
	assert_held(w, all, 3, inner, 2, 5);
	put(w, "HOST-MNT", "as-block: AS250-AS250\npolicy: open\n");
	assert_held(w, all, 2, "AS250-AS250", 1, 5);
}

static void a_block_of_addresses_comes_and_goes(void **state)
{
	static const struct {
		const char *name, *outer, *inner, *in[4]; /* of which the last lies in the one before it */
	} rows[] = {
		{ "inet6num",
		  "fca1::/32",
		  "fca1:0:10::/44",
		  { "fca1::/48", "fca1:0:11::/48", "fca1:0:12::/48", "fca1:0:12::/64" } },
		{ "inetnum",
		  "10.0.0.0/16",
		  "10.0.4.0/22",
		  { "10.0.0.0/24", "10.0.4.0/24", "10.0.5.0/24", "10.0.5.0/25" } },
	};

	for (size_t i = 0; i < AL_COUNT(rows); i++) {
		struct world *w = *state;
		char text[200];

		(void)snprintf(text, sizeof(text), "%s: %s\nnetname: X-NET\n", rows[i].name, rows[i].outer);
		put(w, "HOST-MNT", text);
		for (size_t k = 0; k < AL_COUNT(rows[i].in); k++) {
			(void)snprintf(text, sizeof(text), "%s: %s\nnetname: X-NET\n", rows[i].name, rows[i].in[k]);
			put(w, "X-MNT", text);
		}
		assert_held(w, rows[i].outer, 3, rows[i].inner, 0, 4);
		(void)snprintf(text, sizeof(text), "%s: %s\nnetname: X-NET\n", rows[i].name, rows[i].inner);
		put(w, "HOST-MNT", text);
		assert_held(w, rows[i].outer, 1, rows[i].inner, 2, 4);
		assert_int_equal(has(w, TALLY_MNTNER, "X-MNT", TALLY_HELD, rows[i].in[2]), 1);
		put(w, "HOST-MNT", text);
		assert_held(w, rows[i].outer, 1, rows[i].inner, 2, 4);
		(void)snprintf(text, sizeof(text), "%s: %s\nnetname: X-NET\ndelete: x\n", rows[i].name, rows[i].inner);
		put(w, "HOST-MNT", text);
		assert_held(w, rows[i].outer, 3, rows[i].inner, 0, 4);
		assert_int_equal(has(w, TALLY_MNTNER, "HOST-MNT", TALLY_HELD, ""), 1);
		assert_int_equal(teardown(state), 0);
		assert_int_equal(setup(state), 0);
	}
}

#define KEY_1 "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIIqI4910CfGV/VLbLTy6XXLKZwm/HZQSG/N0iAG0D29c"
#define KEY_2 "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIIE5dw6ofRdfVqNUZsNMfszLjYqRtO43ol32D1uPybOU"
#define KEY_3 "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIO1JKMYo0cLG6ukDOJBZlWEpWSc6XGP5NjbBRshSjhdx"

/* Each maintainer of each list, and each of its keys; of what there is now and no more. */
static void everybody_who_is_named(void **state)
{
	static const char *const mntners[] = { "A-MNT", "B-MNT", "C-MNT" }, *const keys[] = { KEY_1, KEY_2, KEY_3 };
	static const enum tally_kind kinds[] = { TALLY_OBJECTS, TALLY_DOMAINS, TALLY_SETS, TALLY_HELD };
	static const char *const objects[] = {
		"domain: x.test\nnserver: ns.x.test 10.0.0.1\n",
		"as-set: AS-X\n",
		"route-set: RS-X\n",
		"aut-num: AS64512\nas-name: X-AS\n",
	};
	static const int64_t counts[] = { 4, 1, 2, 1 };
	struct world *w = *state;
	int64_t bytes = 0, last;

	put(w, "HOST-MNT", "mntner: A-MNT\nauth: " KEY_1 "\nauth: " KEY_2 "\n");
	put(w, "HOST-MNT", "mntner: B-MNT\nauth: " KEY_3 "\n");
	for (size_t i = 0; i < AL_COUNT(objects); i++)
		bytes += last = put(w, "A-MNT, B-MNT\nmnt-by: C-MNT", objects[i]);
	for (size_t i = 0; i < AL_COUNT(mntners); i++)
		for (size_t k = 0; k < AL_COUNT(kinds); k++) {
			assert_int_equal(has(w, TALLY_MNTNER, mntners[i], kinds[k], ""), counts[k]);
			assert_int_equal(has(w, TALLY_KEY, keys[i], kinds[k], ""), counts[k]);
		}
	assert_int_equal(has(w, TALLY_MNTNER, "A-MNT", TALLY_BYTES, ""), bytes);
	assert_int_equal(has(w, TALLY_KEY, KEY_2, TALLY_BYTES, ""), bytes);
	/* Another text, another maintainer. */
	bytes += put(w, "C-MNT", "aut-num: AS64512\nas-name: LONGER-NAME-AS\n") - last;
	assert_int_equal(has(w, TALLY_MNTNER, "C-MNT", TALLY_BYTES, ""), bytes);
	assert_int_equal(has(w, TALLY_MNTNER, "C-MNT", TALLY_OBJECTS, ""), 4);
	assert_int_equal(has(w, TALLY_MNTNER, "A-MNT", TALLY_OBJECTS, ""), 3);
	assert_int_equal(has(w, TALLY_KEY, KEY_1, TALLY_HELD, ""), 0);
	/* Another key: what its maintainer has counts for it, and no longer for the one that went. */
	put(w, "HOST-MNT", "mntner: A-MNT\nauth: " KEY_2 "\nauth: " KEY_3 "\n");
	assert_int_equal(has(w, TALLY_KEY, KEY_1, TALLY_OBJECTS, ""), 0);
	assert_int_equal(has(w, TALLY_KEY, KEY_2, TALLY_OBJECTS, ""), 3);
	assert_int_equal(has(w, TALLY_KEY, KEY_3, TALLY_OBJECTS, ""), 6); /* by both, each for itself */
}

/* ---- what is given ---- */

static int64_t given(const struct world *w, const char *pool, uint64_t day)
{
	char period[TALLY_POOL_MAX];

	(void)snprintf(period, sizeof(period), "%s %u", pool, (unsigned)day);
	return has(w, TALLY_POOL, "", TALLY_GIVEN, period);
}

/* To who has no voucher and is not of the pool: when it is new, or has come back. */
static void newcomers_are_counted_by_the_day(void **state)
{
	static const struct {
		const char *mntners;
		bool newcomer;
	} rows[] = {
		{ "NEW-MNT", true },
		{ "HOST-MNT", false },
		{ "OTHER-MNT", false },
		{ "NEW-MNT, HOST-MNT", false },
		{ "NEW-MNT, VOUCHED-MNT", false },
		{ "VOUCHED-MNT", false },
		{ "UNKNOWN-MNT", true },
	};
	struct world *w = *state;
	int64_t count = 0;
	char text[100];

	put(w, "HOST-MNT", "mntner: HOST-MNT\n");
	put(w, "NEW-MNT", "mntner: NEW-MNT\n");
	put(w, "VOUCHED-MNT", "mntner: VOUCHED-MNT\nvouched-by: HOST-MNT\n");
	put(w, "HOST-MNT, OTHER-MNT", "as-block: AS100-AS199\npolicy: open\nassign-rate: 5\n");
	put(w, "HOST-MNT", "as-block: AS200-AS299\npolicy: open\n");
	for (unsigned i = 0; i < AL_COUNT(rows); i++) {
		(void)snprintf(text, sizeof(text), "aut-num: AS%u\nas-name: X-AS\n", 100 + i);
		put_at(w, rows[i].mntners, 20000 * DAY + 5, text);
		count += rows[i].newcomer;
		assert_int_equal(given(w, "AS100-AS199", 20000), count);
	}
	put_at(w, "NEW-MNT", 20000 * DAY + 6, "aut-num: AS200\nas-name: X-AS\n"); /* no assign-rate */
	assert_int_equal(given(w, "AS200-AS299", 20000), 0);
	put_at(w, "NEW-MNT", 20000 * DAY + 7, "aut-num: AS100\nas-name: NEW-AS\n");
	put_at(w, "NEW-MNT", 20000 * DAY + 8, "aut-num: AS100\nas-name: NEW-AS\ndelete: x\n");
	assert_int_equal(given(w, "AS100-AS199", 20000), count);
	put_at(w, "NEW-MNT", 20001 * DAY - 1, "aut-num: AS100\nas-name: NEW-AS\n");
	assert_int_equal(given(w, "AS100-AS199", 20000), count + 1);
	put_at(w, "NEW-MNT", 20001 * DAY, "aut-num: AS150\nas-name: NEW-AS\n");
	assert_int_equal(given(w, "AS100-AS199", 20000), count + 1);
	assert_int_equal(given(w, "AS100-AS199", 20001), 1);
}

static int64_t vouched(const struct world *w, enum tally_whose whose, const char *who)
{
	return has(w, whose, who, TALLY_VOUCHED, " 666"); /* the span of 30 days that day 20000 lies in */
}

/* A maintainer is new once: it is given, or vouched for, whatever becomes of it. */
static void maintainers_come_once(void **state)
{
	struct world *w = *state;

	put_at(w, "FIRST-MNT", 20000 * DAY, "mntner: FIRST-MNT\nauth: " KEY_1 "\n");
	assert_int_equal(given(w, "mntner", 20000), 1);
	put_at(w, "FIRST-MNT", 20000 * DAY, "mntner: FIRST-MNT\nauth: " KEY_1 "\nremarks: x\n");
	put_at(w, "FIRST-MNT", 20000 * DAY, "mntner: FIRST-MNT\nauth: " KEY_1 "\ndelete: x\n");
	put_at(w, "FIRST-MNT", 20000 * DAY, "mntner: FIRST-MNT\nauth: " KEY_1 "\n");
	assert_int_equal(given(w, "mntner", 20000), 1);
	put_at(w, "NEXT-MNT", 20000 * DAY, "mntner: NEXT-MNT\nvouched-by: FIRST-MNT\n");
	assert_int_equal(given(w, "mntner", 20000), 1);
	assert_int_equal(vouched(w, TALLY_MNTNER, "FIRST-MNT"), 1);
	assert_int_equal(vouched(w, TALLY_KEY, KEY_1), 1);
	put_at(w, "NEXT-MNT", 20000 * DAY, "mntner: NEXT-MNT\nvouched-by: FIRST-MNT\ndelete: x\n");
	put_at(w, "NEXT-MNT", 20000 * DAY, "mntner: NEXT-MNT\nvouched-by: FIRST-MNT\n");
	assert_int_equal(vouched(w, TALLY_MNTNER, "FIRST-MNT"), 1);
	assert_int_equal(vouched(w, TALLY_MNTNER, "NEXT-MNT"), 0);
	put_at(w, "X-MNT", 20000 * DAY, "domain: x.test\nnserver: ns.x.test 10.0.0.1\n");
	assert_int_equal(given(w, "mntner", 20000), 1);
}

/* What is returned counts with its class's name, for each that is named. */
static void what_rests_is_counted(void **state)
{
	struct world *w = *state;
	const struct al_object *last;

	put(w, "X-MNT, Y-MNT", "inet6num: fca1::/48\nnetname: X-NET\n");
	put(w, "X-MNT, Y-MNT", "inet6num: fca1::/48\nnetname: X-NET\ndelete: x\n");
	last = al_state_version(w->state, AL_INET6NUM, AL_S("fca1::/48"));
	assert_int_equal(holdings_rest(w->holdings, w->state, last, 1), AL_OK);
	assert_int_equal(has(w, TALLY_MNTNER, "X-MNT", TALLY_RESTING, "inet6num"), 1);
	assert_int_equal(has(w, TALLY_MNTNER, "Y-MNT", TALLY_RESTING, "inet6num"), 1);
	assert_int_equal(has(w, TALLY_MNTNER, "X-MNT", TALLY_RESTING, ""), 0);
	assert_int_equal(holdings_rest(w->holdings, w->state, last, -1), AL_OK);
	assert_int_equal(has(w, TALLY_MNTNER, "X-MNT", TALLY_RESTING, "inet6num"), 0);
}

/* Whom a voucher is that nobody knows, what came first counts for him, and goes no further. */
static void a_voucher_whom_nobody_knows(void **state)
{
	struct world *w = *state;

	put(w, "X-MNT", "domain: x.test\nnserver: ns.x.test 10.0.0.1\n");
	put(w, "X-MNT", "mntner: X-MNT\nvouched-by: NOBODY-MNT\n");
	put(w, "X-MNT", "domain: y.test\nnserver: ns.y.test 10.0.0.1\n");
	assert_int_equal(has(w, TALLY_TREE, "X-MNT", TALLY_DOMAINS, ""), 2);
	assert_int_equal(has(w, TALLY_TREE, "NOBODY-MNT", TALLY_DOMAINS, ""), 2);
	assert_int_equal(has(w, TALLY_MNTNER, "NOBODY-MNT", TALLY_DOMAINS, ""), 0);
	put(w, "X-MNT", "mntner: X-MNT\nvouched-by: NOBODY-MNT\nremarks: another text\n"); /* which is not new */
	assert_int_equal(has(w, TALLY_TREE, "NOBODY-MNT", TALLY_DOMAINS, ""), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(eight_generations),
		cmocka_unit_test(whatever_came_first),
		cmocka_unit_test_setup_teardown(a_block_of_numbers_comes_and_goes, setup, teardown),
		cmocka_unit_test_setup_teardown(a_block_around_blocks, setup, teardown),
		cmocka_unit_test_setup_teardown(a_block_of_addresses_comes_and_goes, setup, teardown),
		cmocka_unit_test_setup_teardown(everybody_who_is_named, setup, teardown),
		cmocka_unit_test_setup_teardown(newcomers_are_counted_by_the_day, setup, teardown),
		cmocka_unit_test_setup_teardown(maintainers_come_once, setup, teardown),
		cmocka_unit_test_setup_teardown(what_rests_is_counted, setup, teardown),
		cmocka_unit_test_setup_teardown(a_voucher_whom_nobody_knows, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
