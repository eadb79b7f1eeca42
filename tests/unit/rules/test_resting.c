/* SPDX-License-Identifier: MIT */
/*
 * test_resting.c -- what rests, by number and by block: found, taken back,
 * due in order, against a plain list.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>

#include "resting.h"

#define MANY 3000u

static struct al_object *object_make(const char *text, uint64_t time)
{
	struct al_build build = { .raw = al_slice_str(text), .source = AL_S("TEST"), .time = time };
	struct al_object *out;
	bool deletes;

	assert_int_equal(al_object_build(&build, NULL, &out, &deletes), AL_OK);
	return out;
}

static struct al_object *number_make(unsigned asn, uint64_t time)
{
	char text[200];

	(void)snprintf(text, sizeof(text), "aut-num: AS%u\nas-name: REST-AS\nmnt-by: X-MNT\nsource: TEST\n", asn);
	return object_make(text, time);
}

static struct al_object *block_make(const char *prefix, uint64_t time)
{
	char text[200];

	(void)snprintf(text, sizeof(text), "inet6num: %s\nnetname: REST-NET\nmnt-by: X-MNT\nsource: TEST\n", prefix);
	return object_make(text, time);
}

static void test_blocks_that_touch(void **state)
{
	struct al_object *small = block_make("fca1:100:1::/48", 10), *other = block_make("fca1:100:2::/48", 11);
	struct al_object *inside = block_make("fca1:100:1:5::/64", 0), *around = block_make("fca1:100::/40", 0);
	struct al_object *beside = block_make("fca1:100:3::/48", 0);
	struct resting resting;

	(void)state;
	resting_init(&resting);
	assert_null(resting_touching(&resting, small));
	assert_int_equal(resting_add(&resting, small), AL_OK);
	assert_int_equal(resting_add(&resting, other), AL_OK);
	assert_ptr_equal(resting_touching(&resting, small), small);
	assert_ptr_equal(resting_touching(&resting, inside), small);
	assert_ptr_equal(resting_touching(&resting, around), small);
	assert_null(resting_touching(&resting, beside));
	resting_drop(&resting, small);
	assert_null(resting_touching(&resting, inside));
	assert_ptr_equal(resting_touching(&resting, around), other);
	resting_release(&resting);
	al_object_unref(small);
	al_object_unref(other);
	al_object_unref(inside);
	al_object_unref(around);
	al_object_unref(beside);
}

/* A number is 32 bits: where one byte alone differs, it is another. */
static void test_numbers_alike(void **state)
{
	static const unsigned numbers[] = { 4252660110u, 4252660127u, 4252655758u, 4251677070u, 3967447438u };
	struct al_object *objects[AL_COUNT(numbers)];
	struct resting resting;

	(void)state;
	resting_init(&resting);
	for (size_t i = 0; i < AL_COUNT(numbers); i++) {
		objects[i] = number_make(numbers[i], i);
		assert_null(resting_touching(&resting, objects[i]));
		assert_int_equal(resting_add(&resting, objects[i]), AL_OK);
	}
	for (size_t i = 0; i < AL_COUNT(numbers); i++)
		assert_ptr_equal(resting_touching(&resting, objects[i]), objects[i]);
	resting_drop(&resting, objects[0]);
	for (size_t i = 0; i < AL_COUNT(numbers); i++)
		assert_ptr_equal(resting_touching(&resting, objects[i]), i > 0 ? objects[i] : NULL);
	resting_release(&resting);
	for (size_t i = 0; i < AL_COUNT(numbers); i++)
		al_object_unref(objects[i]);
}

/* One in three comes back early; the array is moved over many times. */
static void test_due_in_order(void **state)
{
	static struct al_object *numbers[MANY];
	struct resting resting;
	unsigned next = 0;

	(void)state;
	resting_init(&resting);
	resting.rest_s = 100;
	for (unsigned i = 0; i < MANY; i++) {
		const struct al_object *due;

		numbers[i] = number_make(64512 + i, i);
		assert_int_equal(resting_add(&resting, numbers[i]), AL_OK);
		if (i % 3 == 0)
			resting_drop(&resting, numbers[i]);
		while ((due = resting_due(&resting, i)) != NULL) {
			next += next % 3 == 0;
			assert_ptr_equal(due, numbers[next]);
			assert_null(resting_touching(&resting, due));
			next++;
		}
		for (unsigned k = next; k <= i; k += 7)
			assert_ptr_equal(resting_touching(&resting, numbers[k]), k % 3 == 0 ? NULL : numbers[k]);
	}
	assert_in_range(next, MANY - 102, MANY - 99);
	assert_true(resting.cap < 1024);
	resting_release(&resting);
	for (unsigned i = 0; i < MANY; i++)
		al_object_unref(numbers[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_blocks_that_touch),
		cmocka_unit_test(test_numbers_alike),
		cmocka_unit_test(test_due_in_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
