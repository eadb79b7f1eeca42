/* SPDX-License-Identifier: MIT */
/* Decoding of requests: the form, its bounds, what is signed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "alamo/rpsl/request.h"

#define SIG "-----BEGIN SSH SIGNATURE-----\nAAAA\n-----END SSH SIGNATURE-----\n"
#define OBJ "mntner: A-MNT\nmnt-by: A-MNT\n"

static enum al_err parse(const char *text, struct al_request *request)
{
	al_request_init(request);
	return al_request_parse(al_slice_str(text), request, NULL);
}

static void good(void **state)
{
	struct al_request r;
	uint8_t hash[AL_HASH_LEN];

	(void)state;
	assert_int_equal(parse("request: x\nprev: none\nnonce: 1\n\n" OBJ "\n\n" OBJ SIG SIG, &r), AL_OK);
	assert_true(al_slice_is(r.name, "x"));
	assert_int_equal(r.object_count, 2);
	assert_int_equal(r.signature_count, 2);
	assert_true(r.prevs[1] == AL_PREV_NONE);
	assert_true(al_slice_is(r.text, "request: x\nprev: none\nnonce: 1\n\n" OBJ "\n\n" OBJ));
	crypto_hash_sha256(hash, (const unsigned char *)r.text.ptr, r.text.len);
	assert_memory_equal(hash, r.hash, sizeof(hash));
	al_request_release(&r);
	/* Blank lines between signatures and behind them are nothing; what a signature is, is as it was sent. */
	assert_int_equal(parse("request: x\nprev: none\n\n" OBJ SIG "\n" SIG "\n\n\n" SIG "\n\n", &r), AL_OK);
	assert_int_equal(r.signature_count, 3);
	for (size_t i = 0; i < 3; i++)
		assert_true(al_slice_is(r.signature[i], SIG));
	al_request_release(&r);
	/* The last one may lack its line's end. */
	assert_int_equal(parse("request: x\nprev: none\n\n" OBJ SIG
			       "-----BEGIN SSH SIGNATURE-----\nAAAA\n-----END SSH SIGNATURE-----",
			       &r),
			 AL_OK);
	assert_int_equal(r.signature_count, 2);
	assert_int_equal(r.signature[1].len, sizeof(SIG) - 2);
	al_request_release(&r);
	/* A signature begins with its line, whatever other lines have of it. */
	assert_int_equal(parse("request: x\nprev: none\n\n" OBJ "remarks: -----BEGIN SSH SIGNATURE-----\n"
			       "-----BEGIN SSH SIGNATURE----- \n" SIG,
			       &r),
			 AL_OK);
	assert_int_equal(r.signature_count, 1);
	assert_true(al_slice_is(r.signatures, SIG));
	al_request_release(&r);
	assert_int_equal(parse("request: x\nprev: none\n\n" OBJ SIG SIG SIG SIG SIG SIG SIG SIG, &r), AL_OK);
	assert_int_equal(r.signature_count, AL_REQUEST_SIGNATURES_MAX);
	al_request_release(&r);
	assert_int_equal(
		parse("request: x\nprev: 4 none\nnot-after: 2026-12-01T00:00:00Z\ndry-run: yes\n\n" OBJ "\n" OBJ, &r),
		AL_OK);
	assert_int_equal(r.prevs[0], 4);
	assert_true(r.prevs[1] == AL_PREV_NONE);
	assert_true(r.dry_run);
	assert_int_equal(r.signature_count, 0);
	al_request_release(&r);
}

static void bad(void **state)
{
	static const char *const rows[] = {
		"",
		"\n",
		"request: x\n",
		"request: x\nprev: none\n\n",
		"request: x\n\n" OBJ,
		"prev: none\n\n" OBJ,
		"request: x\nrequest: y\nprev: none\n\n" OBJ,
		"request: x\nprev: none\nprev: none\n\n" OBJ,
		"request: two words\nprev: none\n\n" OBJ,
		"request: x\nprev: 1 2\n\n" OBJ,
		"request: x\nprev: -1\n\n" OBJ,
		"request: x\nprev: none\ncolour: red\n\n" OBJ,
		"request: x\nprev: none\nnot-after: tomorrow\n\n" OBJ,
		"request: x\nprev: none\ndry-run: perhaps\n\n" OBJ,
		"request: x\nprev: none\n\n" OBJ "-----BEGIN SSH SIGNATURE-----\nAAAA\n",
		"request: x\nprev: none\n\n" OBJ SIG "and more\n",
		"request: x\r\nprev: none\r\n\r\n" OBJ,
		"request: x\nprev: none\n\n" OBJ "\r",
		"request: x\nprev: none\n\n" OBJ SIG SIG SIG SIG SIG SIG SIG SIG SIG,
	};

	(void)state;
	for (size_t i = 0; i < AL_COUNT(rows); i++) {
		struct al_request r;

		assert_int_equal(parse(rows[i], &r), AL_EINVAL);
		al_request_release(&r);
	}
}

/* The edge: CR LF becomes LF, once; no other CR and no NUL comes in. */
static void edge(void **state)
{
	static const struct {
		const char *typed, *taken;
		unsigned line; /* of the complaint; 0: taken */
	} rows[] = {
		{ "a\nb\n", "a\nb\n", 0 },     { "a\r\nb\r\n", "a\nb\n", 0 },
		{ "a\r\n\r\nb", "a\n\nb", 0 }, { "", "", 0 },
		{ "a\r\r\n", NULL, 1 },        { "a\n\r\r\n", NULL, 2 },
		{ "a\nb\rc\n", NULL, 2 },      { "\ra\n", NULL, 1 },
		{ "a\nb\r", NULL, 2 },         { "a\r\r\r\r\nb\n", NULL, 1 },
	};

	(void)state;
	for (size_t i = 0; i < AL_COUNT(rows); i++) {
		struct al_report report;
		struct al_buf out;
		char wanted[20];

		al_report_init(&report);
		al_buf_init(&out, 100);
		assert_int_equal(al_request_read(al_slice_str(rows[i].typed), &out, &report),
				 rows[i].taken != NULL ? AL_OK : AL_EINVAL);
		if (rows[i].taken != NULL)
			assert_true(al_slice_is(al_buf_view(&out), rows[i].taken));
		(void)snprintf(wanted, sizeof(wanted), "line %u has a CR", rows[i].line);
		if (rows[i].taken == NULL)
			assert_true(al_slice_starts(al_slice_str(report.items[0].text), wanted));
		al_buf_release(&out);
		al_report_release(&report);
	}
}

/* In the header, in values, in continuation lines and in contact blocks: what cannot be seen does not come in. */
static void edge_text(void **state)
{
	static const struct {
		const char *typed, *why;
	} rows[] = {
		{ "request: x\xe2\x80\x8b\n", "line 1 is not text (U+200B at byte 11): " },
		{ "a\nnonce: \xe2\x80\xae\n", "line 2 is not text (U+202E at byte 8): " },
		{ "a\nb\n descr\xef\xbb\xbf", "line 3 is not text (U+FEFF at byte 7): " },
		{ "a\n\nperson: A\xf3\xa0\x81\x81nn\n", "line 3 is not text (U+E0041 at byte 10): " },
		{ "mail: \xc2\xad\n", "line 1 is not text (U+00AD at byte 7): " },
		{ "a\x1b[2J\n", "line 1 is not text (U+001B at byte 2): " },
		{ "a\n\xc3(\n", "line 2 is not text (no UTF-8 at byte 1): " },
	};

	(void)state;
	for (size_t i = 0; i < AL_COUNT(rows); i++) {
		struct al_report report;
		struct al_buf out;

		al_report_init(&report);
		al_buf_init(&out, 100);
		assert_int_equal(al_request_read(al_slice_str(rows[i].typed), &out, &report), AL_EINVAL);
		if (!al_slice_starts(al_slice_str(report.items[0].text), rows[i].why))
			fail_msg("%s", report.items[0].text);
		al_buf_release(&out);
		al_report_release(&report);
	}
}

/* The body of an entry is what it is: a CR that was taken once is part of what was signed. */
static void stored(void **state)
{
	struct al_request r;

	(void)state;
	al_request_init(&r);
	r.stored = true;
	assert_int_equal(al_request_parse(AL_S("request: x\nprev: none\n\nmntner: A-MNT\r\n" SIG), &r, NULL), AL_OK);
	assert_true(al_slice_is(r.text, "request: x\nprev: none\n\nmntner: A-MNT\r\n"));
	assert_int_equal(r.stray_line, 4);
	al_request_release(&r);
	r.stored = true;
	assert_int_equal(al_request_parse(al_slice_of("request: x\nprev: none\n\nmntner: A\0\n", 35), &r, NULL),
			 AL_EINVAL);
	al_request_release(&r);
}

#define CONTACT "-----BEGIN CONTACT A-X-----\nsalt: AAAA\nperson: Ann\n-----END CONTACT A-X-----\n"

static void contacts(void **state)
{
	static const char *const rows[] = {
		"-----BEGIN CONTACT A-X-----\nsalt: AAAA\n",
		"-----BEGIN CONTACT A-X-----\nsalt: AAAA\n-----END CONTACT B-X-----\n",
		"-----BEGIN CONTACT A-X-----\nperson: Ann\n-----END CONTACT A-X-----\n",
		"-----BEGIN CONTACT -----\nsalt: AAAA\n-----END CONTACT -----\n",
		CONTACT "more\n",
		"-----BEGIN CONTACT A-X-----\nsalt: AAAA\n% end\n-----END CONTACT A-X-----\n",
		"-----BEGIN CONTACT A-X-----\nsalt: AAAA\n\n-----END CONTACT A-X-----\n",
		"-----BEGIN CONTACT A-X-----\nsalt: AAAA\nAnn\n-----END CONTACT A-X-----\n",
		"-----BEGIN CONTACT A-X-----\nsalt: AAAA\n1st: Ann\n-----END CONTACT A-X-----\n",
		"-----BEGIN CONTACT A-X-----\nsalt: AAAA\n% receipt: x\n-----END CONTACT A-X-----\n",
		"-----BEGIN CONTACT A-X-----\nsalt: AAAA\n [: x\n-----END CONTACT A-X-----\n",
	};
	struct al_request r;
	uint8_t hash[AL_HASH_LEN];
	char text[2000];

	(void)state;
	assert_int_equal(parse("request: x\nprev: none\n\n" OBJ SIG CONTACT "\n" CONTACT, &r), AL_OK);
	assert_int_equal(r.contact_count, 2);
	assert_true(al_slice_is(r.contact[0].handle, "A-X"));
	assert_true(al_slice_is(r.contact[1].text, "salt: AAAA\nperson: Ann\n"));
	crypto_hash_sha256(hash, (const unsigned char *)"salt: AAAA\nperson: Ann\n", 23);
	assert_memory_equal(r.contact[0].hash, hash, sizeof(hash));
	/* What an entry keeps ends with the signatures. */
	assert_true(al_slice_ends(al_buf_view(&r.bytes), "-----END SSH SIGNATURE-----\n"));
	al_request_release(&r);
	for (size_t i = 0; i < AL_COUNT(rows); i++) {
		(void)snprintf(text, sizeof(text), "request: x\nprev: none\n\n" OBJ SIG "%s", rows[i]);
		assert_int_equal(parse(text, &r), AL_EINVAL);
		al_request_release(&r);
	}
}

static enum al_err parse_control(const char *text, struct al_request *request)
{
	al_request_init(request);
	request->takes_control = true;
	return al_request_parse(al_slice_str(text), request, NULL);
}

#define UNTIL "not-after: 2026-12-01T00:00:00Z\n"

static void control(void **state)
{
	static const char good_text[] = "request: x\ncontrol: queue-refuse 7 too large\nnonce: 1\n" UNTIL SIG;
	static const char *const rows[] = {
		"request: x\ncontrol: erase\nnonce: 1\n" UNTIL "\n" OBJ SIG,
		"request: x\ncontrol: erase\nnonce: 1\n" SIG,
		"request: x\ncontrol: erase\n" UNTIL SIG,
		"request: x\ncontrol: erase\nnonce:\n" UNTIL SIG,
		"request: x\ncontrol: erase\nnonce: 1\nprev: none\n" UNTIL SIG,
		"request: x\ncontrol: erase\nnonce: 1\ndry-run: yes\n" UNTIL SIG,
		"request: x\ncontrol: erase\ncontrol: erase\nnonce: 1\n" UNTIL SIG,
		"request: x\ncontrol:\nnonce: 1\n" UNTIL SIG,
		"request: x\ncontrol: erase\nnonce: 1\n" UNTIL SIG CONTACT,
		"request: x\nprev: none\n\n" OBJ SIG,
	};
	struct al_request r;

	(void)state;
	assert_int_equal(parse_control(good_text, &r), AL_OK);
	assert_true(al_slice_is(r.control, "queue-refuse 7 too large"));
	assert_int_equal(r.object_count, 0);
	assert_int_equal(r.signature_count, 1);
	al_request_release(&r);
	for (size_t i = 0; i < AL_COUNT(rows); i++) {
		assert_int_equal(parse_control(rows[i], &r), AL_EINVAL);
		al_request_release(&r);
	}
	/* Who does not ask for it never gets one: it can be no log entry. */
	assert_int_equal(parse(good_text, &r), AL_EINVAL);
	al_request_release(&r);
	assert_true(al_request_is_control(al_slice_str(good_text)));
	assert_false(al_request_is_control(AL_S("request: x\nprev: none\n\ncontrol: x\n")));
}

static void bounds(void **state)
{
	struct al_request r;
	struct al_buf text;

	(void)state;
	al_buf_init(&text, 1 << 20);
	al_buf_str(&text, "request: x\nprev: none\n\n");
	for (int i = 0; i < 9000; i++)
		al_buf_str(&text, "x");
	al_request_init(&r);
	assert_int_equal(al_request_parse(al_buf_view(&text), &r, NULL), AL_EINVAL);
	al_request_release(&r);
	al_buf_reset(&text);
	al_buf_str(&text, "request: x\nprev: none\n\n");
	for (int i = 0; i < 5000; i++)
		al_buf_str(&text, "remarks: abc\n");
	assert_int_equal(al_request_parse(al_buf_view(&text), &r, NULL), AL_ELIMIT);
	al_request_release(&r);
	al_buf_reset(&text);
	al_buf_str(&text, "request: x\nprev: none\n\n");
	for (int i = 0; i < 1025; i++)
		al_buf_str(&text, "a: b\n\n");
	assert_int_equal(al_request_parse(al_buf_view(&text), &r, NULL), AL_EINVAL);
	al_request_release(&r);
	assert_int_equal(al_request_parse(al_slice_of("request: x\0", 11), &r, NULL), AL_EINVAL);
	al_request_release(&r);
	al_buf_release(&text);
}

/* Which rule it was, not only that there was one. */
static void reasons(void **state)
{
	static const struct {
		const char *text, *why;
	} rows[] = {
		{ "request: x\nprev none\n\n" OBJ, "a header line has no colon" },
		{ "request:\nprev: none\n\n" OBJ, "request: takes a name of 1 to 80 bytes" },
		{ "request: two words\nprev: none\n\n" OBJ, "request: takes one word of printable ASCII" },
		{ "prev: none\n\n" OBJ, "the request does not begin with request:" },
		{ "request: x\nprev: 1, 2\n\n" OBJ "\n" OBJ "\n" OBJ, "prev: has 2 values for 3 objects" },
		{ "request: x\nprev: none\n\n" OBJ SIG "-----BEGIN CONTACT A-T-----\nsalt: x\n",
		  "a contact block has no end" },
		{ "request: x\nprev: none\n\n" OBJ SIG "more\n",
		  "something other than a signature follows the objects" },
		{ "request: x\nprev: none\n\n" OBJ SIG CONTACT "more\n",
		  "something other than a contact block follows the signatures" },
	};

	(void)state;
	for (size_t i = 0; i < AL_COUNT(rows); i++) {
		struct al_report report;
		struct al_request r;

		al_report_init(&report);
		al_request_init(&r);
		assert_int_equal(al_request_parse(al_slice_str(rows[i].text), &r, &report), AL_EINVAL);
		assert_true(report.errors > 0);
		assert_string_equal(report.items[0].text, rows[i].why);
		al_request_release(&r);
		al_report_release(&report);
	}
}

/* A signature that is none has no signer, and a block without an end is no signature. */
static void signers_of_nothing(void **state)
{
	static struct al_sshkey keys[AL_REQUEST_SIGNATURES_MAX];

	(void)state;
	assert_int_equal(al_request_signers(AL_S("request: x\nprev: none\n\n" OBJ), keys), 0);
	assert_int_equal(al_request_signers(AL_S("request: x\nprev: none\n\n" OBJ SIG SIG), keys), 0);
	assert_int_equal(
		al_request_signers(AL_S("request: x\nprev: none\n\n" OBJ "-----BEGIN SSH SIGNATURE-----\n"), keys), 0);
}

/* The longest line there is, without what ends it. */
static void lines(void **state)
{
	char text[AL_REQUEST_LINE_MAX + 2] = "", why[AL_REQUEST_WHY_LEN];
	struct al_slice line = al_slice_of(text, AL_REQUEST_LINE_MAX);

	(void)state;
	memset(text, 'x', sizeof(text));
	assert_int_equal(al_request_line(&line, true, why), AL_OK);
	assert_int_equal(line.len, AL_REQUEST_LINE_MAX);
	line = al_slice_of(text, AL_REQUEST_LINE_MAX + 1);
	assert_int_equal(al_request_line(&line, true, why), AL_EINVAL);
	assert_string_equal(why, "is longer than 8192 bytes");
	text[AL_REQUEST_LINE_MAX] = '\r';
	line = al_slice_of(text, AL_REQUEST_LINE_MAX + 1);
	assert_int_equal(al_request_line(&line, true, why), AL_OK);
	assert_int_equal(line.len, AL_REQUEST_LINE_MAX);
	line = al_slice_of(text, AL_REQUEST_LINE_MAX + 1); /* without its LF so far */
	assert_int_equal(al_request_line(&line, false, why), AL_EINVAL);
	assert_non_null(strstr(why, "a CR that does not stand directly before its LF"));
	line = al_slice_of("a\0b", 3);
	assert_int_equal(al_request_line(&line, true, why), AL_EINVAL);
	assert_string_equal(why, "has a NUL byte in it");
	line = AL_S("");
	assert_int_equal(al_request_line(&line, true, why), AL_OK);
	line = AL_S("\r");
	assert_int_equal(al_request_line(&line, true, why), AL_OK);
	assert_int_equal(line.len, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(good),
					    cmocka_unit_test(edge),
					    cmocka_unit_test(stored),
					    cmocka_unit_test(edge_text),
					    cmocka_unit_test(bad),
					    cmocka_unit_test(contacts),
					    cmocka_unit_test(control),
					    cmocka_unit_test(bounds),
					    cmocka_unit_test(lines),
					    cmocka_unit_test(reasons),
					    cmocka_unit_test(signers_of_nothing) };

	return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
