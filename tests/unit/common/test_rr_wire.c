/* SPDX-License-Identifier: MIT */
/*
 * test_rr_wire.c -- bytes that are of no type's form, and those near to good ones.
 */
#include "rr_lines.h"

struct wire {
	uint16_t type;
	size_t len;
	const char *bytes;
};
#define WIRE(type, literal)                        \
	{                                          \
		type, sizeof(literal) - 1, literal \
	}

static enum al_err format(uint16_t type, const void *bytes, size_t len, struct al_buf *out)
{
	al_buf_reset(out);
	return al_rr_format(type, al_slice_of(bytes, len), out);
}

static void bytes_of_no_form(void **state)
{
	static const struct wire rows[] = {
		WIRE(1, ""),
		WIRE(1, "abc"),
		WIRE(1, "abcde"),
		WIRE(28, "0123456789abcde"),
		WIRE(28, "0123456789abcdefg"),
		/* names: without root, cut, with more behind, compressed */
		WIRE(5, ""),
		WIRE(5, "\1a"),
		WIRE(5, "\2a\0"),
		WIRE(5, "\1a\0x"),
		WIRE(5, "\xc0\x0c"),
		WIRE(15, "\0"),
		WIRE(15, "\0\1"),
		WIRE(33, "\0\1\0\1\0"),
		/* texts: none, cut */
		WIRE(16, ""),
		WIRE(16, "\2a"),
		WIRE(16, "\1a\1"),
		/* LOC: short, long, another version, sizes that are none, beyond the poles and the antimeridian */
		WIRE(29, ""),
		WIRE(29, "\0\x12\x16\x13\x80\0\0\0\x80\0\0\0\0\0\0"),
		WIRE(29, "\0\x12\x16\x13\x80\0\0\0\x80\0\0\0\0\0\0\0\0"),
		WIRE(29, "\1\x12\x16\x13\x80\0\0\0\x80\0\0\0\0\0\0\0"),
		WIRE(29, "\0\xa0\x16\x13\x80\0\0\0\x80\0\0\0\0\0\0\0"),
		WIRE(29, "\0\x12\x1a\x13\x80\0\0\0\x80\0\0\0\0\0\0\0"),
		WIRE(29, "\0\x12\x16\x01\x80\0\0\0\x80\0\0\0\0\0\0\0"),
		WIRE(29, "\0\x12\x16\x13\x93\x4f\xd9\1\x80\0\0\0\0\0\0\0"),
		WIRE(29, "\0\x12\x16\x13\x80\0\0\0\x59\x60\x4d\xff\0\0\0\0"),
		/* NAPTR: each of its texts cut, no name */
		WIRE(35, "\0\1\0"),
		WIRE(35, "\0\1\0\1"),
		WIRE(35, "\0\1\0\1\1"),
		WIRE(35, "\0\1\0\1\0\2a"),
		WIRE(35, "\0\1\0\1\0\0\1"),
		WIRE(35, "\0\1\0\1\0\0\0"),
		WIRE(35, "\0\1\0\1\0\0\0\0\0"),
		/* digests: none */
		WIRE(44, "\4\2"),
		WIRE(52, "\3\1\1"),
		WIRE(52, "\3\1"),
		WIRE(53, "\3\1\1"),
		WIRE(61, ""),
		WIRE(17, "\0"),
		WIRE(17, "\0\0\0"),
		/* CAA: a tag that is cut */
		WIRE(257, ""),
		WIRE(257, "\0"),
		WIRE(257, "\0\5issu"),
		/* SvcParams: a cut key, a cut value, values that are not of their key */
		WIRE(65, "\0\1\0\0"),
		WIRE(65, "\0\1\0\0\1"),
		WIRE(65, "\0\1\0\0\1\0\3\2h"),
		WIRE(65, "\0\1\0\0\0\0\0"),
		WIRE(65, "\0\1\0\0\0\0\1\0"),
		WIRE(65, "\0\1\0\0\1\0\0"),
		WIRE(65, "\0\1\0\0\1\0\1\0"),
		WIRE(65, "\0\1\0\0\1\0\2\2h"),
		WIRE(65, "\0\1\0\0\1\0\3\1h\0"),
		WIRE(65, "\0\1\0\0\2\0\1x"),
		WIRE(65, "\0\1\0\0\3\0\1\1"),
		WIRE(65, "\0\1\0\0\3\0\3\1\1\1"),
		WIRE(65, "\0\1\0\0\4\0\0"),
		WIRE(65, "\0\1\0\0\4\0\3abc"),
		WIRE(65, "\0\1\0\0\4\0\5abcde"),
		WIRE(65, "\0\1\0\0\5\0\0"),
		WIRE(65, "\0\1\0\0\6\0\4abcd"),
	};
	struct al_buf out;

	(void)state;
	al_buf_init(&out, TEXT_MAX);
	for (size_t i = 0; i < AL_COUNT(rows); i++)
		if (format(rows[i].type, rows[i].bytes, rows[i].len, &out) != AL_EINVAL)
			fail_msg("row %zu, type %u: %.*s", i, rows[i].type, AL_FMT(al_buf_view(&out)));
		else
			assert_int_equal(out.len, 0); /* nothing is left of it */
	al_buf_release(&out);
}

/*
 * Each byte of good data changed, and each end cut: what has a text and is read from it is as long as it was, and from there on
 * text and data are each other's. The order of SvcParams and the case of CAA's tags are all that may change on the way.
 */
static void near_to_good(uint16_t type, struct al_slice wire)
{
	struct al_buf text, first, second;
	const char *why;

	al_buf_init(&text, TEXT_MAX);
	al_buf_init(&first, TEXT_MAX);
	al_buf_init(&second, TEXT_MAX);
	if (format(type, wire.ptr, wire.len, &text) == AL_OK &&
	    al_rr_parse(type, al_buf_view(&text), &first, &why) == AL_OK) {
		assert_int_equal(first.len, wire.len);
		assert_int_equal(format(type, first.ptr, first.len, &text), AL_OK);
		assert_int_equal(al_rr_parse(type, al_buf_view(&text), &second, &why), AL_OK);
		assert_true(al_slice_eq(al_buf_view(&first), al_buf_view(&second)));
	}
	al_buf_release(&second);
	al_buf_release(&first);
	al_buf_release(&text);
}

static void near_to_good_bytes(void **state)
{
	static struct al_record record;
	struct al_slice rest, line, typed;
	struct al_buf file;

	(void)state;
	load("vectors/record/good", &file);
	for (rest = al_buf_view(&file); al_slice_line(&rest, &line);) {
		(void)al_slice_cut(&line, '\t', &typed);
		must_parse(typed, &record);
		for (size_t i = 0; i < record.len; i++) {
			near_to_good(record.type, al_slice_of(record.rdata, i));
			record.rdata[i] ^= 3;
			near_to_good(record.type, al_slice_of(record.rdata, record.len));
			record.rdata[i] ^= 3;
		}
	}
	al_buf_release(&file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bytes_of_no_form),
		cmocka_unit_test(near_to_good_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
