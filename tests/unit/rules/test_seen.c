/* SPDX-License-Identifier: MIT */
/*
 * test_seen.c -- many hashes go in and are found again; others are not; neighbours in the table do not hide each other.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "seen.h"

#define MANY 20000u

/* Not spread at all: the table has to do it. */
static const uint8_t *hash_of(uint32_t number, uint8_t hash[static AL_HASH_LEN])
{
	memset(hash, 0, AL_HASH_LEN);
	memcpy(hash, &number, sizeof(number));
	return hash;
}

static void test_add_find(void **state)
{
	uint8_t hash[AL_HASH_LEN];
	struct seen seen;
	uint64_t index;

	(void)state;
	seen_init(&seen);
	assert_false(seen_find(&seen, hash_of(7, hash), &index));
	for (uint32_t i = 0; i < MANY; i++)
		assert_int_equal(seen_add(&seen, hash_of(i, hash), i * 3), AL_OK);
	assert_true(seen.count == MANY && seen.size >= MANY / 3 * 4);
	for (uint32_t i = 0; i < MANY; i++) {
		assert_true(seen_find(&seen, hash_of(i, hash), &index));
		assert_int_equal(index, i * 3);
		assert_false(seen_find(&seen, hash_of(i + MANY, hash), &index));
	}
	seen_release(&seen);
	assert_false(seen_find(&seen, hash_of(7, hash), &index));
	assert_int_equal(seen_add(&seen, hash_of(7, hash), 0), AL_OK);
	assert_true(seen_find(&seen, hash_of(7, hash), &index) && index == 0);
	seen_release(&seen);
}

static void test_last_bytes_count(void **state)
{
	uint8_t one[AL_HASH_LEN] = { 1 }, two[AL_HASH_LEN] = { 1 };
	struct seen seen;
	uint64_t index;

	(void)state;
	two[AL_HASH_LEN - 1] = 1;
	seen_init(&seen);
	assert_int_equal(seen_add(&seen, one, 10), AL_OK);
	assert_false(seen_find(&seen, two, &index));
	assert_int_equal(seen_add(&seen, two, 20), AL_OK);
	assert_true(seen_find(&seen, one, &index) && index == 10);
	assert_true(seen_find(&seen, two, &index) && index == 20);
	seen_release(&seen);
}

/* What lies where is not to be known from outside: each table has a secret of its own. */
static void test_secrets_differ(void **state)
{
	struct seen one, two;

	(void)state;
	seen_init(&one);
	seen_init(&two);
	assert_true(one.secret != two.secret && one.secret != 0 && two.secret != 0);
	seen_release(&one);
	seen_release(&two);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_add_find),
		cmocka_unit_test(test_last_bytes_count),
		cmocka_unit_test(test_secrets_differ),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
