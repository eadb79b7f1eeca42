/* SPDX-License-Identifier: MIT */
/*
 * test_outlet.c -- events reach who takes them, in order, each until it is taken; and what is remembered of it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "log/outlet.h"
#include "log/outlet_memory.h"

#define LOG "registry.test/log"
#define MNT "FISHER-MNT"
#define HASH "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

/* Takes everything but what `refuses` says; may be held at its door. */
struct taker {
	pthread_mutex_t lock;
	pthread_cond_t moved;
	char got[8192];      /* what was taken, one after the other */
	const char *refuses; /* an event */
	unsigned refusals, tries;
	bool held;
};

static bool take(void *arg, struct al_slice event)
{
	struct taker *t = arg;
	bool ok = true;

	(void)pthread_mutex_lock(&t->lock);
	t->tries++;
	(void)pthread_cond_broadcast(&t->moved);
	while (t->held)
		(void)pthread_cond_wait(&t->moved, &t->lock);
	if (t->refusals > 0 && t->refuses != NULL && al_slice_is(event, t->refuses)) {
		t->refusals--;
		ok = false;
	} else {
		size_t len = strlen(t->got);

		(void)snprintf(t->got + len, sizeof(t->got) - len, "%.*s ", AL_FMT(event));
	}
	(void)pthread_mutex_unlock(&t->lock);
	return ok;
}

static void taker_init(struct taker *t)
{
	memset(t, 0, sizeof(*t));
	(void)pthread_mutex_init(&t->lock, NULL);
	(void)pthread_cond_init(&t->moved, NULL);
}

static void taker_hold(struct taker *t, bool held)
{
	(void)pthread_mutex_lock(&t->lock);
	t->held = held;
	(void)pthread_cond_broadcast(&t->moved);
	(void)pthread_mutex_unlock(&t->lock);
}

static void taker_tried(struct taker *t, unsigned tries)
{
	(void)pthread_mutex_lock(&t->lock);
	while (t->tries < tries)
		(void)pthread_cond_wait(&t->moved, &t->lock);
	(void)pthread_mutex_unlock(&t->lock);
}

static struct outlet *open_to(struct taker *t, const char *dir, bool once, uint64_t since)
{
	const struct outlet_conf conf = { .name = "exec",
					  .whom = "the test",
					  .give = take,
					  .arg = t,
					  .dir = dir,
					  .log = LOG,
					  .mnt = MNT,
					  .since = since,
					  .once = once };
	struct outlet *o = NULL;

	assert_int_equal(outlet_open(&conf, &o), 0);
	return o;
}

static void put(struct outlet *o, uint64_t index)
{
	char text[16];

	(void)snprintf(text, sizeof(text), "%u", (unsigned)index);
	outlet_put(o, index, al_slice_str(text));
}

static void in_order_and_none_twice(void **state)
{
	struct taker t;
	struct outlet *o;

	(void)state;
	taker_init(&t);
	o = open_to(&t, NULL, false, 3);
	for (uint64_t i = 0; i < 6; i++)
		put(o, i);
	put(o, 4);
	assert_int_equal(outlet_next(o), 6);
	assert_int_equal(outlet_close(o), 0);
	assert_string_equal(t.got, "3 4 5 ");
}

static void until_it_is_taken(void **state)
{
	struct taker t;
	struct outlet *o;

	(void)state;
	taker_init(&t);
	t.refuses = "1";
	t.refusals = 1;
	o = open_to(&t, NULL, false, 0);
	for (uint64_t i = 0; i < 3; i++)
		put(o, i);
	taker_tried(&t, 4); /* 0, 1 in vain, 1 again, 2 */
	assert_int_equal(outlet_close(o), 0);
	assert_string_equal(t.got, "0 1 2 ");
}

/* One try each; who remembers stops there, so that the next run goes on in order. */
static void once(void **state)
{
	char dir[] = "/tmp/outletXXXXXX", path[64];
	struct taker t;
	struct outlet *o;

	(void)state;
	assert_non_null(mkdtemp(dir));
	for (int run = 0; run < 3; run++) {
		taker_init(&t);
		t.refuses = "1";
		t.refusals = run < 2 ? 1 : 0;
		o = open_to(&t, run == 0 ? NULL : dir, true, 0);
		for (uint64_t i = 0; i < 3; i++)
			put(o, i);
		assert_int_equal(outlet_close(o), run == 0 ? 1 : run == 1 ? 2 : 0);
		assert_string_equal(t.got, run == 0 ? "0 2 " : run == 1 ? "0 " : "1 2 ");
	}
	o = open_to(&t, dir, true, 0);
	assert_int_equal(outlet_next(o), 3);
	assert_int_equal(outlet_close(o), 0);
	(void)snprintf(path, sizeof(path), "%s/exec.told", dir);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rmdir(dir), 0);
}

/* What finds no room is passed over, with all behind it, and comes when the log is read again. */
static void passed_over_and_again(void **state)
{
	struct taker t;
	struct outlet *o;
	uint64_t passed;

	(void)state;
	taker_init(&t);
	t.refuses = "0";
	t.refusals = 1;
	o = open_to(&t, NULL, false, 0);
	put(o, 0);
	taker_tried(&t, 1); /* refused: it rests, and nobody waits for room */
	for (uint64_t i = 1; i < OUTLET_EVENTS + 10; i++)
		put(o, i);
	passed = outlet_next(o);
	assert_int_equal(passed, OUTLET_EVENTS);
	assert_false(outlet_behind(o)); /* not while some wait */
	taker_tried(&t, 1 + OUTLET_EVENTS);
	while (!outlet_behind(o))
		(void)sched_yield();
	assert_int_equal(outlet_next(o), OUTLET_EVENTS);
	put(o, OUTLET_EVENTS + 9); /* out of order: not taken before the log is read again */
	outlet_again(o);
	for (uint64_t i = 0; i < OUTLET_EVENTS + 10; i++)
		put(o, i);
	assert_int_equal(outlet_close(o), 0);
	assert_non_null(strstr(t.got, " 255 256 257 258 259 260 261 262 263 264 265 "));
	assert_ptr_equal(strstr(t.got, " 265 "), strrchr(t.got, '5') - 3);
}

/* Who takes what he is given holds up the reading, and loses nothing. */
static void room_is_waited_for(void **state)
{
	struct taker t;
	struct outlet *o;
	char *big = malloc(OUTLET_BYTES);

	(void)state;
	assert_non_null(big);
	memset(big, 'x', OUTLET_BYTES);
	taker_init(&t);
	o = open_to(&t, NULL, false, 0);
	outlet_put(o, 0, al_slice_of(big, OUTLET_BYTES)); /* alone, any size has room */
	put(o, 1);                                        /* waits until that is gone */
	assert_int_equal(outlet_next(o), 2);
	assert_int_equal(outlet_close(o), 0);
	assert_int_equal(t.tries, 2);
	free(big);
}

static void closing_does_not_hang(void **state)
{
	struct taker t;
	struct outlet *o;

	(void)state;
	taker_init(&t);
	t.refuses = "0";
	t.refusals = 1000;
	t.held = true;
	o = open_to(&t, NULL, false, 0);
	put(o, 0);
	taker_tried(&t, 1);
	taker_hold(&t, false);
	assert_int_equal(outlet_close(o), 1);
	assert_int_equal(outlet_close(NULL), 0);
}

static void outcome_of_a_request(void **state)
{
	char dir[] = "/tmp/outletXXXXXX", path[64];
	struct taker t;
	struct outlet *o;

	(void)state;
	assert_non_null(mkdtemp(dir));
	taker_init(&t);
	for (int run = 0; run < 2; run++) {
		o = open_to(&t, dir, false, 7);
		assert_int_equal(outlet_has_request(o, HASH), run == 1);
		outlet_put_request(o, HASH, AL_S("refused"));
		assert_true(outlet_has_request(o, HASH));
		outlet_put_request(o, HASH, AL_S("refused"));
		assert_int_equal(outlet_next(o), 7);
		assert_int_equal(outlet_close(o), 0);
	}
	assert_string_equal(t.got, "refused ");
	(void)snprintf(path, sizeof(path), "%s/exec.told", dir);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rmdir(dir), 0);
}

static void memory_there_and_back(void **state)
{
	struct outlet_memory m = { .next = 42 }, again;
	struct al_buf text;
	char hash[OUTLET_REQUEST_LEN];

	(void)state;
	for (unsigned i = 0; i < OUTLET_ASKED_MAX + 2; i++) {
		(void)snprintf(hash, sizeof(hash), "%064u", i);
		outlet_memory_add(&m, hash);
	}
	al_buf_init(&text, 16384);
	outlet_memory_put(&m, LOG, MNT, &text);
	assert_true(outlet_memory_read(&again, al_buf_view(&text), LOG, MNT));
	assert_int_equal(again.next, 42);
	assert_int_equal(again.count, OUTLET_ASKED_MAX);
	assert_true(outlet_memory_has(&again, hash));
	(void)snprintf(hash, sizeof(hash), "%064u", 1u);
	assert_false(outlet_memory_has(&again, hash)); /* the oldest two went */
	assert_false(outlet_memory_read(&again, al_buf_view(&text), LOG, "OTHER-MNT"));
	assert_false(outlet_memory_read(&again, al_buf_view(&text), "registry.other/log", MNT));
	al_buf_release(&text);
}

static void memory_that_is_none(void **state)
{
	static const char *const bad[] = {
		"",
		"next = 3\n",
		"log = " LOG "\nmnt = " MNT "\n",
		"log = " LOG "\nmnt = " MNT "\nnext = -1\n",
		"log = " LOG "\nmnt = " MNT "\nnext = 3x\n",
		"log = " LOG "\nmnt = " MNT "\nnext = 9223372036854775808\n",
		"log = " LOG "\nmnt = " MNT "\nnext = 3\nsurplus = 1\n",
		"log = " LOG "\nmnt = " MNT "\nnext = 3\nno pair\n",
		"log = " LOG "\nmnt = " MNT "\nnext = 3\nrequest = " HASH "0\n",
	};
	struct outlet_memory m = { .next = 7 };

	(void)state;
	for (size_t i = 0; i < AL_COUNT(bad); i++)
		assert_false(outlet_memory_read(&m, al_slice_str(bad[i]), LOG, MNT));
	assert_int_equal(m.next, 7);
	assert_true(outlet_memory_read(&m, AL_S("log = " LOG "\nmnt = " MNT "\nnext = 3\n"), LOG, MNT));
	assert_int_equal(m.next, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(in_order_and_none_twice),
		cmocka_unit_test(until_it_is_taken),
		cmocka_unit_test(once),
		cmocka_unit_test(passed_over_and_again),
		cmocka_unit_test(room_is_waited_for),
		cmocka_unit_test(closing_does_not_hang),
		cmocka_unit_test(outcome_of_a_request),
		cmocka_unit_test(memory_there_and_back),
		cmocka_unit_test(memory_that_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
