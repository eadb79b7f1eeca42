/* SPDX-License-Identifier: MIT */
/*
 * test_answer.c -- what questions get, section by section: delegations, data,
 * aliases, wildcards, nothing, and what does not fit.
 */
#include "fixture.h"
#include "zone_build.h"

static const char registry[] = "registry: TEST\n"
			       "tld: alamo\n"
			       "tld: fish\n"
			       "super-prefix: fca1::/16\n"
			       "super-prefix: 172.20.0.0/14\n"
			       "root-server: a fca1:0:a::53\n"
			       "root-server: b 172.20.0.53\n"
			       "hostmaster: dns.alamo\n"
			       "mnt-by: HOST-MNT\n"
			       "source: TEST\n";

#define TAIL "mnt-by: A-MNT\nsource: TEST\n"
#define DIGEST "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

static const char *const objects[] = {
	/* index 1: delegated and signed, one server inside, one in another delegation */
	"domain: foo.alamo\nnserver: ns1.foo.alamo fd00::1\nnserver: ns.bar.alamo\nds-rdata: 1 13 2 " DIGEST "\n" TAIL,
	/* the holder's glue is believed, not this one's */
	"domain: bar.alamo\nnserver: ns.bar.alamo 172.20.1.1\nnserver: ns1.foo.alamo fd00::bad\n" TAIL,
	"domain: host.alamo\nrecord: @ A 172.20.2.2\nrecord: www CNAME host.alamo\nrecord: * 60 TXT \"x y\"\n"
	"record: a.b AAAA fd00::2\nrecord: out CNAME x.foo.alamo\nrecord: bad CNAME nope.host.alamo\n"
	"record: loop CNAME loop.host.alamo\nrecord: mix CNAME host.alamo\nrecord: mix A 172.20.2.3\n"
	"record: far CNAME www.example\nrecord: gone CNAME gone.alamo\n" TAIL,
	/* a deeper object: a delegation inside a hosted domain, and one below a cut that nobody sees */
	"domain: deep.host.alamo\nnserver: ns.deep.host.alamo 172.20.9.9\n" TAIL,
	"domain: hidden.foo.alamo\nrecord: @ A 172.20.3.3\n" TAIL,
	/* the first delegates below the TLD of its own; the others may not have these names */
	"domain: other\nnserver: ns.other fd00::7\n" TAIL,
	"domain: arpa\nnserver: ns.other fd00::7\n" TAIL,
	"domain: x.root-servers\nrecord: @ A 172.20.4.4\n" TAIL,
	/* our own zone: `nserver` ignored, records served */
	"domain: fish\nnserver: ns.other\nrecord: @ TXT fish\nrecord: www A 172.20.5.5\n" TAIL,
	"inetnum: 172.20.5.0/27\nnetname: N-NET\nnserver: ns1.foo.alamo\n" TAIL,
	"inetnum: 172.20.6.0/24\nnetname: N-NET\nnserver: ns1.foo.alamo\n" TAIL,
	"inetnum: 172.20.6.64/27\nnetname: N-NET\nnserver: ns.bar.alamo\n" TAIL,
	"inetnum: 172.20.8.0/22\nnetname: N-NET\nnserver: ns1.foo.alamo\n" TAIL,
	"inetnum: 172.20.9.0/24\nnetname: N-NET\nnserver: ns.bar.alamo\n" TAIL,
	"inetnum: 172.21.0.0/16\nnetname: N-NET\nnserver: ns.bar.alamo\n" TAIL,
	"inet6num: fca1:100::/46\nnetname: N-NET\nnserver: ns1.foo.alamo\n" TAIL,
	"domain: odd.alamo\nrecord: @ SVCB 0 broken broken\nrecord: @ MX 5 mail.odd.alamo\n"
	"record: @ HTTPS 1 . alpn=h2\nrecord: _443._tcp TLSA 3 1 0 aabb\nrecord: @ CAA 0 issue \"ca.alamo\"\nrecord: @ "
	"SSHFP 4 2 0011001100110011001100110011001100110011001100110011001100110011\n"
	"record: _x._tcp SRV 1 2 3 mail.odd.alamo\n" TAIL,
	/* wildcards that are aliases: to data beside them, to each other, to a name of their own */
	"domain: wild.alamo\nrecord: @ AAAA fd00::80\nrecord: @ AAAA fd00::81\nrecord: * CNAME wild.alamo\n"
	"record: *.two CNAME x.three.wild.alamo\nrecord: *.three CNAME wild.alamo\n"
	"record: *.none CNAME x.other.wild.alamo\nrecord: *.self CNAME a.self.wild.alamo\n"
	"record: *.other TXT other\n" TAIL,
};

static int setup(void **state)
{
	static struct fixture f;

	fixture_start(&f, registry, NULL);
	for (size_t i = 0; i < AL_COUNT(objects); i++)
		fixture_put(&f, objects[i]);
	fixture_build(&f);
	*state = &f;
	return 0;
}

static int teardown(void **state)
{
	fixture_stop(*state);
	return 0;
}

#define SOA_ALAMO "alamo. 300 IN SOA a.root-servers. dns.alamo. 19 300 60 403200 300\n"
#define SOA_ROOT ". 300 IN SOA a.root-servers. dns.alamo. 7 300 60 403200 300\n"

#define ASK(n, t)                        \
	&(const struct question)         \
	{                                \
		.name = (n), .type = (t) \
	}
#define ASK_DO(n, t)                                     \
	&(const struct question)                         \
	{                                                \
		.name = (n), .type = (t), .dnssec = true \
	}

struct row {
	const struct question *question;
	const char *want;
};

static void rows_expect(struct fixture *f, const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++)
		expect(f, *rows[i].question, rows[i].want);
}

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

static void wildcards(void **state)
{
	const struct row rows[] = {
		{ ASK_DO("q.host.alamo", RR_TXT), "NOERROR aa\n"
						  "an q.host.alamo. 60 IN TXT \"x y\"\n"
						  "an q.host.alamo. 60 IN RRSIG TXT 13 2\n"
						  "ns out.host.alamo. 300 IN NSEC www.host.alamo. CNAME RRSIG NSEC\n"
						  "ns out.host.alamo. 300 IN RRSIG NSEC 13 3\n" },
		{ ASK("y.q.host.alamo", RR_TXT), "NOERROR aa\nan y.q.host.alamo. 60 IN TXT \"x y\"\n" },
		{ ASK_DO("q.host.alamo", RR_A), "NOERROR aa\n"
						"ns " SOA_ALAMO "ns alamo. 300 IN RRSIG SOA 13 1\n"
						"ns *.host.alamo. 300 IN NSEC a.b.host.alamo. TXT RRSIG NSEC\n"
						"ns *.host.alamo. 300 IN RRSIG NSEC 13 2\n"
						"ns out.host.alamo. 300 IN NSEC www.host.alamo. CNAME RRSIG NSEC\n"
						"ns out.host.alamo. 300 IN RRSIG NSEC 13 3\n" },
		{ ASK("*.host.alamo", RR_TXT), "NOERROR aa\nan *.host.alamo. 60 IN TXT \"x y\"\n" },
		/* a nearer name is the encloser: no wildcard below it */
		{ ASK("q.b.host.alamo", RR_TXT), "NXDOMAIN aa\nns " SOA_ALAMO },
		{ ASK("q.www.host.alamo", RR_TXT), "NXDOMAIN aa\nns " SOA_ALAMO },
		{ ASK("q.host.alamo", RR_NSEC), "NOERROR aa\nns " SOA_ALAMO },
	};

	rows_expect(*state, rows, AL_COUNT(rows));
}

/* Answers first, whatever must be proven on the way; each alias's proof behind the last of them. */
static void wildcard_aliases(void **state)
{
	static const char addresses[] = "an wild.alamo. 300 IN AAAA fd00::80\n"
					"an wild.alamo. 300 IN AAAA fd00::81\n"
					"an wild.alamo. 300 IN RRSIG AAAA 13 2\n";
	char one[1024], two[1024];
	const struct row rows[] = {
		{ ASK_DO("q.wild.alamo", RR_AAAA), one },
		{ ASK_DO("q.two.wild.alamo", RR_AAAA), two },
		{ ASK_DO("q.none.wild.alamo", RR_AAAA),
		  "NOERROR aa\n"
		  "an q.none.wild.alamo. 300 IN CNAME x.other.wild.alamo.\n"
		  "an q.none.wild.alamo. 300 IN RRSIG CNAME 13 3\n"
		  "ns " SOA_ALAMO "ns alamo. 300 IN RRSIG SOA 13 1\n"
		  "ns *.none.wild.alamo. 300 IN NSEC *.other.wild.alamo. CNAME RRSIG NSEC\n"
		  "ns *.none.wild.alamo. 300 IN RRSIG NSEC 13 3\n"
		  "ns *.other.wild.alamo. 300 IN NSEC *.self.wild.alamo. TXT RRSIG NSEC\n"
		  "ns *.other.wild.alamo. 300 IN RRSIG NSEC 13 3\n" },
		/* RFC 1034 section 4.3.2: the target is looked up like any name, and the wildcard has it too */
		{ ASK("q.self.wild.alamo", RR_AAAA), "NOERROR aa\n"
						     "an q.self.wild.alamo. 300 IN CNAME a.self.wild.alamo.\n"
						     "an a.self.wild.alamo. 300 IN CNAME a.self.wild.alamo.\n" },
	};

	(void)snprintf(one, sizeof(one),
		       "NOERROR aa\n"
		       "an q.wild.alamo. 300 IN CNAME wild.alamo.\n"
		       "an q.wild.alamo. 300 IN RRSIG CNAME 13 2\n%s"
		       "ns *.other.wild.alamo. 300 IN NSEC *.self.wild.alamo. TXT RRSIG NSEC\n"
		       "ns *.other.wild.alamo. 300 IN RRSIG NSEC 13 3\n",
		       addresses);
	(void)snprintf(two, sizeof(two),
		       "NOERROR aa\n"
		       "an q.two.wild.alamo. 300 IN CNAME x.three.wild.alamo.\n"
		       "an q.two.wild.alamo. 300 IN RRSIG CNAME 13 3\n"
		       "an x.three.wild.alamo. 300 IN CNAME wild.alamo.\n"
		       "an x.three.wild.alamo. 300 IN RRSIG CNAME 13 3\n%s"
		       "ns *.two.wild.alamo. 300 IN NSEC alamo. CNAME RRSIG NSEC\n"
		       "ns *.two.wild.alamo. 300 IN RRSIG NSEC 13 3\n"
		       "ns *.three.wild.alamo. 300 IN NSEC *.two.wild.alamo. CNAME RRSIG NSEC\n"
		       "ns *.three.wild.alamo. 300 IN RRSIG NSEC 13 3\n",
		       addresses);
	rows_expect(*state, rows, AL_COUNT(rows));
}

static void alias_loop_ends(void **state)
{
	expect(*state, *ASK("loop.host.alamo", RR_A),
	       "NOERROR aa\nan loop.host.alamo. 300 IN CNAME loop.host.alamo.\n");
}

static void reverse(void **state)
{
	const struct row rows[] = {
		/* RFC 2317: aliases into FIRST/LEN, which is delegated */
		{ ASK("31.5.20.172.in-addr.arpa", 12),
		  "NOERROR aa\n"
		  "an 31.5.20.172.in-addr.arpa. 3600 IN CNAME 31.0/27.5.20.172.in-addr.arpa.\n"
		  "ns 0/27.5.20.172.in-addr.arpa. 3600 IN NS ns1.foo.alamo.\n" },
		{ ASK("32.5.20.172.in-addr.arpa", 12),
		  "NXDOMAIN aa\n"
		  "ns 20.172.in-addr.arpa. 300 IN SOA a.root-servers. dns.alamo. 15 300 60 403200 300\n" },
		{ ASK("31.0/27.5.20.172.in-addr.arpa", 12),
		  "NOERROR\n"
		  "ns 0/27.5.20.172.in-addr.arpa. 3600 IN NS ns1.foo.alamo.\n" },
		/* the /24 has a cut: what lies in it is its holder's */
		{ ASK("65.6.20.172.in-addr.arpa", 12), "NOERROR\n"
						       "ns 6.20.172.in-addr.arpa. 3600 IN NS ns1.foo.alamo.\n" },
		/* /22: four cuts; the more specific object has one of them */
		{ ASK("1.8.20.172.in-addr.arpa", 12), "NOERROR\n"
						      "ns 8.20.172.in-addr.arpa. 3600 IN NS ns1.foo.alamo.\n" },
		{ ASK("1.9.20.172.in-addr.arpa", 12), "NOERROR\n"
						      "ns 9.20.172.in-addr.arpa. 3600 IN NS ns.bar.alamo.\n" },
		{ ASK("1.11.20.172.in-addr.arpa", 12), "NOERROR\n"
						       "ns 11.20.172.in-addr.arpa. 3600 IN NS ns1.foo.alamo.\n" },
		/* the object is one of our zones */
		{ ASK("1.1.21.172.in-addr.arpa", 12),
		  "NXDOMAIN aa\n"
		  "ns 21.172.in-addr.arpa. 300 IN SOA a.root-servers. dns.alamo. 1 300 60 403200 300\n" },
		{ ASK("1.3.0.0.0.0.0.1.0.1.a.c.f.ip6.arpa", 12),
		  "NOERROR\n"
		  "ns 3.0.0.0.0.0.1.0.1.a.c.f.ip6.arpa. 3600 IN NS ns1.foo.alamo.\n" },
		{ ASK("4.0.0.0.0.0.1.0.1.a.c.f.ip6.arpa", 12),
		  "NXDOMAIN aa\n"
		  "ns 1.a.c.f.ip6.arpa. 300 IN SOA a.root-servers. dns.alamo. 17 300 60 403200 300\n" },
		{ ASK("0.0.0.1.0.1.a.c.f.ip6.arpa", 12),
		  "NOERROR aa\n"
		  "ns 1.a.c.f.ip6.arpa. 300 IN SOA a.root-servers. dns.alamo. 17 300 60 403200 300\n" },
	};

	rows_expect(*state, rows, AL_COUNT(rows));
}

/* Names of addresses that are hosted, beside blocks with name servers; the smaller block has the last word. */
static void hosted_reverse(void **state)
{
#define NIBBLES "0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.4.0.0.0.0.0.1.0.1.a.c.f.ip6.arpa"
	static const char *const blocks[] = {
		"inet6num: fca1:100:4::/48\nnetname: N-NET\nreverse: fca1:100:4::1 www.foo.alamo\n"
		"reverse: fca1:100:4::2 two.foo.alamo\nreverse: fca1:100:4:1::1 mine.foo.alamo\n" TAIL,
		"inet6num: fca1:100:4::2/128\nnetname: N-NET\nreverse: fca1:100:4::2 smaller.foo.alamo\n" TAIL,
		"inet6num: fca1:100:4:1::/64\nnetname: N-NET\nnserver: ns.other fd00::7\n" TAIL,
		"inetnum: 172.20.7.0/27\nnetname: N-NET\nreverse: 172.20.7.3 three.foo.alamo\n" TAIL,
		"inet6num: fca1:100:5::/48\nnetname: N-NET\nnserver: ns.other fd00::7\n"
		"reverse: fca1:100:5::1 not.foo.alamo\n" TAIL,
	};
	const struct row rows[] = {
		{ ASK("1." NIBBLES, 12), "NOERROR aa\nan 1." NIBBLES ". 300 IN PTR www.foo.alamo.\n" },
		{ ASK("2." NIBBLES, 12), "NOERROR aa\nan 2." NIBBLES ". 300 IN PTR smaller.foo.alamo.\n" },
		{ ASK("1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.1.0.0.0.4.0.0.0.0.0.1.0.1.a.c.f.ip6.arpa", 12),
		  "NOERROR\nns 1.0.0.0.4.0.0.0.0.0.1.0.1.a.c.f.ip6.arpa. 3600 IN NS ns.other.\n" },
		{ ASK("3.7.20.172.in-addr.arpa", 12),
		  "NOERROR aa\nan 3.7.20.172.in-addr.arpa. 300 IN PTR three.foo.alamo.\n" },
		{ ASK("1.5.0.0.0.0.0.1.0.1.a.c.f.ip6.arpa", 12),
		  "NOERROR\nns 5.0.0.0.0.0.1.0.1.a.c.f.ip6.arpa. 3600 IN NS ns.other.\n" },
	};
	static struct fixture f;

	(void)state;
	fixture_start(&f, registry, NULL);
	for (size_t i = 0; i < AL_COUNT(blocks); i++)
		fixture_put(&f, blocks[i]);
	fixture_build(&f);
	rows_expect(&f, rows, AL_COUNT(rows));
	fixture_stop(&f);
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
		cmocka_unit_test(wildcards),
		cmocka_unit_test(reverse),
		cmocka_unit_test(alias_loop_ends),
		cmocka_unit_test(sizes),
		cmocka_unit_test(wildcard_aliases),
		cmocka_unit_test(nothing_published),
		cmocka_unit_test(largest_delegation),
		cmocka_unit_test(servers_in_a_zone_of_their_own),
		cmocka_unit_test(hosted_reverse),
		cmocka_unit_test(catalog),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
