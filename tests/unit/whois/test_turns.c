/* SPDX-License-Identifier: MIT */
/*
 * test_turns.c -- the order of work: sources in turn, in each its connections
 * in turn, whatever one of them asks.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "turns.h"

#define LOG_MAX 64

struct worker {
	struct whois_turn turn;
	char name;
	unsigned left; /* pieces */
};

static char order[LOG_MAX + 1];
static size_t order_len;
static struct al_loop *loop;
static size_t working;

static bool work(struct whois_turn *turn)
{
	struct worker *worker = (struct worker *)((char *)turn - offsetof(struct worker, turn));

	assert_true(order_len < LOG_MAX && worker->left > 0);
	order[order_len++] = worker->name;
	order[order_len] = '\0';
	if (--worker->left == 0 && --working == 0)
		al_loop_stop(loop);
	return worker->left > 0;
}

struct row {
	const char *what;
	const char *peers[6]; /* by worker 'a', 'b', ... */
	unsigned pieces[6];
	const char *want;
};

static const struct row rows[] = {
	{ "one alone", { "192.0.2.1" }, { 3 }, "aaa" },
	{ "two sources", { "192.0.2.1", "192.0.2.2" }, { 3, 3 }, "aababb" },
	{ "many connections of one are one", /* the last one waits for one piece, not for three */
	  { "192.0.2.1", "192.0.2.1", "192.0.2.1", "192.0.2.2" },
	  { 3, 3, 3, 3 },
	  "aadbdcdabcbc" },
	{ "an IPv6 /64 is one source", { "fca1::1", "fca1::2", "fca1:0:0:1::1" }, { 2, 2, 2 }, "aacbcb" },
};

static enum al_err join(struct whois_turns *turns, const char *peer, struct worker *worker)
{
	struct al_prefix addr;

	assert_int_equal(al_addr_parse(al_slice_str(peer), &addr), AL_OK);
	return whois_turn_join(turns, &addr, &worker->turn);
}

static void test_order(void **state)
{
	struct whois_turns *turns;
	struct worker workers[6];
	size_t i, k, count;

	(void)state;
	for (i = 0; i < AL_COUNT(rows); i++) {
		assert_int_equal(al_loop_new(&loop), AL_OK);
		assert_int_equal(whois_turns_new(loop, work, &turns), AL_OK);
		order_len = 0;
		for (count = 0; count < 6 && rows[i].peers[count] != NULL; count++) {
			workers[count].name = (char)('a' + count);
			workers[count].left = rows[i].pieces[count];
			assert_int_equal(join(turns, rows[i].peers[count], &workers[count]), AL_OK);
		}
		working = count;
		for (k = 0; k < count; k++)
			whois_turn_take(&workers[k].turn);
		al_loop_run(loop);
		/* The first piece of the first is done at once: nobody waited. */
		if (strcmp(order, rows[i].want) != 0) {
			print_error("%s: %s, not %s\n", rows[i].what, order, rows[i].want);
			fail();
		}
		for (k = 0; k < count; k++)
			whois_turn_leave(&workers[k].turn);
		whois_turns_free(turns);
		al_loop_free(loop);
	}
}

/* Who leaves while it waits is passed over. */
static void test_leave(void **state)
{
	struct worker workers[3] = { { .name = 'a', .left = 2 },
				     { .name = 'b', .left = 2 },
				     { .name = 'c', .left = 2 } };
	struct whois_turns *turns;
	size_t i;

	(void)state;
	assert_int_equal(al_loop_new(&loop), AL_OK);
	assert_int_equal(whois_turns_new(loop, work, &turns), AL_OK);
	order_len = 0;
	working = 2;
	for (i = 0; i < 3; i++) {
		assert_int_equal(join(turns, "192.0.2.1", &workers[i]), AL_OK);
		whois_turn_take(&workers[i].turn);
	}
	whois_turn_leave(&workers[1].turn);
	al_loop_run(loop);
	assert_string_equal(order, "aacc");
	whois_turn_leave(&workers[0].turn);
	whois_turn_leave(&workers[2].turn);
	whois_turns_free(turns);
	al_loop_free(loop);
}

int main(void)
{
	static const struct CMUnitTest tests[] = { cmocka_unit_test(test_order), cmocka_unit_test(test_leave) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
