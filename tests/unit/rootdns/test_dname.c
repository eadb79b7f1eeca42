/* SPDX-License-Identifier: MIT */
/*
 * test_dname.c -- order, hashes and bounds of wire names; names of reverse zones.
 */
#include "fixture.h"

static struct dname name_of(const char *text)
{
	struct dname name;

	assert_int_equal(dname_of_text(al_slice_str(text), &name), AL_OK);
	return name;
}

/* RFC 4034 section 6.1's list, below the apex "example", with what fits before and after. */
static void canonical_order(void **state)
{
	static const char *const sorted[] = { "example",     "a.example",      "yljkjljk.a.example",
					      "z.a.example", "zabc.a.example", "a-b.example",
					      "aa.example",  "z.example",      "*.z.example" };
	uint8_t key[DNAME_KEY_MAX], last[DNAME_KEY_MAX];
	size_t last_len = 0;

	(void)state;
	for (size_t i = 0; i < AL_COUNT(sorted); i++) {
		struct dname name = name_of(sorted[i]);
		size_t len = dname_key(name.b, 1, key);

		if (i > 0) {
			assert_true(dname_key_cmp(last, last_len, key, len) < 0);
			assert_true(dname_key_cmp(key, len, last, last_len) > 0);
			assert_true(dname_key_prefix(last, last_len) <= dname_key_prefix(key, len));
		}
		memcpy(last, key, len);
		last_len = len;
	}
	assert_int_equal(dname_key_cmp(key, last_len, last, last_len), 0);
}

/* A byte 0 or 1 inside a label sorts below every other byte and above the label's end. */
static void lowest_bytes_sort(void **state)
{
	static const uint8_t names[][8] = { "\1a", "\2a\0", "\3a\0\0", "\2a\1", "\2a\2", "\2a-" };
	uint8_t key[DNAME_KEY_MAX], last[DNAME_KEY_MAX];
	size_t last_len = 0;

	(void)state;
	for (size_t i = 0; i < AL_COUNT(names); i++) {
		size_t len = dname_key(names[i], 0, key);

		if (i > 0)
			assert_true(dname_key_cmp(last, last_len, key, len) < 0);
		memcpy(last, key, len);
		last_len = len;
	}
}

/* Eight bytes in order, or as many as there are: what begins otherwise is told apart without the key. */
static void prefixes_are_the_first_bytes(void **state)
{
	static const uint8_t key[] = "\1\2\3\4\5\6\7\10\11";

	(void)state;
	assert_int_equal(dname_key_prefix(key, 9), UINT64_C(0x0102030405060708));
	assert_int_equal(dname_key_prefix(key, 8), UINT64_C(0x0102030405060708));
	assert_int_equal(dname_key_prefix(key, 3), UINT64_C(0x0102030000000000));
	assert_int_equal(dname_key_prefix(key, 0), 0);
}

/* Whichever byte of a label is another one, its length and what is above it among them. */
static void every_byte_is_hashed(void **state)
{
	uint8_t label[64] = { 0 };

	(void)state;
	for (uint8_t len = 1; len <= 63; len++) {
		uint64_t hash;

		label[0] = len;
		memset(label + 1, 'a', len);
		hash = dname_hash_label(1, label);
		assert_int_equal(dname_hash_label(1, label), hash);
		assert_int_not_equal(dname_hash_label(2, label), hash);
		for (size_t at = 1; at <= len; at++) {
			label[at] = 'b';
			assert_int_not_equal(dname_hash_label(1, label), hash);
			label[at] = 'a';
		}
	}
}

/* Every byte has a place of its own, in order. */
static void all_bytes_sort(void **state)
{
	uint8_t key[DNAME_KEY_MAX], last[DNAME_KEY_MAX];
	size_t last_len = 0;

	(void)state;
	for (unsigned byte = 0; byte < 256; byte++) {
		const uint8_t name[] = { 1, (uint8_t)byte, 0 };
		size_t len = dname_key(name, 0, key);

		if (byte > 0)
			assert_true(dname_key_cmp(last, last_len, key, len) < 0);
		memcpy(last, key, len);
		last_len = len;
	}
}

static void index_gives_each_suffix(void **state)
{
	static const uint8_t wire[] = "\3WwW\4fish\5Alamo";
	struct dname_index index;
	struct dname lower = name_of("www.fish.alamo"), parent = name_of("fish.alamo");

	(void)state;
	assert_int_equal(dname_index(7, wire, sizeof(wire), &index), AL_OK);
	assert_int_equal(index.labels, 3);
	assert_int_equal(index.len, lower.len);
	assert_memory_equal(index.name, lower.b, lower.len);
	assert_int_equal(index.at[0], lower.len - 1);
	assert_int_equal(index.at[2], 4);
	assert_int_equal(index.hash[0], 7);
	assert_true(index.hash[2] == dname_hash(7, parent.b));
	assert_true(index.hash[3] == dname_hash(7, lower.b));
	assert_true(index.hash[3] != dname_hash(8, lower.b));
}

static void index_is_bounded(void **state)
{
	struct dname_index index;
	uint8_t wire[300];

	(void)state;
	assert_int_equal(dname_index(1, (const uint8_t *)"\3ab", 3, &index), AL_EINVAL);
	assert_int_equal(dname_index(1, (const uint8_t *)"\3abc", 4, &index), AL_EINVAL);
	assert_int_equal(dname_index(1, (const uint8_t *)"\300\14", 2, &index), AL_EINVAL);
	assert_int_equal(dname_index(1, (const uint8_t *)"", 0, &index), AL_EINVAL);
	assert_int_equal(dname_index(1, (const uint8_t *)"", 1, &index), AL_OK);
	/* 127 labels of one byte are 255 bytes: the longest there is */
	for (size_t i = 0; i < 256; i += 2) {
		wire[i] = 1;
		wire[i + 1] = 'a';
	}
	wire[254] = 0;
	assert_int_equal(dname_index(1, wire, 255, &index), AL_OK);
	assert_int_equal(index.labels, DNAME_LABELS_MAX);
	wire[254] = 1;
	wire[256] = 0;
	assert_int_equal(dname_index(1, wire, 257, &index), AL_EINVAL);
}

static void joins_within_255_bytes(void **state)
{
	struct dname a, b, out;
	char text[200];

	(void)state;
	memset(text, 'a', sizeof(text));
	for (size_t i = 50; i < 200; i += 50)
		text[i] = '.';
	a = name_of("www");
	assert_int_equal(dname_of_text(al_slice_of(text, 200), &b), AL_OK);
	assert_int_equal(dname_join(&a, &b, &out), AL_OK);
	assert_int_equal(out.len, 206);
	assert_int_equal(dname_join(&b, &b, &out), AL_EINVAL);
	assert_true(dname_within(b.b, b.len, b.b, b.len));
	a = name_of("xalamo");
	b = name_of("alamo");
	assert_false(dname_within(a.b, a.len, b.b, b.len));
}

static void reverse_expect(const char *prefix, const char *const *names, size_t count)
{
	struct al_prefix parsed;
	struct dname name, want;

	assert_int_equal(al_prefix_parse(al_slice_str(prefix), &parsed), AL_OK);
	assert_int_equal(reverse_count(&parsed), count);
	for (unsigned i = 0; i < count; i++) {
		reverse_name(&parsed, i, &name);
		want = name_of(names[i]);
		assert_true(dname_eq(&name, &want));
	}
}

static void reverse_names(void **state)
{
	static const char *const slash14[] = { "20.172.in-addr.arpa", "21.172.in-addr.arpa", "22.172.in-addr.arpa",
					       "23.172.in-addr.arpa" };
	static const char *const slash10[] = { "c.e.f.ip6.arpa", "d.e.f.ip6.arpa", "e.e.f.ip6.arpa", "f.e.f.ip6.arpa" };
	static const char *const slash16[] = { "1.a.c.f.ip6.arpa" };
	static const char *const slash24[] = { "0.0.10.in-addr.arpa" };
	static const char *const slash0[] = { "in-addr.arpa" };

	(void)state;
	reverse_expect("172.20.0.0/14", slash14, 4);
	reverse_expect("fec0::/10", slash10, 4);
	reverse_expect("fca1::/16", slash16, 1);
	reverse_expect("10.0.0.0/24", slash24, 1);
	reverse_expect("0.0.0.0/0", slash0, 1);
}

static void plan_of_a_registry(void **state)
{
	struct al_object *registry = object_of(
		"registry: T1\ntld: alamo\ntld: alamo\ntld: fish\nsuper-prefix: 10.0.0.0/8\n"
		"super-prefix: 10.1.2.0/25\nsuper-prefix: 10.1.0.0/16\nroot-server: b fd00::2\n"
		"root-server: b 10.0.0.2\nroot-server: a fd00::1\nmnt-by: A-MNT\nsource: T1\n",
		0);
	struct al_object *other = object_of(
		"registry: T1\ndescr: new words\ntld: alamo\ntld: alamo\ntld: fish\n"
		"super-prefix: 10.0.0.0/8\nsuper-prefix: 10.1.2.0/25\nsuper-prefix: 10.1.0.0/16\n"
		"root-server: b fd00::2\nroot-server: b 10.0.0.2\nroot-server: a fd00::1\n"
		"mnt-by: A-MNT\nsource: T1\n",
		1);
	struct zone_plan *plan;
	struct dname name;

	(void)state;
	assert_int_equal(zone_plan_new(registry, AL_S(""), &plan), AL_OK);
	assert_int_equal(plan->zone_count, 6); /* root, two TLDs, two reverse zones, the catalog */
	assert_int_equal(plan->server_count, 2);
	assert_int_equal(plan->address_count, 3);
	name = name_of("b.root-servers");
	assert_true(dname_eq(&plan->servers[0].name, &name));
	name = name_of("hostmaster.alamo");
	assert_true(dname_eq(&plan->hostmaster, &name));
	name = name_of("1.10.in-addr.arpa");
	assert_int_equal(plan->zones[zone_plan_find(plan, &name, false)].parent, zone_plan_find(plan, &name, true));
	name = name_of("x.example");
	assert_int_equal(zone_plan_find(plan, &name, false), PLAN_ROOT);
	assert_true(zone_plan_same(registry, other));
	assert_false(zone_plan_same(registry, NULL));
	zone_plan_free(plan);
	al_object_unref(registry);
	al_object_unref(other);
}

/* Below another name, as that of origin look-ups. */
static void reverse_below_a_name(void **state)
{
	static const struct {
		const char *prefix, *name;
		unsigned i;
		bool wildcard;
	} rows[] = {
		{ "10.128.0.0/9", "129.10.o.alamo", 1, false },
		{ "10.1.0.0/16", "*.1.10.o.alamo", 0, true },
		{ "fca1:100::/30", "*.3.0.1.0.1.a.c.f.o.alamo", 3, true },
		{ "fca1:100::/36", "0.0.0.1.0.1.a.c.f.o.alamo", 0, false },
		{ "0.0.0.0/0", "o.alamo", 0, false },
		{ "::/0", "*.o.alamo", 0, true },
	};
	struct dname origin = name_of("o.alamo"), got, want;
	struct al_prefix prefix;

	(void)state;
	for (size_t i = 0; i < AL_COUNT(rows); i++) {
		assert_int_equal(al_prefix_parse(al_slice_str(rows[i].prefix), &prefix), AL_OK);
		assert_int_equal(reverse_below(&prefix, rows[i].i, rows[i].wildcard, &origin, &got), AL_OK);
		want = name_of(rows[i].name);
		if (!dname_eq(&got, &want))
			fail_msg("%s", rows[i].name);
	}
}

#define LONG "a123456789b123456789c123456789d123456789e123456789f12345."

static void the_zone_of_origins_is_nobodys(void **state)
{
	static const struct {
		const char *zone;
		bool is;
	} rows[] = {
		{ "asn.alamo", true },
		{ "deep.asn.alamo", true },
		{ "asn.nic.alamo", true },
		{ "asn.registry.alamo", true },
		{ "free.alamo", false },
		{ "asn.free.alamo", false },
		{ "x1.alamo", false },
		{ "alamo", false },
		{ "asn.example", false },
		{ "asn", false },
		{ "asn..alamo", false },
		{ LONG LONG LONG "asn.alamo", false }, /* no room for the names of IPv6 */
		{ "", false },
	};
	struct al_object *registry = object_of(
		"registry: T1\ntld: alamo\nroot-server: a fd00::53\nreserved-name: ? asn x*\n"
		"mnt-by: A-MNT\nsource: T1\n",
		0);

	(void)state;
	for (size_t i = 0; i < AL_COUNT(rows); i++) {
		struct zone_plan *plan;
		int zone;

		assert_int_equal(zone_plan_new(registry, al_slice_str(rows[i].zone), &plan), AL_OK);
		zone = zone_plan_origins(plan);
		if ((zone != PLAN_NONE) != rows[i].is)
			fail_msg("%s", rows[i].zone);
		if (zone != PLAN_NONE)
			assert_true(zone_plan_is_tld(plan, (size_t)plan->zones[zone].parent));
		zone_plan_free(plan);
	}
	al_object_unref(registry);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(prefixes_are_the_first_bytes),
		cmocka_unit_test(every_byte_is_hashed),
		cmocka_unit_test(canonical_order),
		cmocka_unit_test(lowest_bytes_sort),
		cmocka_unit_test(all_bytes_sort),
		cmocka_unit_test(index_gives_each_suffix),
		cmocka_unit_test(index_is_bounded),
		cmocka_unit_test(joins_within_255_bytes),
		cmocka_unit_test(reverse_names),
		cmocka_unit_test(plan_of_a_registry),
		cmocka_unit_test(reverse_below_a_name),
		cmocka_unit_test(the_zone_of_origins_is_nobodys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
