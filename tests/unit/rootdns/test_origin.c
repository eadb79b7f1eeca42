/* SPDX-License-Identifier: MIT */
/*
 * test_origin.c -- origin look-ups: the shape of the answers, and which names a change touches.
 */
#include "origin_world.h"

#include "../said.h"

#define ROUTE(prefix, as) "route: " prefix "\norigin: " as "\n" ORIGIN_END
#define ROUTE6(prefix, as) "route6: " prefix "\norigin: " as "\n" ORIGIN_END
#define GONE "delete: x\n"

static void open_world(struct origin_world *world)
{
	origin_start(world, ORIGIN_REGISTRY(""), "asn.alamo");
	origin_put(world, "aut-num: AS64500\nas-name: ANN-AS\ndescr: Ann's network\ndescr: more\n" ORIGIN_END);
	origin_put(world, "aut-num: AS64501\nas-name: BOB-AS\n" ORIGIN_END);
	origin_put(world, "inetnum: 10.0.0.0/8\nnetname: ALL\ncountry: DE\ncountry: FR\n" ORIGIN_END);
	origin_put(world, "inet6num: fca1:100::/48\nnetname: ANN\n" ORIGIN_END);
	origin_put(world, ROUTE("10.1.0.0/16", "AS64500"));
	origin_put(world, ROUTE("10.1.2.0/24", "AS64501"));
	origin_put(world, ROUTE("10.1.2.0/24", "AS64500"));
	origin_put(world, ROUTE6("fca1:100::/48", "AS64500"));
	origin_step(world);
}

#define TXT(name, text) "an " name ". 300 IN TXT \"" text "\"\n"
#define ALL_OF_16 "64500 | 10.1.0.0/16 | DE | test | 2025-11-24"
#define BOTH_OF_24 "64500 64501 | 10.1.2.0/24 | DE | test | 2025-11-24"

static void ask(struct origin_world *world, const char *name, const char *want)
{
	expect(&world->f, (struct question){ .name = name, .type = RR_TXT }, want);
}

/* The rest of an answer without data: the SOA. */
static void ask_none(struct origin_world *world, const char *name, const char *rcode)
{
	char *got = fixture_text(&world->f, &(struct question){ .name = name, .type = RR_TXT });

	assert_true(strncmp(got, rcode, strlen(rcode)) == 0);
	assert_null(strstr(got, "TXT"));
	free(got);
}

static void answers_have_the_usual_shape(void **state)
{
	struct origin_world world;

	(void)state;
	open_world(&world);
	ask(&world, "AS64500.asn.alamo",
	    "NOERROR aa\n" TXT("AS64500.asn.alamo", "64500 |  | test | 2025-11-24 | ANN-AS Ann's network"));
	ask(&world, "as64501.asn.alamo",
	    "NOERROR aa\n" TXT("as64501.asn.alamo", "64501 |  | test | 2025-11-24 | BOB-AS"));
	ask(&world, "7.9.1.10.origin.asn.alamo", "NOERROR aa\n" TXT("7.9.1.10.origin.asn.alamo", ALL_OF_16));
	ask(&world, "7.2.1.10.origin.asn.alamo",
	    "NOERROR aa\n" TXT("7.2.1.10.origin.asn.alamo", ALL_OF_16) TXT("7.2.1.10.origin.asn.alamo", BOTH_OF_24));
	ask(&world, "2.1.10.origin.asn.alamo",
	    "NOERROR aa\n" TXT("2.1.10.origin.asn.alamo", ALL_OF_16) TXT("2.1.10.origin.asn.alamo", BOTH_OF_24));
	/* mtr asks with the first half of an address. */
	ask(&world, "7.0.0.0.0.0.0.0.0.0.1.0.1.a.c.f.origin6.asn.alamo",
	    "NOERROR aa\n" TXT("7.0.0.0.0.0.0.0.0.0.1.0.1.a.c.f.origin6.asn.alamo",
			       "64500 | fca1:100::/48 |  | test | 2025-11-24"));
	ask_none(&world, "7.2.2.10.origin.asn.alamo", "NXDOMAIN");
	ask_none(&world, "AS64502.asn.alamo", "NXDOMAIN");
	ask_none(&world, "10.origin.asn.alamo", "NOERROR");
	origin_stop(&world);
}

/* A bit behind an octet: 128 nodes; behind a nibble: 8. */
static void off_the_boundary(void **state)
{
	static const char *const names[] = { "1.1.127.10.origin.asn.alamo", "1.1.0.10.origin.asn.alamo" };
	struct origin_world world;

	(void)state;
	open_world(&world);
	origin_put(&world, ROUTE("10.0.0.0/9", "AS64501"));
	origin_step(&world);
	assert_int_equal(world.names, 1 + 1 + 2 * (128 + 1)); /* /16s, and the /24 in one of them */
	for (size_t i = 0; i < AL_COUNT(names); i++) {
		char want[256];

		(void)snprintf(want, sizeof(want), "NOERROR aa\nan %s. 300 IN TXT \"%s\"\n", names[i],
			       "64501 | 10.0.0.0/9 | DE | test | 2025-11-24");
		ask(&world, names[i], want);
	}
	ask_none(&world, "1.1.128.10.origin.asn.alamo", "NXDOMAIN");
	origin_put(&world, ROUTE6("fca1:200::/29", "AS64501"));
	origin_step(&world);
	assert_int_equal(world.names, 1 + 1 + 2 * 8);
	origin_stop(&world);
}

/* A node is two names; with it change the apex, and the NSEC before what is new. */
static void a_change_touches_its_own_names(void **state)
{
	struct origin_world world;

	(void)state;
	open_world(&world);
	origin_put(&world, ROUTE("10.1.3.0/24", "AS64501"));
	origin_step(&world);
	assert_int_equal(world.names, 1 + 1 + 2);
	origin_put(&world, ROUTE("10.1.2.0/24", "AS64500") GONE);
	origin_step(&world);
	assert_int_equal(world.names, 1 + 2);
	/* Between it and the next prefix above, a node for each nibble. */
	origin_put(&world, ROUTE6("fca1:100::/64", "AS64501"));
	origin_step(&world);
	assert_int_equal(world.names, 1 + 1 + 4 * 2);
	/* The same again, words that nobody is shown, and what is no route. */
	origin_put(&world, "route6: fca1:100::/64\norigin: AS64501\ndescr: words\n" ORIGIN_END);
	origin_put(&world, "aut-num: AS64501\nas-name: BOB-AS\nremarks: words\n" ORIGIN_END);
	origin_put(&world, "inet6num: fca1:100::/48\nnetname: ANN\ndescr: words\n" ORIGIN_END);
	origin_step(&world);
	assert_int_equal(world.names, 0);
	origin_put(&world, "inet6num: fca1:100::/48\nnetname: ANN\ncountry: DE\n" ORIGIN_END);
	origin_step(&world);
	assert_int_equal(world.names, 1 + 5 * 2); /* the nodes of /48 to /64 */
	ask(&world, "7.0.0.1.0.0.0.0.0.0.1.0.1.a.c.f.origin6.asn.alamo",
	    "NOERROR aa\n" TXT("7.0.0.1.0.0.0.0.0.0.1.0.1.a.c.f.origin6.asn.alamo",
			       "64500 | fca1:100::/48 | DE | test | 2025-11-24"));
	origin_stop(&world);
}

/* AS0 takes what routers do not take either, and gives it back. */
static void a_hold_hides(void **state)
{
	struct origin_world world;

	(void)state;
	open_world(&world);
	origin_put(&world, ROUTE("10.1.2.0/24", "AS0"));
	origin_step(&world);
	ask(&world, "7.2.1.10.origin.asn.alamo", "NOERROR aa\n" TXT("7.2.1.10.origin.asn.alamo", ALL_OF_16));
	origin_put(&world, "route: 10.0.0.0/8\norigin: AS0\nmax-length: 32\n" ORIGIN_END);
	origin_step(&world);
	ask_none(&world, "7.2.1.10.origin.asn.alamo", "NXDOMAIN");
	origin_put(&world, "route: 10.0.0.0/8\norigin: AS0\nmax-length: 32\n" ORIGIN_END GONE);
	origin_put(&world, ROUTE("10.1.2.0/24", "AS0") GONE);
	origin_step(&world);
	ask(&world, "7.2.1.10.origin.asn.alamo",
	    "NOERROR aa\n" TXT("7.2.1.10.origin.asn.alamo", ALL_OF_16) TXT("7.2.1.10.origin.asn.alamo", BOTH_OF_24));
	origin_stop(&world);
}

static size_t count_of(const char *text, const char *word)
{
	size_t count = 0;

	for (; (text = strstr(text, word)) != NULL; text++)
		count++;
	return count;
}

/* Many origins are several records, and of too many the most specific prefixes are told. */
static void answers_are_bounded(void **state)
{
	struct origin_world world;
	char text[256], *got;

	(void)state;
	open_world(&world);
	for (unsigned i = 0; i < 25; i++) {
		(void)snprintf(text, sizeof(text), "route: 10.1.2.4/32\norigin: AS%u\n" ORIGIN_END, 4200000000u + i);
		origin_put(&world, text);
	}
	origin_step(&world);
	got = fixture_text(&world.f,
			   &(struct question){ .name = "4.2.1.10.origin.asn.alamo", .type = RR_TXT, .tcp = true });
	assert_int_equal(count_of(got, "10.1.2.4/32"), 3);
	assert_int_equal(count_of(got, "42000000"), 25);
	assert_int_equal(count_of(got, "an "), 5);
	free(got);
	for (unsigned i = 0; i < 40; i++) {
		(void)snprintf(text, sizeof(text), "route6: fca1:100::/%u\norigin: AS4200000000\n" ORIGIN_END, 49 + i);
		origin_put(&world, text);
	}
	origin_step(&world);
	got = fixture_text(
		&world.f,
		&(struct question){
			.name = "0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.1.0.1.a.c.f.origin6.asn.alamo",
			.type = RR_TXT,
			.tcp = true });
	assert_int_equal(count_of(got, "an "), 8);
	assert_non_null(strstr(got, "fca1:100::/88"));
	assert_non_null(strstr(got, "fca1:100::/81"));
	assert_null(strstr(got, "fca1:100::/80"));
	free(got);
	origin_stop(&world);
}

/* One string of 255 bytes, which ends with a whole character. */
static void a_long_description_is_cut(void **state)
{
	struct origin_world world;
	char text[1024], descr[601], *got;

	(void)state;
	open_world(&world);
	for (size_t i = 0; i < 600; i += 2)
		memcpy(descr + i, "\xc3\xa4", 2);
	descr[600] = '\0';
	(void)snprintf(text, sizeof(text), "aut-num: AS64501\nas-name: BOB-AS\ndescr: %s\n" ORIGIN_END, descr);
	origin_put(&world, text);
	origin_step(&world);
	got = fixture_text(&world.f, &(struct question){ .name = "AS64501.asn.alamo", .type = RR_TXT });
	/* "64501 |  | test | 2025-11-24 | BOB-AS " has 38 bytes. */
	assert_int_equal(count_of(got, "\\195\\164"), (255 - 38) / 2);
	free(got);
	origin_stop(&world);
}

/* A day stays an object's own through new versions and new plans, until it is deleted. */
static void dates_stay(void **state)
{
	struct origin_world world;
	char *before, *after;

	(void)state;
	open_world(&world);
	before = origin_zone_text(&world);
	origin_put(&world, ORIGIN_REGISTRY("root-server: b fca1:0:b::53\n"));
	origin_step(&world);
	origin_put(&world, ORIGIN_REGISTRY(""));
	origin_step(&world);
	after = origin_zone_text(&world);
	assert_string_equal(before, after);
	free(before);
	free(after);
	origin_stop(&world);
}

static void new_versions_keep_their_day(void **state)
{
	struct origin_world world;

	(void)state;
	open_world(&world);
	origin_put_on(&world, 3, "aut-num: AS64501\nas-name: BOB2-AS\n" ORIGIN_END);
	origin_put_on(&world, 3, "inet6num: fca1:100::/48\nnetname: ANN\ncountry: DE\n" ORIGIN_END);
	origin_step(&world);
	ask(&world, "as64501.asn.alamo",
	    "NOERROR aa\n" TXT("as64501.asn.alamo", "64501 |  | test | 2025-11-24 | BOB2-AS"));
	ask(&world, "0.0.1.0.1.a.c.f.origin6.asn.alamo",
	    "NOERROR aa\nns asn.alamo. 300 IN SOA a.root-servers. "
	    "hostmaster.alamo. 11 300 60 403200 300\n");
	ask(&world, "0.0.0.0.0.0.1.0.1.a.c.f.origin6.asn.alamo",
	    "NOERROR aa\n" TXT("0.0.0.0.0.0.1.0.1.a.c.f.origin6.asn.alamo",
			       "64500 | fca1:100::/48 | DE | test | 2025-11-24"));
	/* What was deleted begins again. */
	origin_put_on(&world, 3, "aut-num: AS64501\nas-name: BOB2-AS\n" ORIGIN_END GONE);
	origin_step(&world);
	ask_none(&world, "as64501.asn.alamo", "NXDOMAIN");
	origin_put_on(&world, 4, "aut-num: AS64501\nas-name: BOB2-AS\n" ORIGIN_END);
	origin_step(&world);
	ask(&world, "as64501.asn.alamo",
	    "NOERROR aa\n" TXT("as64501.asn.alamo", "64501 |  | test | 2025-11-28 | BOB2-AS"));
	origin_stop(&world);
}

#define BLOCK(more) "inetnum: 10.1.0.0/16\nnetname: ANN\n" more ORIGIN_END
#define SERVER "nserver: ns.example\n"
#define SUPER ORIGIN_REGISTRY("super-prefix: 10.0.0.0/8\n")

static void block_shows(struct origin_world *world, const char *text, const char *server)
{
	char want[256];

	(void)snprintf(want, sizeof(want), "NOERROR aa\n" TXT("1.10.origin.asn.alamo", "%s"), text);
	ask(world, "1.10.origin.asn.alamo", want);
	(void)snprintf(want, sizeof(want), "NOERROR\nns 1.10.in-addr.arpa. 3600 IN NS %s.\n", server);
	expect(&world->f, (struct question){ .name = "1.10.in-addr.arpa", .type = RR_NS }, want);
}

/* A block has names of its own too: neither is forgotten for the other, whichever changes, in one job or in a new plan. */
static void blocks_say_two_things(void **state)
{
	struct origin_world world;

	(void)state;
	origin_start(&world, SUPER, "asn.alamo");
	origin_put(&world, BLOCK(""));
	origin_put(&world, ROUTE("10.1.0.0/16", "AS64500"));
	origin_step(&world);
	origin_put(&world, BLOCK(SERVER));
	origin_put(&world, BLOCK(SERVER "country: DE\n"));
	origin_step(&world);
	block_shows(&world, "64500 | 10.1.0.0/16 | DE | test | 2025-11-24", "ns.example");
	origin_put(&world, BLOCK(SERVER "country: FR\n"));
	origin_put(&world, ORIGIN_REGISTRY("super-prefix: 10.0.0.0/8\nroot-server: b fca1:0:b::53\n"));
	origin_step(&world);
	block_shows(&world, "64500 | 10.1.0.0/16 | FR | test | 2025-11-24", "ns.example");
	origin_put(&world, BLOCK("nserver: ns2.example\ncountry: FR\n"));
	origin_step(&world);
	block_shows(&world, "64500 | 10.1.0.0/16 | FR | test | 2025-11-24", "ns2.example");
	origin_stop(&world);
}

/* What stands in the zone is ours alone, and a name of the mesh is in the top-level domain only. */
static void others_have_nothing_in_it(void **state)
{
	struct origin_world world;
	char *before, *after;

	(void)state;
	open_world(&world);
	before = origin_zone_text(&world);
	origin_put(&world, "domain: asn.alamo\nrecord: @ A 10.0.0.1\n" ORIGIN_END);
	origin_put(&world, "domain: as64500.asn.alamo\nnserver: ns.example\n" ORIGIN_END);
	origin_put(&world, "mesh-bootstrap: A-NODE\nendpoint: fd00::7 7000\n" ORIGIN_END);
	origin_step(&world);
	after = origin_zone_text(&world);
	assert_string_equal(before, after);
	free(before);
	free(after);
	origin_stop(&world);
}

/* Another top-level domain, and what lies below it is nobody's: the log says that there are no origin look-ups. */
static void a_name_that_another_zone_has(void **state)
{
	struct origin_world world;
	struct said said;

	(void)state;
	said_begin(&said);
	origin_start(&world, ORIGIN_REGISTRY("tld: asn.alamo\n"), "asn.alamo");
	origin_step(&world);
	assert_non_null(
		strstr(said_end(&said), "event=zone-ignored zone=\"asn.alamo\" why=\"another zone has this name"));
	ask_none(&world, "1.10.origin.asn.alamo", "NXDOMAIN");
	origin_stop(&world);
}

static void off_costs_nothing(void **state)
{
	struct origin_world world;

	(void)state;
	origin_start(&world, ORIGIN_REGISTRY(""), "");
	assert_int_equal(pending_classes(world.pending) & (1u << AL_ROUTE | 1u << AL_ROUTE6 | 1u << AL_AUT_NUM), 0);
	origin_put(&world, "inetnum: 10.0.0.0/8\nnetname: ALL\n" ORIGIN_END);
	origin_step(&world);
	assert_int_equal(world.sources, 0);
	origin_stop(&world);
	/* A name that is refused is as good as none. */
	origin_start(&world, ORIGIN_REGISTRY(""), "free.alamo");
	origin_put(&world, ROUTE("10.1.0.0/16", "AS64500"));
	origin_put(&world, "aut-num: AS64500\nas-name: ANN-AS\n" ORIGIN_END);
	origin_step(&world);
	assert_int_equal(world.sources, 0);
	origin_stop(&world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers_have_the_usual_shape),
		cmocka_unit_test(off_the_boundary),
		cmocka_unit_test(a_change_touches_its_own_names),
		cmocka_unit_test(a_hold_hides),
		cmocka_unit_test(answers_are_bounded),
		cmocka_unit_test(a_long_description_is_cut),
		cmocka_unit_test(dates_stay),
		cmocka_unit_test(new_versions_keep_their_day),
		cmocka_unit_test(blocks_say_two_things),
		cmocka_unit_test(others_have_nothing_in_it),
		cmocka_unit_test(a_name_that_another_zone_has),
		cmocka_unit_test(off_costs_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
