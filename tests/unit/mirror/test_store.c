/* SPDX-License-Identifier: MIT */
/*
 * test_store.c -- the mirror's file: what a crash may leave of it, what a
 * flipped bit does to it, and what is read from it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <fcntl.h>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alamo/base/log.h"
#include "../../support/keys_note.h"
#include "../../support/signed_log.h"
#include "store.h"

#define FILES 4

struct fixture {
	char dir[64];
	struct signed_log log;
};

static const char *const files[FILES] = { "log", "checkpoint", "log.pub", "lock" };

static char *path_of(const struct fixture *f, const char *name, char out[static 128])
{
	(void)snprintf(out, 128, "%s/%s", f->dir, name);
	return out;
}

static int setup(void **state)
{
	static struct fixture f;
	struct al_skey key;

	assert_true(sodium_init() >= 0);
	al_log_init("test", AL_LOG_ERROR + 1);
	(void)snprintf(f.dir, sizeof(f.dir), "/tmp/alamo-store-XXXXXX");
	assert_non_null(mkdtemp(f.dir));
	assert_int_equal(al_skey_generate(AL_S("log.example/store"), &key), AL_OK);
	signed_log_make(&f.log, &key, 0, SIGNED_LOG_MAX);
	*state = &f;
	return 0;
}

static void files_clear(const struct fixture *f)
{
	char path[128];

	for (size_t i = 0; i < FILES; i++)
		(void)unlink(path_of(f, files[i], path));
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	files_clear(f);
	(void)rmdir(f->dir);
	signed_log_free(&f->log);
	return 0;
}

static struct store *open_ok(const struct fixture *f)
{
	struct store *store = NULL;

	assert_int_equal(store_open(f->dir, &f->log.key.pub, &store), AL_OK);
	return store;
}

/* Entries up to `size` in commits of `step`. */
static void grow(const struct fixture *f, struct store *store, uint64_t size, uint64_t step)
{
	struct al_stream_batch batch;

	while (store_size(store) < size) {
		uint64_t first = store_size(store), end = first + step < size ? first + step : size;

		for (uint64_t i = first; i < end; i++)
			assert_int_equal(store_add(store, al_slice_str(f->log.text[i])), AL_OK);
		assert_int_equal(store_commit(store, al_slice_str(f->log.note[end]), &batch), AL_OK);
		assert_int_equal(batch.first, first);
		assert_int_equal(batch.count, end - first);
	}
}

static off_t length_of(const struct fixture *f)
{
	struct stat info;
	char path[128];

	assert_int_equal(stat(path_of(f, "log", path), &info), 0);
	return info.st_size;
}

/* Everything from `from` on, in reads of `max` bytes; heads must be those of the log. */
static void read_all(const struct fixture *f, struct store *store, uint64_t from, size_t max)
{
	struct al_stream_batch batch;

	while (from < store_size(store)) {
		assert_int_equal(store_read(store, from, max, &batch), AL_OK);
		assert_int_equal(batch.first, from);
		assert_true(batch.count > 0);
		for (size_t i = 0; i < batch.count; i++)
			assert_true(al_slice_is(batch.entries[i], f->log.text[from + i]));
		from += batch.count;
		if (batch.note.len > 0)
			assert_true(al_slice_is(batch.note, f->log.note[from]));
	}
	/* The last read of a log ends with its head. */
	assert_true(batch.note.len > 0);
	assert_int_equal(store_read(store, from, max, &batch), AL_EINVAL);
}

static void test_grow_and_read(void **state)
{
	struct fixture *f = *state;
	struct store *store;

	files_clear(f);
	store = open_ok(f);
	assert_int_equal(store_size(store), 0);
	assert_int_equal(store_note(store).len, 0);
	grow(f, store, 20, 1);
	grow(f, store, SIGNED_LOG_MAX, 7);
	for (uint64_t from = 0; from < SIGNED_LOG_MAX; from++) {
		read_all(f, store, from, 1u << 20);
		read_all(f, store, from, 100);
		read_all(f, store, from, 1);
	}
	store_close(store);
	store = open_ok(f);
	assert_int_equal(store_size(store), SIGNED_LOG_MAX);
	assert_int_equal(store_edge(store)->size, SIGNED_LOG_MAX);
	assert_true(al_slice_is(store_note(store), f->log.note[SIGNED_LOG_MAX]));
	read_all(f, store, 0, 100);
	store_close(store);
}

static void test_refusals(void **state)
{
	struct fixture *f = *state;
	struct store *store, *second = NULL;
	struct al_skey other;
	off_t length;

	files_clear(f);
	store = open_ok(f);
	grow(f, store, 5, 5);
	length = length_of(f);
	assert_int_equal(store_open(f->dir, &f->log.key.pub, &second), AL_EAGAIN);
	/* A head of another size, another history, or without entries. */
	assert_int_equal(store_commit(store, al_slice_str(f->log.note[5]), NULL), AL_EVERIFY);
	assert_int_equal(store_add(store, al_slice_str(f->log.text[5])), AL_OK);
	assert_int_equal(store_commit(store, al_slice_str(f->log.note[7]), NULL), AL_EVERIFY);
	store_drop(store);
	assert_int_equal(store_add(store, AL_S("something else")), AL_OK);
	assert_int_equal(store_commit(store, al_slice_str(f->log.note[6]), NULL), AL_EVERIFY);
	store_drop(store);
	assert_int_equal(length_of(f), length);
	grow(f, store, 6, 1);
	store_close(store);
	assert_int_equal(al_skey_generate(AL_S("log.example/store"), &other), AL_OK);
	assert_int_equal(store_open(f->dir, &other.pub, &second), AL_EDENIED);
}

/* Cut at every byte of the last commit: what was whole before is there, the rest is not, and it goes on. */
static void test_cut_tail(void **state)
{
	struct fixture *f = *state;
	struct store *store;
	off_t before, after;
	char path[128];

	files_clear(f);
	store = open_ok(f);
	grow(f, store, 10, 10);
	store_close(store);
	before = length_of(f);
	store = open_ok(f);
	grow(f, store, 14, 4);
	after = length_of(f);
	store_close(store);
	/* As after a crash: `checkpoint` still vouches for 10 only. */
	for (off_t at = after - 1; at >= before; at--) {
		int fd = open(path_of(f, "checkpoint", path), O_WRONLY | O_TRUNC);

		assert_true(write(fd, f->log.note[10], strlen(f->log.note[10])) > 0);
		close(fd);
		assert_int_equal(truncate(path_of(f, "log", path), at), 0);
		store = open_ok(f);
		assert_int_equal(store_size(store), 10);
		assert_int_equal(length_of(f), before);
		grow(f, store, 14, 4);
		assert_int_equal(length_of(f), after);
		read_all(f, store, 0, 1000);
		store_close(store);
	}
}

/* What was said to be there must be there. */
static void test_cut_too_much(void **state)
{
	struct fixture *f = *state;
	struct store *store;
	char path[128];
	off_t length;

	files_clear(f);
	store = open_ok(f);
	grow(f, store, 10, 2);
	store_close(store);
	length = length_of(f);
	for (off_t at = 0; at < length; at++) {
		assert_int_equal(truncate(path_of(f, "log", path), at), 0);
		assert_int_equal(store_open(f->dir, &f->log.key.pub, &store), AL_EVERIFY);
		/* Refused, and left as it was. */
		assert_int_equal(length_of(f), at);
		files_clear(f);
		store = open_ok(f);
		grow(f, store, 10, 2);
		store_close(store);
	}
}

static void flip(const char *path, off_t at, unsigned bit)
{
	int fd = open(path, O_RDWR);
	uint8_t byte;

	assert_int_equal(pread(fd, &byte, 1, at), 1);
	byte ^= (uint8_t)(1u << bit);
	assert_int_equal(pwrite(fd, &byte, 1, at), 1);
	close(fd);
}

static void test_bit_flips(void **state)
{
	struct fixture *f = *state;
	struct store *store = NULL;
	char path[128];
	off_t length;

	files_clear(f);
	store = open_ok(f);
	grow(f, store, 12, 3);
	store_close(store);
	length = length_of(f);
	for (off_t at = 0; at < length; at++) {
		unsigned bit = (unsigned)at % 8;

		flip(path_of(f, "log", path), at, bit);
		assert_int_equal(store_open(f->dir, &f->log.key.pub, &store), AL_EVERIFY);
		flip(path, at, bit);
	}
	for (off_t at = 0; at < (off_t)strlen(f->log.note[12]); at++) {
		flip(path_of(f, "checkpoint", path), at, 0);
		assert_int_equal(store_open(f->dir, &f->log.key.pub, &store), AL_EVERIFY);
		flip(path, at, 0);
	}
	store = open_ok(f);
	assert_int_equal(store_size(store), 12);
	store_close(store);
}

/* A directory goes on to the next key, shows the note, and opens by either key, and no other. */
static void test_another_key(void **state)
{
	struct fixture *f = *state;
	struct signed_log next;
	struct al_checkpoint until = { 10, al_tree_root(f->log.tree, 10) };
	struct store *store;
	struct al_skey key;
	struct al_vkey both;
	struct al_buf note;
	char path[128];

	files_clear(f);
	assert_int_equal(al_skey_generate(AL_S("log.example/store"), &key), AL_OK);
	signed_log_make(&next, &key, 0, SIGNED_LOG_MAX);
	al_buf_init(&note, AL_NOTE_MAX);
	keys_note_put(&note, &f->log.key.pub, &until, &key.pub, &f->log.key);
	assert_int_equal(al_log_key_parse(al_buf_view(&note), &both), AL_OK);
	store = open_ok(f);
	grow(f, store, 10, 5);
	assert_int_equal(store_keys(store).len, 0);
	/* What is not on the disk is not so. */
	assert_int_equal(mkdir(path_of(f, "log.pub.new", path), 0700), 0);
	assert_int_not_equal(store_keys_set(store, &both, al_buf_view(&note)), AL_OK);
	assert_memory_equal(store_key(store)->pk, f->log.key.pub.pk, 32);
	assert_int_equal(rmdir(path), 0);
	assert_int_equal(store_keys_set(store, &both, al_buf_view(&note)), AL_OK);
	assert_int_equal(store_add(store, al_slice_str(next.text[10])), AL_OK);
	assert_int_equal(store_commit(store, al_slice_str(next.note[11]), NULL), AL_OK);
	store_close(store);
	for (unsigned i = 0; i < 3; i++) {
		const struct al_vkey *given[] = { &f->log.key.pub, &both, &key.pub };

		assert_int_equal(store_open(f->dir, given[i], &store), AL_OK);
		assert_int_equal(store_size(store), 11);
		assert_true(al_slice_eq(store_keys(store), al_buf_view(&note)));
		assert_ptr_equal(store_key(store)->past, both.past);
		store_close(store);
	}
	assert_int_equal(al_skey_generate(AL_S("log.example/store"), &key), AL_OK);
	assert_int_equal(store_open(f->dir, &key.pub, &store), AL_EDENIED);
	al_buf_release(&note);
	signed_log_free(&next);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_grow_and_read), cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_cut_tail),      cmocka_unit_test(test_cut_too_much),
		cmocka_unit_test(test_bit_flips),     cmocka_unit_test(test_another_key),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
