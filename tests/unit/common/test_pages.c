/* SPDX-License-Identifier: MIT */
/* test_pages.c -- memory in large pages: where it lies, how much it is, and what is too much. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "alamo/base/pages.h"

#define LARGE ((size_t)2 << 20)

/* From the size of a large page on, a table begins with one, and is theirs to the last byte. */
static void tables_begin_with_a_large_page(void **state)
{
	static const size_t sizes[] = { LARGE, LARGE + 1, 3 * LARGE - 1, 5 * LARGE };

	(void)state;
	for (size_t i = 0; i < AL_COUNT(sizes); i++) {
		uint8_t *table = al_large_alloc(sizes[i], 1);

		assert_non_null(table);
		assert_int_equal((uintptr_t)table % LARGE, 0);
		memset(table, 0xa5, sizes[i]);
		free(table);
	}
}

/* Memory that was another's before as well. */
static void all_of_it_is_zero(void **state)
{
	static const size_t counts[] = { 1, 1000, LARGE / 8 - 1, LARGE / 8 + 1 };
	static const uint64_t zero[LARGE / 8 + 1];

	(void)state;
	for (size_t i = 0; i < 2 * AL_COUNT(counts); i++) {
		size_t count = counts[i / 2];
		uint64_t *table = al_large_calloc(count, sizeof(*table));

		assert_non_null(table);
		assert_memory_equal(table, zero, count * sizeof(*table));
		memset(table, 0xff, count * sizeof(*table));
		free(table);
	}
}

static void too_many_are_none(void **state)
{
	(void)state;
	assert_null(al_large_alloc(SIZE_MAX / 8 + 1, 8));
	assert_null(al_large_alloc(SIZE_MAX, 1));
	assert_null(al_large_calloc(SIZE_MAX - LARGE + 1, 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tables_begin_with_a_large_page),
		cmocka_unit_test(all_of_it_is_zero),
		cmocka_unit_test(too_many_are_none),
	};

	return cmocka_run_group_tests_name("pages", tests, NULL, NULL);
}
