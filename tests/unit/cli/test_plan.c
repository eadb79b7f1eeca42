/* SPDX-License-Identifier: MIT */
/*
 * test_plan.c -- the shipped plans and the objects of a new member: they must
 * build under the schema.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "alamo/rpsl/object.h"
#include "alamo/rpsl/request.h"
#include "file.h"
#include "member/join.h"
#include "authority/plan.h"

#define KEY "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIIqI4910CfGV/VLbLTy6XXLKZwm/HZQSG/N0iAG0D29c"

static void expect_builds(struct al_slice raw, const char *source, const struct al_auto *autos, size_t count)
{
	struct al_build build = { .raw = raw, .source = al_slice_str(source), .autos = autos, .auto_count = count };
	struct al_object *object = NULL;
	struct al_report report;
	bool deletes;

	al_report_init(&report);
	if (al_object_build(&build, &report, &object, &deletes) != AL_OK)
		fail_msg("%.*s%s", AL_FMT(raw), report.count > 0 ? report.items[0].text : "?");
	al_object_unref(object);
	al_report_release(&report);
}

static void expect_plan(struct al_slice text, const char *source, const char *name)
{
	struct al_buf filled, out;
	struct al_request request;
	struct plan plan;
	struct plan_error why;
	size_t from = 0, objects = 0;
	unsigned number = 1;

	al_buf_init(&filled, 1u << 20);
	al_buf_init(&out, 1u << 17);
	plan_fill(text, AL_S(KEY), &filled);
	assert_null(memmem(filled.ptr, filled.len, PLAN_KEY_MARK, strlen(PLAN_KEY_MARK)));
	assert_int_equal(plan_parse(al_buf_view(&filled), &plan, &why), AL_OK);
	assert_string_equal(plan.name, name);
	assert_true(al_slice_starts(plan.draft.objects[0], "registry:"));
	assert_true(al_slice_starts(plan.draft.objects[1], "mntner:"));
	for (size_t i = 0; i < plan.draft.count; i++)
		expect_builds(plan.draft.objects[i], source, NULL, 0);
	while (plan_request(&plan, number++, &from, &out)) {
		al_request_init(&request);
		assert_int_equal(al_request_parse(al_buf_view(&out), &request, NULL), AL_OK);
		objects += request.object_count;
		al_request_release(&request);
		al_buf_reset(&out);
	}
	assert_int_equal(objects, plan.draft.count);
	plan_release(&plan);
	al_buf_release(&filled);
	al_buf_release(&out);
}

static void default_plan(void **state)
{
	(void)state;
	expect_plan(plan_default, "ALAMO", "alamo");
}

static void dn42_plan(void **state)
{
	struct al_buf text;

	(void)state;
	al_buf_init(&text, 1u << 20);
	assert_int_equal(file_read(TEST_DATA "/../deploy/plan/dn42.plan", &text), AL_OK);
	expect_plan(al_buf_view(&text), "DN42", "dn42");
	al_buf_release(&text);
}

static void order_in_the_file_does_not_matter(void **state)
{
	(void)state;
	expect_plan(AL_S("as-block: AS1-AS2\npolicy: open\nmnt-by: H-MNT\nsource: XNET\n\n"
			 "mntner: H-MNT\nauth: " PLAN_KEY_MARK "\nmnt-by: H-MNT\nsource: XNET\n\n"
			 "registry: XNET\ntld: x\nroot-server: a ::1\nmnt-by: H-MNT\nsource: XNET\n"),
		    "XNET", "xnet");
}

static void plans_that_are_none(void **state)
{
	static const struct {
		const char *text, *why;
		unsigned line;
	} table[] = {
		{ "", "no object", 0 },
		{ "mntner: H-MNT\n", "no registry object", 0 },
		{ "# x\n\nregistry: X\ntld: x\nmnt-by: H-MNT\n", "maintainer", 5 },
		{ "registry: X\nmnt-by: H-MNT\n", "no tld", 1 },
		{ "registry: X\n# y\ntld: ac me\nmnt-by: H-MNT\n\nmntner: H-MNT\n", "no domain name", 3 },
		{ "mntner: H-MNT\n\nregistry: ../X\ntld: x\nmnt-by: H-MNT\n", "registry's name", 3 },
	};
	struct plan plan;
	struct plan_error why;

	(void)state;
	for (size_t i = 0; i < AL_COUNT(table); i++) {
		assert_int_equal(plan_parse(al_slice_str(table[i].text), &plan, &why), AL_EINVAL);
		assert_non_null(strstr(why.text, table[i].why));
		assert_int_equal(why.line, table[i].line);
	}
}

/* The registry's complaints, by the lines of the file. */
static void complaints_have_lines(void **state)
{
	struct al_slice text = AL_S(
		"# plan\nmntner: A\nsource: X\n\n# two\nmntner: B\nremarks: x\n# in it\nsource: Y\n");
	struct al_slice answer = AL_S("2026 info event=x\nSUMMARY OF UPDATE: genesis-1\n"
				      "  Create HELD: [mntner] A\n"
				      "  Create FAILED: [mntner] B\n\n"
				      "mntner: B\n***Error:   one\nremarks: x\nsource: Y\n***Error:   two (C)\n"
				      "  Create HELD: [mntner] C\n% nothing was changed\n% end\n");
	struct plan_error why;

	(void)state;
	assert_true(plan_complaint(text, &answer, &why));
	assert_int_equal(why.line, 6);
	assert_string_equal(why.text, "one");
	assert_int_equal(plan_line(text, AL_S("mntner: B"), AL_S("source: Y")), 9);
	assert_int_equal(plan_line(text, AL_S("mntner: B"), AL_S("source: X")), 6);
	assert_int_equal(plan_line(text, AL_S("mntner: D"), AL_S("source: X")), 0);
	assert_false(plan_complaint(text, &answer, &why));
}

/* What join would send, with the placeholders filled as the registry might. */
static void expect_join(const struct join *join, size_t objects)
{
	const struct al_auto autos[] = { { AL_S("AUTO-1"), AL_S("AS64512") },
					 { AL_S("AUTO-2/48"), AL_S("fca1:100:7::/48") } };
	struct al_buf out;
	struct draft draft;
	const char *why;

	al_buf_init(&out, 65536);
	assert_int_equal(join_objects(join, AL_S("ALAMO"), AL_S("alamo"), AL_S(KEY), &out, &why), AL_OK);
	assert_int_equal(draft_parse(al_buf_view(&out), &draft), AL_OK);
	assert_int_equal(draft.count, objects);
	for (size_t i = 0; i < draft.count; i++)
		expect_builds(draft.objects[i], "ALAMO", autos, AL_COUNT(autos));
	draft_release(&draft);
	al_buf_release(&out);
}

static void join_builds(void **state)
{
	static const char *const hosts[] = { "www=::80", "@=fca1:100:9::1", "old=10.0.0.1" };
	struct join join = { .name = "fisher", .len = 48 };

	(void)state;
	expect_join(&join, 4);
	join.domain = "fisher";
	expect_join(&join, 5);
	join.domain = "fisher.alamo";
	join.hosts = hosts;
	join.host_count = AL_COUNT(hosts);
	expect_join(&join, 5);
}

static void join_refuses(void **state)
{
	static const char *const names[] = { "", "9LIVES", "A B", "A.B", "\xc3\xa9" }, *const no_hosts[] = { "www" };
	struct join join = { .len = 48 };
	struct al_buf out;
	const char *why;

	(void)state;
	al_buf_init(&out, 65536);
	for (size_t i = 0; i < AL_COUNT(names); i++) {
		join.name = names[i];
		assert_int_equal(join_objects(&join, AL_S("X"), AL_S("x"), AL_S(KEY), &out, &why), AL_EINVAL);
	}
	join.name = "fisher";
	join.domain = "fisher";
	assert_int_equal(join_objects(&join, AL_S("X"), AL_S(""), AL_S(KEY), &out, &why), AL_EINVAL);
	join.hosts = no_hosts;
	join.host_count = 1;
	assert_int_equal(join_objects(&join, AL_S("X"), AL_S("x"), AL_S(KEY), &out, &why), AL_EINVAL);
	al_buf_release(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(default_plan),
		cmocka_unit_test(dn42_plan),
		cmocka_unit_test(order_in_the_file_does_not_matter),
		cmocka_unit_test(plans_that_are_none),
		cmocka_unit_test(complaints_have_lines),
		cmocka_unit_test(join_builds),
		cmocka_unit_test(join_refuses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
