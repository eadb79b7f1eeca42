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

static struct al_object *number_of(unsigned asn, uint64_t time, const char *mntners)
{
	char text[200];

	(void)snprintf(text, sizeof(text), "aut-num: AS%u\nas-name: REST-AS\nmnt-by: %s\nsource: TEST\n", asn, mntners);
	return object_make(text, time);
}

static struct al_object *number_make(unsigned asn, uint64_t time)
{
	return number_of(asn, time, "X-MNT");
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

/* What does not rest is not taken back, nor what was taken back before. */
static void test_taken_back_once(void **state)
{
	struct al_object *number = number_make(64512, 10), *other = number_make(64513, 10);
	struct al_object *block = block_make("fca1:100::/48", 10), *inside = block_make("fca1:100::/64", 10);
	struct resting resting;

	(void)state;
	resting_init(&resting);
	assert_false(resting_drop(&resting, number));
	assert_int_equal(resting_add(&resting, number), AL_OK);
	assert_int_equal(resting_add(&resting, block), AL_OK);
	assert_false(resting_drop(&resting, other));
	assert_false(resting_drop(&resting, inside));
	assert_true(resting_drop(&resting, number));
	assert_false(resting_drop(&resting, number));
	assert_true(resting_drop(&resting, block));
	assert_null(resting_due(&resting, UINT64_MAX / 2));
	resting_release(&resting);
	al_object_unref(number);
	al_object_unref(other);
	al_object_unref(block);
	al_object_unref(inside);
}

/* To the second. And of several that touch, the one that came first, wherever it lies. */
static void test_the_oldest_and_its_end(void **state)
{
	struct al_object *high = block_make("fca1:100:2::/48", 10), *low = block_make("fca1:100:1::/48", 20);
	struct al_object *wide = block_make("fca1:100::/40", 30), *around = block_make("fca1:100::/32", 0);
	struct resting resting;

	(void)state;
	resting_init(&resting);
	resting.rest_s = 100;
	assert_int_equal(resting_add(&resting, high), AL_OK);
	assert_int_equal(resting_add(&resting, low), AL_OK);
	assert_int_equal(resting_add(&resting, wide), AL_OK);
	assert_ptr_equal(resting_touching(&resting, around), high);
	assert_ptr_equal(resting_touching(&resting, low), low);
	assert_null(resting_due(&resting, 109));
	assert_ptr_equal(resting_due(&resting, 110), high);
	assert_null(resting_due(&resting, 110));
	assert_ptr_equal(resting_touching(&resting, around), low);
	assert_ptr_equal(resting_touching(&resting, high), wide);
	resting_release(&resting);
	al_object_unref(high);
	al_object_unref(low);
	al_object_unref(wide);
	al_object_unref(around);
}

/* The array is moved when it is full and more than half of it is over, so that each is moved twice at the most. */
static void test_moved_by_halves(void **state)
{
	static const struct {
		size_t count, over, cap, gone;
	} rows[] = {
		{ 10, 9, 16, 0 }, { 15, 15, 16, 0 }, { 16, 0, 32, 0 },   { 16, 1, 32, 0 },
		{ 16, 8, 32, 0 }, { 16, 9, 16, 9 },  { 16, 16, 16, 16 }, { 32, 16, 64, 0 },
	};

	(void)state;
	for (size_t i = 0; i < AL_COUNT(rows); i++) {
		struct al_object *numbers[33];
		struct resting resting;

		resting_init(&resting);
		for (size_t k = 0; k <= rows[i].count; k++) {
			numbers[k] = number_make(64512 + (unsigned)k, k);
			for (size_t due = 0; k == rows[i].count && due < rows[i].over; due++)
				assert_ptr_equal(resting_due(&resting, rows[i].over - 1), numbers[due]);
			assert_int_equal(resting_add(&resting, numbers[k]), AL_OK);
		}
		assert_int_equal(resting.cap, rows[i].cap);
		assert_int_equal(resting.gone, rows[i].gone);
		assert_int_equal(resting.count, rows[i].count + 1 - rows[i].gone);
		for (size_t k = 0; k <= rows[i].count; k++)
			assert_ptr_equal(resting_touching(&resting, numbers[k]), k < rows[i].over ? NULL : numbers[k]);
		resting_release(&resting);
		for (size_t k = 0; k <= rows[i].count; k++)
			al_object_unref(numbers[k]);
	}
}

/* The numbers that rest of one maintainer, newest first, as offsets; and how many steps that took. */
static const char *of(const struct resting *resting, const char *mntner, uint64_t *work)
{
	static char out[400];
	const struct al_object *last;
	size_t place = 0, at = 0;
	uint32_t asn;

	out[0] = '\0';
	*work = 0;
	while ((last = resting_of(resting, al_slice_str(mntner), &place, work)) != NULL) {
		assert_int_equal(al_object_asn(last, &asn), AL_OK);
		at += (size_t)snprintf(out + at, sizeof(out) - at, "%u ", asn - 64512);
	}
	return out;
}

/* Each maintainer's, the first that it names, without what is over or was taken back; whatever lies between, and moved or not. */
static void test_ones_own_newest_first(void **state)
{
	static const char *const mntners[] = { "X-MNT", "Y-MNT, X-MNT", "X-MNT, Y-MNT", "X-MNT", "Y-MNT" };
	struct al_object *numbers[40];
	struct resting resting;
	uint64_t work;

	(void)state;
	resting_init(&resting);
	assert_string_equal(of(&resting, "X-MNT", &work), "");
	for (unsigned i = 0; i < AL_COUNT(numbers); i++)
		numbers[i] = number_of(64512 + i, i, i < AL_COUNT(mntners) ? mntners[i] : "Z-MNT");
	for (unsigned i = 0; i < AL_COUNT(mntners); i++)
		assert_int_equal(resting_add(&resting, numbers[i]), AL_OK);
	assert_string_equal(of(&resting, "X-MNT", &work), "3 2 0 ");
	assert_int_equal(work, 3);
	assert_string_equal(of(&resting, "Y-MNT", &work), "4 1 ");
	assert_string_equal(of(&resting, "Y-MN", &work), "");
	assert_int_equal(work, 0);
	assert_true(resting_drop(&resting, numbers[2]));
	assert_string_equal(of(&resting, "X-MNT", &work), "3 0 ");
	assert_int_equal(work, 3); /* it passes what was taken back */
	assert_ptr_equal(resting_due(&resting, 0), numbers[0]);
	assert_string_equal(of(&resting, "X-MNT", &work), "3 ");
	assert_int_equal(work, 2);
	for (unsigned i = AL_COUNT(mntners); i < AL_COUNT(numbers); i++) {
		assert_int_equal(resting_add(&resting, numbers[i]), AL_OK);
		if (i == 12) /* so that what comes behind the 16th moves the others */
			for (unsigned k = 1; k < 10; k += k == 1 ? 2 : 1)
				assert_ptr_equal(resting_due(&resting, 9), numbers[k]);
	}
	assert_int_equal(resting.gone, 10);
	assert_string_equal(of(&resting, "X-MNT", &work), "");
	assert_int_equal(work, 0);
	assert_true(resting_drop(&resting, numbers[38]));
	for (unsigned i = 10; i < 36; i++)
		assert_ptr_equal(resting_due(&resting, 35), numbers[i]);
	assert_string_equal(of(&resting, "Z-MNT", &work), "39 37 36 ");
	assert_int_equal(work, 4);
	resting_release(&resting);
	for (unsigned i = 0; i < AL_COUNT(numbers); i++)
		al_object_unref(numbers[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_blocks_that_touch),      cmocka_unit_test(test_numbers_alike),
		cmocka_unit_test(test_due_in_order),           cmocka_unit_test(test_taken_back_once),
		cmocka_unit_test(test_the_oldest_and_its_end), cmocka_unit_test(test_moved_by_halves),
		cmocka_unit_test(test_ones_own_newest_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
