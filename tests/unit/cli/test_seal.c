/* SPDX-License-Identifier: MIT */
/*
 * test_seal.c -- what was sealed opens with its passphrase, whole, and with nothing else.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "backup/seal.h"

#define CHUNK 65536u
#define HEAD (15 + 16 + 8 + 8 + 24) /* docs/formats.md, "Sealed file" */
#define PASSPHRASE AL_S("of the drawer in the kitchen")

static const struct seal_cost cheap = { crypto_pwhash_OPSLIMIT_MIN, crypto_pwhash_MEMLIMIT_MIN };

static void seal_make(struct al_slice plain, struct al_buf *sealed)
{
	al_buf_init(sealed, SEAL_MAX);
	assert_int_equal(seal(plain, PASSPHRASE, &cheap, sealed), AL_OK);
}

static enum al_err open_as(struct al_slice sealed, struct al_slice passphrase, struct al_slice want)
{
	struct al_buf plain;
	enum al_err err;

	al_buf_init(&plain, SEAL_MAX);
	err = seal_open(sealed, passphrase, &plain);
	if (err == AL_OK)
		assert_true(al_slice_eq(al_buf_view(&plain), want));
	al_buf_release(&plain);
	return err;
}

static void opens_whole(void **state)
{
	static const size_t sizes[] = { 0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK };
	char *bytes = calloc(1, 3 * CHUNK);

	(void)state;
	assert_non_null(bytes);
	for (size_t i = 0; i < AL_COUNT(sizes); i++) {
		size_t chunks = sizes[i] == 0 ? 1 : (sizes[i] + CHUNK - 1) / CHUNK;
		struct al_slice plain = al_slice_of(bytes, sizes[i]);
		struct al_buf sealed;

		seal_make(plain, &sealed);
		assert_int_equal(sealed.len, HEAD + sizes[i] + 17 * chunks);
		assert_int_equal(open_as(al_buf_view(&sealed), PASSPHRASE, plain), AL_OK);
		al_buf_release(&sealed);
	}
	free(bytes);
}

static void nothing_else_opens(void **state)
{
	char bytes[CHUNK + 10] = "once";
	struct al_slice plain = al_slice_of(bytes, sizeof(bytes)), view;
	struct al_buf sealed;
	static const size_t places[] = { 20, HEAD - 1, HEAD, HEAD + CHUNK, HEAD + CHUNK + 20 };

	(void)state;
	seal_make(plain, &sealed);
	view = al_buf_view(&sealed);
	assert_int_equal(open_as(view, AL_S("of the drawer in the kitche"), plain), AL_EVERIFY);
	/* Cut at the end of a chunk, inside of one, and in the head. */
	assert_int_equal(open_as(al_slice_head(view, HEAD + CHUNK + 17), PASSPHRASE, plain), AL_EVERIFY);
	assert_int_equal(open_as(al_slice_head(view, view.len - 1), PASSPHRASE, plain), AL_EVERIFY);
	assert_int_equal(open_as(al_slice_head(view, HEAD), PASSPHRASE, plain), AL_EVERIFY);
	assert_int_equal(open_as(al_slice_head(view, HEAD - 1), PASSPHRASE, plain), AL_EINVAL);
	for (size_t i = 0; i < AL_COUNT(places); i++) {
		sealed.ptr[places[i]] ^= 1;
		assert_int_equal(open_as(al_buf_view(&sealed), PASSPHRASE, plain), AL_EVERIFY);
		sealed.ptr[places[i]] ^= 1;
	}
	al_buf_u8(&sealed, 0);
	assert_int_equal(open_as(al_buf_view(&sealed), PASSPHRASE, plain), AL_EVERIFY);
	al_buf_release(&sealed);
}

/* A file that asks for 100 GB of memory, or for hours, is none of ours. */
static void asks_for_no_more_than_this(void **state)
{
	struct al_buf sealed;

	(void)state;
	seal_make(AL_S("x"), &sealed);
	for (size_t at = 31; at < 47; at += 8) {
		uint8_t was = sealed.ptr[at];

		sealed.ptr[at] = 1;
		assert_int_equal(open_as(al_buf_view(&sealed), PASSPHRASE, AL_S("x")), AL_EINVAL);
		sealed.ptr[at] = was;
	}
	assert_int_equal(open_as(AL_S("no sealed file"), PASSPHRASE, AL_S("x")), AL_EINVAL);
	al_buf_release(&sealed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(opens_whole),
		cmocka_unit_test(nothing_else_opens),
		cmocka_unit_test(asks_for_no_more_than_this),
	};

	return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
