/* SPDX-License-Identifier: MIT */
/*
 * test_stream.c -- those who follow the ledger have all of it, in turn, over restarts.
 */
#include "stream_bench.h"

/* ---- tests ---- */

static void history_then_live(void **state)
{
	struct fixture *f = *state;
	static struct reader r[FOLLOWERS];

	reader_start(f, &r[0]); /* at the empty log */
	grow(f, 500, 1);
	run(f);
	for (size_t i = 1; i < FOLLOWERS; i++)
		reader_start(f, &r[i]);
	run(f);
	for (uint64_t size = 501; size < 540; size++) {
		grow(f, size, FOLLOWERS);
		run(f);
	}
	grow(f, 3000, FOLLOWERS);
	run(f);
	for (size_t i = 0; i < FOLLOWERS; i++) {
		assert_int_equal(r[i].entries, 3000);
		al_follow_free(r[i].follow);
	}
}

/* More than the tail holds: the start comes from the ledger, the end from memory. */
static void long_history(void **state)
{
	struct fixture *f = *state;
	static struct reader r[3];

	f->entry_len = 50000;
	for (uint64_t size = 10; size <= 300; size += 10) {
		grow(f, size, 0);
		run(f);
	}
	for (size_t i = 0; i < AL_COUNT(r); i++)
		reader_start(f, &r[i]);
	grow(f, 400, AL_COUNT(r));
	f->behind -= AL_COUNT(r); /* each was counted when it started, and stops only at 400 */
	run(f);
	for (size_t i = 0; i < AL_COUNT(r); i++) {
		assert_int_equal(r[i].entries, 400);
		al_follow_free(r[i].follow);
	}
}

/* One read at a time, and everybody's turn comes, beside commits and one who leaves while he waits. */
static void catch_ups_take_turns(void **state)
{
	struct fixture *f = *state;
	static struct reader r[FOLLOWERS], leaver;

	unserve(f);
	f->limits.reads = 1;
	serve(f, false);
	f->entry_len = 50000;
	for (uint64_t size = 10; size <= 200; size += 10) {
		grow(f, size, 0);
		run(f);
	}
	for (size_t i = 0; i < FOLLOWERS; i++)
		reader_start(f, &r[i]);
	reader_start(f, &leaver);
	f->behind--;
	al_follow_free(leaver.follow);
	grow(f, 250, FOLLOWERS);
	f->behind -= FOLLOWERS;
	run(f);
	for (size_t i = 0; i < FOLLOWERS; i++) {
		assert_int_equal(r[i].entries, 250);
		al_follow_free(r[i].follow);
	}
}

/* The registry stops while followers wait for their turn. */
static void stops_while_they_wait(void **state)
{
	struct fixture *f = *state;
	static struct reader r[FOLLOWERS];

	f->entry_len = 50000;
	for (uint64_t size = 10; size <= 200; size += 10) {
		grow(f, size, 0);
		run(f);
	}
	for (size_t i = 0; i < FOLLOWERS; i++)
		reader_start(f, &r[i]);
	f->behind = 0;
	grow(f, 201, 0);
	run(f);
	unserve(f);
	serve(f, false);
	for (size_t i = 0; i < FOLLOWERS; i++)
		al_follow_free(r[i].follow);
}

static void registry_restarts(void **state)
{
	struct fixture *f = *state;
	static struct reader r;

	reader_start(f, &r);
	grow(f, 10, 1);
	run(f);
	unserve(f);
	serve(f, false);
	grow(f, 20, 1);
	run(f);
	assert_int_equal(r.entries, 20);
	al_follow_free(r.follow);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(history_then_live),     TEST(long_history),      TEST(catch_ups_take_turns),
		TEST(stops_while_they_wait), TEST(registry_restarts),
	};

	(void)signal(SIGPIPE, SIG_IGN); /* as al_service_main() does */
	memset(filler, 'f', sizeof(filler));
	return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
