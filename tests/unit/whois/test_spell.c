/* SPDX-License-Identifier: MIT */
/*
 * test_spell.c -- keys and values as people type them, and reverse zones as
 * the blocks that they belong to.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "spell.h"

static void as_numbers(void **state)
{
	static const struct {
		const char *typed;
		bool bare; /* without it too? */
		uint32_t asn;
		enum al_err err;
	} rows[] = {
		{ "AS64500", false, 64500, AL_OK },
		{ "as0064500", false, 64500, AL_OK },
		{ "64500", false, 0, AL_EINVAL },
		{ "64500", true, 64500, AL_OK },
		{ "0", true, 0, AL_OK },
		{ "AS0", false, 0, AL_OK },
		{ "AS000", false, 0, AL_OK },
		{ "AS4294967295", false, UINT32_MAX, AL_OK },
		{ "AS4294967296", false, 0, AL_EINVAL },
		{ "AS1.0", false, 65536, AL_OK },
		{ "AS0.64500", false, 64500, AL_OK },
		{ "as00065535.065535", false, UINT32_MAX, AL_OK },
		{ "1.1", true, 65537, AL_OK },
		{ "1.1", false, 0, AL_EINVAL },
		{ "AS65536.0", false, 0, AL_EINVAL },
		{ "AS0.65536", false, 0, AL_EINVAL },
		{ "AS1.", false, 0, AL_EINVAL },
		{ "AS.1", false, 0, AL_EINVAL },
		{ "AS1.1.1", false, 0, AL_EINVAL },
		{ "AS", false, 0, AL_EINVAL },
		{ "", true, 0, AL_EINVAL },
		{ "AS1x", false, 0, AL_EINVAL },
		{ "AS-1", false, 0, AL_EINVAL },
	};
	uint32_t asn;

	(void)state;
	for (size_t i = 0; i < AL_COUNT(rows); i++) {
		asn = 1;
		if (rows[i].err == AL_OK) {
			assert_int_equal(whois_asn_parse(al_slice_str(rows[i].typed), rows[i].bare, &asn), AL_OK);
			assert_int_equal(asn, rows[i].asn);
		} else if (whois_asn_parse(al_slice_str(rows[i].typed), rows[i].bare, &asn) == AL_OK) {
			fail_msg("taken: %s", rows[i].typed);
		}
	}
}

static void keys(void **state)
{
	static const struct {
		enum al_class cls;
		const char *typed, *key; /* NULL: none */
	} rows[] = {
		{ AL_AUT_NUM, " 064500 ", "AS64500" },
		{ AL_AUT_NUM, "as1.0", "AS65536" },
		{ AL_AS_BLOCK, "AS064500 - AS0.64510", "AS64500-AS64510" },
		{ AL_AS_BLOCK, "64500-64510", "AS64500-AS64510" },
		{ AL_AS_SET, "as064500:as-foo", "AS64500:AS-FOO" },
		{ AL_AS_SET, "AS0.64500:AS-FOO:as02", "AS64500:AS-FOO:AS2" },
		{ AL_ROUTE_SET, "as01:rs-foo", "AS1:RS-FOO" },
		{ AL_ROUTE, "10.0.0.0/8 as064500", "10.0.0.0/8AS64500" },
		{ AL_ROUTE, "10.0.0.0/8AS0.64500", "10.0.0.0/8AS64500" },
		{ AL_ROUTE6, "fca1:a5::/32-as01", "fca1:a5::/32AS1" },
		{ AL_ROUTE, "10.0.0.0/8", NULL },
		{ AL_ROUTE, "", NULL },
		{ AL_MNTNER, " fisher-mnt ", "FISHER-MNT" },
		{ AL_AUT_NUM, "AS-FOO", NULL },
	};
	struct al_buf out;

	(void)state;
	al_buf_init(&out, 4096);
	for (size_t i = 0; i < AL_COUNT(rows); i++) {
		enum al_err err = whois_key_canon(rows[i].cls, al_slice_str(rows[i].typed), &out);

		assert_int_equal(err == AL_OK, rows[i].key != NULL);
		if (rows[i].key != NULL && !al_slice_is(al_buf_view(&out), rows[i].key))
			fail_msg("%s: %.*s", rows[i].typed, AL_FMT(al_buf_view(&out)));
	}
	al_buf_release(&out);
}

static void values(void **state)
{
	static const struct {
		enum al_class cls;
		const char *attr, *typed, *value;
	} rows[] = {
		{ AL_ROUTE, "origin", "064500", "AS64500" },
		{ AL_AS_SET, "members", "1.0", "AS65536" },
		{ AL_ROUTE_SET, "members", "as01", "AS1" },
		{ AL_DOMAIN, "nserver", "FCA1::0:1", "fca1::1" },
		{ AL_DOMAIN, "nserver", "NS.Fisher.Alamo", "ns.fisher.alamo" },
		{ AL_MNTNER, "mnt-by", "fisher-mnt", "FISHER-MNT" },
		{ AL_MNTNER, "mnt-by", "?!", "?!" }, /* it fits nothing, and finds nothing */
	};
	struct al_buf out;

	(void)state;
	al_buf_init(&out, 4096);
	for (size_t i = 0; i < AL_COUNT(rows); i++) {
		const struct al_attr_rule *rule = al_class_rule(rows[i].cls, al_slice_str(rows[i].attr));

		assert_non_null(rule);
		whois_value_canon(rule, al_slice_str(rows[i].typed), &out);
		if (!al_slice_is(al_buf_view(&out), rows[i].value))
			fail_msg("%s: %.*s", rows[i].typed, AL_FMT(al_buf_view(&out)));
	}
	al_buf_release(&out);
}

#define NIBBLES "0.1.2.3.4.5.6.7.8.9.a.b.c.d.e.f.F.E.D.C.B.A.9.8.7.6.5.4.3.2.1.0"

static void reverse_zones(void **state)
{
	static const struct {
		const char *zone, *prefix; /* NULL: none */
	} rows[] = {
		{ "10.in-addr.arpa", "10.0.0.0/8" },
		{ "2.1.10.IN-ADDR.arpa.", "10.1.2.0/24" },
		{ "255.2.1.10.in-addr.arpa", "10.1.2.255/32" },
		{ "0.in-addr.arpa", "0.0.0.0/8" },
		{ "64/26.2.1.10.in-addr.arpa", "10.1.2.64/26" },
		{ "0/25.2.1.10.in-addr.arpa", "10.1.2.0/25" },
		{ "255/32.2.1.10.in-addr.arpa", "10.1.2.255/32" },
		{ "0/24.2.1.10.in-addr.arpa", NULL },
		{ "0/33.2.1.10.in-addr.arpa", NULL },
		{ "1/26.2.1.10.in-addr.arpa", NULL }, /* bits behind the length */
		{ "256/32.2.1.10.in-addr.arpa", NULL },
		{ "0/26.1.10.in-addr.arpa", NULL },
		{ "x.0/26.2.1.10.in-addr.arpa", NULL },
		{ "256.in-addr.arpa", NULL },
		{ "1.2.3.4.5.in-addr.arpa", NULL },
		{ "x.in-addr.arpa", NULL },
		{ "01.in-addr.arpa", NULL },
		{ ".in-addr.arpa", NULL },
		{ "in-addr.arpa", NULL },
		{ "a.ip6.arpa", "a000::/4" },
		{ "F.ip6.arpa", "f000::/4" },
		{ "1.a.c.f.ip6.arpa", "fca1::/16" },
		{ "0.9.A.f.IP6.ARPA.", "fa90::/16" },
		{ NIBBLES ".ip6.arpa", "123:4567:89ab:cdef:fedc:ba98:7654:3210/128" },
		{ "1." NIBBLES ".ip6.arpa", NULL },
		{ "g.ip6.arpa", NULL },
		{ "`.ip6.arpa", NULL },
		{ "@.ip6.arpa", NULL },
		{ "/.ip6.arpa", NULL },
		{ ":.ip6.arpa", NULL },
		{ "10.ip6.arpa", NULL },
		{ "1..f.ip6.arpa", NULL },
		{ ".ip6.arpa", NULL },
		{ "ip6.arpa", NULL },
		{ "a.ip6.arpa.example", NULL },
		{ "fisher.alamo", NULL },
		{ "", NULL },
	};
	char text[AL_PREFIX_STRLEN];
	struct al_prefix prefix;

	(void)state;
	for (size_t i = 0; i < AL_COUNT(rows); i++) {
		enum al_err err = whois_reverse_parse(al_slice_str(rows[i].zone), &prefix);

		if ((err == AL_OK) != (rows[i].prefix != NULL))
			fail_msg("%s: %s", rows[i].zone, al_err_name(err));
		if (err != AL_OK)
			continue;
		al_prefix_format(&prefix, text);
		assert_string_equal(text, rows[i].prefix);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(as_numbers),
		cmocka_unit_test(keys),
		cmocka_unit_test(values),
		cmocka_unit_test(reverse_zones),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
