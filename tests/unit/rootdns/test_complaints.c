/* SPDX-License-Identifier: MIT */
/*
 * test_complaints.c -- what an object says to a zone in vain: each with its reason in the log, and nothing else.
 */
#include "fixture.h"

#include "../said.h"
#include "zone_build.h"

static const char registry[] =
	"registry: T1\ntld: alamo\ntld: deep.alamo\nsuper-prefix: 10.0.0.0/8\nroot-server: a fd00::53\n"
	"mnt-by: A-MNT\nsource: T1\n";

#define END "mnt-by: A-MNT\nsource: T1\n"

static void each_has_its_reason(void **state)
{
	static const struct {
		const char *object;
		const char *want; /* NULL: there is nothing to complain of */
	} rows[] = {
		{ "domain: alamo\nrecord: x A 10.0.0.1\n" END, NULL },
		{ "domain: alamo\nrecord: x.deep A 10.0.0.1\n" END, "why=\"the name lies in another zone\"" },
		{ "domain: a.alamo\nrecord: @ A 10.0.0.1\n" END, NULL },
		{ "domain: a.alamo\nnserver: ns.a.alamo 10.0.0.1\n" END, NULL },
		{ "domain: a.alamo\nnserver: ns.example\nrecord: @ A 10.0.0.1\n" END,
		  "why=\"records of a delegated domain are not served\"" },
		{ "domain: root-servers\nrecord: @ A 10.0.0.1\n" END, "why=\"the name belongs to the root servers\"" },
		{ "domain: 1.10.in-addr.arpa\nnserver: ns.example\n" END,
		  "why=\"reverse names are delegated by inetnum and inet6num\"" },
		{ "domain: ip6.arpa\nnserver: ns.example\n" END,
		  "why=\"reverse names are delegated by inetnum and inet6num\"" },
		{ "inetnum: 10.0.0.0/8\nnetname: N-NET\nnserver: ns.example\n" END,
		  "why=\"the authority serves this reverse zone itself\"" },
		{ "inetnum: 10.1.0.0/16\nnetname: N-NET\nnserver: ns.example\n" END, NULL },
	};

	(void)state;
	for (size_t i = 0; i < AL_COUNT(rows); i++) {
		struct fixture f;
		struct said said;
		const char *text;

		fixture_start(&f, registry, NULL);
		said_begin(&said);
		fixture_put(&f, rows[i].object);
		text = said_end(&said);
		if (rows[i].want == NULL && text[0] != '\0')
			fail_msg("row %zu: %s", i, text);
		if (rows[i].want != NULL &&
		    (strstr(text, " event=zone-data class=") == NULL || strstr(text, rows[i].want) == NULL))
			fail_msg("row %zu: no %s in: %s", i, rows[i].want, text);
		fixture_build(&f);
		fixture_stop(&f);
	}
}

/* More name servers than a cut can have: as many as fit are there, and the first too many is named. */
static void too_many_servers(void **state)
{
	struct question q = { .name = "x.a.alamo", .type = RR_A, .tcp = true };
	static uint8_t out[ANSWER_TCP_MAX];
	struct al_buf text;
	struct fixture f;
	struct said said;
	char *object, want[80];

	(void)state;
	al_buf_init(&text, 65536);
	al_buf_str(&text, "domain: a.alamo\n");
	for (unsigned i = 0; i <= BUILD_SERVERS_MAX; i++)
		al_buf_printf(&text, "nserver: ns%u.example\n", i);
	al_buf_str(&text, END);
	object = al_buf_take(&text, NULL);
	fixture_start(&f, registry, NULL);
	said_begin(&said);
	fixture_put(&f, object);
	(void)snprintf(want, sizeof(want), "value=\"ns%u.example\" why=\"too many name servers\"", BUILD_SERVERS_MAX);
	if (strstr(said_end(&said), want) == NULL)
		fail_msg("no %s in: %s", want, said.text);
	fixture_build(&f);
	assert_true(fixture_ask(&f, &q, out) > 0);
	assert_int_equal(al_get_u16(out + 8), BUILD_SERVERS_MAX);
	fixture_stop(&f);
	free(object);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_has_its_reason),
		cmocka_unit_test(too_many_servers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
