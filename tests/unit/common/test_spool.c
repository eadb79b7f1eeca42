/* SPDX-License-Identifier: MIT */
/*
 * test_spool.c -- every piece comes back as it was, whether it is in the file, kept back, or on both sides; nothing is seen
 * in the folder.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <dirent.h>
#include <stdlib.h>
#include <unistd.h>

#include "alamo/base/spool.h"

#define PIECES 4000u

static size_t entries(const char *folder)
{
	DIR *dir = opendir(folder);
	size_t count = 0;

	assert_non_null(dir);
	while (readdir(dir) != NULL)
		count++;
	assert_int_equal(closedir(dir), 0);
	return count;
}

static void piece_make(unsigned n, struct al_buf *out)
{
	al_buf_reset(out);
	for (unsigned i = 0; i < n % 97 * 5; i++)
		al_buf_u8(out, (uint8_t)(n * 31 + i));
}

static void comes_back_as_it_was(void **state)
{
	char folder[] = "/tmp/spool-XXXXXX";
	struct al_buf piece, got;
	struct al_spool *spool;
	uint64_t at[PIECES];

	(void)state;
	assert_non_null(mkdtemp(folder));
	assert_int_equal(al_spool_new(folder, "test", &spool), AL_OK);
	assert_int_equal(entries(folder), 2);
	al_buf_init(&piece, 1024);
	al_buf_init(&got, 1u << 20);
	for (unsigned n = 0; n < PIECES; n++) {
		piece_make(n, &piece);
		at[n] = al_spool_end(spool);
		assert_int_equal(al_spool_put(spool, al_buf_view(&piece)), AL_OK);
	}
	for (unsigned n = 0; n < PIECES; n++) {
		piece_make(n, &piece);
		assert_int_equal(al_spool_read(spool, at[n], piece.len, &got), AL_OK);
		assert_true(al_slice_eq(al_buf_view(&piece), al_buf_view(&got)));
	}
	/* The last bytes of the file with the first behind it, and what is behind the end. */
	assert_int_equal(al_spool_read(spool, 0, (size_t)al_spool_end(spool), &got), AL_OK);
	assert_int_equal(got.len, al_spool_end(spool));
	assert_int_equal(al_spool_read(spool, al_spool_end(spool) - 1, 2, &got), AL_EIO);
	assert_int_equal(al_spool_read(spool, al_spool_end(spool) + 9, 1, &got), AL_EIO);
	al_buf_release(&piece);
	al_buf_release(&got);
	al_spool_free(spool);
	assert_int_equal(rmdir(folder), 0);
}

static void needs_a_folder(void **state)
{
	struct al_spool *spool;

	(void)state;
	assert_int_equal(al_spool_new("/nonexistent", "test", &spool), AL_ESYS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(comes_back_as_it_was),
		cmocka_unit_test(needs_a_folder),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
