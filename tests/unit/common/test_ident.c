/* SPDX-License-Identifier: MIT */
/* AS numbers, prefixes, names, times: one spelling each, hostile spellings refused. */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "alamo/base/ident.h"

static void asns(void **state)
{
	static const char *const bad[] = { "64512", "AS", "AS-1", "AS4294967296", "AS0x1", "AS1 ", "ASx" };
	static const char *const canon[] = { "AS0", "AS9", "AS10", "AS64512", "AS100000", "AS4294967295" };
	char text[AL_ASN_STRLEN];
	uint32_t asn;

	(void)state;
	assert_int_equal(al_asn_parse(AL_S("as4294967295"), &asn), AL_OK);
	for (size_t i = 0; i < AL_COUNT(canon); i++) {
		assert_int_equal(al_asn_parse(al_slice_str(canon[i]), &asn), AL_OK);
		al_asn_format(asn, text);
		assert_string_equal(text, canon[i]);
	}
	for (size_t i = 0; i < AL_COUNT(bad); i++)
		assert_int_equal(al_asn_parse(al_slice_str(bad[i]), &asn), AL_EINVAL);
}

static void prefixes(void **state)
{
	static const struct {
		const char *typed;
		const char *canon; /* NULL: refused */
	} rows[] = {
		{ "172.20.0.0/14", "172.20.0.0/14" },
		{ "FCA1:0100::/48", "fca1:100::/48" },
		{ "0.0.0.0/0", "0.0.0.0/0" },
		{ "::/0", "::/0" },
		{ "255.9.10.100", "255.9.10.100/32" },
		{ "99.100.0.0/9", NULL },
		{ "99.128.0.0/9", "99.128.0.0/9" },
		{ "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128" },
		{ "10.0.0.1", "10.0.0.1/32" },
		{ "fca1::53", "fca1::53/128" },
		{ "172.20.0.0 - 172.20.0.31", "172.20.0.0/27" },
		{ "fd00::-fd00::ffff", "fd00::/112" },
		{ "172.20.0.1/14", NULL },
		{ "172.20.0.0/33", NULL },
		{ "172.20.0/24", NULL },
		{ "172.20.0.0/", NULL },
		{ "172.20.0.0/024", NULL },
		{ "172.20.0.0 - 172.20.0.30", NULL },
		{ "172.20.0.1 - 172.20.0.2", NULL },
		{ "172.20.0.0.0/24", NULL },
		{ "172..20.0/24", NULL },
		{ ".172.20.0/24", NULL },
		{ "172.20.0./24", NULL },
		{ "172.20.0.0./24", NULL },
		{ "172.20.0.00/24", NULL },
		{ "172.020.0.0/24", NULL },
		{ "172.256.0.0/24", NULL },
		{ "172.20.0.0x/24", NULL },
		{ "172.20.0.-1/24", NULL },
		{ "fca1::/129", NULL },
		{ "fca1::1/64", NULL },
		{ "fca1:::/64", NULL },
		{ "", NULL },
		{ "/8", NULL },
	};

	(void)state;
	for (size_t i = 0; i < AL_COUNT(rows); i++) {
		struct al_prefix p;
		char text[AL_PREFIX_STRLEN];
		enum al_err err = al_prefix_parse_range(al_slice_str(rows[i].typed), &p);

		assert_int_equal(err, rows[i].canon != NULL ? AL_OK : AL_EINVAL);
		if (err == AL_OK) {
			al_prefix_format(&p, text);
			assert_string_equal(text, rows[i].canon);
		}
	}
}

static struct al_prefix prefix(const char *text)
{
	struct al_prefix p;

	assert_int_equal(al_prefix_parse(al_slice_str(text), &p), AL_OK);
	return p;
}

static void covering(void **state)
{
	struct al_prefix a = prefix("172.20.0.0/14"), b = prefix("172.23.255.0/24"), c = prefix("172.24.0.0/24");
	struct al_prefix all4 = prefix("0.0.0.0/0"), all6 = prefix("::/0");

	(void)state;
	assert_true(al_prefix_covers(&a, &b));
	assert_true(al_prefix_covers(&a, &a));
	assert_false(al_prefix_covers(&b, &a));
	assert_false(al_prefix_covers(&a, &c));
	assert_true(al_prefix_covers(&all4, &c));
	assert_false(al_prefix_covers(&all6, &c));
}

/* Each length, with one bit that is different at each place. */
static void covering_bits(void **state)
{
	static const unsigned families[] = { 32, 128 };

	(void)state;
	for (size_t f = 0; f < AL_COUNT(families); f++)
		for (unsigned len = 0; len <= families[f]; len++)
			for (unsigned bit = 0; bit < families[f]; bit++) {
				struct al_prefix outer = { .len = (uint8_t)len, .bits = (uint8_t)families[f] };
				struct al_prefix inner = { .len = outer.bits, .bits = outer.bits };

				memset(outer.addr, 0xa5, outer.bits / 8);
				memcpy(inner.addr, outer.addr, sizeof(inner.addr));
				al_prefix_truncate(&outer, len);
				inner.addr[bit / 8] ^= (uint8_t)(0x80 >> bit % 8);
				assert_int_equal(al_prefix_covers(&outer, &inner), bit >= len);
				assert_int_equal(al_prefix_bit(&outer, bit),
						 bit < len && (0xa5 << bit % 8 & 0x80) != 0);
			}
}

/* Groups of few values, so that each form of a run of zeros comes up; the C library is the other opinion. */
static void addresses_6(void **state)
{
	static const unsigned groups[] = { 0, 0, 0, 1, 0xffff, 0xf0, 0xf00, 0xabcd };
	char text[AL_PREFIX_STRLEN], other[AL_PREFIX_STRLEN];
	uint32_t seed = 1;

	(void)state;
	for (size_t round = 0; round < 100000; round++) {
		struct al_prefix p = { .len = 128, .bits = 128 }, back;

		for (size_t i = 0; i < 8; i++) {
			seed = seed * 1664525 + 1013904223;
			p.addr[i * 2] = (uint8_t)(groups[seed >> 29] >> 8);
			p.addr[i * 2 + 1] = (uint8_t)groups[seed >> 29];
		}
		al_addr_format(&p, text);
		assert_non_null(inet_ntop(AF_INET6, p.addr, other, sizeof(other)));
		assert_string_equal(text, other);
		assert_int_equal(al_addr_parse(al_slice_str(text), &back), AL_OK);
		assert_true(al_prefix_eq(&p, &back));
	}
}

static void names(void **state)
{
	static const struct {
		const char *typed;
		const char *canon;
	} rows[] = {
		{ "Fisher.ALAMO.", "fisher.alamo" },
		{ ".", "" },
		{ "", "" },
		{ "0/27.5.20.172.in-addr.arpa", "0/27.5.20.172.in-addr.arpa" },
		{ "_443._tcp.x", "_443._tcp.x" },
		{ "a..b", NULL },
		{ ".a", NULL },
		{ "a b", NULL },
		{ "a\\b", NULL },
		{ "0123456789012345678901234567890123456789012345678901234567890123", NULL },
	};
	char text[AL_NAME_MAX + 1], back[AL_NAME_MAX + 1], longest[AL_NAME_MAX + 1];
	uint8_t wire[AL_NAME_WIRE_MAX];
	size_t len;

	(void)state;
	for (size_t i = 0; i < AL_COUNT(rows); i++) {
		enum al_err err = al_name_canon(al_slice_str(rows[i].typed), text);

		assert_int_equal(err, rows[i].canon != NULL ? AL_OK : AL_EINVAL);
		if (err != AL_OK)
			continue;
		assert_string_equal(text, rows[i].canon);
		len = al_name_to_wire(al_slice_str(text), wire);
		assert_true(len > 0);
		assert_int_equal(al_name_from_wire(wire, len, back), AL_OK);
		assert_string_equal(back, text);
		assert_int_equal(al_name_from_wire(wire, len - 1, back), AL_EINVAL);
	}
	assert_true(al_name_within(AL_S("a.b.alamo"), AL_S("alamo")));
	assert_false(al_name_within(AL_S("xalamo"), AL_S("alamo")));
	assert_true(al_name_within(AL_S("alamo"), AL_S("")));
	/* The longest there is, with its last dot or without, and one that is longer. */
	memset(longest, 'a', sizeof(longest));
	for (size_t i = 63; i < AL_NAME_MAX; i += 64)
		longest[i] = '.';
	longest[AL_NAME_MAX] = '.';
	for (size_t more = 0; more < 2; more++) {
		assert_int_equal(al_name_canon(al_slice_of(longest, AL_NAME_MAX + more), text), AL_OK);
		assert_int_equal(strlen(text), AL_NAME_MAX);
		len = al_name_to_wire(al_slice_str(text), wire);
		assert_int_equal(len, AL_NAME_WIRE_MAX);
		assert_int_equal(al_name_from_wire(wire, len, back), AL_OK);
		assert_string_equal(back, text);
	}
	longest[AL_NAME_MAX] = 'a';
	assert_int_equal(al_name_canon(al_slice_of(longest, AL_NAME_MAX + 1), text), AL_EINVAL);
	assert_true(al_name_within(AL_S("alamo"), AL_S("alamo")));
	assert_false(al_name_within(AL_S("a.alamo"), AL_S("b.alamo")));
	assert_int_equal(al_name_labels(AL_S("a.b.alamo")), 3);
	assert_int_equal(al_name_labels(AL_S("")), 0);
	assert_true(al_slice_is(al_name_parent(AL_S("a.b.alamo")), "b.alamo"));
	assert_int_equal(al_name_parent(AL_S("alamo")).len, 0);
}

static void times(void **state)
{
	static const struct {
		const char *text;
		uint64_t seconds;
	} rows[] = {
		{ "1970-01-01T00:00:00Z", 0 },
		{ "2000-02-29T23:59:59Z", 951868799 },
		{ "2026-11-23T07:00:00Z", 1795417200 },
		{ "2038-01-19T03:14:08Z", 2147483648 },
		{ "9999-12-31T23:59:59Z", 253402300799 },
	};
	static const char *const bad[] = { "2026-02-29T00:00:00Z", "2026-13-01T00:00:00Z", "2026-01-01 00:00:00Z",
					   "2026-01-01T24:00:00Z", "2026-01-01T00:00:00",  "26-01-01T00:00:00Z" };
	char text[AL_TIME_STRLEN];
	uint64_t seconds;

	(void)state;
	for (size_t i = 0; i < AL_COUNT(rows); i++) {
		assert_int_equal(al_time_parse(al_slice_str(rows[i].text), &seconds), AL_OK);
		assert_true(seconds == rows[i].seconds);
		al_time_format(seconds, text);
		assert_string_equal(text, rows[i].text);
	}
	for (size_t i = 0; i < AL_COUNT(bad); i++)
		assert_int_equal(al_time_parse(al_slice_str(bad[i]), &seconds), AL_EINVAL);
	for (uint64_t day = 0; day < 60000; day += 17) { /* every month shape of 160 years */
		al_time_format(day * 86400 + 3661, text);
		assert_int_equal(al_time_parse(al_slice_str(text), &seconds), AL_OK);
		assert_true(seconds == day * 86400 + 3661);
	}
}

/* A size, a day with its last second, or a time. */
static void moments(void **state)
{
	static const struct {
		const char *text;
		uint64_t size, time;
	} rows[] = {
		{ "17", 17, 0 },
		{ "1", 1, 0 },
		{ "1970-01-02", 0, 2 * 86400 - 1 },
		{ "2026-11-23T07:00:00Z", 0, 1795417200 },
		{ "2026112300", 2026112300, 0 },
		{ "0", 0, 0 },
		{ "2026-02-30", 0, 0 },
		{ "yesterday!", 0, 0 },
		{ "2026-1-1", 0, 0 },
		{ "", 0, 0 },
	};
	struct al_moment moment;

	(void)state;
	for (size_t i = 0; i < AL_COUNT(rows); i++) {
		bool good = rows[i].size > 0 || rows[i].time > 0;

		assert_int_equal(al_moment_parse(al_slice_str(rows[i].text), &moment), good ? AL_OK : AL_EINVAL);
		if (good)
			assert_true(moment.size == rows[i].size && moment.time == rows[i].time);
	}
}

static void moments_ahead(void **state)
{
	static const struct {
		struct al_moment moment;
		uint64_t newest;
		bool ahead;
	} rows[] = {
		{ { 0, 1000 }, 2000, false },    { { 0, 2000 }, 2000, false },  { { 0, 88399 }, 2000, false },
		{ { 0, 88400 }, 2000, true },    { { 7, 0 }, 0, false },        { { 0, 86400 }, 0, true },
		{ { 0, 5 }, UINT64_MAX, false }, { { 7, 88400 }, 2000, false },
	};

	(void)state;
	for (size_t i = 0; i < AL_COUNT(rows); i++)
		assert_int_equal(al_moment_ahead(&rows[i].moment, rows[i].newest), rows[i].ahead);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(asns),          cmocka_unit_test(prefixes),    cmocka_unit_test(covering),
		cmocka_unit_test(covering_bits), cmocka_unit_test(addresses_6), cmocka_unit_test(names),
		cmocka_unit_test(times),         cmocka_unit_test(moments),     cmocka_unit_test(moments_ahead),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
