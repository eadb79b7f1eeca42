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
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "alamo/base/spool.h"
#include "alamo/base/wire.h"

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

/* No file of ours may be longer than `bytes`: a disk that is full. */
static void files_end_at(uint64_t bytes)
{
	struct rlimit limit;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = bytes < limit.rlim_max ? (rlim_t)bytes : limit.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void all_there(struct al_spool *spool, uint64_t count, const struct al_buf *piece)
{
	struct al_buf got;

	al_buf_init(&got, piece->len);
	for (uint64_t n = 0; n < count; n++) {
		assert_int_equal(al_spool_read(spool, n * piece->len, piece->len, &got), AL_OK);
		assert_int_equal(al_get_u64(got.ptr), n);
		assert_memory_equal(got.ptr + 8, piece->ptr + 8, piece->len - 8);
	}
	al_buf_release(&got);
}

/* A disk that has no room for a while: nothing is lost, and it goes on when there is some. More than is held is refused. */
static void a_full_disk(void **state)
{
	char folder[] = "/tmp/spool-XXXXXX";
	struct al_spool *spool;
	struct al_buf piece;
	uint64_t count = 0;

	(void)state;
	assert_non_null(mkdtemp(folder));
	assert_int_equal(al_spool_new(folder, "test", &spool), AL_OK);
	al_buf_init(&piece, 60000);
	for (unsigned i = 0; i < 60000; i++)
		al_buf_u8(&piece, (uint8_t)(i * 7));
	for (unsigned round = 0; round < 3; round++) {
		files_end_at(round == 1 ? UINT64_MAX : count * piece.len + 100001);
		for (unsigned i = 0; i < 200; i++) { /* less than is held */
			al_set_u64(piece.ptr, count++);
			assert_int_equal(al_spool_put(spool, al_buf_view(&piece)), AL_OK);
		}
		all_there(spool, count, &piece);
	}
	while (count * piece.len <= 400 * piece.len + 100001 + AL_SPOOL_HELD_MAX + (1u << 20)) {
		al_set_u64(piece.ptr, count++);
		if (al_spool_put(spool, al_buf_view(&piece)) != AL_OK)
			break;
	}
	assert_in_range(count * piece.len, 400 * piece.len + AL_SPOOL_HELD_MAX,
			400 * piece.len + AL_SPOOL_HELD_MAX + (1u << 20));
	all_there(spool, count, &piece);
	files_end_at(UINT64_MAX);
	al_buf_release(&piece);
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
		cmocka_unit_test(a_full_disk),
		cmocka_unit_test(needs_a_folder),
	};

	(void)signal(SIGXFSZ, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
