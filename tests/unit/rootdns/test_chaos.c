/* SPDX-License-Identifier: MIT */
/*
 * test_chaos.c -- what a server says of itself: its version and its host (RFC 4892), and nothing else of that class.
 */
#include "fixture.h"

#include <unistd.h>

#define CHAOS 3

/* The answer to such a question of that class, as text; `set` NULL: there are no zones yet. */
static char *asked(const struct zone_set *set, const char *name, uint16_t type)
{
	struct question q = { .name = name, .type = type };
	static uint8_t out[ANSWER_TCP_MAX];
	uint8_t msg[512];
	size_t len = question_put(&q, msg);

	al_set_u16(msg + len - 2, CHAOS);
	len = answer_query(set, msg, len, &(struct client){ .tcp = false }, out);
	assert_int_not_equal(len, 0);
	return response_text(out, len);
}

static void each_name(void **state)
{
	char host[200], version[64], named[256];
	const struct {
		const char *name;
		uint16_t type;
		const char *text; /* NULL: refused; "": there is nothing of this type */
	} rows[] = {
		{ "version.bind", RR_TXT, version }, { "version.server", RR_TXT, version },
		{ "id.server", RR_TXT, named },      { "hostname.bind", RR_TXT, named },
		{ "VERSION.Bind", RR_TXT, version }, { "id.server", RR_ANY, named },
		{ "version.bind", RR_A, "" },        { "id.server", RR_NS, "" },
		{ "version", RR_TXT, NULL },         { "id.bind", RR_TXT, NULL },
		{ "version.binds", RR_TXT, NULL },   { "a.version.bind", RR_TXT, NULL },
		{ "authors.bind", RR_TXT, NULL },    { ".", RR_TXT, NULL },
		{ "alamo", RR_SOA, NULL },           { "version.bind.alamo", RR_TXT, NULL },
	};
	const char *const registry = "registry: TEST\ntld: alamo\nroot-server: a 192.0.2.1\nmnt-by: A-MNT\n"
				     "source: TEST\n";
	struct fixture f;

	(void)state;
	assert_int_equal(gethostname(host, sizeof(host)), 0);
	(void)snprintf(named, sizeof(named), " CH TXT \"%s\"\n", host);
	(void)snprintf(version, sizeof(version), " 0 CH TXT \"alamo-rootd %s\"\n", ALAMO_VERSION);
	fixture_start(&f, registry, NULL);
	fixture_build(&f);
	for (size_t i = 0; i < 2 * AL_COUNT(rows); i++) {
		const struct zone_set *set = i % 2 == 0 ? publish_enter(f.publish, 0) : NULL;
		const char *text = rows[i / 2].text, *an;
		char *answer = asked(set, rows[i / 2].name, rows[i / 2].type);

		if (set != NULL)
			publish_leave(f.publish, 0);
		an = strstr(answer, "\nan ");
		if (text == NULL || *text == '\0')
			assert_null(an);
		else if (an == NULL || strstr(an, text) == NULL)
			fail_msg("%s: %s", rows[i / 2].name, answer);
		if (text == NULL)
			assert_string_equal(answer, "REFUSED\n");
		else
			assert_int_equal(strncmp(answer, "NOERROR aa\n", 11), 0);
		free(answer);
	}
	fixture_stop(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(each_name) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
