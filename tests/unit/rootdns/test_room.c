/* SPDX-License-Identifier: MIT */
/*
 * test_room.c -- what fits into an answer, byte by byte: whatever is left out of a smaller one comes with the first size
 * that has room for it; and how much can stand at a name, or in a plan.
 */
#include "fixture.h"

#include "../said.h"

#define TAIL "mnt-by: A-MNT\nsource: TEST\n"
#define SIZE_LEAST 512u
#define SIZE_MOST 1232u

#define REGISTRY "registry: TEST\ntld: alamo\n"

/* A delegation with glue of its own, and servers that lie elsewhere in the zone; a name with much; one without. */
static const char *const objects[] = {
	"domain: cut.alamo\nnserver: ns1.cut.alamo fd00::1\nnserver: ns2.cut.alamo fd00::2\n"
	"nserver: ns3.cut.alamo fd00::3\nnserver: ns4.cut.alamo fd00::4\nnserver: ns5.cut.alamo fd00::5\n"
	"nserver: a-server-with-a-longer-name.host.alamo\nnserver: another-server-with-a-name.host.alamo\n"
	"nserver: a-third-server-with-a-name.other.alamo\n" TAIL,
	"domain: host.alamo\nrecord: a-server-with-a-longer-name AAAA fd00::11\n"
	"record: a-server-with-a-longer-name A 10.0.0.1\nrecord: another-server-with-a-name AAAA fd00::12\n"
	"record: another-server-with-a-name A 10.0.0.2\nrecord: away CNAME x.cut.alamo\n"
	"record: @ TXT \"0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567\"\n"
	"record: @ TXT \"1123456789012345678901234567890123456789012345678901234567890123456789012345678901234567\"\n"
	"record: @ TXT \"2123456789012345678901234567890123456789012345678901234567890123456789012345678901234567\"\n"
	"record: @ TXT \"3123456789012345678901234567890123456789012345678901234567890123456789012345678901234567\"\n"
	"record: @ TXT \"4123456789012345678901234567890123456789012345678901234567890123456789012345678901234567\"\n"
	"record: @ TXT "
	"\"5123456789012345678901234567890123456789012345678901234567890123456789012345678901234567\"\n" TAIL,
	"domain: other.alamo\nrecord: a-third-server-with-a-name A 10.0.0.3\nrecord: alias CNAME host.alamo\n" TAIL,
};

/* With so many root servers, each of which has two addresses. */
static void start(struct fixture *f, unsigned servers)
{
	char registry[2048];
	size_t len = (size_t)snprintf(registry, sizeof(registry), REGISTRY);

	for (unsigned i = 0; i < servers; i++)
		len += (size_t)snprintf(registry + len, sizeof(registry) - len,
					"root-server: %c 192.0.2.%u\nroot-server: %c 2001:db8::%u\n", 'a' + i, i + 1,
					'a' + i, i + 1);
	(void)snprintf(registry + len, sizeof(registry) - len, TAIL);
	fixture_start(f, registry, NULL);
	for (size_t i = 0; i < AL_COUNT(objects); i++)
		fixture_put(f, objects[i]);
	fixture_build(f);
}

static bool is_cut(const uint8_t *answer)
{
	return (answer[2] & 2) != 0;
}

/* Each time when more comes, it came as soon as there was room for it. Answers that are whole are those over TCP. */
static void comes_when_there_is_room(struct fixture *f, struct question q)
{
	static uint8_t before[ANSWER_TCP_MAX], now[ANSWER_TCP_MAX], whole[ANSWER_TCP_MAX];
	size_t was = 0, len = 0, all;
	unsigned steps = 0;

	q.edns = true;
	q.tcp = true;
	all = fixture_ask(f, &q, whole);
	q.tcp = false;
	for (uint16_t size = SIZE_LEAST; size <= SIZE_MOST; size++) {
		q.size = size;
		len = fixture_ask(f, &q, now);
		assert_true(len <= size);
		assert_true(len >= was);
		if (was != 0 && len > was) {
			if (len != size)
				fail_msg("%s %u: %zu bytes came with a size of %u", q.name, q.type, len, size);
			steps++;
		} else if (was != 0) {
			assert_memory_equal(now, before, len);
		}
		assert_int_equal(len == all && !is_cut(now), size >= all);
		was = len;
		memcpy(before, now, len);
	}
	if (all <= SIZE_MOST)
		assert_memory_equal(now, whole, all);
	if (all > SIZE_LEAST && all <= SIZE_MOST)
		assert_true(steps > 0);
}

static void whatever_is_asked(void **state)
{
	static const struct question questions[] = {
		{ .name = ".", .type = RR_NS },
		{ .name = ".", .type = RR_NS, .dnssec = true },
		{ .name = "alamo", .type = RR_NS },
		{ .name = "alamo", .type = RR_DNSKEY, .dnssec = true },
		{ .name = "alamo", .type = RR_ANY },
		{ .name = "cut.alamo", .type = RR_A },
		{ .name = "www.cut.alamo", .type = RR_A, .dnssec = true },
		{ .name = "host.alamo", .type = RR_TXT },
		{ .name = "host.alamo", .type = RR_TXT, .dnssec = true },
		{ .name = "alias.other.alamo", .type = RR_TXT, .dnssec = true },
		{ .name = "away.host.alamo", .type = RR_A },
		{ .name = "away.host.alamo", .type = RR_A, .dnssec = true },
		{ .name = "none.alamo", .type = RR_A, .dnssec = true },
		{ .name = "none.host.alamo", .type = RR_A, .dnssec = true },
	};
	struct fixture f;

	(void)state;
	for (unsigned servers = 1; servers <= 13; servers++) {
		start(&f, servers);
		for (size_t i = 0; i < AL_COUNT(questions); i++)
			comes_when_there_is_room(&f, questions[i]);
		fixture_stop(&f);
	}
}

/* ---- at a name ---- */

/* 56 types; the others are left out, and that is said. */
static void types_at_a_name(void **state)
{
	struct question q = { .name = "many.alamo", .tcp = true };
	static char text[8192];
	struct fixture f;
	struct said said;

	(void)state;
	for (unsigned count = 56; count <= 58; count++) {
		size_t len = (size_t)snprintf(text, sizeof(text), "domain: many.alamo\n");

		for (unsigned i = 0; i < count; i++)
			len += (size_t)snprintf(text + len, sizeof(text) - len, "record: @ TYPE%u \\# 1 00\n",
						65300 + i);
		(void)snprintf(text + len, sizeof(text) - len, TAIL);
		said_begin(&said);
		fixture_start(&f, REGISTRY "root-server: a 192.0.2.1\n" TAIL, NULL);
		fixture_put(&f, text);
		fixture_build(&f);
		(void)said_end(&said);
		assert_int_equal(strstr(said.text, "event=rrset-dropped name=many.alamo. type=65356 why=\"not possible "
						   "here\"\n") != NULL,
				 count > 56);
		assert_int_equal(strstr(said.text, " type=65357 ") != NULL, count > 57);
		assert_null(strstr(said.text, " type=65355 "));
		for (unsigned i = 0; i < count; i++) {
			char *answer;

			q.type = (uint16_t)(65300 + i);
			answer = fixture_text(&f, &q);
			assert_int_equal(strstr(answer, "\nan ") != NULL, i < 56);
			free(answer);
		}
		fixture_stop(&f);
	}
}

/* ---- in a plan ---- */

static struct zone_plan *plan_of(const char *text, struct said *said)
{
	struct al_object *object = object_of(text, 0);
	struct zone_plan *plan;

	said_begin(said);
	assert_int_equal(zone_plan_new(object, AL_S(""), &plan), AL_OK);
	(void)said_end(said);
	al_object_unref(object);
	return plan;
}

static size_t tlds_put(char *text, size_t size, unsigned count)
{
	size_t len = (size_t)snprintf(text, size, "registry: TEST\n");

	for (unsigned i = 0; i < count; i++)
		len += (size_t)snprintf(text + len, size - len, "tld: t%u\n", i);
	return len +
	       (size_t)snprintf(text + len, size - len, "root-server: a 192.0.2.1\nmnt-by: A-MNT\nsource: TEST\n");
}

/* The root, the TLDs, and the catalog as the last; one more is left out. */
static void zones_in_a_plan(void **state)
{
	static char text[1u << 16];
	struct zone_plan *plan;
	struct said said;
	char line[96];

	(void)state;
	(void)tlds_put(text, sizeof(text), PLAN_ZONES_MAX - 2);
	plan = plan_of(text, &said);
	assert_int_equal(plan->zone_count, PLAN_ZONES_MAX);
	assert_true(plan->zones[PLAN_ZONES_MAX - 1].catalog);
	assert_string_equal(said.text, "");
	zone_plan_free(plan);
	(void)tlds_put(text, sizeof(text), PLAN_ZONES_MAX);
	plan = plan_of(text, &said);
	assert_int_equal(plan->zone_count, PLAN_ZONES_MAX);
	assert_false(plan->zones[PLAN_ZONES_MAX - 1].catalog);
	(void)snprintf(line, sizeof(line), "event=zone-ignored zone=t%d. why=\"more than %d zones\"\n",
		       PLAN_ZONES_MAX - 1, PLAN_ZONES_MAX);
	assert_non_null(strstr(said.text, line));
	zone_plan_free(plan);
}

static void prefixes_in_a_plan(void **state)
{
	static const struct {
		const char *prefix;
		size_t zones; /* beside the root, the TLD and the catalog */
		const char *first;
		bool said;
	} rows[] = {
		{ "10.0.0.0/8", 1, "10.in-addr.arpa.", false },
		{ "172.16.0.0/12", 16, "16.172.in-addr.arpa.", false },
		{ "192.168.0.0/23", 2, "0.168.192.in-addr.arpa.", false },
		{ "192.168.4.0/24", 1, "4.168.192.in-addr.arpa.", false },
		{ "192.168.4.0/25", 0, NULL, true },
		{ "fca1::/16", 1, "1.a.c.f.ip6.arpa.", false },
		{ "fca0::/15", 2, "0.a.c.f.ip6.arpa.", false },
		{ "fd00::/8", 1, "d.f.ip6.arpa.", false },
	};
	char text[256], name[DNAME_TEXT_MAX];

	(void)state;
	for (size_t i = 0; i < AL_COUNT(rows); i++) {
		struct zone_plan *plan;
		struct said said;

		(void)snprintf(text, sizeof(text),
			       "registry: TEST\ntld: test\nsuper-prefix: %s\nroot-server: a 192.0.2.1\nmnt-by: "
			       "A-MNT\nsource: TEST\n",
			       rows[i].prefix);
		plan = plan_of(text, &said);
		assert_int_equal(plan->zone_count, rows[i].zones + 3);
		if (rows[i].first != NULL) {
			assert_string_equal(dname_text(plan->zones[2].apex.b, name), rows[i].first);
			assert_true(plan->zones[2].reverse);
		}
		assert_int_equal(strstr(said.text, "event=zone-ignored super-prefix=192.168.4.0/25 why=\"longer than "
						   "/24\"\n") != NULL,
				 rows[i].said);
		zone_plan_free(plan);
	}
}

/* Each by its letter once, in the order of the object, with all of its addresses. */
static void servers_in_a_plan(void **state)
{
	char name[DNAME_TEXT_MAX];
	struct zone_plan *plan;
	struct said said;

	(void)state;
	plan = plan_of("registry: TEST\ntld: alamo\nroot-server: b 192.0.2.1\nroot-server: b 2001:db8::1\n"
		       "root-server: a 192.0.2.2\nhostmaster: dns.alamo\nmnt-by: A-MNT\nsource: TEST\n",
		       &said);
	assert_string_equal(said.text, "");
	assert_int_equal(plan->server_count, 2);
	assert_int_equal(plan->address_count, 3);
	assert_int_equal(plan->servers[0].letter, 'b');
	assert_int_equal(plan->servers[1].letter, 'a');
	assert_int_equal(plan->addresses[1].server, 0);
	assert_int_equal(plan->addresses[2].server, 1);
	assert_string_equal(dname_text(plan->servers[0].name.b, name), "b.root-servers.");
	assert_string_equal(dname_text(plan->hostmaster.b, name), "dns.alamo.");
	zone_plan_free(plan);
	plan = plan_of("registry: TEST\ntld: alamo\ntld: more\nroot-server: a 192.0.2.1\nmnt-by: A-MNT\nsource: TEST\n",
		       &said);
	assert_string_equal(dname_text(plan->hostmaster.b, name), "hostmaster.alamo."); /* of the first TLD */
	zone_plan_free(plan);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whatever_is_asked), cmocka_unit_test(types_at_a_name),
		cmocka_unit_test(zones_in_a_plan),   cmocka_unit_test(prefixes_in_a_plan),
		cmocka_unit_test(servers_in_a_plan),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
