/* SPDX-License-Identifier: MIT */
/*
 * test_resolver.c -- anchors from DS lines, and what is rendered of them for each program.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "resolver/resolver.h"

#define HEX "e5a7e7f1e0cbd8b4c2fd9d5d0aa9b5b3f6ad4e5b3b26b7b4a4b9ebfa5a4a0f11"
#define TLD "alamo.\tIN\tDS\t12345 13 2 " HEX "\n"
#define REVERSE "1.a.c.f.ip6.arpa. 3600 IN DS 7 13 2 " HEX " ; next\n"

static struct resolver_plan *plan_new(const char *text)
{
	struct resolver_plan *plan = calloc(1, sizeof(*plan));
	struct al_buf why;

	assert_non_null(plan);
	al_buf_init(&why, 512);
	assert_int_equal(resolver_take_anchors(plan, al_slice_str(text), &why), AL_OK);
	assert_int_equal(why.len, 0);
	al_buf_release(&why);
	plan->servers[plan->server_count++] = (struct resolver_server){ "fca1::53", 53 };
	plan->servers[plan->server_count++] = (struct resolver_server){ "127.0.0.1", 4053 };
	return plan;
}

/* File `which` of the program. */
static char *rendered(const char *program, size_t which, const struct resolver_plan *plan)
{
	const struct resolver_program *found = resolver_program_find(program);
	struct al_buf out;
	char *text;

	assert_non_null(found);
	assert_true(which < found->file_count);
	al_buf_init(&out, RESOLVER_TEXT_MAX);
	found->files[which].render(plan, &out);
	text = al_buf_take(&out, NULL);
	assert_non_null(text);
	return text;
}

static void anchors_are_read(void **state)
{
	struct resolver_plan *plan = plan_new("; the root's is not ours to give\n. IN DS 1 13 2 " HEX "\n" TLD REVERSE
					      "ALAMO. ds 12345 13 2 ( " HEX " )\n\nalamo IN DS 9 13 2 " HEX);

	(void)state;
	assert_int_equal(plan->zone_count, 2);
	assert_string_equal(plan->zones[0], "alamo");
	assert_string_equal(plan->zones[1], "1.a.c.f.ip6.arpa");
	assert_int_equal(plan->anchor_count, 3); /* the same one twice is one */
	assert_string_equal(plan->anchors[0].ds, "12345 13 2 " HEX);
	assert_string_equal(plan->anchors[2].ds, "9 13 2 " HEX);
	assert_int_equal(plan->anchors[1].zone, 1);
	assert_int_equal(plan->anchors[2].zone, 0);
	free(plan);
}

/* Nothing but names, numbers and hex gets into the language of a program. */
static void bad_anchors_are_named(void **state)
{
	static const char *const bad[] = {
		"alamo. IN DNSKEY 257 3 13 AAAA",
		"alamo. IN DS 70000 13 2 " HEX,
		"alamo. IN DS 1 13 2 " HEX "00",
		"alamo. IN DS 1 13 2 xyz",
		"alamo. IN DS 1 13 9 " HEX,
		"alamo. CH DS 1 13 2 " HEX,
		"al\"amo. IN DS 1 13 2 " HEX,
		"al'.}amo. IN DS 1 13 2 " HEX,
		"1/32.alamo. IN DS 1 13 2 " HEX,
		"alamo..x IN DS 1 13 2 " HEX,
		"alamo. IN DS 1 13 2 " HEX "\" }",
		"alamo.",
		"alamo. 3600",
	};

	(void)state;
	for (size_t i = 0; i < AL_COUNT(bad); i++) {
		struct resolver_plan *plan = calloc(1, sizeof(*plan));
		char text[512] = TLD;
		struct al_buf why;

		assert_non_null(plan);
		strcat(text, bad[i]);
		al_buf_init(&why, 512);
		assert_int_equal(resolver_take_anchors(plan, al_slice_str(text), &why), AL_EINVAL);
		assert_true(al_slice_starts(al_buf_view(&why), "line 2: "));
		al_buf_release(&why);
		free(plan);
	}
}

static void too_many_are_refused(void **state)
{
	struct resolver_plan *plan = calloc(1, sizeof(*plan));
	struct al_buf text, why;

	(void)state;
	assert_non_null(plan);
	al_buf_init(&text, 65536);
	al_buf_init(&why, 512);
	for (unsigned i = 0; i <= RESOLVER_ZONES_MAX; i++)
		al_buf_printf(&text, "z%u. IN DS 1 13 2 " HEX "\n", i);
	assert_int_equal(resolver_take_anchors(plan, al_buf_view(&text), &why), AL_ELIMIT);
	assert_int_equal(plan->zone_count, RESOLVER_ZONES_MAX);
	al_buf_reset(&text);
	memset(plan, 0, sizeof(*plan));
	for (unsigned i = 0; i <= RESOLVER_ANCHORS_MAX; i++)
		al_buf_printf(&text, "alamo. IN DS %u 13 2 " HEX "\n", i);
	assert_int_equal(resolver_take_anchors(plan, al_buf_view(&text), &why), AL_ELIMIT);
	assert_int_equal(plan->anchor_count, RESOLVER_ANCHORS_MAX);
	al_buf_release(&text);
	al_buf_release(&why);
	free(plan);
}

/* Lines that must be there, and words that must not. */
static const struct {
	const char *program;
	size_t file;
	const char *lines[8];
	const char *never[3];
} expected[] = {
	{ "unbound",
	  0,
	  { "\taggressive-nsec: no\n", "\tprivate-domain: \"alamo.\"\n",
	    "\tlocal-zone: \"1.a.c.f.ip6.arpa.\" transparent\n", "\tdo-not-query-localhost: no\n",
	    "\ttrust-anchor: \"alamo. IN DS 12345 13 2 " HEX "\"\n",
	    "\ttrust-anchor: \"1.a.c.f.ip6.arpa. IN DS 7 13 2 " HEX "\"\n",
	    "stub-zone:\n\tname: \"alamo.\"\n\tstub-addr: fca1::53@53\n\tstub-addr: 127.0.0.1@4053\n" },
	  { "\". IN DS", "domain-insecure", "local-zone: \"alamo" } },
	{ "bind",
	  0,
	  { "zone \"alamo\" {\n\ttype static-stub;\n\tserver-addresses { fca1::53; 127.0.0.1; };\n};\n",
	    "\t\"alamo\" static-ds 12345 13 2 \"" HEX "\";\n",
	    "\t\"1.a.c.f.ip6.arpa\" static-ds 7 13 2 \"" HEX "\";\n" },
	  { "\".\"", "static-key", "validate-except" } },
	{ "kresd",
	  0,
	  { "trust_anchors.add('alamo. IN DS 12345 13 2 " HEX "')\n",
	    "policy.add(policy.suffix(policy.FLAGS({'NO_CACHE'}), policy.todnames({'alamo.', '1.a.c.f.ip6.arpa.'})))\n",
	    "policy.add(policy.suffix(policy.FORWARD({'fca1::53@53', '127.0.0.1@4053'}), policy.todnames({'alamo.', "
	    "'1.a.c.f.ip6.arpa.'})))\n" },
	  { "policy.STUB", "add('. ", NULL } },
	{ "dnsmasq",
	  0,
	  { "dnssec\n", "conf-file=/usr/share/dnsmasq-base/trust-anchors.conf\n",
	    "trust-anchor=alamo,12345,13,2," HEX "\n", "server=/alamo/fca1::53#53\n",
	    "server=/1.a.c.f.ip6.arpa/127.0.0.1#4053\n", "rebind-domain-ok=/alamo/\n" },
	  { "trust-anchor=.,", "trust-anchor=,", NULL } },
	{ "resolved",
	  0,
	  { "[Resolve]\nDNS=[fca1::53]:53 127.0.0.1:4053\nDomains=~alamo ~1.a.c.f.ip6.arpa\nDNSSEC=allow-downgrade\n" },
	  { "Domains=~.", NULL } },
	/* No TTL, no comment, DS alone: whatever else stands there, resolved skips the line and the zone is bogus. */
	{ "resolved",
	  1,
	  { "alamo. IN DS 12345 13 2 " HEX "\n1.a.c.f.ip6.arpa. IN DS 7 13 2 " HEX "\n" },
	  { "3600", ";", "DNSKEY" } },
};

static void each_program_gets_its_own(void **state)
{
	struct resolver_plan *plan = plan_new(TLD REVERSE);

	(void)state;
	for (size_t i = 0; i < AL_COUNT(expected); i++) {
		char *text = rendered(expected[i].program, expected[i].file, plan);

		for (size_t k = 0; k < AL_COUNT(expected[i].lines) && expected[i].lines[k] != NULL; k++)
			if (strstr(text, expected[i].lines[k]) == NULL)
				fail_msg("%s: no %s in\n%s", expected[i].program, expected[i].lines[k], text);
		for (size_t k = 0; k < AL_COUNT(expected[i].never) && expected[i].never[k] != NULL; k++)
			if (strstr(text, expected[i].never[k]) != NULL)
				fail_msg("%s: %s in\n%s", expected[i].program, expected[i].never[k], text);
		free(text);
	}
	assert_null(resolver_program_find("resolv"));
	/* A comment of another kind is a line that resolved complains of. */
	assert_string_equal(resolver_program_find("resolved")->files[1].comment, ";");
	free(plan);
}

/* Only a server on this machine needs it. */
static void loopback_is_asked_if_it_must_be(void **state)
{
	struct resolver_plan *plan = plan_new(TLD);
	char *text;

	(void)state;
	plan->server_count = 1;
	text = rendered("unbound", 0, plan);
	assert_null(strstr(text, "do-not-query-localhost"));
	assert_null(strstr(text, "local-zone"));
	free(text);
	free(plan);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(anchors_are_read),
		cmocka_unit_test(bad_anchors_are_named),
		cmocka_unit_test(too_many_are_refused),
		cmocka_unit_test(each_program_gets_its_own),
		cmocka_unit_test(loopback_is_asked_if_it_must_be),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
