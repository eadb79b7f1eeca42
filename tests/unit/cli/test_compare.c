/* SPDX-License-Identifier: MIT */
/* test_compare.c -- dn42's rule beside ours, a route at a time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "dn42_rules.h"
#include "roa/compare.h"

#define ROUTE(prefix, origin, more) "route: " prefix "\norigin: " origin "\nmnt-by: A-MNT\n" more "source: DN42\n\n"

/* One route: which kind it is, and both maxLengths. */
static const struct {
	const char *route;
	enum compare_kind kind;
	uint8_t here, there;
} cases[] = {
	{ ROUTE("172.20.1.0/29", "AS1", ""), COMPARE_SAME, 29, 29 },
	{ ROUTE("172.20.1.0/24", "AS1", ""), COMPARE_TIGHTER, 24, 29 },
	{ ROUTE("172.20.1.0/24", "AS1", "max-length: 27\n"), COMPARE_SAME, 27, 27 },
	/* Outside of MINLEN .. MAXLEN it does not count there. */
	{ ROUTE("172.20.1.0/24", "AS1", "max-length: 30\n"), COMPARE_LOOSER, 30, 29 },
	{ ROUTE("172.20.0.0/16", "AS1", "max-length: 20\n"), COMPARE_TIGHTER, 20, 29 },
	{ ROUTE("172.20.0.0/16", "AS1", "max-length: 21\n"), COMPARE_SAME, 21, 21 },
	{ ROUTE("172.20.1.0/30", "AS1", ""), COMPARE_NEW, 30, 0 },
	{ ROUTE("172.22.166.0/24", "AS1", ""), COMPARE_NEW, 24, 0 },
	{ ROUTE("192.0.2.0/24", "AS1", ""), COMPARE_NEW, 24, 0 },
	/* An AS0 record replaces what it covers, here. */
	{ ROUTE("172.20.1.0/29", "AS1", "") ROUTE("172.20.1.0/24", "AS0", "max-length: 29\n"), COMPARE_GONE, 29, 29 },
	{ ROUTE("192.0.2.0/25", "AS1", "") ROUTE("192.0.2.0/24", "AS0", "max-length: 25\n"), COMPARE_NEITHER, 25, 0 },
	/* The same route twice is one. */
	{ ROUTE("172.20.1.0/29", "AS1", "") ROUTE("172.20.1.0/29", "AS1", ""), COMPARE_SAME, 29, 29 },
};

static void compare_of(const char *text, const struct dn42_filter *filter, struct import *import, struct compare *out)
{
	import_init(import);
	assert_int_equal(import_read(import, al_slice_str(text), AL_S("DN42")), AL_OK);
	assert_int_equal(compare_run(import, filter, out), AL_OK);
}

static void test_each_kind(void **state)
{
	struct dn42_filter filter;
	struct compare compare;
	struct import import;

	(void)state;
	filter_of(rules, &filter);
	for (size_t i = 0; i < AL_COUNT(cases); i++) {
		const struct compare_row *row;

		compare_of(cases[i].route, &filter, &import, &compare);
		row = &compare.rows[0];
		assert_int_equal(row->kind, cases[i].kind);
		assert_int_equal(row->here.max, cases[i].here);
		if (cases[i].there != 0)
			assert_int_equal(row->there.max, cases[i].there);
		compare_release(&compare);
		import_release(&import);
	}
	dn42_filter_release(&filter);
}

static void test_every_maintainer_has_his_share(void **state)
{
	static const char text[] =
		"route: 172.20.1.0/24\norigin: AS1\norigin: AS2\nmnt-by: B-MNT, A-MNT\nsource: DN42\n\n"
		"route6: fd42::/48\norigin: AS1\nmnt-by: B-MNT\nmax-length: 64\nsource: DN42\n\n"
		"route: 192.0.2.1/24\norigin: AS1\nmnt-by: B-MNT\nsource: DN42\n";
	struct dn42_filter filter;
	struct compare compare;
	struct import import;
	struct al_buf out;
	size_t at = 0;

	(void)state;
	filter_of(rules, &filter);
	compare_of(text, &filter, &import, &compare);
	assert_int_equal(compare.count, 3);
	assert_int_equal(compare.unread, 1);
	assert_int_equal(compare.counts[COMPARE_TIGHTER], 2);
	assert_int_equal(compare.share_count, 4);
	al_buf_init(&out, 4096);
	compare_member(&compare, &at, &out);
	assert_true(al_slice_is(
		al_buf_view(&out),
		"A-MNT\n"
		"  tighter  172.20.1.0/24 AS1: up to /29 there, up to /24 here; `max-length: 29` keeps it as it is\n"
		"  tighter  172.20.1.0/24 AS2: up to /29 there, up to /24 here; `max-length: 29` keeps it as it is\n"));
	assert_int_equal(at, 2);
	al_buf_reset(&out);
	compare_unread(&import, &out);
	assert_true(al_slice_starts(al_buf_view(&out), "\nunread: routes that are none here\n  192.0.2.1/24: "));
	al_buf_release(&out);
	compare_release(&compare);
	import_release(&import);
	dn42_filter_release(&filter);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_kind),
		cmocka_unit_test(test_every_maintainer_has_his_share),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
