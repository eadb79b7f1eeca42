/* SPDX-License-Identifier: MIT */
/*
 * test_update_readers.c -- old snapshots stay as they were for whoever reads them.
 */
#include "update_texts.h"

static void a_reader_keeps_its_snapshot(void **state)
{
	static const uint8_t query[] = "\x12\x34\0\0\0\1\0\0\0\0\0\0\1a\5alamo\0\0\1\0\1";
	static uint8_t before[ANSWER_TCP_MAX], after[ANSWER_TCP_MAX];
	const struct zone_set *set;
	struct fixture f;
	size_t len;

	(void)state;
	fixture_start(&f, registry, NULL);
	fixture_put(&f, DOMAIN_A);
	fixture_build(&f);
	set = publish_enter(f.publish, 1);
	len = answer_query(set, query, sizeof(query) - 1, &(struct client){ .tcp = true }, before);
	fixture_put(&f, DOMAIN_A "delete: test\n");
	fixture_apply(&f);
	fixture_put(&f, "domain: b.alamo\nrecord: @ A 10.0.0.2\nmnt-by: A-MNT\nsource: TEST\n");
	fixture_apply(&f);
	/* A new plan: everything is built anew beside it. */
	fixture_build(&f);
	assert_int_equal(answer_query(set, query, sizeof(query) - 1, &(struct client){ .tcp = true }, after), len);
	assert_memory_equal(before, after, len);
	assert_int_equal(after[3] & 15, RCODE_NOERROR);
	publish_leave(f.publish, 1);
	builder_reclaim(f.builder);
	set = publish_enter(f.publish, 1);
	(void)answer_query(set, query, sizeof(query) - 1, &(struct client){ .tcp = true }, after);
	assert_int_equal(after[3] & 15, RCODE_NXDOMAIN);
	publish_leave(f.publish, 1);
	fixture_stop(&f);
}

/* A slow reader holds what it reads, not all that came after it; and what it reads stays as it was. */
static void one_reader_holds_one_snapshot(void **state)
{
	char *before, *after, text[128];
	ldns_rr_list *zone;
	const struct zone_set *set;
	struct fixture f;
	size_t idle;

	(void)state;
	fixture_start(&f, registry, NULL);
	for (unsigned i = 0; i < 20; i++) {
		(void)snprintf(text, sizeof(text),
			       "domain: n%u.alamo\nrecord: @ A 10.0.0.1\nmnt-by: A-MNT\nsource: TEST\n", i);
		fixture_put(&f, text);
	}
	fixture_build(&f);
	idle = builder_snapshots(f.builder);
	for (unsigned round = 0; round < 3; round++) {
		set = publish_enter(f.publish, 1);
		zone = dump_set(set, "alamo", false);
		before = dump_text(zone);
		ldns_rr_list_deep_free(zone);
		for (unsigned i = 0; i < 60; i++) {
			(void)snprintf(text, sizeof(text),
				       "domain: n%u.alamo\nrecord: @ A 10.0.%u.%u\nmnt-by: A-MNT\nsource: TEST\n%s",
				       i % 25, round, i, i % 3 == 0 ? "delete: x\n" : "");
			fixture_put(&f, text);
			fixture_apply(&f);
		}
		assert_in_range(builder_snapshots(f.builder), idle + 1, 2 * idle);
		zone = dump_set(set, "alamo", false);
		after = dump_text(zone);
		ldns_rr_list_deep_free(zone);
		assert_string_equal(before, after);
		publish_leave(f.publish, 1);
		free(before);
		free(after);
		builder_reclaim(f.builder);
		assert_int_equal(builder_snapshots(f.builder), idle);
	}
	fixture_stop(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_reader_keeps_its_snapshot),
		cmocka_unit_test(one_reader_holds_one_snapshot),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
