/* SPDX-License-Identifier: MIT */
/*
 * test_allot.c -- the next number and the next block, of blocks in blocks and of one pool after another.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "allot.h"

struct world {
	struct al_state *state;
	struct space *space;
};

static void follow(void *arg, const struct al_object *old, const struct al_object *now)
{
	assert_int_equal(space_change(((struct world *)arg)->space, old, now), AL_OK);
}

static struct world begin(void)
{
	struct world w;

	assert_int_equal(al_state_new(&w.state), AL_OK);
	assert_int_equal(space_new(&w.space), AL_OK);
	return w;
}

static void end(struct world *w)
{
	space_free(w->space);
	al_state_free(w->state);
}

static void put(struct world *w, const char *text)
{
	struct al_build build = { .index = al_state_size(w->state), .time = 1 };
	struct al_object *object;
	char whole[400];
	bool deletes;

	(void)snprintf(whole, sizeof(whole), "%s\nmnt-by: X-MNT\nsource: TEST\n", text);
	build.raw = al_slice_str(whole);
	assert_int_equal(al_object_build(&build, NULL, &object, &deletes), AL_OK);
	al_state_observe(w->state, follow, w);
	assert_int_equal(al_state_put(w->state, &object, 1, 1), AL_OK);
	al_object_unref(object);
}

#define OPEN "\npolicy: open"
#define CLOSED "\npolicy: closed"

static void the_next_number(void **state)
{
	static const struct {
		const char *blocks[5];
		uint32_t first, last; /* taken; 0: none is */
		uint32_t next;        /* 0: none */
	} rows[] = {
		{ { "AS100-AS199" OPEN }, 0, 0, 100 },
		{ { "AS100-AS199" OPEN }, 100, 101, 102 },
		{ { "AS100-AS199" OPEN }, 100, 198, 199 },
		{ { "AS100-AS199" OPEN }, 100, 199, 0 },
		{ { "AS100-AS199" CLOSED }, 0, 0, 0 },
		{ { NULL }, 0, 0, 0 },
		{ { "AS300-AS399" OPEN, "AS100-AS199" OPEN }, 0, 0, 100 },
		{ { "AS100-AS199" OPEN, "AS300-AS399" OPEN }, 0, 0, 100 },
		{ { "AS100-AS199" OPEN, "AS300-AS399" OPEN }, 100, 199, 300 },
		{ { "AS100-AS199" CLOSED, "AS300-AS399" OPEN }, 0, 0, 300 },
		/* The smallest block around a number says what becomes of it. */
		{ { "AS100-AS199" OPEN, "AS100-AS109" CLOSED }, 0, 0, 110 },
		{ { "AS100-AS199" CLOSED, "AS100-AS109" OPEN }, 0, 0, 100 },
		{ { "AS100-AS199" CLOSED, "AS100-AS109" OPEN }, 100, 109, 0 },
		{ { "AS100-AS199" OPEN, "AS100-AS109" OPEN }, 0, 0, 100 },
		{ { "AS100-AS199" OPEN, "AS100-AS109" OPEN }, 100, 109, 110 },
		{ { "AS100-AS199" OPEN, "AS110-AS119" OPEN }, 100, 105, 106 },
		{ { "AS100-AS199" OPEN, "AS100-AS104" CLOSED, "AS105-AS109" CLOSED }, 0, 0, 110 },
		{ { "AS100-AS199" OPEN, "AS190-AS199" CLOSED }, 100, 189, 0 },
		{ { "AS100-AS199" OPEN, "AS190-AS199" CLOSED, "AS300-AS399" OPEN }, 100, 189, 300 },
		{ { "AS100-AS199" OPEN, "AS100-AS199" OPEN, "AS100-AS109" CLOSED, "AS102-AS105" OPEN }, 0, 0, 102 },
		/* Up to the last number there is. */
		{ { "AS4294967290-AS4294967295" OPEN, "AS4294967292-AS4294967295" CLOSED, "AS0-AS4294967295" CLOSED },
		  4294967290,
		  4294967291,
		  0 },
	};

	(void)state;
	for (size_t i = 0; i < AL_COUNT(rows); i++) {
		struct world w = begin();
		uint32_t asn = 0;
		char text[100];

		for (size_t k = 0; k < AL_COUNT(rows[i].blocks) && rows[i].blocks[k] != NULL; k++) {
			(void)snprintf(text, sizeof(text), "as-block: %s", rows[i].blocks[k]);
			put(&w, text);
		}
		for (uint32_t at = rows[i].first; at != 0 && at <= rows[i].last; at++)
			assert_int_equal(space_take_asn(w.space, at), AL_OK);
		assert_int_equal(allot_asn(w.state, w.space, &asn), rows[i].next != 0 ? AL_OK : AL_ENOTFOUND);
		if (asn != rows[i].next)
			fail_msg("row %zu: %u", i, asn);
		end(&w);
	}
}

static void the_next_block(void **state)
{
	static const struct {
		const char *blocks[6];
		unsigned bits, len;
		const char *next;
	} rows[] = {
		{ { "inet6num: fca1::/32" OPEN }, 128, 48, "fca1::/48" },
		{ { "inet6num: fca1::/32" OPEN }, 128, 33, "fca1::/33" },
		{ { "inet6num: fca1::/32" OPEN }, 128, 32, "none" },
		{ { "inet6num: fca1::/32" OPEN }, 128, 24, "none" },
		{ { "inet6num: fca1::/32" CLOSED }, 128, 48, "none" },
		{ { "inet6num: fca1::/32" OPEN }, 32, 24, "none" },
		{ { "inetnum: 10.0.0.0/16" OPEN }, 128, 24, "none" },
		{ { "inetnum: 10.0.0.0/16" OPEN, "inet6num: fca1::/16" OPEN }, 128, 24, "fca1::/24" },
		{ { "inet6num: fca1::/16" OPEN, "inetnum: 10.0.0.0/16" OPEN }, 32, 24, "10.0.0.0/24" },
		{ { "inet6num: fca2::/32" OPEN, "inet6num: fca1::/32" OPEN }, 128, 48, "fca1::/48" },
		{ { "inet6num: fca1::/47" OPEN, "inet6num: fca1::/48", "inet6num: fca1:0:1::/48" }, 128, 48, "none" },
		{ { "inet6num: fca1::/47" OPEN, "inet6num: fca1::/48", "inet6num: fca1:0:1::/48",
		    "inet6num: fca2::/32" OPEN },
		  128,
		  48,
		  "fca2::/48" },
		/* What a pool hands out. */
		{ { "inet6num: fca1::/32\nassign-len: 48" OPEN }, 128, 48, "fca1::/48" },
		{ { "inet6num: fca1::/32\nassign-len: 48" OPEN }, 128, 47, "none" },
		{ { "inet6num: fca1::/32\nassign-len: 48" OPEN }, 128, 49, "none" },
		{ { "inet6num: fca1::/32\nassign-len: 48\nassign-min: 44" OPEN }, 128, 44, "fca1::/44" },
		{ { "inet6num: fca1::/32\nassign-len: 48\nassign-min: 44" OPEN }, 128, 43, "none" },
		{ { "inet6num: fca1::/32\nassign-len: 48\nassign-max: 52" OPEN }, 128, 52, "fca1::/52" },
		{ { "inet6num: fca1::/32\nassign-len: 48\nassign-max: 52" OPEN }, 128, 53, "none" },
		{ { "inet6num: fca1::/32\nassign-len: 48" OPEN, "inet6num: fca2::/32" OPEN }, 128, 52, "fca2::/52" },
		/* Room to grow, as long as there is some. */
		{ { "inet6num: fca1::/32\nassign-step: 44" OPEN, "inet6num: fca1::/48" }, 128, 48, "fca1:0:10::/48" },
		{ { "inet6num: fca1::/43\nassign-step: 44" OPEN, "inet6num: fca1::/48", "inet6num: fca1:0:10::/48" },
		  128,
		  48,
		  "fca1:0:1::/48" },
		{ { "inet6num: fca1::/32\nassign-step: 48" OPEN, "inet6num: fca1::/48" }, 128, 48, "fca1:0:1::/48" },
		{ { "inet6num: fca1::/32\nassign-step: 52" OPEN, "inet6num: fca1::/52" }, 128, 48, "fca1:0:1::/48" },
		{ { "inet6num: fca1::/32\nassign-step: 32" OPEN, "inet6num: fca1::/48" }, 128, 48, "fca1:0:1::/48" },
		{ { "inet6num: fca1::/32\nassign-step: 24" OPEN, "inet6num: fca1::/48" }, 128, 48, "fca1:0:1::/48" },
		{ { "inet6num: fca1::/32\nassign-step: 33" OPEN, "inet6num: fca1::/48" }, 128, 48, "fca1:0:8000::/48" },
		{ { "inet6num: fca1::/32\nassign-step: 47" OPEN, "inet6num: fca1::/48" }, 128, 48, "fca1:0:2::/48" },
	};

	(void)state;
	for (size_t i = 0; i < AL_COUNT(rows); i++) {
		struct world w = begin();
		char text[200] = "none";
		struct al_prefix next;

		for (size_t k = 0; k < AL_COUNT(rows[i].blocks) && rows[i].blocks[k] != NULL; k++) {
			(void)snprintf(text, sizeof(text), "%s\nnetname: X-NET", rows[i].blocks[k]);
			put(&w, text);
		}
		(void)snprintf(text, sizeof(text), "none");
		if (allot_prefix(w.state, w.space, rows[i].bits, rows[i].len, &next) == AL_OK)
			al_prefix_format(&next, text);
		if (strcmp(text, rows[i].next) != 0)
			fail_msg("row %zu: %s", i, text);
		end(&w);
	}
}

/* As many pools as their array has room for: behind them there is none. */
static void behind_the_last_pool(void **state)
{
	struct world w = begin();
	struct al_prefix next;
	char text[100];

	(void)state;
	for (unsigned i = 0; i < 16; i++) {
		(void)snprintf(text, sizeof(text), "inetnum: 10.%u.0.0/16\nnetname: X-NET" OPEN, i);
		put(&w, text);
	}
	assert_int_equal(allot_prefix(w.state, w.space, 128, 48, &next), AL_ENOTFOUND);
	assert_int_equal(allot_prefix(w.state, w.space, 32, 24, &next), AL_OK);
	end(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_next_number),
		cmocka_unit_test(the_next_block),
		cmocka_unit_test(behind_the_last_pool),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
