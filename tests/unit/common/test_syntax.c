/* SPDX-License-Identifier: MIT */
/* Syntaxes of attributes: what is taken, in which form it is kept, and what the log of older rules may have. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sodium.h>

#include "alamo/base/text.h"
#include "alamo/rpsl/object.h"
#include "alamo/rpsl/sshsig.h"

static const struct {
	enum al_syntax syntax;
	const char *typed;
	const char *canon; /* NULL: refused */
	const char *old;   /* as a log's, where `canon` is NULL; NULL: refused there too */
} rows[] = {
	{ AL_SYN_COUNTRY, "AT", "AT", NULL },
	{ AL_SYN_COUNTRY, "to", "TO", NULL },
	{ AL_SYN_COUNTRY, "ANY", NULL, "ANY" },
	{ AL_SYN_COUNTRY, "AUT", NULL, "AUT" },
	{ AL_SYN_COUNTRY, "A1", NULL, "A1" },
	{ AL_SYN_TEXT, "", "", NULL },
	{ AL_SYN_TEXT, "h\xc3\xbctte", "h\xc3\xbctte", NULL },
	{ AL_SYN_TEXT, "a\tb", "a b", NULL },
	{ AL_SYN_TEXT, "a\x1b[2J", NULL, "a\\x1b[2J" },
	{ AL_SYN_TEXT,
	  "\x9b"
	  "2J",
	  NULL, "\\x9b2J" },
	{ AL_SYN_TEXT, "a\xc2\x9b", NULL, "a\\xc2\\x9b" },
	{ AL_SYN_TEXT, "\xe2\x80\xaetxt", NULL, "\\xe2\\x80\\xaetxt" },
	{ AL_SYN_TEXT, "\xc0\xaf", NULL, "\\xc0\\xaf" },
	{ AL_SYN_WORDS, "wg  0", "wg 0", NULL },
	{ AL_SYN_WORDS, "\x1b]0;pwn\x07", NULL, "\\x1b]0;pwn\\x07" },
	{ AL_SYN_WORDS, "x\xe2\x81\xa6", NULL, "x\\xe2\\x81\\xa6" },
	{ AL_SYN_NAME, "fisher-net", "FISHER-NET", NULL },
	{ AL_SYN_NAME, "AS-FOO", NULL, "AS-FOO" },
	{ AL_SYN_NAME, "rs-foo", NULL, "RS-FOO" },
	{ AL_SYN_NAME, "PRNG-X", NULL, "PRNG-X" },
	{ AL_SYN_NAME, "AS65000", NULL, "AS65000" },
	{ AL_SYN_NAME, "ASSET", "ASSET", NULL },
	{ AL_SYN_NAME, "AT", NULL, NULL },
	{ AL_SYN_NAME, "X", NULL, NULL },
	{ AL_SYN_MNTNER, "AS-FOO-MNT", NULL, "AS-FOO-MNT" },
	{ AL_SYN_NIC_HDL, "RS-1234", NULL, "RS-1234" },
	{ AL_SYN_ASN, "AS065537", "AS65537", NULL },
	{ AL_SYN_ASN, "A-UTO1", NULL, NULL },
	{ AL_SYN_AS_BLOCK, "AS64512", NULL, NULL },
	{ AL_SYN_PREFIX4, "10.0.0.0/33", NULL, NULL },
	{ AL_SYN_PREFIX6, "fd00::1/64", NULL, NULL },
	{ AL_SYN_PREFIX, "everything", NULL, NULL },
	{ AL_SYN_NODE_PAIR, "A-R1", NULL, NULL },
	{ AL_SYN_AS_BLOCK, "AS01-AS002", "AS1-AS2", NULL },
	{ AL_SYN_AS_SET, "as01:as-foo", "AS1:AS-FOO", NULL },
	{ AL_SYN_AS_SET, "AS-A:AS-B:AS-C:AS-D:AS-E", "AS-A:AS-B:AS-C:AS-D:AS-E", NULL },
	{ AL_SYN_AS_SET, "AS-A:AS-B:AS-C:AS-D:AS-E:AS-F", NULL, "AS-A:AS-B:AS-C:AS-D:AS-E:AS-F" },
	{ AL_SYN_AS_SET, "AS-ANY", NULL, NULL },
	{ AL_SYN_AS_MEMBER, "as-any", "AS-ANY", NULL },
	{ AL_SYN_AS_MEMBER, "RS-ANY", NULL, "RS-ANY" },
	{ AL_SYN_ROUTE_SET, "RS-ANY", NULL, NULL },
	{ AL_SYN_ROUTE_MEMBER, "rs-x^+", "RS-X^+", NULL },
	{ AL_SYN_ROUTE_MEMBER, "AS1^+", "AS1^+", NULL },
	{ AL_SYN_ROUTE_MEMBER, "AS1:AS-X^24-28", "AS1:AS-X^24-28", NULL },
	{ AL_SYN_ROUTE_MEMBER, "AS-ANY", "AS-ANY", NULL },
	{ AL_SYN_ROUTE_MEMBER, "RS-ANY^-", "RS-ANY^-", NULL },
	{ AL_SYN_ROUTE_MEMBER, "RS-X^", NULL, "RS-X^" },
	{ AL_SYN_ROUTE_MEMBER, "RS-X^28-24", NULL, "RS-X^28-24" },
	{ AL_SYN_ROUTE_MEMBER, "192.0.2.0/24^25-32", "192.0.2.0/24^25-32", NULL },
	{ AL_SYN_ROUTE_MEMBER, "192.0.2.0/24^23", NULL, "192.0.2.0/24^23" },
	{ AL_SYN_PREFIX4, "192.0.02.0/24", NULL, NULL },
	{ AL_SYN_DOMAIN, "a.example", "a.example", NULL },
	{ AL_SYN_DOMAIN, "192.0.2.1", NULL, "192.0.2.1" },
	{ AL_SYN_DOMAIN, "a.1b.", "a.1b", NULL },
	{ AL_SYN_NSERVER, "194.0.0.0", NULL, "194.0.0.0" },
	{ AL_SYN_NSERVER, "ns.a.example 10.0.2.1", "ns.a.example 10.0.2.1", NULL },
	{ AL_SYN_NSERVER, "ns.a.example ::1", NULL, "ns.a.example ::1" },
	{ AL_SYN_NAME, "any", NULL, "ANY" },
	{ AL_SYN_MNTNER_ANY, "any", "ANY", NULL },
	{ AL_SYN_MNTNER_ANY, "friends", NULL, "FRIENDS" },
	{ AL_SYN_DS, "9520 8 1 ( 0000000000111111111122222222223333333333", NULL,
	  "9520 8 1 ( 0000000000111111111122222222223333333333" },
	{ AL_SYN_TEXT, "a\xe2\x80\x8bz", NULL, "a\\xe2\\x80\\x8bz" },
	{ AL_SYN_ENDPOINT, "gw.1.2.3 51820", NULL, "gw.1.2.3 51820" },
	{ AL_SYN_DS, "9520 8 1 ( 0000000000 1111111111 2222222222 3333333333 )",
	  "9520 8 1 0000000000111111111122222222223333333333", NULL },
};

static void forms(void **state)
{
	struct al_buf out;
	const char *why;

	(void)state;
	al_buf_init(&out, 4096);
	for (size_t i = 0; i < AL_COUNT(rows); i++) {
		const char *wanted = rows[i].canon;

		al_buf_reset(&out);
		enum al_err err = al_syntax_canon(rows[i].syntax, al_slice_str(rows[i].typed), &out, &why);

		if (err == AL_EINVAL && wanted == NULL) {
			assert_int_equal(out.len, 0);
			wanted = rows[i].old;
			err = al_syntax_canon_old(rows[i].syntax, al_slice_str(rows[i].typed), &out);
		} else if (rows[i].canon == NULL) {
			fail_msg("%s is taken", rows[i].typed);
		}
		if ((err == AL_OK) != (wanted != NULL) || (wanted != NULL && !al_slice_is(al_buf_view(&out), wanted)))
			fail_msg("%s: %s, %.*s", rows[i].typed, al_err_name(err), AL_FMT(al_buf_view(&out)));
	}
	al_buf_release(&out);
}

/* What is kept is a fixed point: sent back, it is what it was. */
static void forms_are_canonical(void **state)
{
	struct al_buf out;
	const char *why;

	(void)state;
	al_buf_init(&out, 4096);
	for (size_t i = 0; i < AL_COUNT(rows); i++) {
		al_buf_reset(&out);
		if (rows[i].canon == NULL)
			continue;
		assert_int_equal(al_syntax_canon(rows[i].syntax, al_slice_str(rows[i].canon), &out, &why), AL_OK);
		assert_true(al_slice_is(al_buf_view(&out), rows[i].canon));
	}
	al_buf_release(&out);
}

/* Points of small order, the neutral one, one that is on no curve: no signature by them ever verifies here. */
static void keys_that_cannot_sign(void **state)
{
	static const char *const points[] = {
		"0000000000000000000000000000000000000000000000000000000000000000",
		"0100000000000000000000000000000000000000000000000000000000000000",
		"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
		"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
		"0200000000000000000000000000000000000000000000000000000000000000",
	};
	struct al_buf text, out;
	const char *why;

	(void)state;
	al_buf_init(&text, 200);
	al_buf_init(&out, 200);
	for (size_t i = 0; i < AL_COUNT(points); i++) {
		struct al_sshkey key = { .fido = false };

		al_buf_reset(&text);
		al_buf_reset(&out);
		assert_int_equal(sodium_hex2bin(key.pk, 32, points[i], 64, NULL, NULL, NULL), 0);
		al_sshkey_format(&key, &text);
		assert_int_equal(al_syntax_canon(AL_SYN_AUTH, al_buf_view(&text), &out, &why), AL_EINVAL);
		assert_int_equal(al_syntax_canon_old(AL_SYN_AUTH, al_buf_view(&text), &out), AL_OK);
	}
	al_buf_release(&text);
	al_buf_release(&out);
}

static enum al_err build(const char *raw, bool stored, struct al_report *report, struct al_object **out)
{
	struct al_build in = { .raw = al_slice_str(raw), .stored = stored };
	bool deletes;

	al_report_init(report);
	return al_object_build(&in, report, out, &deletes);
}

/* An entry that older rules took is read by everybody, named, and shown without what would steer a terminal. */
static void what_the_log_has_is_read(void **state)
{
	static const char raw[] =
		"peering: A1:B1\nlink: \x1b[2J x\nremarks:\nremarks: \xff\nmnt-by: AS-X-MNT\nsource: T1\n";
	struct al_object *object;
	struct al_report report;

	(void)state;
	assert_int_equal(build(raw, false, &report, &object), AL_EINVAL);
	assert_int_equal(report.errors, 3);
	assert_true(al_slice_starts(al_slice_str(report.items[0].text), "Syntax error in link \"\\x1b[2J x\":"));
	al_report_release(&report);
	assert_int_equal(build(raw, true, &report, &object), AL_OK);
	assert_int_equal(report.errors, 0);
	assert_int_equal(report.items[report.count - 1].severity, AL_WARNING);
	assert_string_equal(report.items[report.count - 1].clause, "SCHEMA-SYNTAX");
	assert_true(al_slice_is(al_object_text(object), "peering:        A1:B1\nlink:           \\x1b[2J x\nremarks:\n"
							"remarks:        \\xff\nmnt-by:         AS-X-MNT\n"
							"source:         T1\n"));
	al_report_release(&report);
	al_object_unref(object);
}

static void required_text_is_there(void **state)
{
	struct al_object *object;
	struct al_report report;

	(void)state;
	assert_int_equal(build("person:\nnic-hdl: A-B\nmnt-by: A-MNT\nsource: T1\n", false, &report, &object),
			 AL_EINVAL);
	assert_string_equal(report.items[0].text, "Syntax error in person \"\": it may not be empty");
	al_report_release(&report);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(forms),
		cmocka_unit_test(forms_are_canonical),
		cmocka_unit_test(keys_that_cannot_sign),
		cmocka_unit_test(what_the_log_has_is_read),
		cmocka_unit_test(required_text_is_there),
	};

	return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
