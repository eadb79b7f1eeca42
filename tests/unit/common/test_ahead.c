/* SPDX-License-Identifier: MIT */
/*
 * test_ahead.c -- what threads did comes back in the order in which it went in; the owner helps when much waits, waits for what is
 * due, and has everything again after a stop.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#include "alamo/base/ahead.h"

#define MANY 5000u
#define HELD 0u /* its work goes on until the gate is open */

struct thing {
	struct al_ahead_item item;
	unsigned number;
	atomic_uint worked; /* how often */
	bool by_owner;
};

struct rig {
	struct al_ahead *ahead;
	struct thing things[MANY];
	unsigned put;
	pthread_t owner;
	atomic_bool open; /* the gate */
	atomic_uint readies;
};

static void on_work(void *arg, struct al_ahead_item *item)
{
	struct thing *thing = (struct thing *)item;
	struct rig *rig = arg;

	while (thing->number == HELD && !atomic_load(&rig->open))
		sched_yield();
	thing->by_owner = pthread_equal(pthread_self(), rig->owner);
	atomic_fetch_add(&thing->worked, 1);
}

static void on_ready(void *arg)
{
	struct rig *rig = arg;

	atomic_fetch_add(&rig->readies, 1);
}

static const struct al_ahead_ops ops = { .name = "test", .work = on_work, .ready = on_ready, .most = 10 };
static const struct al_ahead_ops roomy = { .name = "test", .work = on_work, .ready = on_ready, .most = MANY };

static struct rig *rig_begin(unsigned threads, const struct al_ahead_ops *with, bool open)
{
	static struct rig rig;

	rig = (struct rig){ .owner = pthread_self(), .open = open };
	assert_int_equal(al_ahead_new(threads, with, &rig, &rig.ahead), AL_OK);
	return &rig;
}

static void put(struct rig *rig, size_t weight)
{
	struct thing *thing = &rig->things[rig->put];

	thing->number = rig->put++;
	al_ahead_put(rig->ahead, &thing->item, weight);
}

static const struct thing *took(struct al_ahead_item *item, unsigned number)
{
	const struct thing *thing = (const struct thing *)item;

	assert_non_null(item);
	assert_int_equal(thing->number, number);
	return thing;
}

static void test_order(void **state)
{
	static const unsigned numbers[] = { 1, 3, 8, 1000 };

	(void)state;
	for (size_t i = 0; i < AL_COUNT(numbers); i++) {
		struct rig *rig = rig_begin(numbers[i], &ops, true);

		while (rig->put < MANY)
			put(rig, 1);
		for (unsigned n = 0; n < MANY; n++)
			assert_int_equal(took(al_ahead_wait(rig->ahead), n)->worked, 1);
		assert_null(al_ahead_wait(rig->ahead));
		assert_true(rig->readies > 0);
		al_ahead_free(rig->ahead);
	}
}

static void test_the_owner_alone(void **state)
{
	struct rig *rig = rig_begin(0, &roomy, true);

	(void)state;
	for (unsigned n = 0; n < 3; n++)
		put(rig, 1);
	assert_null(al_ahead_take(rig->ahead));
	for (unsigned n = 0; n < 3; n++)
		assert_true(took(al_ahead_wait(rig->ahead), n)->by_owner);
	assert_null(al_ahead_wait(rig->ahead));
	assert_null(al_ahead_take(rig->ahead));
	al_ahead_free(rig->ahead);
}

/* Ten may wait; of what is heavier than that alone, nothing does. */
static void test_who_floods_works(void **state)
{
	struct rig *rig = rig_begin(0, &ops, true);

	(void)state;
	for (unsigned n = 0; n < 10; n++)
		put(rig, 1);
	assert_null(al_ahead_take(rig->ahead));
	put(rig, 1);
	assert_int_equal(took(al_ahead_take(rig->ahead), 0)->worked, 1);
	assert_null(al_ahead_take(rig->ahead));
	put(rig, 11);
	for (unsigned n = 1; n < 12; n++)
		assert_int_equal(took(al_ahead_take(rig->ahead), n)->worked, 1);
	for (unsigned n = 12; n < 22; n++)
		put(rig, 1);
	assert_null(al_ahead_take(rig->ahead)); /* nothing is left of what waited before */
	for (unsigned n = 12; n < 22; n++)
		took(al_ahead_wait(rig->ahead), n);
	al_ahead_free(rig->ahead);
}

/* The second is done while somebody has the first in hand: neither is to be had, and nobody is told. */
static void test_what_is_due_comes_first(void **state)
{
	struct rig *rig = rig_begin(2, &roomy, false);

	(void)state;
	put(rig, 1);
	put(rig, 1);
	while (atomic_load(&rig->things[1].worked) == 0)
		sched_yield();
	assert_null(al_ahead_take(rig->ahead));
	assert_int_equal(rig->readies, 0);
	atomic_store(&rig->open, true);
	assert_false(took(al_ahead_wait(rig->ahead), 0)->by_owner);
	took(al_ahead_wait(rig->ahead), 1);
	assert_true(rig->readies > 0);
	al_ahead_free(rig->ahead);
}

/* Whoever is through with everything sleeps, once the lock is to be had. */
static void test_who_sleeps_is_woken(void **state)
{
	struct rig *rig = rig_begin(1, &roomy, true);

	(void)state;
	for (unsigned n = 0; n < 10; n++) {
		struct al_ahead_item *item;

		put(rig, 1);
		while ((item = al_ahead_take(rig->ahead)) == NULL)
			sched_yield();
		assert_false(took(item, n)->by_owner);
	}
	al_ahead_free(rig->ahead);
}

static void test_all_comes_back_after_a_stop(void **state)
{
	struct rig *rig = rig_begin(0, &roomy, true);

	(void)state;
	for (unsigned n = 0; n < 5; n++)
		put(rig, 2);
	took(al_ahead_wait(rig->ahead), 0);
	al_ahead_stop(rig->ahead);
	rig->readies = 0;
	for (unsigned n = 1; n < 5; n++)
		assert_int_equal(took(n % 2 ? al_ahead_take(rig->ahead) : al_ahead_wait(rig->ahead), n)->worked, 0);
	assert_null(al_ahead_take(rig->ahead));
	assert_int_equal(rig->readies, 0);
	al_ahead_free(rig->ahead);
	al_ahead_free(NULL);
}

/* One core is the owner's, and there are no more than eight. */
static void test_a_good_number(void **state)
{
	static const struct {
		long cores;
		unsigned threads;
	} rows[] = { { -1, 1 }, { 1, 1 }, { 2, 1 }, { 3, 2 }, { 8, 7 }, { 9, 8 }, { 10, 8 }, { 200, 8 } };

	(void)state;
	for (size_t i = 0; i < AL_COUNT(rows); i++)
		assert_int_equal(al_ahead_threads(rows[i].cores), rows[i].threads);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_the_owner_alone),
		cmocka_unit_test(test_who_floods_works),
		cmocka_unit_test(test_what_is_due_comes_first),
		cmocka_unit_test(test_who_sleeps_is_woken),
		cmocka_unit_test(test_all_comes_back_after_a_stop),
		cmocka_unit_test(test_a_good_number),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
