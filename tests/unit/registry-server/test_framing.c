/* SPDX-License-Identifier: MIT */
/*
 * Framing of the request port, and what follows from there being one form of
 * the text: what is accepted is stored as it was signed, so an audit of the
 * entry is clean, whatever line ends the sender has.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "alamo/rpsl/sshsig.h"
#include "audit.h"
#include "book.h"
#include "request/framing.h"

#define NS AL_S("registry@test")
#define END "-----END SSH SIGNATURE-----\n"

/* ---- events ---- */

static void events_add(struct framing *f, enum framing_event event, struct al_buf *out)
{
	if (event == FRAMING_QUESTION)
		al_buf_printf(out, "Q[%.*s]", AL_FMT(f->question));
	else if (event == FRAMING_REQUEST)
		al_buf_printf(out, "R[%.*s]", AL_FMT(al_buf_view(&f->request)));
	else if (event == FRAMING_BAD)
		al_buf_printf(out, "B[%.12s]", f->why);
	else if (event == FRAMING_END)
		al_buf_str(out, "E");
}

/* All of `text`, `step` bytes more at a time, as a connection brings them. */
static void events(const char *text, size_t step, struct al_buf *out)
{
	size_t len = strlen(text), from = 0, to = 0;
	enum framing_event event = FRAMING_MORE;
	struct framing f;

	framing_init(&f);
	al_buf_reset(out);
	while (event != FRAMING_END && event != FRAMING_BAD) {
		struct al_slice rest = al_slice_of(text + from, to - from);

		event = framing_next(&f, &rest, to == len);
		from = to - rest.len;
		events_add(&f, event, out);
		if (event == FRAMING_MORE)
			to = to + step < len ? to + step : len;
	}
	framing_release(&f);
}

static void where_things_begin_and_end(void **state)
{
	static const struct {
		const char *bytes, *events;
	} rows[] = {
		{ "", "E" },
		{ "head\n", "Q[head]E" },
		{ "?\nx", "Q[?]Q[x]E" },
		{ "head", "Q[head]E" },
		{ "\r\nhead\r\n\n\nfree asn\n", "Q[head]Q[free asn]E" },
		{ "request: a\nx\n", "R[request: a\nx\n]E" },
		{ "request: a\r\nx\r\n" END "\r\nhead\n", "R[request: a\nx\n" END "]Q[head]E" },
		{ "request: a\n\nx\n" END "request: b\n", "R[request: a\n\nx\n" END "]R[request: b\n]E" },
		{ "REQUEST: a\n" END END "more\n" END "\n", "R[REQUEST: a\n" END END "more\n" END "]E" },
		{ "request: a\n-----END CONTACT A-B-----\n\nhead\n",
		  "R[request: a\n-----END CONTACT A-B-----\n]Q[head]E" },
		{ "he\rad\n", "B[line 1 has a]" },
		{ "head\nfree asn\r\r\n", "Q[head]B[line 1 has a]" },
		{ "request: a\nx\r\r\r\n" END, "B[line 2 has a]" },
		{ "request: a\n\n\rx\n" END, "B[line 3 has a]" },
		{ "request: a\n-----END SSH SIGNATURE-----\r", "B[line 2 has a]" },
	};
	struct al_buf out;

	(void)state;
	al_buf_init(&out, 4096);
	for (size_t i = 0; i < AL_COUNT(rows); i++)
		for (size_t step = 1; step < 80; step += step < 4 ? 1 : 25) {
			events(rows[i].bytes, step, &out);
			if (!al_slice_is(al_buf_view(&out), rows[i].events))
				fail_msg("row %zu, by %zu bytes: %.*s", i, step, AL_FMT(al_buf_view(&out)));
		}
	al_buf_release(&out);
}

static void silence_ends_a_request(void **state)
{
	struct al_slice rest = AL_S("request: a\n" END);
	struct framing f;

	(void)state;
	framing_init(&f);
	assert_int_equal(framing_next(&f, &rest, false), FRAMING_MORE);
	assert_int_equal(f.state, FRAMING_BEHIND);
	framing_cut(&f);
	rest = AL_S("request: b\n" END "\n");
	assert_int_equal(framing_next(&f, &rest, false), FRAMING_REQUEST);
	assert_true(al_slice_is(al_buf_view(&f.request), "request: b\n" END));
	framing_release(&f);
}

static void bounds(void **state)
{
	struct framing f;
	struct al_buf text;
	struct al_slice rest;

	(void)state;
	al_buf_init(&text, 1 << 21);
	for (int i = 0; i < 8193; i++)
		al_buf_u8(&text, 'x');
	framing_init(&f);
	rest = al_buf_view(&text);
	assert_int_equal(framing_next(&f, &rest, false), FRAMING_BAD);
	framing_release(&f);
	al_buf_reset(&text);
	al_buf_str(&text, "request: a\n");
	while (text.len < 200000)
		al_buf_str(&text, "remarks: abc\n");
	framing_init(&f);
	rest = al_buf_view(&text);
	assert_int_equal(framing_next(&f, &rest, false), FRAMING_BAD);
	assert_non_null(strstr(f.why, "too large"));
	framing_release(&f);
	al_buf_release(&text);
}

/* ---- accepted(x) => audit(entry(x)) is clean ---- */

#define KEY "@"
static const char founding[] = "request: found\nprev: none\n\nmntner: HM-MNT\nremarks: a~\nauth: " KEY
			       "\nmnt-by: HM-MNT\nsource: TEST\n~\nregistry: TEST\ntld: test\n"
			       "root-server: a fca1::1\nmnt-by: HM-MNT~\nsource: TEST\n";

/* The text with `crs` CR at each '~', and before every LF if `all`. */
static void text_make(const char *auth, unsigned crs, bool all, struct al_buf *out)
{
	for (const char *at = founding; *at != '\0'; at++) {
		if (*at == '@')
			al_buf_str(out, auth);
		else if (*at == '\n' && all)
			al_buf_str(out, "\r\n");
		else if (*at != '~')
			al_buf_u8(out, (uint8_t)*at);
		for (unsigned i = 0; *at == '~' && i < crs; i++)
			al_buf_u8(out, '\r');
	}
}

/* Is it taken? Then the log with it must be beyond reproach. */
static bool taken(struct al_slice sent)
{
	struct audit_opts opts = { .ns = NS };
	struct decision *d = decision_new();
	struct audit_counts counts;
	struct al_entry entry;
	struct al_buf bytes, again;
	struct audit *audit;
	struct book *book;
	struct framing f;
	bool accepted = false;

	framing_init(&f);
	al_buf_init(&bytes, AL_ENTRY_MAX);
	al_buf_init(&again, AL_ENTRY_MAX);
	assert_int_equal(book_new(&book), AL_OK);
	assert_int_equal(audit_new(&opts, &audit), AL_OK);
	if (framing_next(&f, &sent, true) == FRAMING_REQUEST) {
		assert_int_equal(decision_read(d, al_buf_view(&f.request), NS), AL_OK);
		assert_int_equal(book_decide(book, d, 1700000000), AL_OK);
		accepted = d->accepted;
	}
	if (accepted) {
		assert_int_equal(decision_encode(d, &bytes), AL_OK);
		assert_int_equal(al_entry_decode(al_buf_view(&bytes), &entry), AL_OK);
		assert_int_equal(al_entry_encode(&entry, &again), AL_OK);
		assert_true(al_slice_eq(al_buf_view(&bytes), al_buf_view(&again)));
		assert_int_equal(audit_entry(audit, al_buf_view(&bytes)), AL_OK);
		assert_true(audit_finish(audit, &counts));
		assert_int_equal(counts.kinds[AUDIT_OLDER], 0);
	}
	decision_free(d);
	book_free(book);
	audit_free(audit);
	al_buf_release(&bytes);
	al_buf_release(&again);
	framing_release(&f);
	return accepted;
}

static void what_is_accepted_audits_clean(void **state)
{
	struct al_sshkey key = { .fido = false };
	uint8_t seed[32] = { 7 }, secret[64];
	struct al_buf auth, text, sent;
	unsigned accepted = 0;

	(void)state;
	al_buf_init(&auth, 200);
	crypto_sign_seed_keypair(key.pk, secret, seed);
	al_sshkey_format(&key, &auth);
	al_buf_u8(&auth, 0);
	al_buf_init(&text, 8192);
	al_buf_init(&sent, 16384);
	for (unsigned crs = 0; crs < 5 * 5 * 4; crs++) {
		al_buf_reset(&text);
		al_buf_reset(&sent);
		text_make((const char *)auth.ptr, crs % 5, (crs / 25 & 1) != 0, &text);
		text_make((const char *)auth.ptr, crs / 5 % 5, (crs / 25 & 2) != 0, &sent);
		al_sshsig_sign(seed, NS, al_buf_view(&text), &sent);
		accepted += taken(al_buf_view(&sent));
	}
	/* LF signed; LF or CR LF sent (or CR LF at some lines only): no other pair of forms is taken. */
	assert_int_equal(accepted, 3);
	al_buf_release(&auth);
	al_buf_release(&text);
	al_buf_release(&sent);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(where_things_begin_and_end),
		cmocka_unit_test(silence_ends_a_request),
		cmocka_unit_test(bounds),
		cmocka_unit_test(what_is_accepted_audits_clean),
	};

	return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
