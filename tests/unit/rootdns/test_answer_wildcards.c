/* SPDX-License-Identifier: MIT */
/*
 * test_answer_wildcards.c -- what questions get whose name only a wildcard has, and
 * the proofs with it.
 */
#include "answer_rows.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wildcards),
		cmocka_unit_test(wildcard_aliases),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
