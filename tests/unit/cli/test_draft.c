/* SPDX-License-Identifier: MIT */
/*
 * test_draft.c -- files to requests: objects, header, keys, text to sign.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "alamo/rpsl/request.h"
#include "member/draft.h"

static struct draft parse(const char *text)
{
	struct draft draft;

	assert_int_equal(draft_parse(al_slice_str(text), &draft), AL_OK);
	return draft;
}

static void plain_objects(void **state)
{
	struct draft draft = parse(
		"% from whois\n\nmntner: A-MNT\r\nsource: X\r\n\r\n\n# note\naut-num: AS1\n+ more\nsource: X");

	(void)state;
	assert_int_equal(draft.count, 2);
	assert_int_equal(draft.header.len, 0);
	assert_true(al_slice_is(draft.objects[0], "mntner: A-MNT\nsource: X\n"));
	assert_true(al_slice_is(draft.objects[1], "aut-num: AS1\n+ more\nsource: X\n"));
	draft_release(&draft);
}

static void whole_request(void **state)
{
	struct draft draft = parse("request: r1\nprev: none\n\nmntner: A-MNT\n");

	(void)state;
	assert_int_equal(draft.count, 1);
	assert_true(draft_has(&draft, "PREV"));
	assert_false(draft_has(&draft, "nonce"));
	draft_release(&draft);
}

/* "% prev:" says which version was seen, and begins an object even where no empty line stands. */
static void versions_seen(void **state)
{
	struct draft draft = parse("% prev: 17\ndomain: a.x\nsource: X\n% prev: 4\nmntner: A-MNT\nsource: X\n\n"
				   "person: P\n% prev: none\n% previous\n\naut-num: AS1\n");

	(void)state;
	assert_int_equal(draft.count, 4);
	assert_true(al_slice_is(draft.seen[0], "17"));
	assert_true(al_slice_is(draft.seen[1], "4"));
	assert_int_equal(draft.seen[2].len, 0);
	assert_int_equal(draft.seen[3].len, 0);
	assert_true(al_slice_is(draft.objects[0], "domain: a.x\nsource: X\n"));
	assert_true(al_slice_is(draft.objects[1], "mntner: A-MNT\nsource: X\n"));
	draft_release(&draft);
}

static void one_alone(void **state)
{
	static const char person[] = "person: Ann\nnic-hdl: ANN-X\nmnt-by: A-MNT\nsource: X\n";
	static const struct {
		const char *before, *behind, *wanted;
		bool alone;
	} table[] = {
		{ "", "", "person ANN-X", true },
		{ "% prev: 7\n", "", "person ann-x", true },
		{ "", "", "person BOB-X", false },
		{ "", "", "role ANN-X", false },
		{ "", "", "nothing ANN-X", false },
		{ "", "\nmntner: A-MNT\nsource: X\n", "person ANN-X", false },
		{ "mntner: A-MNT\nsource: X\n\n", "", "person ANN-X", false },
		{ "request: x\nprev: none\n\n", "", "person ANN-X", false },
		{ "", "-----BEGIN CONTACT ANN-X-----\nsalt: A\n-----END CONTACT ANN-X-----\n", "person ANN-X", false },
	};
	char text[512];

	(void)state;
	for (size_t i = 0; i < AL_COUNT(table); i++) {
		snprintf(text, sizeof(text), "%s%s%s", table[i].before, person, table[i].behind);
		assert_int_equal(draft_is_alone(al_slice_str(text), table[i].wanted), table[i].alone);
	}
	assert_false(draft_is_alone(AL_S(""), "person ANN-X"));
}

static void signed_text_is_kept(void **state)
{
	struct draft draft = parse("request: r1\nprev: none\n\n# mine\nmntner: A-MNT\n"
				   "-----BEGIN SSH SIGNATURE-----\nAAAA\n-----END SSH SIGNATURE-----\n"
				   "-----BEGIN CONTACT A-ALAMO-----\nsalt: AAAA\n-----END CONTACT A-ALAMO-----\n");

	(void)state;
	assert_true(al_slice_is(draft.text, "request: r1\nprev: none\n\n# mine\nmntner: A-MNT\n"));
	assert_true(al_slice_starts(draft.signatures, "-----BEGIN SSH"));
	assert_true(al_slice_ends(draft.signatures, "-----END SSH SIGNATURE-----\n"));
	assert_true(al_slice_starts(draft.contacts, "-----BEGIN CONTACT A-ALAMO"));
	draft_release(&draft);
}

static void nothing_in_it(void **state)
{
	struct draft draft;

	(void)state;
	assert_int_equal(draft_parse(AL_S(""), &draft), AL_EINVAL);
	assert_int_equal(draft_parse(AL_S("# only words\n\n\n"), &draft), AL_EINVAL);
	assert_int_equal(draft_parse(AL_S("request: r1\n"), &draft), AL_EINVAL);
}

static void expect_key(const char *object, enum al_err err, const char *key)
{
	struct al_buf out;

	al_buf_init(&out, 1024);
	assert_int_equal(draft_key(al_slice_str(object), &out), err);
	if (err == AL_OK)
		assert_true(al_slice_is(al_buf_view(&out), key));
	al_buf_release(&out);
}

static void keys(void **state)
{
	(void)state;
	expect_key("aut-num: as64512 # mine\nas-name: X\n", AL_OK, "aut-num AS64512");
	expect_key("route:  10.0.0.0/8\ndescr: x\norigin: as1\n", AL_OK, "route 10.0.0.0/8AS1");
	expect_key("domain: Fisher.Alamo.\n", AL_OK, "domain fisher.alamo");
	expect_key("person: A Name\nnic-hdl: an1-test\n", AL_OK, "person AN1-TEST");
	expect_key("aut-num: AUTO-1\n", AL_ENOTFOUND, NULL);
	expect_key("route6: fca1:100::/48\norigin: AUTO-1\n", AL_ENOTFOUND, NULL);
	expect_key("nothing: of ours\n", AL_EINVAL, NULL);
}

static void text_parses_back(void **state)
{
	struct draft draft = parse("mntner: A-MNT\n\naut-num: AS1\n");
	struct draft_head head = { .name = "r1", .prev = AL_S("none 7"), .nonce = "00ff", .dry_run = true };
	struct al_request request;
	struct al_buf out;

	(void)state;
	al_buf_init(&out, 4096);
	draft_text(&draft, &head, &out);
	al_buf_str(&out, "-----BEGIN SSH SIGNATURE-----\n-----END SSH SIGNATURE-----\n");
	al_request_init(&request);
	assert_int_equal(al_request_parse(al_buf_view(&out), &request, NULL), AL_OK);
	assert_true(al_slice_is(request.name, "r1"));
	assert_true(request.dry_run);
	assert_int_equal(request.object_count, 2);
	assert_true(request.prevs[0] == AL_PREV_NONE);
	assert_int_equal(request.prevs[1], 7);
	al_request_release(&request);
	al_buf_release(&out);
	draft_release(&draft);
}

static void header_is_completed(void **state)
{
	struct draft draft = parse("request: own\nnonce: 11\n\nmntner: A-MNT\n");
	struct draft_head head = { .prev = AL_S("none") };
	struct al_buf out;

	(void)state;
	al_buf_init(&out, 4096);
	draft_text(&draft, &head, &out);
	assert_true(al_slice_is(al_buf_view(&out), "request: own\nnonce: 11\nprev:           none\n\nmntner: A-MNT\n"));
	al_buf_release(&out);
	draft_release(&draft);
}

static void parts_fit(void **state)
{
	struct draft draft = parse("mntner: A-MNT\n\nmntner: B-MNT\n\nmntner: C-MNT\n");

	(void)state;
	assert_int_equal(draft_fit(&draft, 0, 1, 9), 1);
	assert_int_equal(draft_fit(&draft, 0, 30, 9), 2);
	assert_int_equal(draft_fit(&draft, 0, 1000, 9), 3);
	assert_int_equal(draft_fit(&draft, 1, 1000, 9), 2);
	assert_int_equal(draft_fit(&draft, 0, 1000, 2), 2);
	draft_release(&draft);
}

static void nonces_differ(void **state)
{
	char a[DRAFT_NONCE_LEN], b[DRAFT_NONCE_LEN];

	(void)state;
	draft_nonce(a);
	draft_nonce(b);
	assert_int_equal(strlen(a), 32);
	assert_string_not_equal(a, b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain_objects),
		cmocka_unit_test(whole_request),
		cmocka_unit_test(signed_text_is_kept),
		cmocka_unit_test(versions_seen),
		cmocka_unit_test(one_alone),
		cmocka_unit_test(nothing_in_it),
		cmocka_unit_test(keys),
		cmocka_unit_test(text_parses_back),
		cmocka_unit_test(header_is_completed),
		cmocka_unit_test(parts_fit),
		cmocka_unit_test(nonces_differ),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
