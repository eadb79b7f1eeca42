/* SPDX-License-Identifier: MIT */
/*
 * test_log_ahead.c -- entries have their turn in the log's order, each with what was made of it; after one that is refused none has, and
 * nothing that was made is lost.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "log/log_ahead.h"

#define MANY 3000u
#define NOTHING 7u /* of every so many entries nothing is made */

struct rig {
	struct log_read read;
	uint64_t given;   /* the next entry's index */
	uint64_t refused; /* the entry that is */
	uint64_t kept;    /* every so many entries take what was made; 0: none */
};

static atomic_uint made, unmade;

static uint64_t number_of(struct al_slice bytes)
{
	uint64_t number;

	assert_int_equal(bytes.len, sizeof(number));
	memcpy(&number, bytes.ptr, sizeof(number));
	return number;
}

static void *make(const struct log_read *read, struct al_slice bytes)
{
	uint64_t number = number_of(bytes), *out = number % NOTHING == 0 ? NULL : malloc(sizeof(*out));

	assert_string_equal(read->ns, "registry@test");
	if (out == NULL)
		return NULL;
	*out = number * 3;
	atomic_fetch_add(&made, 1);
	return out;
}

static void unmake(void *what)
{
	free(what);
	atomic_fetch_add(&unmade, 1);
}

static enum al_err entry(void *arg, uint64_t index, struct al_slice bytes)
{
	struct rig *rig = arg;

	assert_int_equal(index, rig->given);
	assert_int_equal(number_of(bytes), index);
	if (index % NOTHING == 0)
		assert_null(rig->read.made);
	else
		assert_int_equal(*(uint64_t *)rig->read.made, index * 3);
	if (rig->kept != 0 && index % rig->kept == 0 && rig->read.made != NULL) {
		unmake(rig->read.made);
		rig->read.made = NULL;
	}
	rig->given++;
	return index == rig->refused ? AL_EVERIFY : AL_OK;
}

static struct log_ahead *begin(struct rig *rig, uint64_t refused, uint64_t kept)
{
	struct log_ahead *ahead = NULL;

	*rig = (struct rig){ .refused = refused, .kept = kept };
	rig->read = (struct log_read){
		.ahead = make, .unmade = unmake, .entry = entry, .arg = rig, .ns = "registry@test"
	};
	made = unmade = 0;
	assert_int_equal(log_ahead_new(&rig->read, &ahead), AL_OK);
	return ahead;
}

static enum al_err put(struct log_ahead *ahead, uint64_t number)
{
	return log_ahead_put(ahead, number, al_slice_of((const char *)&number, sizeof(number)));
}

static void test_in_order(void **state)
{
	struct rig rig;
	struct log_ahead *ahead = begin(&rig, UINT64_MAX, 5);

	(void)state;
	for (uint64_t i = 0; i < MANY; i++) {
		assert_int_equal(put(ahead, i), AL_OK);
		if (i % 1000 != 999)
			continue;
		assert_int_equal(log_ahead_settle(ahead), AL_OK); /* a head: all of it had its turn */
		assert_int_equal(rig.given, i + 1);
	}
	log_ahead_free(ahead);
	assert_int_equal(made, MANY - (MANY + NOTHING - 1) / NOTHING);
	assert_int_equal(unmade, made);
}

static void test_one_is_refused(void **state)
{
	struct rig rig;
	struct log_ahead *ahead = begin(&rig, 10, 0);

	(void)state;
	for (uint64_t i = 0; i < 100; i++)
		(void)put(ahead, i);
	assert_int_equal(log_ahead_settle(ahead), AL_EVERIFY);
	assert_int_equal(rig.given, 11);
	assert_int_equal(put(ahead, 100), AL_EVERIFY);
	assert_int_equal(log_ahead_settle(ahead), AL_EVERIFY);
	log_ahead_free(ahead);
	assert_int_equal(rig.given, 11);
	assert_int_equal(unmade, made);
}

/* The reading ends before a head came for them. */
static void test_what_has_no_turn(void **state)
{
	struct rig rig;
	struct log_ahead *ahead = begin(&rig, UINT64_MAX, 0);
	uint64_t given;

	(void)state;
	for (uint64_t i = 0; i < 500; i++)
		assert_int_equal(put(ahead, i), AL_OK);
	given = rig.given;
	log_ahead_free(ahead);
	assert_int_equal(rig.given, given);
	assert_int_equal(unmade, made);
	log_ahead_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_in_order),
		cmocka_unit_test(test_one_is_refused),
		cmocka_unit_test(test_what_has_no_turn),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
