/* SPDX-License-Identifier: MIT */
/*
 * test_engine_any.c -- what is the same for all engines: how long a commit is waited for, and how a row of the queue is
 * taken.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>
#include <time.h>

#include "ledger/engine.h"

struct slow {
	struct engine engine;
	unsigned asked, known; /* commit() knows it from that question on */
	enum al_err err;       /* then */
};

static unsigned pauses;

/* Nobody else in this program sleeps. */
int nanosleep(const struct timespec *wanted, struct timespec *left)
{
	(void)wanted;
	(void)left;
	pauses++;
	return 0;
}

static enum al_err slow_commit(struct engine *engine)
{
	struct slow *slow = (struct slow *)engine;

	return ++slow->asked >= slow->known ? slow->err : AL_EAGAIN;
}

static void test_commit_soon(void **state)
{
	static const struct engine_ops ops = { .commit = slow_commit };
	static const struct {
		unsigned known;
		enum al_err err, result;
		unsigned asked;
	} rows[] = {
		{ 1, AL_OK, AL_OK, 1 },   { 1, AL_ESTALE, AL_ESTALE, 1 }, { 3, AL_OK, AL_OK, 3 },
		{ 3, AL_EIO, AL_EIO, 3 }, { 301, AL_OK, AL_OK, 301 },     { 302, AL_OK, AL_EIO, 301 },
	};

	(void)state;
	for (size_t i = 0; i < AL_COUNT(rows); i++) {
		struct slow slow = { .engine.ops = &ops, .known = rows[i].known, .err = rows[i].err };

		pauses = 0;
		assert_int_equal(engine_commit_soon(&slow.engine), rows[i].result);
		assert_int_equal(slow.asked, rows[i].asked);
		assert_int_equal(pauses, rows[i].asked - 1);
	}
}

static void test_queued(void **state)
{
	char label[LEDGER_LABEL_MAX + 1], hash[AL_HASH_LEN];
	struct ledger_queued row;

	(void)state;
	memset(label, 'l', sizeof(label));
	memset(hash, 0x9c, sizeof(hash));
	engine_queued(&row, 7, 8, al_slice_of(label, LEDGER_LABEL_MAX), al_slice_of(hash, sizeof(hash)));
	assert_int_equal(row.id, 7);
	assert_int_equal(row.time, 8);
	assert_int_equal(strlen(row.label), LEDGER_LABEL_MAX - 1);
	assert_memory_equal(row.hash, hash, sizeof(hash));
	engine_queued(&row, 7, 8, AL_S("x"), al_slice_of(hash, sizeof(hash) - 1)); /* a damaged store's */
	assert_string_equal(row.label, "x");
	assert_int_equal(row.hash[0], 0);
	assert_int_equal(row.hash[AL_HASH_LEN - 2], 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_commit_soon), cmocka_unit_test(test_queued) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
