/* SPDX-License-Identifier: MIT */
/*
 * test_answer_reverse.c -- what questions for the names of addresses get: delegated,
 * by aliases, and hosted.
 */
#include "answer_rows.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reverse),
		cmocka_unit_test(hosted_reverse),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
