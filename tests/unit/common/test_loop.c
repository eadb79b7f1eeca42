/* SPDX-License-Identifier: MIT */
/*
 * test_loop.c -- mailboxes, timers, workers.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "loopback.h"

#include <event2/event.h>
#include <signal.h>
#include <stdlib.h>

struct record {
	struct al_loop *loop;
	struct al_timer *timer;
	int seen[64];
	int count;
	int next;
};

static int setup(void **state)
{
	static struct record record;
	record = (struct record){ 0 };
	assert_int_equal(al_loop_new(&record.loop), AL_OK);
	*state = &record;
	return 0;
}

static int teardown(void **state)
{
	struct record *record = *state;
	al_timer_free(record->timer);
	al_loop_free(record->loop);
	return 0;
}

static void note_next(void *arg)
{
	struct record *record = arg;
	record->seen[record->count++] = record->next++;
}

static void stop(void *arg)
{
	struct record *record = arg;
	al_loop_stop(record->loop);
}

/* The first, one in the middle, the last; what is behind it comes all the same, and so does what is posted then. */
static void test_posts_are_taken_back(void **state)
{
	struct record *record = *state;
	struct record others[3] = { { 0 } };
	for (size_t gone = 0; gone < AL_COUNT(others); gone++) {
		for (size_t i = 0; i < AL_COUNT(others); i++) {
			others[i].count = 0;
			assert_int_equal(al_loop_post(record->loop, note_next, &others[i]), AL_OK);
		}
		assert_false(al_loop_unpost(record->loop, stop, &others[gone]));
		assert_true(al_loop_unpost(record->loop, note_next, &others[gone]));
		assert_false(al_loop_unpost(record->loop, note_next, &others[gone]));
		assert_int_equal(al_loop_post(record->loop, stop, record), AL_OK);
		al_loop_run(record->loop);
		for (size_t i = 0; i < AL_COUNT(others); i++)
			assert_int_equal(others[i].count, i != gone);
	}
}

static void test_posts_before_run_are_delivered(void **state)
{
	struct record *record = *state;
	for (int i = 0; i < 5; i++)
		assert_int_equal(al_loop_post(record->loop, note_next, record), AL_OK);
	assert_int_equal(al_loop_post(record->loop, stop, record), AL_OK);
	assert_int_equal(record->count, 0);
	al_loop_run(record->loop);
	assert_int_equal(record->count, 5);
}

static void test_stop_before_run_counts(void **state)
{
	struct record *record = *state;
	al_loop_stop(record->loop);
	assert_int_equal(al_loop_post(record->loop, note_next, record), AL_OK);
	al_loop_run(record->loop);
	assert_int_equal(record->count, 1);
	/* ... and only once. */
	assert_int_equal(al_loop_post(record->loop, note_next, record), AL_OK);
	assert_int_equal(al_loop_post(record->loop, stop, record), AL_OK);
	al_loop_run(record->loop);
	assert_int_equal(record->count, 2);
}

static void test_undelivered_posts_are_dropped(void **state)
{
	struct record *record = *state;
	assert_int_equal(al_loop_post(record->loop, note_next, record), AL_OK);
	/* teardown frees the loop; the sanitizers look for the post */
	assert_int_equal(record->count, 0);
}

static void post_again(void *arg)
{
	struct record *record = arg;
	note_next(record);
	if (record->count == 10)
		al_loop_stop(record->loop);
	else
		assert_int_equal(al_loop_post(record->loop, post_again, record), AL_OK);
}

static void test_posts_from_posts(void **state)
{
	struct record *record = *state;
	assert_int_equal(al_loop_post(record->loop, post_again, record), AL_OK);
	al_loop_run(record->loop);
	assert_int_equal(record->count, 10);
}

static void timer_frees_itself(void *arg)
{
	struct record *record = arg;
	al_timer_free(record->timer);
	record->timer = NULL;
	note_next(record);
	al_loop_stop(record->loop);
}

static void test_timer_may_free_itself(void **state)
{
	struct record *record = *state;
	assert_int_equal(al_timer_new(record->loop, timer_frees_itself, record, &record->timer), AL_OK);
	al_timer_set(record->timer, 1);
	al_loop_run(record->loop);
	assert_int_equal(record->count, 1);
	assert_null(record->timer);
}

static void test_cleared_timer_is_silent(void **state)
{
	struct record *record = *state;
	struct al_timer *other;
	assert_int_equal(al_timer_new(record->loop, timer_frees_itself, record, &record->timer), AL_OK);
	assert_int_equal(al_timer_new(record->loop, stop, record, &other), AL_OK);
	al_timer_set(record->timer, 1);
	al_timer_set(other, 20);
	al_timer_clear(record->timer);
	al_loop_run(record->loop);
	al_timer_free(other);
	assert_int_equal(record->count, 0);
}

static void timer_passed(void *arg)
{
	struct record *record = arg;
	assert_int_equal(record->count, 0);
	record->next = 7;
}

static void test_moved_timer_runs_once_and_later(void **state)
{
	struct record *record = *state;
	struct al_timer *between;
	assert_int_equal(al_timer_new(record->loop, timer_frees_itself, record, &record->timer), AL_OK);
	assert_int_equal(al_timer_new(record->loop, timer_passed, record, &between), AL_OK);
	al_timer_set(record->timer, 1);
	al_timer_set(between, 10);
	al_timer_set(record->timer, 30);
	al_loop_run(record->loop);
	al_timer_free(between);
	assert_int_equal(record->count, 1);
	assert_int_equal(record->seen[0], 7);
}

/* ---- workers ---- */

struct counting {
	struct al_loop *loop;
	int got; /* worker's thread */
	int last[4];
	bool ordered;
	bool blocked;
};

struct numbered {
	struct counting *counting;
	int sender;
	int number;
};

static void count_one(void *arg)
{
	struct numbered *one = arg;
	struct counting *counting = one->counting;
	if (one->number != counting->last[one->sender] + 1)
		counting->ordered = false;
	counting->last[one->sender] = one->number;
	counting->got++;
}

#define SENDERS 4
#define EACH 2000

struct sender {
	struct counting *counting;
	struct numbered posts[EACH];
	int number;
};

static void *send_all(void *arg)
{
	struct sender *sender = arg;
	for (int i = 0; i < EACH; i++) {
		sender->posts[i] = (struct numbered){ sender->counting, sender->number, i + 1 };
		if (al_loop_post(sender->counting->loop, count_one, &sender->posts[i]) != AL_OK)
			return sender;
	}
	return NULL;
}

static void test_worker_gets_everything_in_order(void **state)
{
	static struct sender senders[SENDERS];
	struct counting counting = { .ordered = true };
	struct al_worker *worker;
	pthread_t threads[SENDERS];
	(void)state;
	assert_int_equal(al_worker_start("a-name-longer-than-sixteen", &worker), AL_OK);
	counting.loop = al_worker_loop(worker);
	for (int i = 0; i < SENDERS; i++) {
		senders[i] = (struct sender){ .counting = &counting, .number = i };
		assert_int_equal(pthread_create(&threads[i], NULL, send_all, &senders[i]), 0);
	}
	for (int i = 0; i < SENDERS; i++) {
		void *failed;
		assert_int_equal(pthread_join(threads[i], &failed), 0);
		assert_null(failed);
	}
	al_worker_stop(worker);
	assert_int_equal(counting.got, SENDERS * EACH);
	assert_true(counting.ordered);
}

static void look_at_mask(void *arg)
{
	struct counting *counting = arg;
	sigset_t mask;
	pthread_sigmask(SIG_SETMASK, NULL, &mask);
	counting->blocked = sigismember(&mask, SIGTERM) == 1 && sigismember(&mask, SIGINT) == 1;
}

static void test_worker_blocks_signals(void **state)
{
	struct counting counting = { 0 };
	struct al_worker *worker;
	sigset_t mask;
	(void)state;
	assert_int_equal(al_worker_start("mask", &worker), AL_OK);
	assert_int_equal(al_loop_post(al_worker_loop(worker), look_at_mask, &counting), AL_OK);
	al_worker_stop(worker);
	assert_true(counting.blocked);
	pthread_sigmask(SIG_SETMASK, NULL, &mask);
	assert_int_equal(sigismember(&mask, SIGTERM), 0);
}

/* What stands in the environment is not for a daemon's loop: it takes the best there is. */
static void test_environment_decides_nothing(void **state)
{
	struct al_loop *loop;
	(void)state;
	assert_int_equal(setenv("EVENT_NOEPOLL", "1", 1), 0);
	assert_int_equal(al_loop_new(&loop), AL_OK);
	assert_string_equal(event_base_get_method(al_loop_base(loop)), "epoll");
	al_loop_free(loop);
	assert_int_equal(unsetenv("EVENT_NOEPOLL"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_posts_before_run_are_delivered, setup, teardown),
		cmocka_unit_test_setup_teardown(test_stop_before_run_counts, setup, teardown),
		cmocka_unit_test_setup_teardown(test_undelivered_posts_are_dropped, setup, teardown),
		cmocka_unit_test_setup_teardown(test_posts_from_posts, setup, teardown),
		cmocka_unit_test_setup_teardown(test_timer_may_free_itself, setup, teardown),
		cmocka_unit_test_setup_teardown(test_cleared_timer_is_silent, setup, teardown),
		cmocka_unit_test_setup_teardown(test_moved_timer_runs_once_and_later, setup, teardown),
		cmocka_unit_test_setup_teardown(test_posts_are_taken_back, setup, teardown),
		cmocka_unit_test(test_worker_gets_everything_in_order),
		cmocka_unit_test(test_worker_blocks_signals),
		cmocka_unit_test(test_environment_decides_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
