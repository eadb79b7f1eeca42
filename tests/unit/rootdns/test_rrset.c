/* SPDX-License-Identifier: MIT */
/*
 * test_rrset.c -- RRsets in run form: order, doubles, bounds, whose signature
 * it is, and the types that an NSEC names.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "alamo/base/wire.h"
#include "rrset.h"
#include "zone_record.h"

static const uint8_t zeros[RRSET_BYTES_MAX];

static struct rdata data_of(const char *bytes, size_t len)
{
	return (struct rdata){ (const uint8_t *)bytes, (uint16_t)len };
}

/* RFC 4034 section 6.3: by bytes, what is shorter first, each once. */
static void records_have_an_order(void **state)
{
	struct rdata items[] = { data_of("b", 1), data_of("a\0", 2), data_of("\xff", 1), data_of("b", 1),
				 data_of("a", 1), data_of("", 0),    data_of("a\0", 2) };
	static const char *const want[] = { "", "a", "a", "b", "\xff" };
	static const size_t lens[] = { 0, 1, 2, 1, 1 };
	struct rrset *set = NULL;
	const uint8_t *run;
	struct rr_view rr;
	size_t left, count = 0;

	(void)state;
	assert_int_equal(rrset_new(RR_TXT, 0x01020304, items, AL_COUNT(items), &set), AL_OK);
	assert_int_equal(set->type, RR_TXT);
	assert_int_equal(set->count, 5);
	assert_int_equal(set->ttl, 0x01020304);
	assert_int_equal(set->len, 5 * RR_FIXED + 5);
	assert_int_equal(set->sig_len, 0);
	run = set->run;
	left = set->len;
	while (rr_next(&run, &left, &rr)) {
		assert_int_equal(rr.type, RR_TXT);
		assert_int_equal(rr.ttl, 0x01020304);
		assert_int_equal(rr.len, lens[count]);
		assert_memory_equal(rr.rdata, want[count], rr.len);
		assert_int_equal(rr.fixed_len, 10 + rr.len);
		assert_memory_equal(rr.fixed, "\0\x10\0\1\1\2\3\4\0", 9);
		assert_memory_equal(rr.fixed - 2, "\xc0\x0c", 2);
		count++;
	}
	assert_int_equal(count, 5);
	assert_int_equal(left, 0);
	rrset_free(set);
}

static void sets_are_bounded(void **state)
{
	struct rdata items[2] = { { zeros, 0 }, { zeros, 0 } };
	struct rrset *set = NULL;

	(void)state;
	assert_int_equal(rrset_new(RR_TXT, 0, items, 0, &set), AL_EINVAL);
	items[0].len = RRSET_BYTES_MAX - RR_FIXED;
	assert_int_equal(rrset_new(RR_TXT, 0, items, 1, &set), AL_OK);
	assert_int_equal(set->len, RRSET_BYTES_MAX);
	rrset_free(set);
	items[0].len++;
	assert_int_equal(rrset_new(RR_TXT, 0, items, 1, &set), AL_ELIMIT);
	items[0].len = RRSET_BYTES_MAX - 2 * RR_FIXED;
	assert_int_equal(rrset_new(RR_TXT, 0, items, 2, &set), AL_OK);
	rrset_free(set);
	items[0].len = RRSET_BYTES_MAX - 2 * RR_FIXED;
	items[1].len = 1;
	assert_int_equal(rrset_new(RR_TXT, 0, items, 2, &set), AL_ELIMIT);
	rrset_free(NULL);
}

static void found_by_type(void **state)
{
	struct rdata data = data_of("a", 1);
	struct rrset *first, *second;

	(void)state;
	assert_int_equal(rrset_new(RR_A, 60, &data, 1, &first), AL_OK);
	assert_int_equal(rrset_new(RR_AAAA, 60, &data, 1, &second), AL_OK);
	first->next = second;
	assert_ptr_equal(rrset_find(first, RR_A), first);
	assert_ptr_equal(rrset_find(first, RR_AAAA), second);
	assert_null(rrset_find(first, RR_NS));
	assert_null(rrset_find(NULL, RR_A));
	rrset_list_free(first);
}

/* RFC 4034 section 4.1.2: a window for each 256 types, no longer than its last bit. */
static void types_of_nsec(void **state)
{
	static const uint16_t types[] = { RR_A, RR_NS, RR_AAAA, 255, 256, 257, 1234, 65535 };
	static const uint8_t want[] = "\0\x20\x60\0\0\x08\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01"
				      "\1\1\xc0"
				      "\4\x1b\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x20"
				      "\xff\x20\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1";
	uint8_t out[NSEC_RDATA_MAX];
	struct dname next;
	size_t len;

	(void)state;
	assert_int_equal(dname_of_text(AL_S("b.alamo"), &next), AL_OK);
	len = rrset_nsec_rdata(&next, types, AL_COUNT(types), out);
	assert_int_equal(len, next.len + sizeof(want) - 1);
	assert_memory_equal(out, next.b, next.len);
	assert_memory_equal(out + next.len, want, sizeof(want) - 1);
	assert_int_equal(rrset_nsec_rdata(&next, types, 0, out), next.len);
	assert_int_equal(rrset_nsec_rdata(&next, types, 1, out), next.len + 3);
	assert_memory_equal(out + next.len, "\0\1\x40", 3);
}

/* Key tag, algorithm, type of digest, and its digits, which may stand apart (RFC 4034 section 5.3). */
static void ds_data(void **state)
{
	static const struct {
		const char *text;
		size_t len; /* 0: it is none */
		const char *bytes;
	} rows[] = {
		{ "1 13 2 00ff", 6, "\0\1\15\2\0\xff" },
		{ "65535 255 255 Aa bB\t1", 0, NULL },
		{ "65535 255 255 Aa bB 01", 7, "\xff\xff\xff\xff\xaa\xbb\1" },
		{ "  258   8  1   0a  ", 5, "\1\2\10\1\12" },
		{ "65536 13 2 00", 0, NULL },
		{ "1 256 2 00", 0, NULL },
		{ "1 13 256 00", 0, NULL },
		{ "-1 13 2 00", 0, NULL },
		{ "1 13 2", 0, NULL },
		{ "1 13 2 ", 0, NULL },
		{ "1 13", 0, NULL },
		{ "", 0, NULL },
		{ "1 13 2 0", 0, NULL },
		{ "1 13 2 0g", 0, NULL },
		{ "x 13 2 00", 0, NULL },
	};
	uint8_t out[DS_RDATA_MAX];
	char longest[200] = "1 13 4 ";

	(void)state;
	for (size_t i = 0; i < AL_COUNT(rows); i++) {
		assert_int_equal(record_parse_ds(al_slice_str(rows[i].text), out), rows[i].len);
		if (rows[i].len > 0)
			assert_memory_equal(out, rows[i].bytes, rows[i].len);
	}
	/* A digest of 64 bytes is the longest that there is. */
	memset(longest + 7, '5', 2 * (DS_RDATA_MAX - 4));
	assert_int_equal(record_parse_ds(al_slice_str(longest), out), DS_RDATA_MAX);
	assert_int_equal(out[DS_RDATA_MAX - 1], 0x55);
	memset(longest + 7, '5', 2 * (DS_RDATA_MAX - 3));
	assert_int_equal(record_parse_ds(al_slice_str(longest), out), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(records_have_an_order),
		cmocka_unit_test(sets_are_bounded),
		cmocka_unit_test(found_by_type),
		cmocka_unit_test(types_of_nsec),
		cmocka_unit_test(ds_data),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
