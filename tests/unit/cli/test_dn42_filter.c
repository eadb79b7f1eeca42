/* SPDX-License-Identifier: MIT */
/* test_dn42_filter.c -- dn42's filter lines: which counts, and what is none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "dn42_rules.h"

static const struct dn42_rule *find(const struct dn42_filter *filter, const char *prefix)
{
	struct al_prefix p;

	assert_int_equal(al_prefix_parse(al_slice_str(prefix), &p), AL_OK);
	return dn42_filter_find(filter, &p);
}

static void test_the_smallest_number_counts(void **state)
{
	struct dn42_filter filter;

	(void)state;
	filter_of(rules, &filter);
	assert_int_equal(filter.count, 6);
	assert_int_equal(find(&filter, "172.22.166.128/25")->number, 1);
	assert_int_equal(find(&filter, "172.20.1.0/24")->number, 1100);
	assert_int_equal(find(&filter, "192.0.2.0/24")->number, 9999);
	assert_int_equal(find(&filter, "fd42::/48")->number, 1001);
	assert_false(find(&filter, "2001:db8::/32")->permit);
	/* By its first address, so a rule may lie within the route. */
	assert_int_equal(find(&filter, "10.0.0.0/7")->number, 2001);
	dn42_filter_release(&filter);
	/* Of equal numbers the first line. */
	filter_of("5 deny 10.0.0.0/8 0 32\n5 permit 10.0.0.0/8 0 32\n", &filter);
	assert_false(find(&filter, "10.0.0.0/24")->permit);
	assert_null(find(&filter, "fd00::/8"));
	assert_true(dn42_filter_has(&filter, 32));
	assert_false(dn42_filter_has(&filter, 128));
	dn42_filter_release(&filter);
}

static void test_what_is_no_rule_is_refused_with_its_line(void **state)
{
	static const char *const bad[] = {
		"1 permit 10.0.0.0/8 15",         /* too short */
		"1 permit 10.0.0.0/8 15 24 more", /* too long */
		"1 allow 10.0.0.0/8 15 24",       /* neither */
		"1 permit 10.0.0.1/8 15 24",      /* host bits */
		"1 permit 10.0.0.0/8 24 15",      /* upside down */
		"1 permit 10.0.0.0/8 15 33",      /* longer than an address */
		"1 permit fd00::/8 15 129",       "-1 permit 10.0.0.0/8 15 24", "4294967296 permit 10.0.0.0/8 15 24",
		"x permit 10.0.0.0/8 15 24",
	};
	struct dn42_filter filter = { .rules = NULL };
	char text[128];
	unsigned line;

	(void)state;
	for (size_t i = 0; i < AL_COUNT(bad); i++) {
		(void)snprintf(text, sizeof(text), "# head\n%s\n", bad[i]);
		assert_int_equal(dn42_filter_read(&filter, al_slice_str(text), &line), AL_EINVAL);
		assert_int_equal(line, 2);
		assert_int_equal(filter.count, 0);
	}
	dn42_filter_release(&filter);
}

static void test_the_rules_are_bounded(void **state)
{
	static const struct al_slice one = { "1 deny ::/0 0 0\n", 16 };
	struct dn42_filter filter = { .rules = NULL };
	unsigned line;

	(void)state;
	for (size_t i = 0; i < DN42_FILTER_MAX; i++)
		assert_int_equal(dn42_filter_read(&filter, one, &line), AL_OK);
	assert_int_equal(dn42_filter_read(&filter, one, &line), AL_ELIMIT);
	dn42_filter_release(&filter);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_smallest_number_counts),
		cmocka_unit_test(test_what_is_no_rule_is_refused_with_its_line),
		cmocka_unit_test(test_the_rules_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
