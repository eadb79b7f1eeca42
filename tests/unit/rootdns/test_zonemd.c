/* SPDX-License-Identifier: MIT */
/*
 * test_zonemd.c -- the digest of a zone as somebody else computes it: after a
 * build, after changes, with glue, delegations and several types at a name.
 */
#include "zone_dump.h"

#define DAY 86400u

static const char registry[] = "registry: TEST\ntld: alamo\nroot-server: a fca1:0:a::53\nroot-server: b 10.0.0.53\n"
			       "mnt-by: HOST-MNT\nsource: TEST\n";

static const char *const objects[] = {
	"domain: types.alamo\nrecord: @ TXT \"b\"\nrecord: @ TXT \"a\"\nrecord: @ MX 10 mail\nrecord: @ A 10.0.0.2\n"
	"record: @ A 10.0.0.1\nrecord: @ AAAA fd00::1\nrecord: mail A 10.0.0.3\nrecord: *.wild TXT \"x\"\n"
	"mnt-by: A-MNT\nsource: TEST\n",
	"domain: glue.alamo\nnserver: ns2.glue.alamo 10.0.1.2\nnserver: ns2.glue.alamo 10.0.1.1\n"
	"nserver: ns2.glue.alamo fd00::2\nnserver: ns1.glue.alamo fd00::1\nnserver: ns1.glue.alamo 10.0.1.9\n"
	"ds-rdata: 12345 13 2 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\n"
	"mnt-by: A-MNT\nsource: TEST\n",
	"domain: plain.alamo\nnserver: ns.example\nmnt-by: A-MNT\nsource: TEST\n",
};

static void digest_holds(struct fixture *f, const char *name)
{
	ldns_rr_list *list = zone_dump(f, name, false);
	ldns_dnssec_zone *zone = ldns_dnssec_zone_new();
	ldns_status status;

	for (size_t i = 0; i < ldns_rr_list_rr_count(list); i++)
		assert_int_equal(ldns_dnssec_zone_add_rr(zone, ldns_rr_list_rr(list, i)), LDNS_STATUS_OK);
	status = ldns_dnssec_zone_verify_zonemd(zone);
	if (status != LDNS_STATUS_OK)
		fail_msg("ZONEMD of %s: %s", name, ldns_get_errorstr_by_id(status));
	assert_true(dump_verify(list, FIXTURE_NOW) > 0);
	ldns_dnssec_zone_free(zone);
	ldns_rr_list_deep_free(list);
}

static void others_compute_the_same(void **state)
{
	struct builder_conf conf = { .signature_s = 14 * DAY, .zonemd_names = 1000 };
	struct fixture f;

	(void)state;
	fixture_of(&f, registry, &conf, objects, AL_COUNT(objects));
	digest_holds(&f, "alamo");
	digest_holds(&f, ".");
	fixture_put(&f, "domain: glue.alamo\nnserver: ns9.glue.alamo 10.0.1.1\nnserver: ns9.glue.alamo 10.0.1.0\n"
			"mnt-by: A-MNT\nsource: TEST\n");
	fixture_put(&f, "domain: new.alamo\nrecord: @ CAA 0 issue \";\"\nmnt-by: A-MNT\nsource: TEST\n");
	fixture_apply(&f);
	digest_holds(&f, "alamo");
	fixture_stop(&f);
}

/* Above the bound there is none, rather than a wrong one. */
static void a_large_zone_has_none(void **state)
{
	struct builder_conf conf = { .signature_s = 14 * DAY, .zonemd_names = 2 };
	ldns_rr_list *list;
	struct fixture f;

	(void)state;
	fixture_of(&f, registry, &conf, objects, AL_COUNT(objects));
	list = zone_dump(&f, "alamo", false);
	for (size_t i = 0; i < ldns_rr_list_rr_count(list); i++)
		assert_int_not_equal(ldns_rr_get_type(ldns_rr_list_rr(list, i)), 63);
	ldns_rr_list_deep_free(list);
	fixture_stop(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(others_compute_the_same),
		cmocka_unit_test(a_large_zone_has_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
