/* SPDX-License-Identifier: MIT */
/*
 * test_roll.c -- keys are relieved while the clock is played hour by hour:
 * whatever mixture of answers of these hours a validator has in its cache,
 * every chain in it holds; and a resolver that follows the root by RFC 5011
 * arrives at the new key.
 */
#include "folder.h"

#include "zone_dump.h"

#define HOUR 3600u
#define DAY 86400u
#define TTL_LONG 604800u
#define VERSIONS_MAX 64

static const char registry[] =
	"registry: TEST\ntld: alamo\nroot-server: a fca1:0:a::53\nmnt-by: HOST-MNT\nsource: TEST\n";
static const char member[] = "domain: w.alamo\nrecord: @ 604800 A 10.0.0.1\nmnt-by: A-MNT\nsource: TEST\n";

/* One RRset with its signatures, as it was answered until `last`. */
struct version {
	ldns_rr_list *set, *sigs;
	uint64_t last;
};

struct history {
	struct version versions[VERSIONS_MAX];
	size_t count;
};

static void history_free(struct history *history)
{
	for (size_t i = 0; i < history->count; i++) {
		ldns_rr_list_deep_free(history->versions[i].set);
		ldns_rr_list_deep_free(history->versions[i].sigs);
	}
	history->count = 0;
}

static ldns_rr_list *sigs_of(const ldns_rr_list *zone, const ldns_rdf *owner, ldns_rr_type type)
{
	ldns_rr_list *all = rrset_at(zone, owner, LDNS_RR_TYPE_RRSIG), *out = ldns_rr_list_new();

	for (size_t i = 0; i < ldns_rr_list_rr_count(all); i++)
		if (ldns_rdf2rr_type(ldns_rr_rrsig_typecovered(ldns_rr_list_rr(all, i))) == type)
			(void)ldns_rr_list_push_rr(out, ldns_rr_clone(ldns_rr_list_rr(all, i)));
	ldns_rr_list_free(all);
	return out;
}

static void look(struct history *history, struct fixture *f, const char *zone_name, const char *name, ldns_rr_type type)
{
	ldns_rr_list *zone = zone_dump(f, zone_name, false);
	ldns_rdf *owner = ldns_dname_new_frm_str(name);
	ldns_rr_list *found = rrset_at(zone, owner, type);
	struct version now = { ldns_rr_list_clone(found), sigs_of(zone, owner, type), fixture_clock };
	struct version *last = history->count > 0 ? &history->versions[history->count - 1] : NULL;

	assert_true(ldns_rr_list_rr_count(now.set) > 0 && ldns_rr_list_rr_count(now.sigs) > 0);
	ldns_rr_list_sort(now.set);
	ldns_rr_list_sort(now.sigs);
	if (last != NULL && ldns_rr_list_compare(last->set, now.set) == 0 &&
	    ldns_rr_list_compare(last->sigs, now.sigs) == 0) {
		last->last = fixture_clock;
		ldns_rr_list_deep_free(now.set);
		ldns_rr_list_deep_free(now.sigs);
	} else {
		assert_true(history->count < VERSIONS_MAX);
		history->versions[history->count++] = now;
	}
	ldns_rr_list_free(found);
	ldns_rdf_deep_free(owner);
	ldns_rr_list_deep_free(zone);
}

static bool cached(const struct version *version, uint32_t ttl)
{
	return version->last + ttl >= fixture_clock;
}

static bool verified(const struct version *version, const ldns_rr_list *keys)
{
	for (size_t i = 0; i < ldns_rr_list_rr_count(version->sigs); i++) {
		ldns_rr_list *good = ldns_rr_list_new();
		ldns_status status = ldns_verify_rrsig_keylist_time(version->set, ldns_rr_list_rr(version->sigs, i),
								    keys, (time_t)version->last, good);

		ldns_rr_list_free(good);
		if (status == LDNS_STATUS_OK)
			return true;
	}
	return false;
}

/* The keys of a set that a DS set points at. */
static ldns_rr_list *keys_by_ds(const ldns_rr_list *keys, const ldns_rr_list *ds)
{
	ldns_rr_list *out = ldns_rr_list_new();

	for (size_t k = 0; k < ldns_rr_list_rr_count(keys); k++)
		for (size_t d = 0; d < ldns_rr_list_rr_count(ds); d++) {
			ldns_rr *made = ldns_key_rr2ds(ldns_rr_list_rr(keys, k), LDNS_SHA256);

			if (ldns_rr_compare_ds(made, ldns_rr_list_rr(ds, d)))
				(void)ldns_rr_list_push_rr(out, ldns_rr_list_rr(keys, k));
			ldns_rr_free(made);
		}
	return out;
}

struct cache {
	struct history ds, keys, data, soa;
};

/* Every chain that can be put together from what caches have. */
static void chains_hold(const struct cache *cache)
{
	for (size_t k = 0; k < cache->keys.count; k++) {
		const struct version *keys = &cache->keys.versions[k];

		if (!cached(keys, HOUR))
			continue;
		for (size_t d = 0; d < cache->ds.count; d++) {
			ldns_rr_list *entry;

			if (!cached(&cache->ds.versions[d], HOUR))
				continue;
			entry = keys_by_ds(keys->set, cache->ds.versions[d].set);
			assert_true(verified(keys, entry));
			ldns_rr_list_free(entry);
		}
		for (size_t i = 0; i < cache->data.count; i++)
			if (cached(&cache->data.versions[i], TTL_LONG))
				assert_true(verified(&cache->data.versions[i], keys->set));
		for (size_t i = 0; i < cache->soa.count; i++)
			if (cached(&cache->soa.versions[i], HOUR))
				assert_true(verified(&cache->soa.versions[i], keys->set));
	}
}

static void hour(struct fixture *f)
{
	bool more = true;

	fixture_clock += HOUR;
	while (more)
		assert_int_equal(builder_resign(f->builder, &more), AL_OK);
}

static uint16_t active_tag(const char *dir, const char *zone, bool set)
{
	struct zone_keys keys;
	struct dname apex;
	uint16_t tag;

	assert_int_equal(dname_of_text(al_slice_str(zone), &apex), AL_OK);
	assert_int_equal(zone_keys_load(dir, &apex, fixture_clock, &keys), AL_OK);
	tag = zone_keys_active(&keys, set)->tag;
	zone_keys_release(&keys);
	return tag;
}

static void play(const char *dir, bool set, unsigned days)
{
	struct builder_conf conf = { .signature_s = 14 * DAY, .keys_dir = dir };
	struct cache cache = { .ds.count = 0 };
	struct dname apex;
	struct fixture f;
	uint16_t before;

	fixture_start(&f, registry, &conf);
	fixture_put(&f, member);
	fixture_build(&f);
	assert_int_equal(dname_of_text(AL_S("alamo"), &apex), AL_OK);
	before = active_tag(dir, "alamo", set);
	for (unsigned i = 0; i < days * 24; i++) {
		if (i == 24)
			assert_int_equal(zone_keys_add(dir, &apex, set), AL_OK);
		hour(&f);
		look(&cache.ds, &f, ".", "alamo", LDNS_RR_TYPE_DS);
		look(&cache.keys, &f, "alamo", "alamo", LDNS_RR_TYPE_DNSKEY);
		look(&cache.data, &f, "alamo", "w.alamo", LDNS_RR_TYPE_A);
		look(&cache.soa, &f, "alamo", "alamo", LDNS_RR_TYPE_SOA);
		chains_hold(&cache);
	}
	assert_int_not_equal(active_tag(dir, "alamo", set), before);
	/* The old key has left, and so has its DS. */
	assert_int_equal(ldns_rr_list_rr_count(cache.keys.versions[cache.keys.count - 1].set), 2);
	assert_int_equal(ldns_rr_list_rr_count(cache.ds.versions[cache.ds.count - 1].set), 1);
	history_free(&cache.ds);
	history_free(&cache.keys);
	history_free(&cache.data);
	history_free(&cache.soa);
	fixture_stop(&f);
}

static void a_zone_key_is_relieved(void **state)
{
	char dir[256];

	(void)snprintf(dir, sizeof(dir), "%s/zsk", (const char *)*state);
	play(dir, false, 12);
}

static void a_key_of_keys_is_relieved(void **state)
{
	char dir[256];

	(void)snprintf(dir, sizeof(dir), "%s/ksk", (const char *)*state);
	play(dir, true, 35);
}

/* ---- RFC 5011 ---- */

#define ANCHORS_MAX 8

struct anchor {
	ldns_rr *key; /* without the REVOKE bit */
	uint64_t seen;
	bool trusted;
};

static ldns_rr *unrevoked(const ldns_rr *key)
{
	ldns_rr *out = ldns_rr_clone(key);
	uint16_t flags = ldns_rdf2native_int16(ldns_rr_rdf(out, 0));

	ldns_rdf_deep_free(ldns_rr_set_rdf(out, ldns_native2rdf_int16(LDNS_RDF_TYPE_INT16, flags & 0xff7fu), 0));
	return out;
}

/* RFC 5011 section 2: what a resolver makes of one DNSKEY set that it has verified. */
static void follow(struct anchor anchors[static ANCHORS_MAX], const struct version *keys)
{
	for (size_t i = 0; i < ldns_rr_list_rr_count(keys->set); i++) {
		ldns_rr *rr = ldns_rr_list_rr(keys->set, i), *plain;
		uint16_t flags = ldns_rdf2native_int16(ldns_rr_rdf(rr, 0));
		struct anchor *anchor = anchors;

		if ((flags & 1) == 0)
			continue;
		plain = unrevoked(rr);
		while (anchor->key != NULL && ldns_rr_compare(anchor->key, plain) != 0)
			anchor++;
		assert_true(anchor < anchors + ANCHORS_MAX);
		if (anchor->key == NULL)
			*anchor = (struct anchor){ plain, fixture_clock, false };
		else
			ldns_rr_free(plain);
		if ((flags & 0x80) != 0)
			anchor->trusted = false;
		else if (fixture_clock >= anchor->seen + 30 * DAY)
			anchor->trusted = true;
	}
}

static size_t trusted_keys(const struct anchor *anchors, ldns_rr_list *out)
{
	for (; anchors->key != NULL; anchors++)
		if (anchors->trusted)
			(void)ldns_rr_list_push_rr(out, anchors->key);
	return ldns_rr_list_rr_count(out);
}

static void the_root_is_followed(void **state)
{
	struct builder_conf conf = { .signature_s = 14 * DAY };
	struct anchor anchors[ANCHORS_MAX] = { { .key = NULL } };
	static const struct dname root = { .len = 1, .b = { 0 } };
	struct history keys = { .count = 0 };
	uint16_t before;
	struct fixture f;
	char dir[256];

	(void)snprintf(dir, sizeof(dir), "%s/root", (const char *)*state);
	conf.keys_dir = dir;
	fixture_start(&f, registry, &conf);
	fixture_build(&f);
	before = active_tag(dir, "", true);
	for (unsigned i = 0; i < 70 * 24; i++) {
		ldns_rr_list *trusted = ldns_rr_list_new();

		if (i == 24)
			assert_int_equal(zone_keys_add(dir, &root, true), AL_OK);
		hour(&f);
		look(&keys, &f, ".", ".", LDNS_RR_TYPE_DNSKEY);
		if (i == 0) {
			follow(anchors, &keys.versions[0]);
			anchors[0].trusted = true; /* configured */
		}
		assert_true(trusted_keys(anchors, trusted) > 0);
		assert_true(verified(&keys.versions[keys.count - 1], trusted));
		follow(anchors, &keys.versions[keys.count - 1]);
		ldns_rr_list_free(trusted);
	}
	assert_int_not_equal(active_tag(dir, "", true), before);
	assert_false(anchors[0].trusted);
	assert_true(anchors[1].trusted);
	assert_null(anchors[2].key);
	assert_int_equal(ldns_rr_list_rr_count(keys.versions[keys.count - 1].set), 2);
	for (struct anchor *anchor = anchors; anchor->key != NULL; anchor++)
		ldns_rr_free(anchor->key);
	history_free(&keys);
	fixture_stop(&f);
}

/* ---- the machine alone ---- */

static void one_roll_at_a_time(void **state)
{
	struct key_time a = { KIND_ZSK, STATE_ACTIVE, 1000000 }, b = { KIND_ZSK, STATE_PUBLISHED, 1000000 };
	struct key_time c = { KIND_ZSK, STATE_PUBLISHED, 1000001 };
	struct key_time *const keys[] = { &a, &b, &c };
	uint64_t now = 1000000 + key_rule(&b)->wait_s;

	(void)state;
	assert_false(key_roll(keys, 3, now - 1));
	assert_true(key_roll(keys, 3, now));
	assert_int_equal(a.state, STATE_RETIRED);
	assert_int_equal(b.state, STATE_ACTIVE);
	assert_false(key_roll(keys, 3, now + 2 * HOUR)); /* the third waits for the first to be gone */
	/* A clock that goes back makes waits longer, never shorter. */
	assert_false(key_roll(keys, 3, now - DAY));
	assert_int_equal(a.since, now - DAY);
	now += key_rule(&a)->wait_s - DAY;
	assert_true(key_roll(keys, 3, now));
	assert_int_equal(a.state, STATE_GONE);
	assert_int_equal(c.state, STATE_ACTIVE);
	assert_int_equal(b.state, STATE_RETIRED);
}

static void a_lone_key_is_used_at_once(void **state)
{
	struct key_time a = { KIND_KSK, STATE_PUBLISHED, 1000 };
	struct key_time *const keys[] = { &a };

	(void)state;
	assert_true(key_roll(keys, 1, 1000));
	assert_int_equal(a.state, STATE_ACTIVE);
	assert_false(key_roll(keys, 1, 1000 + 365 * DAY));
}

/* A second key in the folder, with a lower or a higher tag: the first stays in use, over restarts too. */
static void a_second_key_does_not_take_over(void **state)
{
	struct zone_keys keys;
	struct dname apex;
	char dir[256];

	(void)snprintf(dir, sizeof(dir), "%s/second", (const char *)*state);
	assert_int_equal(dname_of_text(AL_S("alamo"), &apex), AL_OK);
	for (unsigned i = 0; i < 5; i++) {
		uint16_t tag = active_tag(dir, "alamo", false);

		assert_int_equal(zone_keys_add(dir, &apex, false), AL_OK);
		assert_int_equal(active_tag(dir, "alamo", false), tag);
	}
	assert_int_equal(zone_keys_load(dir, &apex, fixture_clock, &keys), AL_OK);
	assert_int_equal(keys.count, 7);
	zone_keys_release(&keys);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_zone_key_is_relieved),     cmocka_unit_test(a_key_of_keys_is_relieved),
		cmocka_unit_test(the_root_is_followed),       cmocka_unit_test(one_roll_at_a_time),
		cmocka_unit_test(a_lone_key_is_used_at_once), cmocka_unit_test(a_second_key_does_not_take_over),
	};

	return cmocka_run_group_tests(tests, folder_make, folder_drop);
}
