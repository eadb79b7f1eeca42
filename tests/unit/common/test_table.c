/* SPDX-License-Identifier: MIT */
/*
 * test_table.c -- what is in a table is found, what is not is not, whatever came and went, under hashes
 * that collide as well.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdlib.h>

#include "alamo/base/table.h"

#define ITEMS 3000u
#define STEPS 20000u

struct item {
	unsigned key;
	bool in;
};

/* The lowest bits of the mask let hashes through: with none, all items have one home, the last slots' too. */
static uint64_t hash_of(const void *item, const void *arg)
{
	const uint64_t *mask = arg;

	return (((const struct item *)item)->key * UINT64_C(0x9e3779b97f4a7c15) & *mask) | ~*mask;
}

static bool is(const void *item, const void *key)
{
	return ((const struct item *)item)->key == *(const unsigned *)key;
}

static struct item *find(const struct al_table *table, unsigned key)
{
	const struct item probe = { .key = key };

	return al_table_find(table, hash_of(&probe, table->arg), is, &key);
}

static void compare(const struct al_table *table, const struct item *items, unsigned count)
{
	size_t at = 0, met = 0, in = 0;

	for (unsigned i = 0; i < count; i++) {
		assert_ptr_equal(find(table, i), items[i].in ? &items[i] : NULL);
		in += items[i].in;
	}
	assert_int_equal(table->count, in);
	for (const struct item *item; (item = al_table_next(table, &at)) != NULL; met++)
		assert_true(item->in);
	assert_int_equal(met, in);
}

static void comes_and_goes(uint64_t mask, unsigned count)
{
	struct item *items = calloc(count, sizeof(*items));
	struct al_table table;
	uint64_t dice = 42;

	assert_non_null(items);
	al_table_init(&table, hash_of, &mask);
	compare(&table, items, count);
	for (unsigned step = 0; step < STEPS; step++) {
		struct item *item;

		dice = dice * UINT64_C(6364136223846793005) + 1442695040888963407u;
		item = &items[(dice >> 33) % count];
		item->key = (unsigned)(item - items);
		if (item->in)
			al_table_remove(&table, item);
		else
			assert_int_equal(al_table_add(&table, item), AL_OK);
		item->in = !item->in;
		if (step % 1999 == 0)
			compare(&table, items, count);
	}
	compare(&table, items, count);
	al_table_release(&table);
	assert_int_equal(table.count, 0);
	assert_null(find(&table, 0));
	free(items);
}

static void finds_what_is_there(void **state)
{
	(void)state;
	comes_and_goes(UINT64_MAX, ITEMS);
}

static void finds_it_among_others_of_its_hash(void **state)
{
	(void)state;
	comes_and_goes(UINT64_C(3) << 62, 40);
	comes_and_goes(0, 20);
}

static void is_never_nearly_full(void **state)
{
	struct item *items = calloc(ITEMS, sizeof(*items));
	const uint64_t mask = UINT64_MAX;
	struct al_table table;

	(void)state;
	assert_non_null(items);
	al_table_init(&table, hash_of, &mask);
	for (unsigned i = 0; i < ITEMS; i++) {
		items[i] = (struct item){ i, true };
		assert_int_equal(al_table_add(&table, &items[i]), AL_OK);
		assert_true(table.count * 4 <= table.size * 3);
		assert_true(table.size <= 16 || table.count * 9 >= table.size * 4);
	}
	compare(&table, items, ITEMS);
	al_table_release(&table);
	free(items);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_what_is_there),
		cmocka_unit_test(finds_it_among_others_of_its_hash),
		cmocka_unit_test(is_never_nearly_full),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
