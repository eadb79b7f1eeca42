/* SPDX-License-Identifier: MIT */
/*
 * test_node.c -- what a node was compiled of comes out of it again: servers and glue that stand in a referral alone, glue
 * that it has no room for or no use for, sets and signatures.
 */
#include "zone_dump.h"

#define MANY 700u /* addresses of one server: more than a referral can carry */

static const char registry[] = "registry: TEST\ntld: alamo\nroot-server: a fca1:0:a::53\n"
			       "mnt-by: HOST-MNT\nsource: TEST\n";

static void put_many(struct fixture *f)
{
	struct al_buf text;

	al_buf_init(&text, 1u << 17);
	al_buf_str(&text, "domain: many.alamo\n");
	for (unsigned i = 0; i < MANY; i++)
		al_buf_printf(&text, "nserver: ns.many.alamo fd00::%x\n", i + 1);
	al_buf_str(&text, "mnt-by: A-MNT\nsource: TEST\n");
	al_buf_u8(&text, 0);
	fixture_put(f, (const char *)text.ptr);
	al_buf_release(&text);
}

static void build(struct fixture *f, size_t zonemd_names)
{
	fixture_start(f, registry, &(struct builder_conf){ .signature_s = 1209600, .zonemd_names = zonemd_names });
	fixture_put(f, "domain: one.alamo\nnserver: ns1.one.alamo fd00::1\nnserver: ns1.one.alamo 10.0.0.1\n"
		       "nserver: ns.alias.one.alamo fd00::2\nnserver: ns.far\nnserver: ns.host.alamo\n"
		       "ds-rdata: 12345 13 2 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\n"
		       "mnt-by: A-MNT\nsource: TEST\n");
	/* its server is one of no other delegation, but lies below the first one's cut */
	fixture_put(f, "domain: two.alamo\nnserver: ns9.one.alamo fd00::9\nmnt-by: A-MNT\nsource: TEST\n");
	fixture_put(f, "domain: host.alamo\nrecord: ns AAAA fd00::53\nmnt-by: A-MNT\nsource: TEST\n");
	put_many(f);
	fixture_build(f);
}

static const struct node *node_at(const struct zone_set *set, const char *name)
{
	struct dname_index index;
	struct dname whole;
	const struct node *node;

	assert_int_equal(dname_of_text(al_slice_str(name), &whole), AL_OK);
	assert_int_equal(dname_index(set->seed, whole.b, whole.len, &index), AL_OK);
	node = zone_find(set->zones[1], &index, index.labels);
	assert_non_null(node);
	return node;
}

static void walk_is(const struct node *node, const char *want)
{
	struct node_record record;
	struct node_walk walk;
	char name[DNAME_TEXT_MAX];
	struct al_buf out;

	al_buf_init(&out, 1u << 16);
	node_walk_begin(&walk, node);
	while (node_walk_next(&walk, &record)) {
		assert_int_equal(dname_wire_len(record.name), record.name_len);
		assert_int_equal(al_get_u16(record.fixed), record.type);
		assert_int_equal(al_get_u16(record.fixed + 8) + 10, record.fixed_len);
		if (!record.glue)
			assert_memory_equal(record.fixed - 2, "\xc0\x0c", 2);
		al_buf_printf(&out, "%s%s %u", record.glue ? "+" : "", dname_text(record.name, name), record.type);
		if (record.type == RR_NS)
			al_buf_printf(&out, " %s", dname_text(record.fixed + 10, name));
		al_buf_str(&out, "\n");
	}
	al_buf_u8(&out, 0);
	assert_string_equal((const char *)out.ptr, want);
	al_buf_release(&out);
	node_walk_begin(&walk, NULL);
	assert_false(node_walk_next(&walk, &record));
}

static void all_records_come_out(void **state)
{
	const struct zone_set *set;
	struct fixture f;

	(void)state;
	build(&f, 0);
	set = publish_enter(f.publish, 0);
	walk_is(node_at(set, "one.alamo"), "one.alamo. 2 ns.far.\n"
					   "one.alamo. 2 ns.host.alamo.\n"
					   "one.alamo. 2 ns.alias.one.alamo.\n"
					   "one.alamo. 2 ns1.one.alamo.\n"
					   "one.alamo. 43\none.alamo. 46\none.alamo. 47\none.alamo. 46\n"
					   "+ns1.one.alamo. 28\n+ns1.one.alamo. 1\n+ns.alias.one.alamo. 28\n"
					   "+ns9.one.alamo. 28\n");
	walk_is(node_at(set, "two.alamo"), "two.alamo. 2 ns9.one.alamo.\ntwo.alamo. 47\ntwo.alamo. 46\n");
	walk_is(node_at(set, "ns.host.alamo"),
		"ns.host.alamo. 28\nns.host.alamo. 46\nns.host.alamo. 47\nns.host.alamo. 46\n");
	publish_leave(f.publish, 0);
	fixture_stop(&f);
}

/* What the referral cannot carry is there for a transfer, and in the zone's digest. */
static void no_glue_is_lost(void **state)
{
	ldns_dnssec_zone *zone = ldns_dnssec_zone_new();
	ldns_rr_list *list, *glue;
	struct fixture f;
	ldns_rdf *name;

	(void)state;
	build(&f, 100);
	list = zone_dump(&f, "alamo", false);
	name = ldns_dname_new_frm_str("ns.many.alamo");
	glue = rrset_at(list, name, LDNS_RR_TYPE_AAAA);
	assert_int_equal(ldns_rr_list_rr_count(glue), MANY);
	for (size_t i = 0; i < ldns_rr_list_rr_count(list); i++)
		assert_int_equal(ldns_dnssec_zone_add_rr(zone, ldns_rr_list_rr(list, i)), LDNS_STATUS_OK);
	assert_int_equal(ldns_dnssec_zone_verify_zonemd(zone), LDNS_STATUS_OK);
	ldns_dnssec_zone_free(zone);
	ldns_rr_list_free(glue);
	ldns_rdf_deep_free(name);
	ldns_rr_list_deep_free(list);
	fixture_stop(&f);
}

/* A neighbour comes: the delegation before it has another NSEC, and all else as it was. */
static void a_neighbour_changes_nothing_else(void **state)
{
	ldns_rr_list *before, *after;
	struct fixture f;
	char *text[2];

	(void)state;
	build(&f, 0);
	before = zone_dump(&f, "alamo", false);
	fixture_put(&f, "domain: onf.alamo\nrecord: @ A 10.0.0.9\nmnt-by: A-MNT\nsource: TEST\n");
	fixture_apply(&f);
	fixture_put(&f, "domain: onf.alamo\nrecord: @ A 10.0.0.9\nmnt-by: A-MNT\nsource: TEST\ndelete: x\n");
	fixture_apply(&f);
	after = zone_dump(&f, "alamo", false);
	text[0] = dump_text(before);
	text[1] = dump_text(after);
	assert_string_equal(text[0], text[1]);
	assert_true(dump_verify(after, FIXTURE_NOW) > 0);
	free(text[0]);
	free(text[1]);
	ldns_rr_list_deep_free(before);
	ldns_rr_list_deep_free(after);
	fixture_stop(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_records_come_out),
		cmocka_unit_test(no_glue_is_lost),
		cmocka_unit_test(a_neighbour_changes_nothing_else),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
