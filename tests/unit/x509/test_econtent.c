/* SPDX-License-Identifier: MIT */
/*
 * test_econtent.c -- DER byte for byte, and which objects a set of records calls for.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>

#include "der.h"
#include "econtent.h"
#include "roa_plan.h"

static struct vrp vrp_of(const char *prefix, uint8_t max, uint32_t asn)
{
	struct vrp vrp = { .asn = asn, .max = max };
	struct al_prefix p;

	assert_int_equal(al_prefix_parse(al_slice_str(prefix), &p), AL_OK);
	memcpy(vrp.addr, p.addr, sizeof(vrp.addr));
	vrp.bits = p.bits;
	vrp.len = p.len;
	return vrp;
}

static void assert_hex(struct al_buf *got, const char *want)
{
	struct al_buf hex;

	assert_int_equal(got->err, AL_OK);
	al_buf_init(&hex, 65536);
	al_buf_hex(&hex, got->ptr, got->len);
	al_buf_u8(&hex, 0);
	assert_string_equal((const char *)hex.ptr, want);
	al_buf_release(&hex);
	al_buf_release(got);
}

static void numbers_have_one_form(void **state)
{
	static const struct {
		uint64_t n;
		const char *want;
	} rows[] = {
		{ 0, "020100" },
		{ 127, "02017f" },
		{ 128, "02020080" },
		{ 256, "02020100" },
		{ 4252660001, "020500fd7a7121" },
		{ UINT64_MAX, "020900ffffffffffffffff" },
	};

	(void)state;
	for (size_t i = 0; i < AL_COUNT(rows); i++) {
		struct al_buf out;

		al_buf_init(&out, 64);
		der_unsigned(&out, rows[i].n);
		assert_hex(&out, rows[i].want);
	}
}

static void lengths_have_one_form(void **state)
{
	static const struct {
		size_t len;
		const char *head;
	} rows[] = { { 127, "\x04\x7f" }, { 128, "\x04\x81\x80" }, { 255, "\x04\x81\xff" }, { 256, "\x04\x82\x01" } };
	static const char zeroes[256];

	(void)state;
	for (size_t i = 0; i < AL_COUNT(rows); i++) {
		struct al_buf out;

		al_buf_init(&out, 512);
		der_put(&out, DER_OCTET_STRING, al_slice_of(zeroes, rows[i].len));
		assert_memory_equal(out.ptr, rows[i].head, strlen(rows[i].head));
		assert_int_equal(out.len, rows[i].len + 2 + (rows[i].len > 127) + (rows[i].len > 255));
		al_buf_release(&out);
	}
}

/* RFC 9582 section 4: the maximum length is left out where it says nothing, bits beyond the prefix are not there. */
static void roa_is_canonical(void **state)
{
	struct vrp items[] = {
		vrp_of("10.1.0.0/17", 17, 64512),
		vrp_of("10.1.0.0/17", 24, 64512),
		vrp_of("fca1:100::/48", 64, 64512),
	};
	struct al_buf out;

	(void)state;
	al_buf_init(&out, 4096);
	econtent_roa(items, AL_COUNT(items), &out);
	assert_hex(&out, "3038020300fc003031301904020001301330060304070a010030090304070a0100020118301404020002300e300c"
			 "030700fca101000000020140");
}

static void manifest_is_canonical(void **state)
{
	struct econtent_entry entry = { .name = "AS1.roa" };
	struct al_buf out;

	(void)state;
	for (uint8_t i = 0; i < AL_HASH_LEN; i++)
		entry.hash.b[i] = i;
	al_buf_init(&out, 4096);
	econtent_manifest(300, 1795918583, 1795918583 + 86400, &entry, 1, &out);
	assert_hex(&out,
		   "30610202012c180f32303236313132393032313632335a180f32303236313133303032313632335a060960864801"
		   "6503040201302e302c16074153312e726f61032100000102030405060708090a0b0c0d0e0f10111213141516171819"
		   "1a1b1c1d1e1f");
}

static void aspa_is_canonical(void **state)
{
	const struct vrp pairs[] = { vrp_pair(4252660100, 64512), vrp_pair(4252660100, 4252660001) };
	struct al_buf out;

	(void)state;
	al_buf_init(&out, 4096);
	econtent_aspa(pairs, AL_COUNT(pairs), &out);
	assert_hex(&out, "301aa003020101020500fd7a7184300c020300fc00020500fd7a7121");
}

/* ---- which objects ---- */

static void plan(const struct vrp *items, size_t count, struct resources *resources, struct roa_plan *out)
{
	struct vrp_set *set;

	assert_int_equal(vrp_set_new(items, count, 1, &set), AL_OK);
	assert_int_equal(roa_plan_make(set, resources, out), AL_OK);
	vrp_set_unref(set);
}

static void resources_of(const char *prefix, struct resources *out)
{
	struct al_prefix p;

	assert_int_equal(al_prefix_parse(al_slice_str(prefix), &p), AL_OK);
	assert_int_equal(resources_add_prefix(out, &p), AL_OK);
}

static void one_roa_for_each_as(void **state)
{
	struct resources resources = { 0 };
	const struct vrp items[] = {
		vrp_of("10.2.0.0/16", 16, 64513), vrp_of("10.1.0.0/16", 24, 64512), vrp_of("10.1.1.0/24", 24, 64512),
		vrp_of("11.0.0.0/16", 16, 64512), vrp_of("fca1:1::/48", 48, 64512), vrp_of("fca1:2::/48", 48, 0),
	};
	struct roa_plan got;

	(void)state;
	resources_of("10.0.0.0/8", &resources);
	resources_of("fca1::/16", &resources);
	plan(items, AL_COUNT(items), &resources, &got);
	assert_int_equal(got.left_out, 1); /* 11.0.0.0/16 */
	assert_int_equal(got.object_count, 3);
	assert_string_equal(got.objects[0].path, "ca/AS0.roa");
	assert_string_equal(got.objects[1].path, "ca/AS64512.roa");
	assert_int_equal(got.objects[1].count, 3);
	assert_string_equal(got.objects[2].path, "ca/AS64513.roa");
	assert_int_equal(got.items[got.objects[1].first].len, 16); /* the less specific of one address first */
	roa_plan_release(&got);
}

/* Who carries an AS's routes is an object of its own, for customers that the certificate has. */
static void one_aspa_for_each_customer(void **state)
{
	struct resources resources = { 0 };
	const struct al_asn_range ours = { 4252660000, 4252669999 };
	const struct vrp items[] = {
		vrp_pair(4252660100, 4252660200), vrp_of("fca1:1::/48", 48, 4252660100),
		vrp_pair(4252660200, 4252660100), vrp_pair(4252660100, 4252660001),
		vrp_pair(64512, 4252660100),
	};
	struct roa_plan got;

	(void)state;
	resources_of("fca1::/16", &resources);
	assert_int_equal(resources_add_range(&resources, &ours), AL_OK);
	plan(items, AL_COUNT(items), &resources, &got);
	assert_int_equal(got.left_out, 1); /* AS64512 */
	assert_int_equal(got.object_count, 3);
	assert_string_equal(got.objects[0].path, "ca/AS4252660100.roa");
	assert_string_equal(got.objects[1].path, "ca/AS4252660100.asa");
	assert_int_equal(got.objects[1].count, 2);
	assert_int_equal(got.items[got.objects[1].first].asn, 4252660001);
	assert_string_equal(got.objects[2].path, "ca/AS4252660200.asa");
	roa_plan_release(&got);
}

/* StayRTR drops records of length 0. */
static void nobody_for_everything_is_cut(void **state)
{
	struct resources resources = { 0 };
	const struct vrp items[] = { vrp_of("0.0.0.0/0", 0, 0), vrp_of("::/0", 128, 0), vrp_of("::/0", 0, 64512) };
	struct roa_plan got;

	(void)state;
	resources_of("0.0.0.0/0", &resources);
	resources_of("::/0", &resources);
	plan(items, AL_COUNT(items), &resources, &got);
	assert_int_equal(got.objects[0].count, 4);
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(got.items[i].len, 1);
		assert_int_equal(got.items[i].addr[0], i % 2 == 0 ? 0 : 0x80);
		assert_int_equal(got.items[i].max, i < 2 ? 1 : 128);
	}
	/* Somebody's default route means what it says. */
	assert_int_equal(got.objects[1].count, 1);
	assert_int_equal(got.items[got.objects[1].first].len, 0);
	roa_plan_release(&got);
}

static void resources_are_canonical(void **state)
{
	struct resources resources = { 0 };
	const struct al_asn_range ranges[] = { { 10, 20 }, { 30, 40 }, { 21, 29 }, { 15, 16 }, { 100, UINT32_MAX } };
	struct al_buf text;

	(void)state;
	resources_of("10.1.0.0/16", &resources);
	resources_of("fca1::/16", &resources);
	resources_of("10.0.0.0/8", &resources);
	resources_of("10.2.0.0/16", &resources);
	for (size_t i = 0; i < AL_COUNT(ranges); i++)
		assert_int_equal(resources_add_range(&resources, &ranges[i]), AL_OK);
	al_buf_init(&text, 4096);
	resources_format(&resources, &text);
	al_buf_u8(&text, 0);
	assert_string_equal((const char *)text.ptr,
			    "prefix 10.0.0.0/8\nprefix fca1::/16\nasn AS10-AS40\nasn AS100-AS4294967295\n");
	al_buf_release(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_have_one_form),   cmocka_unit_test(lengths_have_one_form),
		cmocka_unit_test(roa_is_canonical),        cmocka_unit_test(manifest_is_canonical),
		cmocka_unit_test(aspa_is_canonical),       cmocka_unit_test(one_aspa_for_each_customer),
		cmocka_unit_test(one_roa_for_each_as),     cmocka_unit_test(nobody_for_everything_is_cut),
		cmocka_unit_test(resources_are_canonical),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
