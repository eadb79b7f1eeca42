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

static struct al_object *object_make(const char *text, uint64_t time)
{
	struct al_build build = { .raw = al_slice_str(text), .source = AL_S("TEST"), .time = time };
	struct al_object *out;
	bool deletes;

	assert_int_equal(al_object_build(&build, NULL, &out, &deletes), AL_OK);
	return out;
}

static struct al_object *block_make(const char *text)
{
	return object_make(text, 1);
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

/* The whole of a space, down to a single address, up to the last one; and what was never taken is not given back. */
static void from_end_to_end(void **state)
{
	struct space *space;

	(void)state;
	assert_int_equal(space_new(&space), AL_OK);
	assert_next(space, "0.0.0.0/0", 1, "0.0.0.0/1");
	assert_next(space, "10.0.0.0/24", 32, "10.0.0.0/32");
	assert_next(space, "10.0.0.0/24", 33, "none");
	assert_next(space, "10.0.0.0/24", 25, "10.0.0.0/25");
	assert_next(space, "10.0.0.0/24", 24, "none");
	assert_next(space, "10.0.0.0/24", 23, "none");
	take(space, "::/128");
	assert_next(space, "::/0", 1, "8000::/1");
	assert_next(space, "::/0", 128, "::1/128");
	assert_next(space, "::/127", 128, "::1/128");
	take(space, "::1/128");
	assert_next(space, "::/127", 128, "none");
	assert_next(space, "::/0", 128, "::2/128");
	take(space, "8000::/1");
	assert_next(space, "::/0", 1, "none");
	assert_next(space, "::/0", 2, "4000::/2");
	take(space, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128");
	release(space, "::/127");
	release(space, "::2/128");
	release(space, "::/0");
	assert_next(space, "::/0", 128, "::2/128");
	assert_next(space, "::/127", 128, "none");
	release(space, "::/128");
	release(space, "::1/128");
	assert_next(space, "::/0", 2, "::/2");
	release(space, "8000::/1");
	assert_next(space, "::/0", 1, "::/1");
	take(space, "::/1");
	assert_next(space, "::/0", 1, "none");
	release(space, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128");
	assert_next(space, "::/0", 1, "8000::/1");
	space_free(space);
	space_free(NULL);
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

static void change(struct space *space, struct al_object **old, const char *text, uint64_t time)
{
	struct al_object *now = object_make(text, time);

	assert_int_equal(space_change(space, *old, now), AL_OK);
	if (*old != NULL)
		al_object_unref(*old);
	*old = now;
}

#define REGISTRY "registry: TEST\ntld: test\nroot-server: a ::1\nmnt-by: X-MNT\nsource: TEST\n"
#define BLOCK "netname: X-NET\nmnt-by: X-MNT\nsource: TEST\n"

/* Which of five blocks AUTO picks from, by the edition in force, whichever was in force before. */
static void editions(void **state)
{
	static const char *const blocks[] = {
		"inet6num: fca1:100::/24\npolicy: open\n" BLOCK,
		"inet6num: fca1:200::/24\npolicy: open\nassign-auto: yes\n" BLOCK,
		"inet6num: fca1:300::/24\npolicy: vouch\nassign-auto: yes\n" BLOCK,
		"inet6num: fca1:400::/24\npolicy: vouch\n" BLOCK,
		"inet6num: fca1:500::/24\npolicy: ask\nassign-auto: yes\n" BLOCK,
	};
	static const struct {
		const char *registry;
		const char *feed; /* the second byte of each */
		bool own;         /* comes first */
	} rows[] = {
		{ REGISTRY, "12", false },       { "edition: 3\n", "23", true }, { "edition: 2\n", "2", false },
		{ "edition: 1\n", "12", false }, { "edition: 4\n", "23", true }, { REGISTRY, "12", false },
		{ "edition: 0\n", "12", false },
	};
	struct al_object *registry = NULL, *pools[AL_COUNT(blocks)] = { NULL }, *number = NULL;
	struct space *space;

	(void)state;
	assert_int_equal(space_new(&space), AL_OK);
	change(space, &registry, REGISTRY "quarantine: 30\n", 1);
	for (size_t i = 0; i < AL_COUNT(blocks); i++)
		change(space, &pools[i], blocks[i], 1);
	change(space, &number, "aut-num: AS64512\nas-name: X-AS\nmnt-by: X-MNT\nsource: TEST\n", 1);
	change(space, &number, "aut-num: AS64512\nas-name: X-AS\nmnt-by: X-MNT\nsource: TEST\ndelete: x\n", 1);
	for (size_t i = 0; i < AL_COUNT(rows); i++) {
		char text[400] = REGISTRY, feed[10] = "";
		const struct al_prefix *items;
		size_t count, place = 0;
		uint64_t work = 0;

		if (strcmp(rows[i].registry, REGISTRY) != 0)
			strcat(text, rows[i].registry);
		strcat(text, "quarantine: 30\n");
		change(space, &registry, text, 1);
		items = space_pools(space, &count);
		for (size_t k = 0; k < count && k < sizeof(feed) - 1; k++)
			feed[k] = (char)('0' + items[k].addr[2]);
		for (size_t k = 0; k < AL_COUNT(blocks); k++)
			assert_int_equal(space_feeds(space, pools[k]), strchr(rows[i].feed, (int)('1' + k)) != NULL);
		assert_string_equal(feed, rows[i].feed);
		assert_int_equal(space_own(space, AL_S("X-MNT"), &place, &work) != NULL, rows[i].own);
	}
	for (size_t i = 0; i < AL_COUNT(blocks); i++)
		al_object_unref(pools[i]);
	al_object_unref(registry);
	al_object_unref(number);
	space_free(space);
}

/* A pool whose block goes, or is closed, is none; one that comes back is one again. */
static void pools_come_and_go(void **state)
{
	struct al_object *block = NULL;
	struct space *space;
	size_t count;

	(void)state;
	assert_int_equal(space_new(&space), AL_OK);
	change(space, &block, "inet6num: fca1:100::/24\npolicy: open\n" BLOCK, 1);
	(void)space_pools(space, &count);
	assert_int_equal(count, 1);
	change(space, &block, "inet6num: fca1:100::/24\npolicy: closed\n" BLOCK, 1);
	(void)space_pools(space, &count);
	assert_int_equal(count, 0);
	change(space, &block, "inet6num: fca1:100::/24\npolicy: open\n" BLOCK, 1);
	change(space, &block, "inet6num: fca1:100::/24\npolicy: open\n" BLOCK "delete: x\n", 1);
	(void)space_pools(space, &count);
	assert_int_equal(count, 0);
	al_object_unref(block);
	space_free(space);
}

/* What is returned is free when it has rested, to the second, by the time of the log or of a question; without quarantine, at once. */
static void rest_to_the_second(void **state)
{
	static const uint64_t rest = 30 * UINT64_C(86400);
	struct al_object *registry = NULL, *block = NULL, *number = NULL;
	struct space *space;
	uint32_t asn;

	(void)state;
	assert_int_equal(space_new(&space), AL_OK);
	change(space, &registry, REGISTRY "quarantine: 30\n", 1000);
	assert_int_equal(space_time(space), 1000);
	change(space, &block, "inet6num: fca1:100::/48\n" BLOCK, 1000);
	change(space, &number, "aut-num: AS64512\nas-name: X-AS\nmnt-by: X-MNT\nsource: TEST\n", 1000);
	change(space, &block, "inet6num: fca1:100::/48\n" BLOCK "delete: x\n", 1001);
	change(space, &number, "aut-num: AS64512\nas-name: X-AS\nmnt-by: X-MNT\nsource: TEST\ndelete: x\n", 1002);
	assert_ptr_equal(space_resting(space, block), block);
	assert_ptr_equal(space_resting(space, number), number);
	assert_next(space, "fca1:100::/24", 48, "fca1:100:1::/48");
	space_advance(space, 1000 + rest);
	assert_next(space, "fca1:100::/24", 48, "fca1:100:1::/48");
	space_advance(space, 1001 + rest);
	assert_next(space, "fca1:100::/24", 48, "fca1:100::/48");
	assert_null(space_resting(space, block));
	assert_int_equal(space_find_asn(space, 64512, 64512, &asn), AL_ENOTFOUND);
	space_advance(space, 500);
	assert_int_equal(space_time(space), 1001 + rest);
	space_advance(space, 1002 + rest);
	assert_int_equal(space_find_asn(space, 64512, 64512, &asn), AL_OK);
	/* One that returned before has rested meanwhile: by the second on which it had, it is free at once. */
	change(space, &block, "inet6num: fca1:100::/48\n" BLOCK, 1003 + rest);
	space_advance(space, 2000 + 2 * rest);
	change(space, &block, "inet6num: fca1:100::/48\n" BLOCK "delete: x\n", 2000 + rest);
	assert_null(space_resting(space, block));
	assert_next(space, "fca1:100::/24", 48, "fca1:100::/48");
	change(space, &block, "inet6num: fca1:100::/48\n" BLOCK, 2000 + rest);
	change(space, &block, "inet6num: fca1:100::/48\n" BLOCK "delete: x\n", 2001 + rest);
	assert_ptr_equal(space_resting(space, block), block);
	/* Taken back, and returned where nothing rests any more. */
	change(space, &block, "inet6num: fca1:100::/48\n" BLOCK, 2001 + rest);
	assert_null(space_resting(space, block));
	assert_next(space, "fca1:100::/24", 48, "fca1:100:1::/48");
	change(space, &registry, REGISTRY, 2000 + 2 * rest);
	change(space, &block, "inet6num: fca1:100::/48\n" BLOCK "delete: x\n", 2000 + 2 * rest);
	assert_null(space_resting(space, block));
	assert_next(space, "fca1:100::/24", 48, "fca1:100::/48");
	al_object_unref(registry);
	al_object_unref(block);
	al_object_unref(number);
	space_free(space);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(blocks),
		cmocka_unit_test(full_pool),
		cmocka_unit_test(deeper_than_known),
		cmocka_unit_test(changes_that_nobody_counts),
		cmocka_unit_test(asns),
		cmocka_unit_test(from_end_to_end),
		cmocka_unit_test(editions),
		cmocka_unit_test(pools_come_and_go),
		cmocka_unit_test(rest_to_the_second),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
