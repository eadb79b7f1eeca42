/* SPDX-License-Identifier: MIT */
/*
 * test_answer.c -- the registry's answers, taken apart.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "member/answer.h"
#include "authority/endpoints.h"
#include "member/network.h"
#include "settings.h"

static const char good[] = "SUMMARY OF UPDATE: join-1\n"
			   "  Create SUCCEEDED: [mntner] FISHER-MNT\n"
			   "  No operation SUCCEEDED: [route] 10.0.0.0/8AS1\n"
			   "% receipt: index 1187, checkpoint follows\n"
			   "c2sp.org/tlog-proof@v1\n";

static const char bad[] = "SUMMARY OF UPDATE: join-1\n"
			  "  Create HELD: [mntner] FISHER-MNT\n"
			  "  Create FAILED: [aut-num] AS1\n"
			  "aut-num:        AS1\n"
			  "***Error:   no rights here (POLICY-AUTH)\n"
			  "as-name:        X\n"
			  "  Modify FAILED: [route] 10.0.0.0/8AS1\n"
			  "***Error:   stale (PREV-STALE)\n"
			  "% nothing was changed\n";

static void accepted(void **state)
{
	struct al_slice rest = al_slice_str(good);
	struct answer_object object;
	uint64_t index = 0;

	(void)state;
	assert_true(answer_accepted(rest));
	assert_int_equal(answer_index(rest, &index), AL_OK);
	assert_int_equal(index, 1187);
	assert_true(answer_next(&rest, &object));
	assert_true(al_slice_is(object.action, "Create"));
	assert_true(al_slice_is(object.cls, "mntner"));
	assert_true(al_slice_is(object.key, "FISHER-MNT"));
	assert_int_equal(object.body.len, 0);
	assert_true(answer_next(&rest, &object));
	assert_true(al_slice_is(object.action, "No operation"));
	assert_true(al_slice_is(object.key, "10.0.0.0/8AS1"));
	assert_false(answer_next(&rest, &object));
}

static void refused(void **state)
{
	struct al_slice rest = al_slice_str(bad), text;
	struct answer_object object;
	uint64_t index;

	(void)state;
	assert_false(answer_accepted(rest));
	assert_int_equal(answer_index(rest, &index), AL_ENOTFOUND);
	assert_true(answer_next(&rest, &object));
	assert_false(object.succeeded);
	assert_false(answer_error(&object.body, &text));
	assert_true(answer_next(&rest, &object));
	assert_false(object.succeeded);
	assert_true(answer_error(&object.body, &text));
	assert_true(al_slice_is(text, "no rights here (POLICY-AUTH)"));
	assert_false(answer_error(&object.body, &text));
	assert_true(answer_next(&rest, &object));
	assert_true(al_slice_is(object.action, "Modify"));
	assert_true(answer_error(&object.body, &text));
	assert_true(al_slice_is(text, "stale (PREV-STALE)"));
}

static void not_an_answer(void **state)
{
	struct al_slice text;

	(void)state;
	assert_false(answer_accepted(AL_S("")));
	assert_false(answer_accepted(AL_S("%ERROR: no\n")));
	assert_false(answer_accepted(AL_S("SUMMARY OF UPDATE: x\n***Error:   the request has no object\n")));
	assert_true(answer_is_error(AL_S("% hint\n%ERROR: no such class\n"), &text));
	assert_true(al_slice_is(text, "%ERROR: no such class"));
}

#define HEAD "name: alamo\nsource: ALAMO\n"
#define VKEY "vkey: registry.alamo/log+03083e51+AZVH7V54bmZO79BDty2obYeVl468bP59YshAJY/XZXrk\n"

static void network_answer(void **state)
{
	static const char *const foreign[] = {
		"220 mail ESMTP\n",
		HEAD "vkey: a+b+c\n",
		HEAD,
		HEAD "namespace: registry@other\n" VKEY,
		"name: ../alamo\nsource: ALAMO\n" VKEY,
		"name: alamo\nsource: ALAMO x\n" VKEY,
		HEAD "tld: alamo delete: yes\n" VKEY,
	};
	struct network network;

	(void)state;
	assert_int_equal(network_parse(AL_S(HEAD "tld: alamo\ntld: other\nnamespace: registry@alamo\n" VKEY), &network),
			 AL_OK);
	assert_string_equal(network.ns, "registry@alamo");
	assert_string_equal(network.tld, "alamo");
	assert_string_equal(network.key.name, "registry.alamo/log");
	for (size_t i = 0; i < AL_COUNT(foreign); i++)
		assert_int_not_equal(network_parse(al_slice_str(foreign[i]), &network), AL_OK);
}

static void endpoint_lines(void **state)
{
	struct endpoints endpoints;

	(void)state;
	endpoints_init(&endpoints);
	assert_false(endpoints_feed(&endpoints, AL_S("endpoint whois 127.0.0.1:40")));
	assert_false(endpoints_feed(&endpoints, AL_S("43\nendpoint rdap [::1]:4080\nrea")));
	assert_true(endpoints_feed(&endpoints, AL_S("dy\n")));
	assert_false(endpoints_feed(&endpoints, AL_S("\n")));
	assert_true(al_slice_is(al_buf_view(&endpoints.lines), "whois 127.0.0.1:4043\nrdap [::1]:4080\n"));
	endpoints_reset(&endpoints);
	assert_false(endpoints.ready);
	assert_int_equal(endpoints.lines.len, 0);
	endpoints_release(&endpoints);
}

static void expect_split(const char *address, const char *port, const char *host, const char *service)
{
	char h[SETTING_MAX], s[16];

	if (host == NULL) {
		assert_int_not_equal(settings_split(address, port, h, s), AL_OK);
		return;
	}
	assert_int_equal(settings_split(address, port, h, s), AL_OK);
	assert_string_equal(h, host);
	assert_string_equal(s, service);
}

static void addresses(void **state)
{
	(void)state;
	expect_split("127.0.0.1:4343", NULL, "127.0.0.1", "4343");
	expect_split("[::1]:4343", NULL, "::1", "4343");
	expect_split("[::1]", "43", "::1", "43");
	expect_split("fca1:0:a::53", "43", "fca1:0:a::53", "43");
	expect_split("registry.alamo", "4343", "registry.alamo", "4343");
	expect_split("registry.alamo", NULL, NULL, NULL);
	expect_split("[::1", "43", NULL, NULL);
	expect_split(":43", "43", NULL, NULL);
	expect_split("host:a-very-long-service-name", NULL, NULL, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(accepted),       cmocka_unit_test(refused),        cmocka_unit_test(not_an_answer),
		cmocka_unit_test(network_answer), cmocka_unit_test(endpoint_lines), cmocka_unit_test(addresses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
