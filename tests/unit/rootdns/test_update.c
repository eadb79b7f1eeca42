/* SPDX-License-Identifier: MIT */
/*
 * test_update.c -- changes one by one give the zones that a build at once
 * gives; every signature holds; every answer is what a slow look through the
 * zone says.
 */
#include "update_texts.h"

#define OBJECTS 40
#define STEPS 250
#define QUESTIONS 12
#define DAY UINT64_C(86400)

static uint32_t seed = 20261123;

static uint32_t dice(uint32_t sides)
{
	seed = seed * 1664525u + 1013904223u;
	return (seed >> 8) % sides;
}

/* d0.alamo .. with one or two labels more now and then; the same few names over and over. */
static void random_name(char out[static 64], unsigned most)
{
	static const char *const labels[] = { "a", "b", "c", "zz", "x-1" };
	char text[64] = "alamo", next[64];

	for (unsigned n = 1 + dice(most); n-- > 0;) {
		(void)snprintf(next, sizeof(next), "%.10s.%.50s", labels[dice(AL_COUNT(labels))], text);
		memcpy(text, next, sizeof(text));
	}
	memcpy(out, text, sizeof(text));
}

static void put_delegation(struct al_buf *out)
{
	char name[64];

	for (unsigned n = 1 + dice(3); n-- > 0;) {
		random_name(name, 3);
		al_buf_printf(out, "nserver: ns.%s", name);
		if (dice(3) > 0)
			al_buf_printf(out, " fd00::%x", dice(4096) + 1);
		al_buf_str(out, "\n");
	}
	if (dice(2) == 0)
		al_buf_printf(out, "ds-rdata: %u 13 1 00112233445566778899aabbccddeeff00112233\n", dice(65536));
}

static void put_records(struct al_buf *out)
{
	static const char *const owners[] = { "@", "www", "*", "a.b", "a", "*.c", "mail" };
	char name[64];

	for (unsigned n = dice(5); n-- > 0;) {
		const char *owner = owners[dice(AL_COUNT(owners))];

		random_name(name, 3);
		switch (dice(5)) {
		case 0:
			al_buf_printf(out, "record: %s CNAME %s\n", owner, name);
			break;
		case 4:
			al_buf_printf(out, "record: %s DNAME %s\n", owner[0] == '*' ? "a" : owner, name);
			break;
		case 1:
			al_buf_printf(out, "record: %s %u MX 5 %s\n", owner, 60 + dice(3), name);
			break;
		default:
			al_buf_printf(out, "record: %s AAAA fd00::%x\n", owner, dice(4096) + 1);
		}
	}
}

/* One of few names, so that objects come, change and go. `kept`: the newest text of each, or NULL. */
static char *random_object(size_t *slot, char *names[OBJECTS])
{
	struct al_buf out;
	char name[64];

	random_name(name, 3);
	for (*slot = 0; *slot + 1 < OBJECTS && names[*slot] != NULL && strcmp(names[*slot], name) != 0;)
		(*slot)++;
	if (names[*slot] == NULL)
		names[*slot] = strdup(name);
	al_buf_init(&out, 4096);
	al_buf_printf(&out, "domain: %s\n", names[*slot]);
	if (dice(2) == 0)
		put_delegation(&out);
	else
		put_records(&out);
	al_buf_str(&out, "mnt-by: A-MNT\nsource: TEST\n");
	return al_buf_take(&out, NULL);
}

struct world {
	struct fixture f;
	char *names[OBJECTS];
	char *texts[OBJECTS]; /* living */
};

/* What a snapshot says of its nodes is true, whatever was taken over from the one before. */
static void chain_holds(const struct zone *zone)
{
	const struct zone_chain *chain = &zone->chain;
	const struct node *node, *before = NULL;
	size_t bytes = 0, count = 0;

	for (struct chain_at at = { 0, 0 }; (node = zone_chain_node(chain, at)) != NULL;
	     at = zone_chain_after(chain, at)) {
		struct dname_index name;

		bytes += node->size;
		count++;
		assert_true(before == NULL ||
			    dname_key_cmp(node_key(before), before->key_len, node_key(node), node->key_len) < 0);
		assert_int_equal(dname_index(zone->slots.seed, node_name(node), node->name_len, &name), AL_OK);
		assert_ptr_equal(zone_find(zone, &name, name.labels), node);
		before = node;
	}
	assert_int_equal(zone->bytes, bytes);
	assert_int_equal(chain->count, count);
	assert_int_equal(zone->slots.count, count);
	for (size_t i = 0; i < chain->leaf_count; i++)
		assert_int_equal(chain->firsts[i], chain->leaves[i]->prefixes[0]);
}

static void books_hold(struct fixture *f)
{
	const struct zone_set *set = publish_enter(f->publish, 0);

	for (size_t i = 0; i < set->count; i++)
		chain_holds(set->zones[i]);
	publish_leave(f->publish, 0);
}

static void world_step(struct world *world)
{
	size_t slot;
	char *text = random_object(&slot, world->names);

	if (world->texts[slot] != NULL && dice(3) == 0) {
		char gone[8192];

		(void)snprintf(gone, sizeof(gone), "%sdelete: test\n", world->texts[slot]);
		fixture_put(&world->f, gone);
		free(world->texts[slot]);
		free(text);
		world->texts[slot] = NULL;
	} else {
		fixture_put(&world->f, text);
		free(world->texts[slot]);
		world->texts[slot] = text;
	}
	fixture_apply(&world->f);
	books_hold(&world->f);
}

static void questions_check(struct world *world, ldns_rr_list *zone)
{
	static const uint16_t types[] = { RR_A, RR_AAAA, RR_MX, RR_DS, RR_CNAME, RR_NS, RR_SOA };
	static uint8_t out[ANSWER_TCP_MAX];

	for (unsigned i = 0; i < QUESTIONS; i++) {
		char name[64];
		struct question q = { .name = name, .type = types[dice(AL_COUNT(types))], .dnssec = true, .tcp = true };

		random_name(name, 4);
		reference_check(zone, name, (ldns_rr_type)q.type, out, fixture_ask(&world->f, &q, out));
	}
}

static char *rebuilt_text(const struct world *world)
{
	ldns_rr_list *zone;
	struct fixture f;
	char *text;

	fixture_start(&f, registry, NULL);
	for (size_t i = OBJECTS; i-- > 0;)
		if (world->texts[i] != NULL)
			fixture_put(&f, world->texts[i]);
	fixture_build(&f);
	zone = zone_dump(&f, "alamo", false);
	text = dump_text(zone);
	ldns_rr_list_deep_free(zone);
	fixture_stop(&f);
	return text;
}

static void any_order_gives_one_zone(void **state)
{
	struct world world = { .names = { NULL } };
	size_t sigs = 0;

	(void)state;
	fixture_start(&world.f, registry, NULL);
	fixture_build(&world.f);
	for (unsigned step = 0; step < STEPS; step++) {
		ldns_rr_list *zone;

		world_step(&world);
		zone = zone_dump(&world.f, "alamo", step % 2 == 0);
		questions_check(&world, zone);
		if (step % 25 == 24) {
			char *got = dump_text(zone), *want = rebuilt_text(&world);

			sigs += dump_verify(zone, FIXTURE_NOW);
			if (strcmp(got, want) != 0)
				fail_msg("step %u:\n--- rebuilt\n%s--- changed\n%s", step, want, got);
			free(got);
			free(want);
		}
		ldns_rr_list_deep_free(zone);
	}
	assert_true(sigs > 100);
	for (size_t i = 0; i < OBJECTS; i++) {
		free(world.names[i]);
		free(world.texts[i]);
	}
	fixture_stop(&world.f);
}

/* ---- reverse names ---- */

#define BLOCK "inetnum: 10.1.0.0/16\nnetname: NN\n"
#define SMALL "inetnum: 10.1.2.0/24\nnetname: NN\n"
#define ENDS "mnt-by: A-MNT\nsource: TEST\n"

/* Blocks with hosted names, with name servers, smaller ones between: the changed zone is the one that is built anew. */
static void reverse_names_come_and_go(void **state)
{
	static const char *const steps[][2] = {
		{ BLOCK "reverse: 10.1.0.1 a.alamo\nreverse: 10.1.2.3 b.alamo\n" ENDS, NULL },
		{ NULL, SMALL "nserver: ns.a.alamo\n" ENDS },
		{ NULL, SMALL "reverse: 10.1.2.3 c.alamo\n" ENDS },
		{ BLOCK "reverse: 10.1.0.1 z.alamo\nreverse: 10.1.2.3 b.alamo\n" ENDS, NULL },
		{ NULL, SMALL ENDS },
		{ BLOCK "nserver: ns.a.alamo\nreverse: 10.1.0.1 z.alamo\n" ENDS, NULL },
		{ NULL, SMALL "reverse: 10.1.2.3 c.alamo\n" ENDS },
		{ BLOCK ENDS, NULL },
	};
	const char *living[2] = { NULL, NULL };
	struct fixture f, anew;

	(void)state;
	fixture_start(&f, registry, NULL);
	fixture_build(&f);
	for (size_t i = 0; i < AL_COUNT(steps); i++) {
		ldns_rr_list *changed, *built;
		char *got, *want;

		for (size_t k = 0; k < 2; k++)
			if (steps[i][k] != NULL)
				fixture_put(&f, living[k] = steps[i][k]);
		fixture_apply(&f);
		fixture_start(&anew, registry, NULL);
		for (size_t k = 2; k-- > 0;)
			if (living[k] != NULL)
				fixture_put(&anew, living[k]);
		fixture_build(&anew);
		changed = zone_dump(&f, "10.in-addr.arpa", false);
		built = zone_dump(&anew, "10.in-addr.arpa", false);
		got = dump_text(changed);
		want = dump_text(built);
		assert_string_equal(got, want);
		free(got);
		free(want);
		ldns_rr_list_deep_free(changed);
		ldns_rr_list_deep_free(built);
		fixture_stop(&anew);
	}
	fixture_stop(&f);
}

/* ---- serials ---- */

static uint32_t serial_of(struct fixture *f, const char *name)
{
	ldns_rr_list *zone = zone_dump(f, name, false);
	uint32_t serial = ldns_rdf2native_int32(ldns_rr_rdf(ldns_rr_list_rr(zone, 0), 2));

	ldns_rr_list_deep_free(zone);
	return serial;
}

static void serial_is_log_size_of_last_change(void **state)
{
	struct fixture f;

	(void)state;
	fixture_start(&f, registry, NULL);
	fixture_put(&f, DOMAIN_A); /* index 1 */
	f.index = 10;
	fixture_put(&f, "inetnum: 10.1.0.0/16\nnetname: NN\nnserver: ns.a.alamo\nmnt-by: A-MNT\nsource: TEST\n");
	f.index = 20;
	fixture_build(&f);
	assert_int_equal(serial_of(&f, "."), 1);
	assert_int_equal(serial_of(&f, "alamo"), 2);
	assert_int_equal(serial_of(&f, "10.in-addr.arpa"), 11);
	f.index = 30;
	fixture_put(&f, DOMAIN_A "delete: test\n");
	fixture_apply(&f);
	assert_int_equal(serial_of(&f, "alamo"), 31);
	assert_int_equal(serial_of(&f, "10.in-addr.arpa"), 11);
	assert_int_equal(serial_of(&f, "."), 1);
	fixture_stop(&f);
}

/* ---- signatures ---- */

static uint64_t first_expiry(struct fixture *f)
{
	ldns_rr_list *zone = zone_dump(f, "alamo", false);
	uint64_t first = UINT64_MAX;

	for (size_t i = 0; i < ldns_rr_list_rr_count(zone); i++) {
		const ldns_rr *rr = ldns_rr_list_rr(zone, i);

		if (ldns_rr_get_type(rr) == LDNS_RR_TYPE_RRSIG &&
		    ldns_rdf2native_int32(ldns_rr_rrsig_expiration(rr)) < first)
			first = ldns_rdf2native_int32(ldns_rr_rrsig_expiration(rr));
	}
	ldns_rr_list_deep_free(zone);
	return first;
}

static size_t resign_all(struct fixture *f)
{
	size_t rounds = 0;
	bool more = true;

	while (more) {
		assert_int_equal(builder_resign(f->builder, &more), AL_OK);
		rounds++;
	}
	return rounds;
}

/* n`from`.alamo and those behind it. */
static void names_put(struct fixture *f, unsigned from, unsigned count, const char *end)
{
	char text[128];

	for (unsigned i = from; i < from + count; i++) {
		(void)snprintf(text, sizeof(text),
			       "domain: n%u.alamo\nnserver: ns.example\nmnt-by: A-MNT\nsource: TEST\n%s", i, end);
		fixture_put(f, text);
	}
}

static void signatures_are_renewed_at_half_life(void **state)
{
	ldns_rr_list *zone;
	struct fixture f;

	(void)state;
	fixture_start(&f, registry, NULL);
	names_put(&f, 0, 600, "");
	fixture_build(&f);
	assert_int_equal(serial_of(&f, "alamo"), 601);

	fixture_clock += 6 * DAY;
	assert_int_equal(resign_all(&f), 1);
	assert_int_equal(first_expiry(&f), FIXTURE_NOW + 14 * DAY);

	/* A change signs what it touches, nothing else. */
	fixture_put(&f, DOMAIN_A);
	fixture_apply(&f);
	assert_int_equal(first_expiry(&f), FIXTURE_NOW + 14 * DAY);

	fixture_clock += 2 * DAY;
	f.index = 1000;
	fixture_apply(&f); /* the log has grown by what no zone shows */
	assert_true(resign_all(&f) > 2);
	/* What was signed on day 6 has more than half of its life left on day 8. */
	assert_int_equal(first_expiry(&f), FIXTURE_NOW + 20 * DAY);
	zone = zone_dump(&f, "alamo", false);
	assert_true(dump_verify(zone, FIXTURE_NOW + 19 * DAY) > 600);
	ldns_rr_list_deep_free(zone);
	fixture_stop(&f);
}

/* However few names are left where it stopped, those behind it come next. */
static void renewal_goes_on_behind_what_left(void **state)
{
	struct fixture f;
	bool more = false;

	(void)state;
	fixture_start(&f, registry, NULL);
	names_put(&f, 0, 600, "");
	fixture_build(&f);
	fixture_clock += 8 * DAY;
	names_put(&f, 100, 100, "delete: x\n");
	fixture_apply(&f);
	assert_int_equal(builder_resign(f.builder, &more), AL_OK);
	assert_true(more);
	names_put(&f, 300, 200, "delete: x\n");
	fixture_apply(&f);
	(void)resign_all(&f);
	assert_true(first_expiry(&f) >= FIXTURE_NOW + 22 * DAY);
	fixture_stop(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_order_gives_one_zone),
		cmocka_unit_test(reverse_names_come_and_go),
		cmocka_unit_test(serial_is_log_size_of_last_change),
		cmocka_unit_test(signatures_are_renewed_at_half_life),
		cmocka_unit_test(renewal_goes_on_behind_what_left),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
