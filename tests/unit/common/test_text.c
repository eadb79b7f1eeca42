/* SPDX-License-Identifier: MIT */
/* slice, buf, wire: the ground that every parser stands on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "alamo/base/buf.h"
#include "alamo/base/report.h"
#include "alamo/base/text.h"
#include "alamo/base/wire.h"

static void slice_cuts(void **state)
{
	struct al_slice rest = AL_S("a:b:c"), head;

	(void)state;
	assert_true(al_slice_cut(&rest, ':', &head));
	assert_true(al_slice_is(head, "a"));
	assert_true(al_slice_cut(&rest, ':', &head));
	assert_true(al_slice_is(head, "b"));
	assert_false(al_slice_cut(&rest, ':', &head));
	assert_true(al_slice_is(head, "c"));
	assert_int_equal(rest.len, 0);
}

static void slice_lines_and_words(void **state)
{
	struct al_slice rest = AL_S("one two\r\n\nthree"), line, word;

	(void)state;
	assert_true(al_slice_line(&rest, &line));
	assert_true(al_slice_is(line, "one two"));
	assert_true(al_slice_word(&line, "", &word) && al_slice_is(word, "one"));
	assert_true(al_slice_word(&line, "", &word) && al_slice_is(word, "two"));
	assert_false(al_slice_word(&line, "", &word));
	assert_true(al_slice_line(&rest, &line) && line.len == 0);
	assert_true(al_slice_line(&rest, &line) && al_slice_is(line, "three"));
	assert_false(al_slice_line(&rest, &line));
	rest = al_slice_from(AL_S("\r\nfour"), 1); /* what stands before a slice is none of its bytes */
	assert_true(al_slice_line(&rest, &line) && line.len == 0);
	assert_true(al_slice_line(&rest, &line) && al_slice_is(line, "four"));
}

static void slice_numbers(void **state)
{
	static const struct {
		const char *text;
		uint64_t max;
		enum al_err err;
		uint64_t value;
	} rows[] = {
		{ "0", 10, AL_OK, 0 },
		{ "10", 10, AL_OK, 10 },
		{ "11", 10, AL_ELIMIT, 0 },
		{ "01", 10, AL_EINVAL, 0 },
		{ "", 10, AL_EINVAL, 0 },
		{ "-1", 10, AL_EINVAL, 0 },
		{ "1 ", 10, AL_EINVAL, 0 },
		{ "18446744073709551615", UINT64_MAX, AL_OK, UINT64_MAX },
		{ "18446744073709551616", UINT64_MAX, AL_ELIMIT, 0 },
		{ "99999999999999999999999", UINT64_MAX, AL_ELIMIT, 0 },
	};

	(void)state;
	for (size_t i = 0; i < AL_COUNT(rows); i++) {
		uint64_t value = 0;

		assert_int_equal(al_slice_u64(al_slice_str(rows[i].text), rows[i].max, &value), rows[i].err);
		assert_true(value == rows[i].value);
	}
}

static void buf_keeps_its_bound(void **state)
{
	struct al_buf buf;

	(void)state;
	al_buf_init(&buf, 10);
	al_buf_str(&buf, "0123456789");
	assert_int_equal(buf.err, AL_OK);
	al_buf_u8(&buf, 'x');
	assert_int_equal(buf.err, AL_ELIMIT);
	al_buf_reset(&buf);
	al_buf_str(&buf, "abc");
	assert_true(al_slice_is(al_buf_view(&buf), "abc"));
	al_buf_put(&buf, "x", SIZE_MAX);
	assert_int_equal(buf.err, AL_ELIMIT);
	assert_int_equal(buf.len, 3);
	al_buf_release(&buf);
}

/* What is taken may fill the buffer to its bound, which is the same for what comes next, whether or not it was too much. */
static void buf_keeps_its_bound_when_taken(void **state)
{
	static const size_t bounds[] = { 10, SIZE_MAX };
	struct al_buf buf;
	char *text;
	size_t len;

	(void)state;
	for (size_t i = 0; i < AL_COUNT(bounds); i++) {
		al_buf_init(&buf, bounds[i]);
		for (int round = 0; round < 3; round++) {
			al_buf_str(&buf, "0123456789");
			text = al_buf_take(&buf, round == 2 ? NULL : &len);
			assert_string_equal(text, "0123456789");
			assert_int_equal(len, 10);
			assert_true(buf.max == bounds[i] && buf.len == 0);
			free(text);
		}
		al_buf_str(&buf, "0123456789");
		al_buf_put(&buf, "x", bounds[i] == 10 ? 1 : SIZE_MAX);
		assert_int_equal(buf.err, AL_ELIMIT);
		assert_null(al_buf_take(&buf, &len));
		assert_true(buf.err == AL_OK && buf.max == bounds[i] && buf.len == 0);
	}
	text = al_buf_take(&buf, &len);
	assert_string_equal(text, "");
	assert_int_equal(len, 0);
	free(text);
}

static void buf_writes_forms(void **state)
{
	struct al_buf buf;
	char *text;
	size_t len;

	(void)state;
	al_buf_init(&buf, 4096);
	al_buf_base64(&buf, "\x00\xff\x10", 3);
	al_buf_str(&buf, " ");
	al_buf_hex(&buf, "\x00\xff\x10", 3);
	al_buf_printf(&buf, " %s", "printed");
	text = al_buf_take(&buf, &len);
	assert_string_equal(text, "AP8Q 00ff10 printed");
	assert_int_equal(len, strlen(text));
	free(text);
	al_buf_u16(&buf, 0x0102);
	al_buf_u32(&buf, 0x03040506);
	al_buf_u64(&buf, 0x0708090a0b0c0d0eULL);
	al_buf_string(&buf, "hi", 2);
	assert_int_equal(buf.len, 20);
	assert_memory_equal(buf.ptr, "\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x00\x00\x00\x02hi", 20);
	al_buf_release(&buf);
}

/* Whatever the length, around the bounds of small buffers too. */
static void buf_prints_any_length(void **state)
{
	struct al_buf buf;

	(void)state;
	al_buf_init(&buf, 4096);
	for (int len = 1; len < 1100; len++) {
		al_buf_reset(&buf);
		al_buf_printf(&buf, "%0*d", len, 7);
		assert_int_equal(buf.len, len);
		for (int i = 0; i + 1 < len; i++)
			assert_int_equal(buf.ptr[i], '0');
		assert_int_equal(buf.ptr[len - 1], '7');
	}
	al_buf_release(&buf);
	al_buf_init(&buf, 600);
	al_buf_printf(&buf, "%0*d", 600, 7);
	assert_int_equal(buf.err, AL_OK);
	al_buf_printf(&buf, "%s", "");
	assert_int_equal(buf.err, AL_OK);
	al_buf_printf(&buf, "%0*d", 600, 7);
	assert_int_equal(buf.err, AL_ELIMIT);
	assert_int_equal(buf.len, 600);
	al_buf_release(&buf);
}

/* Behind a failure nothing is written, in whatever form, and it stays the first one. */
static void buf_keeps_its_failure(void **state)
{
	struct al_buf buf;
	uint8_t bytes[4] = { 1, 2, 3, 4 };

	(void)state;
	al_buf_init(&buf, 4);
	al_buf_str(&buf, "abc");
	al_buf_hex(&buf, bytes, 1); /* which has two characters */
	assert_int_equal(buf.err, AL_ELIMIT);
	al_buf_u8(&buf, 'x');
	al_buf_base64(&buf, bytes, 0);
	al_buf_printf(&buf, "%s", "");
	assert_true(al_slice_is(al_buf_view(&buf), "abc"));
	al_buf_reset(&buf);
	al_buf_base64(&buf, bytes, sizeof(bytes)); /* eight */
	assert_int_equal(buf.err, AL_ELIMIT);
	assert_int_equal(buf.len, 0);
	al_buf_reset(&buf);
	al_buf_string(&buf, bytes,
		      (size_t)UINT32_MAX + 1); /* a length that the wire has no room for: nobody looks at the bytes */
	assert_int_equal(buf.err, AL_ELIMIT);
	assert_int_equal(buf.len, 0);
	buf.err = AL_EIO;
	al_buf_string(&buf, bytes, (size_t)UINT32_MAX + 1);
	assert_int_equal(buf.err, AL_EIO);
	al_buf_release(&buf);
}

static void reader_never_passes_the_end(void **state)
{
	struct al_reader r = al_reader_of("\x01\x02\x03\x00\x00\x00\x09"
					  "abc",
					  10);

	(void)state;
	assert_int_equal(al_read_u8(&r), 1);
	assert_int_equal(al_read_u16(&r), 0x0203);
	assert_int_equal(al_read_string(&r).len, 0);
	assert_int_equal(r.err, AL_EINVAL);
	assert_int_equal(r.left, 0);
	assert_int_equal(al_read_u8(&r), 0);
	assert_false(al_reader_done(&r));
}

/* One definition of text: UTF-8 without what steers a terminal or the order of signs. */
static void text_is_text(void **state)
{
	static const struct {
		const char *bytes, *shown; /* shown NULL: text */
	} rows[] = {
		{ "", NULL },
		{ "plain ~ \t tab", NULL },
		{ "\xc3\xa9\xe2\x82\xac\xf0\x9f\x90\x9f", NULL },
		{ "\xc2\xa0\xe2\x80\xaf\xe3\x80\x80", NULL },
		{ "\x1b[0m", "\\x1b[0m" },
		{ "\x7f", "\\x7f" },
		{ "a\x9b", "a\\x9b" },
		{ "\xc2\x80\xc2\x9f", "\\xc2\\x80\\xc2\\x9f" },
		{ "\xd8\x9c", "\\xd8\\x9c" },
		{ "\xe2\x80\xa8", "\\xe2\\x80\\xa8" },
		{ "\xe2\x80\xae", "\\xe2\\x80\\xae" },
		{ "\xe2\x81\xa9", "\\xe2\\x81\\xa9" },
		{ "\xc1\xbf", "\\xc1\\xbf" },
		{ "\xe0\x9f\xbf", "\\xe0\\x9f\\xbf" },
		{ "\xed\xa0\x80", "\\xed\\xa0\\x80" },
		{ "\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80" },
		{ "\xe2\x82", "\\xe2\\x82" },
		{ "\xff\xc3\xa9", "\\xff\xc3\xa9" },
	};
	struct al_buf out;
	char cut[7];

	(void)state;
	al_buf_init(&out, 200);
	for (size_t i = 0; i < AL_COUNT(rows); i++) {
		const char *shown = rows[i].shown != NULL ? rows[i].shown : rows[i].bytes;

		assert_int_equal(al_text_ok(al_slice_str(rows[i].bytes)), rows[i].shown == NULL);
		al_buf_reset(&out);
		al_text_escape(al_slice_str(rows[i].bytes), &out);
		assert_true(al_slice_is(al_buf_view(&out), shown));
		assert_true(al_text_ok(al_buf_view(&out)));
	}
	al_text_clean(AL_S("abcde\xc3\xa9"), cut, sizeof(cut));
	assert_string_equal(cut, "abcde");
	al_buf_release(&out);
}

static size_t utf8(uint32_t code, char out[static 5])
{
	size_t len = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;

	for (size_t i = len; i-- > 1; code >>= 6)
		out[i] = (char)(0x80 | (code & 0x3f));
	out[0] = (char)(len == 1 ? code : (0xf00u >> len & 0xf0) | code);
	out[len] = '\0';
	return len;
}

/* Both ends of every kind that shows nothing, or not the same to all; and their visible neighbours. */
/* What is wrong with a text, and where; how it is shown all the same. */
static void text_faults(void **state)
{
	static const struct {
		const char *text, *fault, *shown;
	} rows[] = {
		{ "good", "", "good" },
		{ "", "", "" },
		{ "a\x1b[", "U+001B at byte 2", "a\\x1b[" },
		{ "\xc3\xa9\xe2\x80\x8bz", "U+200B at byte 3", "\xc3\xa9\\xe2\\x80\\x8bz" },
		{ "ab\xff", "no UTF-8 at byte 3", "ab\\xff" },
		{ "one\ntwo", "U+000A at byte 4", "one\ntwo" },
	};

	(void)state;
	for (size_t i = 0; i < AL_COUNT(rows); i++) {
		char fault[AL_TEXT_FAULT_LEN];
		struct al_buf out;

		al_text_fault(al_slice_str(rows[i].text), fault);
		assert_string_equal(fault, rows[i].fault);
		al_buf_init(&out, 100);
		al_text_escape(al_slice_str(rows[i].text), &out);
		assert_true(al_slice_is(al_buf_view(&out), rows[i].shown));
		al_buf_release(&out);
	}
}

static void text_has_nothing_unseen(void **state)
{
	static const struct {
		const char *kind;
		uint32_t bad[4], good[3];
	} rows[] = {
		{ "C1 control", { 0x80, 0x9f }, { 0xa0, 0xa1 } },
		{ "soft hyphen", { 0xad }, { 0xac, 0xae } },
		{ "joiner of graphemes", { 0x34f }, { 0x34e, 0x350 } },
		{ "Arabic letter mark", { 0x61c }, { 0x61b, 0x61e } },
		{ "Hangul filler", { 0x115f, 0x1160, 0x3164, 0xffa0 }, { 0x115e, 0x1161, 0x3163 } },
		{ "Khmer vowel", { 0x17b4, 0x17b5 }, { 0x17b3, 0x17b6 } },
		{ "Mongolian selector", { 0x180b, 0x180e, 0x180f }, { 0x180a, 0x1810 } },
		{ "zero width", { 0x200b, 0x200c, 0x200d }, { 0x200a, 0x2010 } },
		{ "directional mark", { 0x200e, 0x200f }, { 0x2027 } },
		{ "line, paragraph", { 0x2028, 0x2029 }, { 0x202f } },
		{ "embedding, override", { 0x202a, 0x202e }, { 0x205f } },
		{ "invisible operator", { 0x2060, 0x2064 }, { 0x2070 } },
		{ "isolate", { 0x2065, 0x2066, 0x2069 }, { 0x2071 } },
		{ "deprecated format", { 0x206a, 0x206f }, { 0x2074 } },
		{ "Braille blank", { 0x2800 }, { 0x27ff, 0x2801 } },
		{ "private use", { 0xe000, 0xf8ff, 0xf0000, 0x10fffd }, { 0xf900, 0xd7a3 } },
		{ "noncharacter", { 0xfdd0, 0xfdef, 0x1fffe, 0x2ffff }, { 0xfdcf, 0xfdf0 } },
		{ "noncharacter", { 0xfffe, 0xffff, 0x3ffff, 0x10ffff }, { 0xfffd, 0x10000 } },
		{ "variation selector", { 0xfe00, 0xfe0f, 0xe0100, 0xe01ef }, { 0xfe10 } },
		{ "byte order mark", { 0xfeff }, { 0xfefc, 0xff01 } },
		{ "annotation", { 0xfff0, 0xfff9, 0xfffb, 0xfffc }, { 0xffee } },
		{ "shorthand control", { 0x1bca0, 0x1bca3 }, { 0x1bc9f } },
		{ "musical control", { 0x1d159, 0x1d173, 0x1d17a }, { 0x1d158, 0x1d17b } },
		{ "tag", { 0xe0000, 0xe0001, 0xe0020, 0xe007f }, { 0x1f3f4 } },
		{ "plane without characters", { 0x40000, 0x9abcd, 0xdffff }, { 0x30000 } },
	};
	char text[16], fault[AL_TEXT_FAULT_LEN], wanted[AL_TEXT_FAULT_LEN];

	(void)state;
	for (size_t i = 0; i < AL_COUNT(rows); i++) {
		for (size_t k = 0; k < 4 && rows[i].bad[k] != 0; k++) {
			text[0] = 'a';
			(void)strcpy(text + 1 + utf8(rows[i].bad[k], text + 1), "z");
			al_text_fault(al_slice_str(text), fault);
			(void)snprintf(wanted, sizeof(wanted), "U+%04X at byte 2", (unsigned)rows[i].bad[k]);
			if (al_text_ok(al_slice_str(text)) || strcmp(fault, wanted) != 0)
				fail_msg("%s: U+%04X: %s", rows[i].kind, (unsigned)rows[i].bad[k], fault);
		}
		for (size_t k = 0; k < 3 && rows[i].good[k] != 0; k++) {
			(void)utf8(rows[i].good[k], text);
			if (!al_text_ok(al_slice_str(text)))
				fail_msg("%s: U+%04X is refused", rows[i].kind, (unsigned)rows[i].good[k]);
		}
	}
}

/* A selector behind a picture belongs to it: one, and nowhere else. */
static void text_takes_pictures(void **state)
{
	static const struct {
		const char *text;
		bool good;
	} rows[] = {
		{ "\xe2\x9d\xa4\xef\xb8\x8f", true },
		{ "\xf0\x9f\x90\x9f\xef\xb8\x8e!", true },
		{ "\xe2\x9d\xa4\xef\xb8\x8f\xef\xb8\x8f", false },
		{ "a\xef\xb8\x8f", false },
		{ "\xef\xb8\x8f", false },
		{ "\xe2\x9d\xa4\xef\xb8\x80", false },
	};

	(void)state;
	for (size_t i = 0; i < AL_COUNT(rows); i++)
		assert_int_equal(al_text_ok(al_slice_str(rows[i].text)), rows[i].good);
	assert_int_equal(al_text_char(AL_S("\xf0\x9f\x90\x9f\xef\xb8\x8e!")), AL_TEXT_CHAR_MAX);
}

static void report_counts_and_cleans(void **state)
{
	struct al_report report;

	(void)state;
	al_report_init(&report);
	for (int i = 0; i < 5000; i++)
		al_report_add(&report, AL_ERROR, 0, 0, "X", "bad \n byte %d", i);
	assert_int_equal(report.errors, 5000);
	assert_int_equal(report.count, 4096);
	assert_string_equal(report.items[1].text, "bad \\x0a byte 1");
	al_report_release(&report);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(slice_cuts),
		cmocka_unit_test(slice_lines_and_words),
		cmocka_unit_test(slice_numbers),
		cmocka_unit_test(buf_keeps_its_bound),
		cmocka_unit_test(buf_keeps_its_bound_when_taken),
		cmocka_unit_test(buf_writes_forms),
		cmocka_unit_test(buf_prints_any_length),
		cmocka_unit_test(buf_keeps_its_failure),
		cmocka_unit_test(reader_never_passes_the_end),
		cmocka_unit_test(text_is_text),
		cmocka_unit_test(text_faults),
		cmocka_unit_test(text_has_nothing_unseen),
		cmocka_unit_test(text_takes_pictures),
		cmocka_unit_test(report_counts_and_cleans),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
