/* SPDX-License-Identifier: MIT */
/*
 * test_pools.c -- a set of blocks stays in address order, each once, whatever comes and goes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "pools.h"

#define MANY 40u

static struct al_prefix block(unsigned number)
{
	return (struct al_prefix){ .addr = { 10, (uint8_t)number }, .len = 16, .bits = 32 };
}

static void set(struct pools *pools, unsigned number, bool in)
{
	const struct al_prefix prefix = block(number);

	assert_int_equal(pools_set(pools, &prefix, in), AL_OK);
}

/* Those whose place in `in` is true, in order. */
static void assert_pools(const struct pools *pools, const bool in[static MANY])
{
	size_t count = 0;

	for (unsigned i = 0; i < MANY; i++)
		if (in[i]) {
			const struct al_prefix want = block(i);

			assert_true(count < pools->count);
			assert_true(al_prefix_eq(&pools->items[count++], &want));
		}
	assert_int_equal(pools->count, count);
}

static void in_order_each_once(void **state)
{
	struct pools pools = { .items = NULL };
	bool in[MANY] = { false };

	(void)state;
	set(&pools, 3, false);
	assert_pools(&pools, in);
	for (unsigned i = 0; i < MANY; i++) { /* 7 and 40 have no factor in common */
		in[i * 7 % MANY] = true;
		set(&pools, i * 7 % MANY, true);
		set(&pools, i * 7 % MANY, true);
		assert_pools(&pools, in);
		assert_int_equal(pools.cap, i < 16 ? 16 : i < 32 ? 32 : 64);
	}
	for (unsigned i = 0; i < MANY; i++) {
		in[i * 11 % MANY] = false;
		set(&pools, i * 11 % MANY, false);
		set(&pools, i * 11 % MANY, false);
		assert_pools(&pools, in);
	}
	set(&pools, 5, true);
	pools_release(&pools);
	assert_int_equal(pools.count, 0);
	assert_int_equal(pools.cap, 0);
	assert_null(pools.items);
}

/* One that lies in another is another. */
static void blocks_in_blocks(void **state)
{
	struct al_prefix wide = block(1), narrow = wide;
	struct pools pools = { .items = NULL };

	(void)state;
	narrow.len = 24;
	assert_int_equal(pools_set(&pools, &narrow, true), AL_OK);
	assert_int_equal(pools_set(&pools, &wide, true), AL_OK);
	assert_int_equal(pools.count, 2);
	assert_int_equal(pools_set(&pools, &wide, false), AL_OK);
	assert_int_equal(pools.count, 1);
	assert_true(al_prefix_eq(&pools.items[0], &narrow));
	pools_release(&pools);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(in_order_each_once),
		cmocka_unit_test(blocks_in_blocks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
