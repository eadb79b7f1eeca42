/* SPDX-License-Identifier: MIT */
/*
 * test_led.c -- DNAME (RFC 6672): names that lead all below them elsewhere, and when they do not.
 */
#include "question_rows.h"

static const char registry[] = "registry: TEST\ntld: alamo\ntld: fish\nsuper-prefix: fca1::/16\n"
			       "root-server: a fca1:0:a::53\nhostmaster: dns.alamo\nmnt-by: HOST-MNT\nsource: TEST\n";

#define TAIL "mnt-by: A-MNT\nsource: TEST\n"
#define LABEL60 "a23456789012345678901234567890123456789012345678901234567890"
#define LONG LABEL60 "." LABEL60 "." LABEL60 ".alamo"
#define SOA_ALAMO "alamo. 300 IN SOA a.root-servers. dns.alamo. 6 300 60 403200 300\n"

static const char *const objects[] = {
	"domain: host.alamo\nrecord: @ A 172.20.2.2\nrecord: www CNAME host.alamo\nrecord: a.b AAAA fd00::2\n"
	"record: *.w 60 TXT w\nrecord: back DNAME led.alamo\n" TAIL,
	/* to data, out, to each other, into itself, too far, to apexes */
	"domain: led.alamo\nrecord: @ TXT led\nrecord: @ 600 DNAME host.alamo\n" TAIL,
	"domain: ways.alamo\nrecord: out DNAME www.example\nrecord: two DNAME led.alamo\n"
	"record: self DNAME a.self.ways.alamo\nrecord: far DNAME " LONG
	"\nrecord: apex DNAME alamo\nrecord: root DNAME .\n"
	/* and some that do not lead: something stands below, another target, an alias beside it */
	"record: full DNAME host.alamo\nrecord: a.b.full A 172.20.2.4\nrecord: split DNAME a.alamo\n"
	"record: split DNAME b.alamo\nrecord: both DNAME host.alamo\nrecord: both CNAME host.alamo\n" TAIL,
	"domain: over.alamo\nrecord: @ DNAME host.alamo\nrecord: @ TXT over\n" TAIL,
	"domain: cut.over.alamo\nnserver: ns.fish\n" TAIL,
};

static int setup(void **state)
{
	static struct fixture f;

	fixture_of(&f, registry, NULL, objects, AL_COUNT(objects));
	*state = &f;
	return 0;
}

static int teardown(void **state)
{
	fixture_stop(*state);
	return 0;
}

#define ASK_EDNS(n, t)                                 \
	&(const struct question)                       \
	{                                              \
		.name = (n), .type = (t), .edns = true \
	}

#define LED "an led.alamo. 600 IN DNAME host.alamo.\n"

/* RFC 6672: the DNAME with its signature, an alias without one, and what is found at its end. */
static void names_that_are_led(void **state)
{
	const struct row rows[] = {
		/* the owner itself is not led */
		{ ASK("led.alamo", RR_TXT), "NOERROR aa\nan led.alamo. 300 IN TXT \"led\"\n" },
		{ ASK("led.alamo", RR_DNAME), "NOERROR aa\nan led.alamo. 600 IN DNAME host.alamo.\n" },
		{ ASK("led.alamo", RR_A), "NOERROR aa\nns " SOA_ALAMO },
		{ ASK("www.led.alamo", RR_A), "NOERROR aa\n" LED "an www.led.alamo. 600 IN CNAME www.host.alamo.\n"
					      "an www.host.alamo. 300 IN CNAME host.alamo.\n"
					      "an host.alamo. 300 IN A 172.20.2.2\n" },
		{ ASK_DO("a.b.led.alamo", RR_AAAA), "NOERROR aa\n" LED "an led.alamo. 600 IN RRSIG DNAME 13 2\n"
						    "an a.b.led.alamo. 600 IN CNAME a.b.host.alamo.\n"
						    "an a.b.host.alamo. 300 IN AAAA fd00::2\n"
						    "an a.b.host.alamo. 300 IN RRSIG AAAA 13 4\n" },
		{ ASK("b.led.alamo", RR_A),
		  "NOERROR aa\n" LED "an b.led.alamo. 600 IN CNAME b.host.alamo.\nns " SOA_ALAMO },
		{ ASK("www.led.alamo", RR_CNAME),
		  "NOERROR aa\n" LED "an www.led.alamo. 600 IN CNAME www.host.alamo.\n" },
	};

	rows_expect(*state, rows, AL_COUNT(rows));
}

#define FAR "an far.ways.alamo. 300 IN DNAME " LONG ".\n"

static void dname_chains(void **state)
{
	const struct row rows[] = {
		{ ASK("x.out.ways.alamo", RR_A), "NOERROR aa\nan out.ways.alamo. 300 IN DNAME www.example.\n"
						 "an x.out.ways.alamo. 300 IN CNAME x.www.example.\n" },
		{ ASK("x.apex.ways.alamo", RR_A), "NXDOMAIN aa\nan apex.ways.alamo. 300 IN DNAME alamo.\n"
						  "an x.apex.ways.alamo. 300 IN CNAME x.alamo.\nns " SOA_ALAMO },
		{ ASK("fish.root.ways.alamo", RR_A), "NOERROR aa\nan root.ways.alamo. 300 IN DNAME .\n"
						     "an fish.root.ways.alamo. 300 IN CNAME fish.\n" },
		{ ASK("host.two.ways.alamo", RR_A), "NXDOMAIN aa\nan two.ways.alamo. 300 IN DNAME led.alamo.\n"
						    "an host.two.ways.alamo. 300 IN CNAME host.led.alamo.\n"
						    "an led.alamo. 600 IN DNAME host.alamo.\n"
						    "an host.led.alamo. 600 IN CNAME host.host.alamo.\nns " SOA_ALAMO },
		{ ASK("nothing.ways.alamo", RR_A), "NXDOMAIN aa\nns " SOA_ALAMO },
		/* as long as a name may be, and longer */
		{ ASK_EDNS("abc." LABEL60 ".far.ways.alamo", RR_A),
		  "NXDOMAIN aa\n" FAR "an abc." LABEL60 ".far.ways.alamo. 300 IN CNAME abc." LABEL60 "." LONG
		  ".\nns " SOA_ALAMO },
		{ ASK_EDNS("abcd." LABEL60 ".far.ways.alamo", RR_A), "YXDOMAIN aa\n" FAR },
		/* those that are dropped */
		{ ASK("x.full.ways.alamo", RR_A), "NXDOMAIN aa\nns " SOA_ALAMO },
		{ ASK("full.ways.alamo", RR_DNAME), "NOERROR aa\nns " SOA_ALAMO },
		{ ASK("a.b.full.ways.alamo", RR_A), "NOERROR aa\nan a.b.full.ways.alamo. 300 IN A 172.20.2.4\n" },
		{ ASK("x.split.ways.alamo", RR_A), "NXDOMAIN aa\nns " SOA_ALAMO },
		{ ASK("x.over.alamo", RR_A), "NXDOMAIN aa\nns " SOA_ALAMO },
	};

	rows_expect(*state, rows, AL_COUNT(rows));
}

/* What comes to stand below a DNAME ends it, and it is back when that has gone. */
static void names_come_below(void **state)
{
	static const char below[] = "domain: a.b.free.alamo\nrecord: @ A 172.20.2.5\n" TAIL;
	const struct question q = { .name = "a.free.alamo", .type = RR_CNAME };
	struct fixture *f = *state;

	fixture_put(f, "domain: free.alamo\nrecord: @ DNAME host.alamo\n" TAIL);
	fixture_apply(f);
	for (unsigned i = 0; i < 2; i++) {
		char *text = fixture_text(f, &q);

		assert_non_null(strstr(text, "an a.free.alamo. 300 IN CNAME a.host.alamo.\n"));
		free(text);
		fixture_put(f, below);
		fixture_apply(f);
		text = fixture_text(f, &q);
		assert_non_null(strstr(text, "NXDOMAIN"));
		free(text);
		fixture_put(f, "domain: a.b.free.alamo\nrecord: @ A 172.20.2.5\n" TAIL "delete: test\n");
		fixture_apply(f);
	}
}

/* A name that leads into itself: each alias is longer than the one before, the DNAME is there once, and there is an end. */
static void dname_ring_ends(void **state)
{
	static uint8_t out[ANSWER_TCP_MAX];
	ldns_pkt *answer;
	size_t len = fixture_ask(
		*state, &(const struct question){ .name = "x.self.ways.alamo", .type = RR_A, .tcp = true }, out);

	assert_int_equal(ldns_wire2pkt(&answer, out, len), LDNS_STATUS_OK);
	assert_int_equal(ldns_pkt_get_rcode(answer), LDNS_RCODE_NOERROR);
	assert_int_equal(ldns_pkt_ancount(answer), 1 + 17);
	ldns_pkt_free(answer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_that_are_led),
		cmocka_unit_test(dname_chains),
		cmocka_unit_test(dname_ring_ends),
		cmocka_unit_test(names_come_below),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
