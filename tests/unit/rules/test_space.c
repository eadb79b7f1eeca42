/* SPDX-License-Identifier: MIT */
/* The free-space index: lowest free block, nesting, release, against brute force. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "space.h"

static struct al_prefix prefix(const char *text)
{
	struct al_prefix p;

	assert_int_equal(al_prefix_parse(al_slice_str(text), &p), AL_OK);
	return p;
}

static void assert_next(struct space *space, const char *pool, unsigned len, const char *want)
{
	struct al_prefix p = prefix(pool), got;
	char text[AL_PREFIX_STRLEN] = "none";

	if (space_find(space, &p, len, &got) == AL_OK)
		al_prefix_format(&got, text);
	assert_string_equal(text, want);
}

static void take(struct space *space, const char *text)
{
	struct al_prefix p = prefix(text);

	assert_int_equal(space_take(space, &p), AL_OK);
}

static void release(struct space *space, const char *text)
{
	struct al_prefix p = prefix(text);

	space_release(space, &p);
}

static void blocks(void **state)
{
	struct space *space;

	(void)state;
	assert_int_equal(space_new(&space), AL_OK);
	assert_next(space, "fca1:100::/24", 48, "fca1:100::/48");
	take(space, "fca1::/16");
	take(space, "fca1:100::/24");
	assert_next(space, "fca1:100::/24", 48, "fca1:100::/48");
	take(space, "fca1:100::/48");
	assert_next(space, "fca1:100::/24", 48, "fca1:100:1::/48");
	take(space, "fca1:100:1::/48");
	assert_next(space, "fca1:100::/24", 48, "fca1:100:2::/48");
	assert_next(space, "fca1:100::/24", 44, "fca1:100:10::/44");
	assert_next(space, "fca1:100::/48", 56, "fca1:100::/56");
	take(space, "fca1:100::/56");
	assert_next(space, "fca1:100::/48", 56, "fca1:100:0:100::/56");
	release(space, "fca1:100::/48");
	/* A block that another still lies in is not free. */
	assert_next(space, "fca1:100::/24", 48, "fca1:100:2::/48");
	release(space, "fca1:100::/56");
	assert_next(space, "fca1:100::/24", 48, "fca1:100::/48");
	assert_next(space, "fca1:100::/24", 24, "none");
	assert_next(space, "fca1:100::/24", 129, "none");
	space_free(space);
}

static void full_pool(void **state)
{
	struct space *space;
	struct al_prefix pool = prefix("10.0.0.0/24"), got;

	(void)state;
	assert_int_equal(space_new(&space), AL_OK);
	for (int i = 0; i < 8; i++) {
		assert_int_equal(space_find(space, &pool, 27, &got), AL_OK);
		assert_int_equal(got.addr[3], i * 32);
		assert_int_equal(space_take(space, &got), AL_OK);
	}
	assert_int_equal(space_find(space, &pool, 27, &got), AL_ENOTFOUND);
	release(space, "10.0.0.96/27");
	assert_int_equal(space_find(space, &pool, 27, &got), AL_OK);
	assert_int_equal(got.addr[3], 96);
	assert_int_equal(space_find(space, &pool, 26, &got), AL_ENOTFOUND);
	space_free(space);
}

/* Below what was never asked about it goes on at the pool's start, whatever is taken elsewhere. */
static void deeper_than_known(void **state)
{
	struct space *space;

	(void)state;
	assert_int_equal(space_new(&space), AL_OK);
	take(space, "0.0.0.0/1");
	take(space, "172.28.0.0/24");
	assert_next(space, "172.28.0.0/15", 26, "172.28.1.0/26");
	space_free(space);
}

static struct al_object *block_make(const char *text)
{
	struct al_build build = { .raw = al_slice_str(text), .source = AL_S("TEST"), .time = 1 };
	struct al_object *out;
	bool deletes;

	assert_int_equal(al_object_build(&build, NULL, &out, &deletes), AL_OK);
	return out;
}

/* A space that watches no state counts for nobody, and knows what is taken. */
static void changes_that_nobody_counts(void **state)
{
	struct al_object *block = block_make("inet6num: fca1:100::/48\nnetname: X-NET\nmnt-by: X-MNT\nsource: TEST\n");
	struct space *space;

	(void)state;
	assert_int_equal(space_new(&space), AL_OK);
	assert_int_equal(space_change(space, NULL, block), AL_OK);
	assert_next(space, "fca1:100::/24", 48, "fca1:100:1::/48");
	space_free(space);
	al_object_unref(block);
}

static void asns(void **state)
{
	static bool taken[5000];
	struct space *space;
	uint32_t got, seed = 7;

	(void)state;
	assert_int_equal(space_new(&space), AL_OK);
	for (int round = 0; round < 20000; round++) {
		uint32_t at, first, last, want;

		seed = seed * 1664525u + 1013904223u;
		at = (seed >> 8) % 5000;
		taken[at] = !taken[at];
		if (taken[at])
			assert_int_equal(space_take_asn(space, 4252660000u + at), AL_OK);
		else
			space_release_asn(space, 4252660000u + at);
		first = (seed >> 5) % 4000;
		last = first + (seed >> 20) % 60;
		for (want = first; want <= last && taken[want]; want++)
			;
		if (space_find_asn(space, 4252660000u + first, 4252660000u + last, &got) == AL_OK)
			assert_int_equal(got, 4252660000u + want);
		else
			assert_true(want > last);
	}
	assert_int_equal(space_find_asn(space, 0, UINT32_MAX, &got), AL_OK);
	assert_int_equal(got, 0);
	assert_int_equal(space_find_asn(space, UINT32_MAX, UINT32_MAX, &got), AL_OK);
	assert_int_equal(got, UINT32_MAX);
	space_free(space);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(blocks), cmocka_unit_test(full_pool),
					    cmocka_unit_test(deeper_than_known),
					    cmocka_unit_test(changes_that_nobody_counts), cmocka_unit_test(asns) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
