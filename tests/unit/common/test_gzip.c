/* SPDX-License-Identifier: MIT */
/* test_gzip.c -- bytes packed as gzip, piece by piece: zlib reads them back, wherever they were cut. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>
#include <zlib.h>

#include "alamo/base/gzip.h"

#define LEN 100000u

/* Bytes that cannot be packed, so that what comes out is longer than any room that is filled at once. */
static uint8_t *noise(void)
{
	static const uint8_t seed[randombytes_SEEDBYTES] = { 7 };
	uint8_t *bytes = malloc(LEN);

	assert_non_null(bytes);
	randombytes_buf_deterministic(bytes, LEN, seed);
	return bytes;
}

static void pack(const uint8_t *bytes, size_t len, size_t piece, struct al_buf *out)
{
	struct al_gzip gzip;

	assert_int_equal(al_gzip_begin(&gzip, out), AL_OK);
	assert_int_equal(out->len, 0);
	for (size_t at = 0; at < len; at += piece)
		al_gzip_put(&gzip, bytes + at, len - at < piece ? len - at : piece);
	assert_int_equal(al_gzip_end(&gzip), AL_OK);
	assert_null(gzip.stream);
}

static void assert_unpacks(const struct al_buf *packed, const uint8_t *bytes, size_t len)
{
	z_stream stream = { .next_in = packed->ptr, .avail_in = (unsigned)packed->len };
	uint8_t *out = malloc(len + 1);

	assert_non_null(out);
	stream.next_out = out;
	stream.avail_out = (unsigned)len + 1;
	assert_int_equal(inflateInit2(&stream, 15 + 16), Z_OK);
	assert_int_equal(inflate(&stream, Z_FINISH), Z_STREAM_END);
	assert_int_equal(stream.avail_in, 0);
	assert_int_equal(stream.total_out, len);
	assert_memory_equal(out, bytes, len);
	assert_int_equal(inflateEnd(&stream), Z_OK);
	free(out);
}

static void the_same_file_wherever_it_is_cut(void **state)
{
	static const size_t pieces[] = { LEN, 1, 16384, 33333 };
	static const uint8_t head[] = { 0x1f, 0x8b, 8, 0, 0, 0, 0, 0 }; /* no name, no time */
	uint8_t *bytes = noise();
	struct al_buf first, other;

	(void)state;
	al_buf_init(&first, 2 * LEN);
	al_buf_init(&other, 2 * LEN);
	al_buf_str(&other, "what was there before");
	pack(bytes, LEN, pieces[0], &first);
	assert_unpacks(&first, bytes, LEN);
	assert_true(first.len > LEN);
	assert_memory_equal(first.ptr, head, sizeof(head));
	for (size_t i = 1; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
		pack(bytes, LEN, pieces[i], &other);
		assert_int_equal(other.len, first.len);
		assert_memory_equal(other.ptr, first.ptr, first.len);
	}
	al_buf_release(&first);
	al_buf_release(&other);
	free(bytes);
}

static void few_bytes_and_none(void **state)
{
	static const uint8_t same[50000];
	struct al_buf out;

	(void)state;
	al_buf_init(&out, 1000);
	pack(same, sizeof(same), sizeof(same), &out); /* which would not fit as they are */
	assert_unpacks(&out, same, sizeof(same));
	pack(same, 1, 1, &out);
	assert_unpacks(&out, same, 1);
	pack(same, 0, 1, &out);
	assert_unpacks(&out, same, 0);
	al_buf_release(&out);
}

/* It ends where `out` is full, and whatever is put behind that is not even looked at. */
static void a_limit_is_kept(void **state)
{
	uint8_t *bytes = noise();
	struct al_gzip gzip;
	struct al_buf out;

	(void)state;
	al_buf_init(&out, 40000);
	assert_int_equal(al_gzip_begin(&gzip, &out), AL_OK);
	al_gzip_put(&gzip, bytes, 1000);
	assert_int_equal(gzip.err, AL_OK);
	al_gzip_put(&gzip, bytes, LEN);
	assert_int_equal(gzip.err, AL_ELIMIT);
	assert_true(out.len <= 40000);
	al_gzip_put(&gzip, NULL, LEN);
	assert_int_equal(al_gzip_end(&gzip), AL_ELIMIT);
	assert_null(gzip.stream);
	pack(bytes, 1000, 10, &out); /* another one may begin in the same place */
	assert_unpacks(&out, bytes, 1000);
	al_buf_release(&out);
	free(bytes);
}

/* Too small only for what the end writes. */
static void a_limit_is_kept_at_the_end(void **state)
{
	struct al_gzip gzip;
	struct al_buf out;

	(void)state;
	al_buf_init(&out, 15);
	assert_int_equal(al_gzip_begin(&gzip, &out), AL_OK);
	al_gzip_put(&gzip, "alamo", 5);
	assert_int_equal(gzip.err, AL_OK);
	assert_int_equal(al_gzip_end(&gzip), AL_ELIMIT);
	al_buf_release(&out);
}

static void dropped_at_any_time(void **state)
{
	struct al_gzip gzip = { .stream = NULL };
	struct al_buf out;

	(void)state;
	al_gzip_drop(&gzip);
	al_buf_init(&out, 1000);
	assert_int_equal(al_gzip_begin(&gzip, &out), AL_OK);
	al_gzip_put(&gzip, "alamo", 5);
	al_gzip_drop(&gzip);
	assert_null(gzip.stream);
	al_gzip_drop(&gzip);
	al_buf_release(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_same_file_wherever_it_is_cut),
		cmocka_unit_test(few_bytes_and_none),
		cmocka_unit_test(a_limit_is_kept),
		cmocka_unit_test(a_limit_is_kept_at_the_end),
		cmocka_unit_test(dropped_at_any_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
