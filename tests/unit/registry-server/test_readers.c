/* SPDX-License-Identifier: MIT */
/*
 * test_readers.c -- requests come back read, in the order in which they went in, with several threads and far too many
 * of them at once; what waits behind them comes in its turn; nothing is lost when the readers end first.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "../locks.h"
#include "../said.h"
#include "../threads.h"

#include "request/readers.h"

#define MANY 2000u
#define NS AL_S("registry@test")

struct rig {
	struct al_loop *loop;
	struct readers *readers;
	unsigned put, back, behind;
	unsigned after_at; /* `back` when the function behind was called */
	unsigned closed;   /* came back unread */
	uint8_t seed[32];
};

static int setup(void **state)
{
	static struct rig rig;

	rig = (struct rig){ .put = 0 };
	memset(rig.seed, 7, sizeof(rig.seed));
	*state = &rig;
	if (sodium_init() < 0 || al_loop_new(&rig.loop) != AL_OK)
		return -1;
	return readers_new(rig.loop, 3, NS, &rig.readers) == AL_OK ? 0 : -1;
}

static int teardown(void **state)
{
	struct rig *rig = *state;

	readers_free(rig->readers);
	al_loop_free(rig->loop);
	return 0;
}

static void on_done(void *arg, struct decision *d, enum al_err err)
{
	struct rig *rig = arg;
	char name[32];

	if (err == AL_OK) {
		/* In order, and each with its own result: every third one is signed, every fifth one no request. */
		(void)snprintf(name, sizeof(name), "r-%u", rig->back);
		assert_int_equal(d->decoded, rig->back % 5 != 0);
		assert_int_equal(d->key_count, d->decoded && rig->back % 3 == 0);
		if (d->decoded)
			assert_true(al_slice_is(d->request.name, name));
	} else {
		assert_int_equal(err, AL_ECLOSED);
		assert_false(d->key_count > 1);
		rig->closed++;
	}
	decision_free(d);
	if (++rig->back == rig->put && rig->behind == 0)
		al_loop_stop(rig->loop);
}

static void on_after(void *arg)
{
	struct rig *rig = arg;

	rig->after_at = rig->back;
	if (--rig->behind == 0 && rig->back == rig->put)
		al_loop_stop(rig->loop);
}

static void text_make(const struct rig *rig, unsigned number, size_t padding, struct al_buf *text)
{
	al_buf_init(text, AL_REQUEST_MAX);
	if (number % 5 != 0)
		al_buf_printf(text, "request: r-%u\nprev: none\n", number);
	al_buf_str(text, "\nas-set: AS-X\n");
	for (size_t i = 0; i < padding; i++)
		al_buf_str(text, "remarks: a line that makes the request larger\n");
	if (number % 3 == 0)
		al_sshsig_sign(rig->seed, NS, al_buf_view(text), text);
	assert_int_equal(text->err, AL_OK);
}

static void text_put(struct rig *rig, const struct al_buf *text)
{
	struct decision *d = decision_new();

	assert_non_null(d);
	assert_int_equal(readers_put(rig->readers, d, al_buf_view(text), on_done, rig), AL_OK);
	rig->put++;
}

static void put(struct rig *rig, size_t padding)
{
	struct al_buf text;

	text_make(rig, rig->put, padding, &text);
	text_put(rig, &text);
	al_buf_release(&text);
}

static void test_order(void **state)
{
	struct rig *rig = *state;

	assert_false(readers_after(rig->readers, on_after, rig)); /* nothing to wait for */
	for (unsigned i = 0; i < MANY; i++)
		put(rig, 0);
	al_loop_run(rig->loop);
	assert_int_equal(rig->back, MANY);
	assert_int_equal(rig->closed, 0);
	assert_false(readers_after(rig->readers, on_after, rig));
}

static void test_behind(void **state)
{
	struct rig *rig = *state;

	for (unsigned i = 0; i < 100; i++)
		put(rig, 0);
	rig->behind = 1;
	assert_true(readers_after(rig->readers, on_after, rig));
	for (unsigned i = 0; i < 100; i++)
		put(rig, 0);
	al_loop_run(rig->loop);
	assert_int_equal(rig->after_at, 100);
	assert_int_equal(rig->back, 200);
}

/* 40 KB each, and put in faster than three threads can read: the caller has to help. */
static void test_flood(void **state)
{
	static struct al_buf texts[600];
	struct rig *rig = *state;

	for (unsigned i = 0; i < AL_COUNT(texts); i++)
		text_make(rig, i, 850, &texts[i]);
	for (unsigned i = 0; i < AL_COUNT(texts); i++)
		text_put(rig, &texts[i]);
	al_loop_run(rig->loop);
	assert_int_equal(rig->back, AL_COUNT(texts));
	for (unsigned i = 0; i < AL_COUNT(texts); i++)
		al_buf_release(&texts[i]);
}

static void test_end(void **state)
{
	struct rig *rig = *state;

	for (unsigned i = 0; i < MANY; i++)
		put(rig, 0);
	rig->behind = 1;
	assert_true(readers_after(rig->readers, on_after, rig));
	readers_free(rig->readers);
	rig->readers = NULL;
	assert_int_equal(rig->back, MANY);
	assert_int_equal(rig->closed, MANY);
	assert_int_equal(rig->after_at, MANY);
}

/* Whatever number is asked for: there are as many as there may be, and they work. */
static void test_any_number_of_threads(void **state)
{
	static const unsigned numbers[] = { 1, 8, 9, 1000 };
	struct rig *rig = *state;

	for (size_t i = 0; i < AL_COUNT(numbers); i++) {
		readers_free(rig->readers);
		assert_int_equal(readers_new(rig->loop, numbers[i], NS, &rig->readers), AL_OK);
		rig->put = rig->back = 0;
		for (unsigned k = 0; k < 100; k++)
			put(rig, 0);
		al_loop_run(rig->loop);
		assert_int_equal(rig->back, 100);
	}
	assert_int_equal(rig->closed, 0);
}

/* A machine that has no more threads: those that were made end again, and there are no readers. */
static void test_without_threads(void **state)
{
	struct readers *readers = NULL;
	struct al_loop *loop;
	struct said said;
	enum al_err err;

	(void)state;
	assert_int_equal(al_loop_new(&loop), AL_OK);
	for (unsigned made = 0; made < 3; made++) {
		said_begin(&said);
		threads_left = (int)made;
		err = readers_new(loop, 3, NS, &readers);
		threads_left = -1;
		(void)said_end(&said);
		assert_int_equal(err, AL_ESYS);
		assert_null(readers);
		assert_non_null(strstr(said.text, "error alamo event=thread-create name=reader errno=11\n"));
	}
	al_loop_free(loop);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_order, setup, teardown),
		cmocka_unit_test_setup_teardown(test_behind, setup, teardown),
		cmocka_unit_test_setup_teardown(test_flood, setup, teardown),
		cmocka_unit_test_setup_teardown(test_end, setup, teardown),
		cmocka_unit_test_setup_teardown(test_any_number_of_threads, setup, teardown),
		cmocka_unit_test(test_without_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
