/* SPDX-License-Identifier: MIT */
/* RPSL text to canonical objects: what is taken, what is refused and by which clause. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "alamo/rpsl/object.h"
#include "alamo/rpsl/state.h"

static struct al_object *build(const char *text, struct al_report *report, bool *deletes)
{
	static const struct al_auto autos[] = {
		{ { "AUTO-1", 6 }, { "AS4252660007", 12 } },
		{ { "AUTO-2/48", 9 }, { "fca1:100::/48", 13 } },
	};
	struct al_build in = { .raw = al_slice_str(text),
			       .autos = autos,
			       .auto_count = 2,
			       .source = AL_S("ALAMO"),
			       .index = 5,
			       .time = 1000 };
	struct al_object *object = NULL;

	return al_object_build(&in, report, &object, deletes) == AL_OK ? object : NULL;
}

static void canonical_form(void **state)
{
	struct al_report report;
	bool deletes = true;
	struct al_object *object;

	(void)state;
	al_report_init(&report);
	object = build("INETNUM:172.28.0.0 - 172.28.0.31 # a comment\nnetname: fisher-net\ndescr: one # two\n"
		       "mnt-by:\n fisher-mnt, # first\n+ other-mnt\nsource:   alamo\ncreated: 2026-01-01T00:00:00Z\n",
		       &report, &deletes);
	assert_int_equal(report.errors, 0);
	assert_non_null(object);
	assert_false(deletes);
	assert_string_equal(al_object_text(object).ptr, "inetnum:        172.28.0.0/27\n"
							"netname:        FISHER-NET\n"
							"descr:          one # two\n"
							"mnt-by:         FISHER-MNT, OTHER-MNT\n"
							"source:         ALAMO\n");
	assert_string_equal(al_object_key(object).ptr, "172.28.0.0/27");
	assert_true(al_object_has(object, "mnt-by", AL_S("other-mnt")));
	assert_false(al_object_has(object, "mnt-by", AL_S("OTHER")));
	al_object_unref(object);
	al_report_release(&report);
}

static void placeholders(void **state)
{
	bool deletes;
	struct al_object *object = build("route6: auto-2/48\norigin: AUTO-1\nmnt-by: A-MNT\nsource: ALAMO\n", NULL,
					 &deletes);

	(void)state;
	assert_non_null(object);
	assert_string_equal(al_object_key(object).ptr, "fca1:100::/48AS4252660007");
	al_object_unref(object);
	object = build(
		"domain: fisher.alamo\nrecord: @ AAAA AUTO-2::1\nnserver: ns1.fisher.alamo AUTO-2::53\nmnt-by: A-MNT\n"
		"source: ALAMO\n",
		NULL, &deletes);
	assert_non_null(object);
	assert_true(al_object_has(object, "record", AL_S("@ AAAA fca1:100::1")));
	assert_true(al_object_has(object, "nserver", AL_S("ns1.fisher.alamo fca1:100::53")));
	al_object_unref(object);
}

static void refusals(void **state)
{
	static const struct {
		const char *text;
		const char *clause;
		unsigned line;
	} rows[] = {
		{ "planet: X\n", "SCHEMA-CLASS", 0 },
		{ "mntner: A-MNT\nsource: ALAMO\n", "SCHEMA-MANDATORY", AL_REPORT_WHOLE },
		{ "mntner: A-MNT\nmnt-by: A-MNT\ncolour: red\nsource: ALAMO\n", "SCHEMA-ATTRIBUTE", 2 },
		{ "mntner: A-MNT\nmnt-by: A-MNT\nsource: ALAMO\nsource: ALAMO\n", "SCHEMA-SINGLE", 3 },
		{ "mntner: A-MNT\nmnt-by: A-MNT\nsource: DN42\n", "SCHEMA-SOURCE", 2 },
		{ "mntner: AMNT\nmnt-by: A-MNT\nsource: ALAMO\n", "SCHEMA-SYNTAX", 0 },
		{ "domain: x.alamo\nrecord: @ AAAA AUTO-2::1:0:0:0:0:0:1\nmnt-by: A-MNT\nsource: ALAMO\n",
		  "SCHEMA-AUTO", 1 }, /* it would lie outside of the prefix */
		{ "aut-num: AUTO-9\nas-name: X1\nmnt-by: A-MNT\nsource: ALAMO\n", "SCHEMA-AUTO", 0 },
		{ "inet6num: fca1::1/48\nnetname: X1\nmnt-by: A-MNT\nsource: ALAMO\n", "SCHEMA-SYNTAX", 0 },
		{ "inet6num: 10.0.0.0/8\nnetname: X1\nmnt-by: A-MNT\nsource: ALAMO\n", "SCHEMA-SYNTAX", 0 },
		{ "as-set: AS64512:X\nmnt-by: A-MNT\nsource: ALAMO\n", "SCHEMA-SYNTAX", 0 },
		{ "mntner: A-MNT\nno colon here\nmnt-by: A-MNT\nsource: ALAMO\n", "SCHEMA-SYNTAX", 1 },
		{ "mntner: A-MNT\nauth: ssh-rsa AAAA\nmnt-by: A-MNT\nsource: ALAMO\n", "SCHEMA-SYNTAX", 1 },
		{ "domain: x.alamo\nrecord: @ AAAA 10.0.0.1\nmnt-by: A-MNT\nsource: ALAMO\n", "SCHEMA-SYNTAX", 1 },
		{ "domain: x.alamo\nrecord: @ TXT \"open\nmnt-by: A-MNT\nsource: ALAMO\n", "SCHEMA-SYNTAX", 1 },
		{ "domain: x.alamo\nrecord: www.x.alamo. A 10.0.0.1\nmnt-by: A-MNT\nsource: ALAMO\n", "SCHEMA-SYNTAX",
		  1 },
		{ "domain: x.alamo\nds-rdata: 1 13 2 abcd\nmnt-by: A-MNT\nsource: ALAMO\n", "SCHEMA-SYNTAX", 1 },
		{ "", "SCHEMA-CLASS", AL_REPORT_WHOLE },
	};

	(void)state;
	for (size_t i = 0; i < AL_COUNT(rows); i++) {
		struct al_report report;
		bool deletes;

		al_report_init(&report);
		assert_null(build(rows[i].text, &report, &deletes));
		assert_true(report.errors > 0);
		assert_string_equal(report.items[0].clause, rows[i].clause);
		assert_int_equal(report.items[0].line, rows[i].line);
		al_report_release(&report);
	}
}

/* An attribute of somebody's own: "x-" and at most 30 letters, digits and inner hyphens. */
static void names_of_extensions(void **state)
{
	static const struct {
		const char *name;
		bool good;
	} rows[] = {
		{ "x-a", true },    { "X-A9-z", true }, { "x-0123456789-abcdefghijklmnopqrs", true },
		{ "x-", false },    { "x--", false },   { "x-0123456789-abcdefghijklmnopqrst", false },
		{ "x-a-", false },  { "xa", false },    { "xylo", false },
		{ "x-a_b", false }, { "x-a.b", false }, { "y-a", false },
		{ "x-{", false },   { "x-`", false },   { "x-a/", false },
		{ "x-z0", true },   { "x-@", false },   { "x-[", false },
	};

	(void)state;
	for (size_t i = 0; i < AL_COUNT(rows); i++) {
		const struct al_attr_rule *rule = al_class_rule(AL_MNTNER, al_slice_str(rows[i].name));

		if ((rule != NULL && al_extension_rule(rule)) != rows[i].good)
			fail_msg("%s", rows[i].name);
	}
}

static void long_names_of_extensions(void **state)
{
	static const char text[] = "mntner:         A-MNT\n"
				   "x-45678901234:  to the column\n"
				   "x-456789012345: behind it\n"
				   "x-4567890123456:\n"
				   "x-345678901234567890123456789012: far\n"
				   "mnt-by:         A-MNT\n"
				   "source:         ALAMO\n";
	struct al_object *object;
	bool deletes;

	(void)state;
	object = build(text, NULL, &deletes);
	assert_non_null(object);
	assert_string_equal(al_object_text(object).ptr, text);
	al_object_unref(object);
}

/* One error a line, however many of its placeholders are not there; what was said of other lines or objects does not count. */
static void unknown_placeholders_are_told_once(void **state)
{
	static const unsigned lines[] = { 1, 1, 2 };
	struct al_report report;
	bool deletes;

	(void)state;
	al_report_init(&report);
	al_report_add(&report, AL_ERROR, 7, 1, "SCHEMA-AUTO", "of another object");
	al_report_add(&report, AL_WARNING, 0, 1, NULL, "no error");
	assert_null(build("as-set: AS-X1\nmembers: AUTO-8, AUTO-9\nmembers: AUTO-7\nmnt-by: A-MNT\nsource: ALAMO\n",
			  &report, &deletes));
	assert_int_equal(report.errors, AL_COUNT(lines));
	assert_int_equal(report.count, AL_COUNT(lines) + 1);
	for (size_t i = 0, k = 0; i < report.count; i++) {
		if (report.items[i].severity != AL_ERROR)
			continue;
		assert_int_equal(report.items[i].line, lines[k++]);
		assert_string_equal(report.items[i].clause, "SCHEMA-AUTO");
	}
	assert_string_equal(report.items[2].text, "Placeholder AUTO-8 is not defined in this request");
	al_report_release(&report);
}

static void records(void **state)
{
	static const struct {
		const char *typed;
		const char *canon;
	} rows[] = {
		{ "@ AAAA FCA1:100:0::1", "@ AAAA fca1:100::1" },
		{ "WWW 300 cname Other.Example", "www 300 CNAME other.example." },
		{ "@ MX 10 mail.x.alamo.", "@ MX 10 mail.x.alamo." },
		{ "_sip._udp SRV 1 2 5060 sip.x.alamo", "_sip._udp SRV 1 2 5060 sip.x.alamo." },
		{ "@ TXT \"v=spf1; # -all\"", "@ TXT \"v=spf1; # -all\"" },
		{ "_443._tcp TLSA 3 1 0 ABCDEF", "_443._tcp TLSA 3 1 0 abcdef" },
		{ "* A 10.0.0.1", "* A 10.0.0.1" },
		{ "@ HTTPS 1 . alpn=h2", "@ HTTPS 1 . alpn=h2" },
		{ "@ NS ns1.x.alamo", NULL },
		{ "@ A", NULL },
		{ "@ TXT a ; b", NULL },
		{ "@ TXT \"a\"\"b\"", "@ TXT \"a\" \"b\"" },
		{ "@ TXT \"a\"b\"c\"", NULL },
		{ "@ TXT \"a\"b", NULL },
		{ "@ HTTPS 1 . alpn=h2 port=1 key65000=a", "@ HTTPS 1 . alpn=h2 port=1 key65000=a" },
		{ "_dns SVCB 1 . alpn=h2 dohpath=/q{?dns}", "_dns SVCB 1 . alpn=h2 key7=/q{?dns}" },
		{ "_dns SVCB 1 . alpn=h2 dohpath=/q{?dns,}", NULL },
		{ "_dns SVCB 1 . alpn=h2 dohpath=/q{?dns,a-b}", NULL },
		{ "_dmarc TXT \"v=DMARC1\"", "_dmarc TXT \"v=DMARC1\"" },
		{ "_x A 10.0.0.1", NULL },
		{ "*.-x A 10.0.0.1", NULL },
		{ "*.a_b A 10.0.0.1", NULL },
		{ "*.*.b A 10.0.0.1", NULL },
		{ "*.b A 10.0.0.1", "*.b A 10.0.0.1" },
		{ "@ 999999999 A 10.0.0.1", NULL },
	};
	struct al_buf out;
	const char *why;

	(void)state;
	al_buf_init(&out, 4096);
	for (size_t i = 0; i < AL_COUNT(rows); i++) {
		enum al_err err = al_syntax_canon(AL_SYN_RECORD, al_slice_str(rows[i].typed), &out, &why);

		if (err != (rows[i].canon != NULL ? AL_OK : AL_EINVAL))
			fail_msg("%s: %s", rows[i].typed, al_err_name(err));
		if (err == AL_OK && !al_slice_is(al_buf_view(&out), rows[i].canon))
			fail_msg("%s: %.*s", rows[i].typed, AL_FMT(al_buf_view(&out)));
		al_buf_reset(&out);
	}
	al_buf_release(&out);
}

/* Canonical text is a fixed point: building it again changes nothing. */
static void fixed_point(void **state)
{
	bool deletes;
	struct al_object *once = build(
				 "as-set: as64512:as-Friends\nmembers: as1,AS-B , as64513:as-C\nmbrs-by-ref: any\n"
				 "mnt-by: a-mnt\nsource: ALAMO\n",
				 NULL, &deletes),
			 *twice;

	(void)state;
	assert_non_null(once);
	twice = build(al_object_text(once).ptr, NULL, &deletes);
	assert_non_null(twice);
	assert_true(al_slice_eq(al_object_text(once), al_object_text(twice)));
	al_object_unref(once);
	al_object_unref(twice);
}

/* Keys as people type them; those of routes in three spellings. */
static void keys_as_typed(void **state)
{
	static const struct {
		enum al_class cls;
		const char *typed, *key; /* key NULL: none */
	} rows[] = {
		{ AL_MNTNER, " fisher-mnt ", "FISHER-MNT" },
		{ AL_MNTNER, "", NULL },
		{ AL_DOMAIN, "Fisher.Alamo.", "fisher.alamo" },
		{ AL_AUT_NUM, "as64512", "AS64512" },
		{ AL_AUT_NUM, "64512x", NULL },
		{ AL_INETNUM, "172.20.0.0 - 172.20.0.31", "172.20.0.0/27" },
		{ AL_INET6NUM, "FCA1:0100::/48", "fca1:100::/48" },
		{ AL_ROUTE, "172.20.0.0/27 AS1", "172.20.0.0/27AS1" },
		{ AL_ROUTE, "172.20.0.0/27as1", "172.20.0.0/27AS1" },
		{ AL_ROUTE, "172.20.0.0/27-AS1", "172.20.0.0/27AS1" },
		{ AL_ROUTE, " 172.20.0.0/27 - AS1 ", "172.20.0.0/27AS1" },
		{ AL_ROUTE6, "fca1:100::/48\tas1", "fca1:100::/48AS1" },
		{ AL_ROUTE6, "fca1:a5::/48AS1", "fca1:a5::/48AS1" },
		{ AL_ROUTE, "172.20.0.0/27 --AS1", NULL },
		{ AL_ROUTE, "172.20.0.0/27 AS", NULL },
		{ AL_ROUTE, "172.20.0.0/27 A", NULL },
		{ AL_ROUTE, "172.20.0.0/27", NULL },
		{ AL_ROUTE, "AS1", NULL },
		{ AL_ROUTE, "AS", NULL },
		{ AL_ROUTE, "-AS1", NULL },
		{ AL_ROUTE, "a", NULL },
		{ AL_ROUTE, "", NULL },
		{ AL_ROUTE, "fca1:100::/48 AS1", NULL },
		{ AL_ROUTE6, "172.20.0.0/27 AS1", NULL },
	};
	struct al_buf out;

	(void)state;
	al_buf_init(&out, 200);
	for (size_t i = 0; i < AL_COUNT(rows); i++) {
		size_t len = strlen(rows[i].typed);
		char *typed = malloc(len + (len == 0)); /* nothing stands behind it */

		assert_non_null(typed);
		memcpy(typed, rows[i].typed, len);
		al_buf_reset(&out);
		assert_int_equal(al_key_canon(rows[i].cls, al_slice_of(typed, len), &out),
				 rows[i].key != NULL ? AL_OK : AL_EINVAL);
		if (rows[i].key != NULL && !al_slice_is(al_buf_view(&out), rows[i].key))
			fail_msg("%s: %.*s", rows[i].typed, AL_FMT(al_buf_view(&out)));
		free(typed);
	}
	al_buf_release(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_as_typed),
		cmocka_unit_test(canonical_form),
		cmocka_unit_test(placeholders),
		cmocka_unit_test(refusals),
		cmocka_unit_test(names_of_extensions),
		cmocka_unit_test(long_names_of_extensions),
		cmocka_unit_test(unknown_placeholders_are_told_once),
		cmocka_unit_test(records),
		cmocka_unit_test(fixed_point),
	};

	return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
