/* SPDX-License-Identifier: MIT */
/*
 * test_answer.c -- what questions get, section by section: delegations, data,
 * aliases, nothing, and what does not fit.
 */
#include "answer_rows.h"
#include "zone_build.h"

static void delegations(void **state)
{
	static const char foo[] = "NOERROR\n"
				  "ns foo.alamo. 3600 IN NS ns.bar.alamo.\n"
				  "ns foo.alamo. 3600 IN NS ns1.foo.alamo.\n"
				  "ar ns1.foo.alamo. 3600 IN AAAA fd00::1\n"
				  "ar ns.bar.alamo. 3600 IN A 172.20.1.1\n";
	const struct row rows[] = {
		{ ASK("foo.alamo", RR_A), foo },
		{ ASK("hidden.foo.alamo", RR_A), foo },
		{ ASK("ns1.foo.alamo", RR_AAAA), foo },
		/* glue is no answer */
		{ ASK("foo.alamo", RR_NS), foo },
		{ ASK("a.very.long.name.below.foo.alamo", RR_DS), foo },
		{ ASK_DO("www.foo.alamo", RR_A), "NOERROR\n"
						 "ns foo.alamo. 3600 IN NS ns.bar.alamo.\n"
						 "ns foo.alamo. 3600 IN NS ns1.foo.alamo.\n"
						 "ns foo.alamo. 3600 IN DS 1 13 2 " DIGEST "\n"
						 "ns foo.alamo. 3600 IN RRSIG DS 13 2\n"
						 "ar ns1.foo.alamo. 3600 IN AAAA fd00::1\n"
						 "ar ns.bar.alamo. 3600 IN A 172.20.1.1\n" },
		{ ASK_DO("q.q.bar.alamo", RR_A), "NOERROR\n"
						 "ns bar.alamo. 3600 IN NS ns.bar.alamo.\n"
						 "ns bar.alamo. 3600 IN NS ns1.foo.alamo.\n"
						 "ns bar.alamo. 300 IN NSEC foo.alamo. NS RRSIG NSEC\n"
						 "ns bar.alamo. 300 IN RRSIG NSEC 13 2\n"
						 "ar ns.bar.alamo. 3600 IN A 172.20.1.1\n"
						 "ar ns1.foo.alamo. 3600 IN AAAA fd00::1\n" },
		{ ASK("foo.alamo", RR_DS), "NOERROR aa\n"
					   "an foo.alamo. 3600 IN DS 1 13 2 " DIGEST "\n" },
		{ ASK_DO("bar.alamo", RR_DS), "NOERROR aa\n"
					      "ns " SOA_ALAMO "ns alamo. 300 IN RRSIG SOA 13 1\n"
					      "ns bar.alamo. 300 IN NSEC foo.alamo. NS RRSIG NSEC\n"
					      "ns bar.alamo. 300 IN RRSIG NSEC 13 2\n" },
		{ ASK("x.deep.host.alamo", RR_A), "NOERROR\n"
						  "ns deep.host.alamo. 3600 IN NS ns.deep.host.alamo.\n"
						  "ar ns.deep.host.alamo. 3600 IN A 172.20.9.9\n" },
		{ ASK("www.other", RR_A), "NOERROR\n"
					  "ns other. 3600 IN NS ns.other.\n"
					  "ar ns.other. 3600 IN AAAA fd00::7\n" },
	};

	rows_expect(*state, rows, AL_COUNT(rows));
}

static void root_and_apex(void **state)
{
	const struct row rows[] = {
		/* priming (RFC 8109): servers and all their addresses */
		{ ASK(".", RR_NS), "NOERROR aa\n"
				   "an . 3600 IN NS a.root-servers.\n"
				   "an . 3600 IN NS b.root-servers.\n"
				   "ar a.root-servers. 3600 IN AAAA fca1:0:a::53\n"
				   "ar b.root-servers. 3600 IN A 172.20.0.53\n" },
		{ ASK("b.root-servers", RR_A), "NOERROR aa\n"
					       "an b.root-servers. 3600 IN A 172.20.0.53\n" },
		{ ASK("x.root-servers", RR_A), "NXDOMAIN aa\nns " SOA_ROOT },
		{ ASK("arpa", RR_A), "NOERROR aa\nns " SOA_ROOT },
		{ ASK("ip6.arpa", RR_NS), "NOERROR aa\nns " SOA_ROOT },
		{ ASK_DO("com", RR_A), "NXDOMAIN aa\n"
				       "ns " SOA_ROOT "ns . 300 IN RRSIG SOA 13 0\n"
				       "ns 1.a.c.f.ip6.arpa. 300 IN NSEC fish. NS DS RRSIG NSEC\n"
				       "ns 1.a.c.f.ip6.arpa. 300 IN RRSIG NSEC 13 6\n"
				       "ns . 300 IN NSEC alamo. NS SOA RRSIG NSEC DNSKEY\n"
				       "ns . 300 IN RRSIG NSEC 13 0\n" },
		{ ASK("fish", RR_TXT), "NOERROR aa\nan fish. 300 IN TXT \"fish\"\n" },
		{ ASK("fish", RR_NS), "NOERROR aa\n"
				      "an fish. 3600 IN NS a.root-servers.\n"
				      "an fish. 3600 IN NS b.root-servers.\n" },
		{ ASK("www.fish", RR_A), "NOERROR aa\nan www.fish. 300 IN A 172.20.5.5\n" },
		/* ANY is one set (RFC 8482) */
		{ ASK("www.fish", RR_ANY), "NOERROR aa\nan www.fish. 300 IN A 172.20.5.5\n" },
		{ ASK("www.fish", RR_RRSIG), "NOERROR aa\nan www.fish. 300 IN RRSIG A 13 2\n" },
		{ ASK("www.fish", RR_NSEC), "NOERROR aa\nan www.fish. 300 IN NSEC fish. A RRSIG NSEC\n" },
		{ ASK_DO(".", RR_DS), "NOERROR aa\n"
				      "ns " SOA_ROOT "ns . 300 IN RRSIG SOA 13 0\n"
				      "ns . 300 IN NSEC alamo. NS SOA RRSIG NSEC DNSKEY\n"
				      "ns . 300 IN RRSIG NSEC 13 0\n" },
	};

	rows_expect(*state, rows, AL_COUNT(rows));
}

/* RFC 9432: what a secondary takes on by itself. The catalog is no member of its own. */
static void catalog(void **state)
{
	const struct row rows[] = {
		{ ASK("version.catalog.root-servers", 16), "NOERROR aa\n"
							   "an version.catalog.root-servers. 3600 IN TXT \"2\"\n" },
		{ ASK("5d86677521465dde.zones.catalog.root-servers", 12),
		  "NOERROR aa\n"
		  "an 5d86677521465dde.zones.catalog.root-servers. 3600 IN PTR alamo.\n" },
	};
	static const uint8_t apex[] = "\7catalog\14root-servers";
	const struct zone_set *set = publish_enter(((struct fixture *)*state)->publish, 0);
	size_t members = 0;

	for (size_t i = 0; i < set->count; i++)
		members += memcmp(set->zones[i]->apex.b, apex, sizeof(apex)) != 0;
	assert_int_equal(members, set->count - 1);
	publish_leave(((struct fixture *)*state)->publish, 0);
	rows_expect(*state, rows, AL_COUNT(rows));
}

/* What the root says of a zone of ours is asked of the root, though we serve both. */
static void a_parent_answers_for_ds(void **state)
{
	static const char *const names[] = { "alamo", "fish" };

	for (size_t i = 0; i < AL_COUNT(names); i++) {
		struct question q = { .name = names[i], .type = RR_DS };
		char want[64], *got = fixture_text(*state, &q);

		(void)snprintf(want, sizeof(want), "NOERROR aa\nan %s. 3600 IN DS ", names[i]);
		if (strncmp(got, want, strlen(want)) != 0)
			fail_msg("--- want\n%s\n--- got\n%s", want, got);
		free(got);
	}
}

static void hosted(void **state)
{
	const struct row rows[] = {
		{ ASK_DO("host.alamo", RR_A), "NOERROR aa\n"
					      "an host.alamo. 300 IN A 172.20.2.2\n"
					      "an host.alamo. 300 IN RRSIG A 13 2\n" },
		{ ASK("HOST.alamo", RR_A), "NOERROR aa\nan HOST.alamo. 300 IN A 172.20.2.2\n" },
		{ ASK("www.host.alamo", RR_A), "NOERROR aa\n"
					       "an www.host.alamo. 300 IN CNAME host.alamo.\n"
					       "an host.alamo. 300 IN A 172.20.2.2\n" },
		{ ASK("www.host.alamo", RR_CNAME), "NOERROR aa\n"
						   "an www.host.alamo. 300 IN CNAME host.alamo.\n" },
		/* an alias into a delegation ends there, with the way on; one out of the zone just ends */
		{ ASK("out.host.alamo", RR_A), "NOERROR aa\n"
					       "an out.host.alamo. 300 IN CNAME x.foo.alamo.\n"
					       "ns foo.alamo. 3600 IN NS ns.bar.alamo.\n"
					       "ns foo.alamo. 3600 IN NS ns1.foo.alamo.\n"
					       "ar ns1.foo.alamo. 3600 IN AAAA fd00::1\n" },
		{ ASK("far.host.alamo", RR_A), "NOERROR aa\nan far.host.alamo. 300 IN CNAME www.example.\n" },
		/* the last name of the chain decides (RFC 6604) */
		{ ASK_DO("gone.host.alamo", RR_A), "NXDOMAIN aa\n"
						   "an gone.host.alamo. 300 IN CNAME gone.alamo.\n"
						   "an gone.host.alamo. 300 IN RRSIG CNAME 13 3\n"
						   "ns " SOA_ALAMO "ns alamo. 300 IN RRSIG SOA 13 1\n"
						   "ns foo.alamo. 300 IN NSEC host.alamo. NS DS RRSIG NSEC\n"
						   "ns foo.alamo. 300 IN RRSIG NSEC 13 2\n"
						   "ns alamo. 300 IN NSEC bar.alamo. NS SOA RRSIG NSEC DNSKEY\n"
						   "ns alamo. 300 IN RRSIG NSEC 13 1\n" },
		{ ASK("bad.host.alamo", RR_A), "NOERROR aa\n"
					       "an bad.host.alamo. 300 IN CNAME nope.host.alamo.\n"
					       "ns " SOA_ALAMO },
		/* CNAME beside other data: the alias is dropped, the rest stays */
		{ ASK("mix.host.alamo", RR_A), "NOERROR aa\nan mix.host.alamo. 300 IN A 172.20.2.3\n" },
		{ ASK("mix.host.alamo", RR_CNAME), "NOERROR aa\nns " SOA_ALAMO },
		/* empty non-terminal: no data, and not the wildcard's */
		{ ASK_DO("b.host.alamo", RR_TXT), "NOERROR aa\n"
						  "ns " SOA_ALAMO "ns alamo. 300 IN RRSIG SOA 13 1\n"
						  "ns *.host.alamo. 300 IN NSEC a.b.host.alamo. TXT RRSIG NSEC\n"
						  "ns *.host.alamo. 300 IN RRSIG NSEC 13 2\n" },
		{ ASK("odd.alamo", 65), "NOERROR aa\nan odd.alamo. 300 IN HTTPS 1 . alpn=h2\n" },
		{ ASK("odd.alamo", 64), "NOERROR aa\nns " SOA_ALAMO },
		/* does not parse: dropped, the rest served */
		{ ASK("_443._tcp.odd.alamo", 52), "NOERROR aa\n"
						  "an _443._tcp.odd.alamo. 300 IN TLSA 3 1 0 aabb\n" },
	};

	rows_expect(*state, rows, AL_COUNT(rows));
}

static void alias_loop_ends(void **state)
{
	expect(*state, *ASK("loop.host.alamo", RR_A),
	       "NOERROR aa\nan loop.host.alamo. 300 IN CNAME loop.host.alamo.\n");
}

static void sizes(void **state)
{
	struct fixture *f = *state;
	static uint8_t out[ANSWER_TCP_MAX];
	struct question q = { .name = "a.rather.long.name.that.takes.space.host.alamo", .type = RR_A, .dnssec = true };

	/* Two proofs with signatures pass 512 bytes, the least that EDNS can mean: TC, and nothing else. */
	q.size = 100;
	expect(f, q, "NOERROR aa tc\n");
	q.size = 512;
	expect(f, q, "NOERROR aa tc\n");
	q.size = 4096;
	assert_in_range(fixture_ask(f, &q, out), 513, UDP_SIZE_MAX);
	assert_int_equal(out[2] & 2, 0);
	q.size = 512;
	q.tcp = true;
	assert_true(fixture_ask(f, &q, out) > 512);
	assert_int_equal(out[2] & 2, 0);
}

/* As many servers as are taken, and one more, with names as long as names can be, that have no suffix in common. */
static void largest_delegation(void **state)
{
	static char text[1u << 16];
	static uint8_t out[ANSWER_TCP_MAX];
	const struct question q = { .name = "x.wide.alamo", .type = RR_A, .dnssec = true, .tcp = true };
	static const int labels[] = { 63, 63, 63, 61 };
	struct fixture f;
	char *at = text + sprintf(text, "domain: wide.alamo\n");

	(void)state;
	for (int i = 0; i <= BUILD_SERVERS_MAX; i++) {
		at += sprintf(at, "nserver: ");
		for (size_t l = 0; l < AL_COUNT(labels); l++)
			at += sprintf(at, "%sn%0*d", l > 0 ? "." : "", labels[l] - 1, i);
		at += sprintf(at, "\n");
	}
	(void)strcpy(at, TAIL);
	fixture_start(&f, registry, NULL);
	fixture_put(&f, text);
	fixture_build(&f);
	assert_in_range(fixture_ask(&f, &q, out), BUILD_SERVERS_MAX * (12 + 255), RRSET_BYTES_MAX);
	assert_int_equal(al_get_u16(out + 8), BUILD_SERVERS_MAX + 2); /* and NSEC with its signature */
	free(response_text(out, fixture_ask(&f, &q, out)));
	fixture_stop(&f);
}

/*
 * The servers' names in a top-level domain of ours: the root delegates that, and has their addresses as glue
 * (RFC 8109 section 4.2).
 */
static void servers_in_a_zone_of_their_own(void **state)
{
	static const char own[] = "registry: TEST\ntld: root-servers\ntld: alamo\nroot-server: a fca1:0:a::53\n"
				  "root-server: b 172.20.0.53\nhostmaster: dns.alamo\nmnt-by: HOST-MNT\nsource: TEST\n";
	const struct row rows[] = {
		{ ASK(".", RR_NS), "NOERROR aa\n"
				   "an . 3600 IN NS a.root-servers.\n"
				   "an . 3600 IN NS b.root-servers.\n"
				   "ar a.root-servers. 3600 IN AAAA fca1:0:a::53\n"
				   "ar b.root-servers. 3600 IN A 172.20.0.53\n" },
		{ ASK("a.root-servers", RR_AAAA), "NOERROR aa\n"
						  "an a.root-servers. 3600 IN AAAA fca1:0:a::53\n" },
	};
	struct fixture f;

	(void)state;
	fixture_start(&f, own, NULL);
	fixture_build(&f);
	rows_expect(&f, rows, AL_COUNT(rows));
	fixture_stop(&f);
}

static void nothing_published(void **state)
{
	static const uint8_t query[] = "\x12\x34\x01\x00\0\1\0\0\0\0\0\0\5alamo\0\0\1\0\1";
	uint8_t out[UDP_SIZE_MAX];
	size_t len = answer_query(NULL, query, sizeof(query) - 1, &(struct client){ .tcp = false }, out);

	(void)state;
	assert_int_equal(len, sizeof(query) - 1);
	assert_int_equal(out[3] & 15, RCODE_SERVFAIL);
	assert_int_equal(out[2], 0x81);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(delegations),
		cmocka_unit_test(root_and_apex),
		cmocka_unit_test(a_parent_answers_for_ds),
		cmocka_unit_test(hosted),
		cmocka_unit_test(alias_loop_ends),
		cmocka_unit_test(sizes),
		cmocka_unit_test(nothing_published),
		cmocka_unit_test(largest_delegation),
		cmocka_unit_test(servers_in_a_zone_of_their_own),
		cmocka_unit_test(catalog),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
