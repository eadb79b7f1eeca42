/* SPDX-License-Identifier: MIT */
/*
 * test_tile_dir_read.c -- a published log is read: entry by entry, verified, and
 * where the disk refuses.
 */
#include "tile_dir_bench.h"

struct walk {
	uint64_t next, stop;
};

static enum al_err walk_on(void *arg, uint64_t index, struct al_slice entry)
{
	struct walk *walk = arg;
	char text[200];

	assert_int_equal(index, walk->next++);
	assert_true(al_slice_eq(entry, entry_text(index, text)));
	return index == walk->stop ? AL_EDENIED : AL_OK;
}

static void walk_gives_the_entries(void **state)
{
	static const uint64_t starts[] = { 0, 1, 255, 256, 600, 699, 700 };
	struct fixture *f = *state;
	struct al_buf note;

	al_buf_init(&note, AL_NOTE_MAX);
	assert_int_equal(al_tile_dir_walk(f->path, &f->key.pub, 0, walk_on, NULL, &note), AL_ENOTFOUND);
	publish(f, 700);
	for (size_t i = 0; i < AL_COUNT(starts); i++) {
		struct walk walk = { starts[i], UINT64_MAX };

		al_buf_reset(&note);
		assert_int_equal(al_tile_dir_walk(f->path, &f->key.pub, starts[i], walk_on, &walk, &note), AL_OK);
		assert_int_equal(walk.next, 700);
	}
	al_buf_reset(&note);
	assert_int_equal(al_tile_dir_walk(f->path, &f->key.pub, 701, walk_on, NULL, &note), AL_ESTALE);
	al_buf_reset(&note);
	assert_int_equal(al_tile_dir_walk(f->path, &f->key.pub, 0, walk_on, &(struct walk){ 0, 300 }, &note),
			 AL_EDENIED);
	al_buf_release(&note);
}

/* Overwrites one byte of a file. */
static void spoil(const struct fixture *f, const char *name, long at, char byte)
{
	char path[200];
	FILE *file;

	(void)snprintf(path, sizeof(path), "%s/%s", f->path, name);
	file = fopen(path, "r+b");
	assert_non_null(file);
	assert_int_equal(fseek(file, at, SEEK_SET), 0);
	assert_int_equal(fputc(byte, file), byte);
	assert_int_equal(fclose(file), 0);
}

static void verify_reads_every_entry(void **state)
{
	struct fixture *f = *state;
	struct al_checkpoint cp;
	struct al_skey other;

	publish(f, 700);
	assert_int_equal(al_tile_dir_verify(f->path, &f->key.pub, &cp), AL_OK);
	assert_int_equal(cp.size, 700);
	assert_int_equal(al_skey_generate(AL_S("log.example/x"), &other), AL_OK);
	assert_int_equal(al_tile_dir_verify(f->path, &other.pub, &cp), AL_EVERIFY);
	/* Byte 2 is the first of the first entry; byte 0 is of its length. */
	spoil(f, "tile/entries/001", 2, 'E');
	assert_int_equal(al_tile_dir_verify(f->path, &f->key.pub, &cp), AL_EVERIFY);
	spoil(f, "tile/entries/001", 2, 'e');
	assert_int_equal(al_tile_dir_verify(f->path, &f->key.pub, &cp), AL_OK);
	spoil(f, "tile/entries/001", 0, 'x');
	assert_int_equal(al_tile_dir_verify(f->path, &f->key.pub, &cp), AL_EVERIFY);
}

/* A file that cannot be had is not one that is not there; which one, and why, stands in the log. */
static void what_the_disk_says_is_said(void **state)
{
	struct fixture *f = *state;
	char path[200], target[200];
	struct al_buf note;
	struct said said;
	const char *text;

	al_buf_init(&note, 2 * AL_NOTE_MAX);
	publish(f, 3);
	(void)snprintf(path, sizeof(path), "%s/checkpoint", f->path);
	(void)snprintf(target, sizeof(target), "%s/elsewhere", f->path);
	assert_int_equal(rename(path, target), 0);
	assert_int_equal(al_tile_dir_note(f->path, &note), AL_ENOTFOUND);
	assert_int_equal(al_tile_dir_note("/nonexistent/alamo", &note), AL_ENOTFOUND);
	assert_int_equal(symlink(target, path), 0);
	said_begin(&said);
	assert_int_equal(al_tile_dir_note(f->path, &note), AL_EIO);
	assert_int_equal(al_tile_dir_note(target, &note), AL_EIO); /* no folder */
	text = said_end(&said);
	assert_non_null(strstr(text, "event=tile-file call=open name=checkpoint errno=40"));
	assert_non_null(strstr(text, "/elsewhere errno=20"));
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkdir(path, 0755), 0);
	said_begin(&said);
	assert_int_equal(al_tile_dir_note(f->path, &note), AL_EIO);
	text = said_end(&said);
	assert_non_null(strstr(text, "event=tile-file call=read name=checkpoint errno=21"));
	assert_int_equal(note.len, 0);
	grow(f, 4);
	note_make(f, &note);
	said_begin(&said);
	assert_int_equal(al_tile_dir_publish(f->dir, al_buf_view(&note)), AL_EIO);
	text = said_end(&said);
	assert_non_null(strstr(text, "event=tile-file call=save name=checkpoint errno="));
	al_buf_release(&note);
	assert_int_equal(rmdir(path), 0);
	assert_int_equal(rename(target, path), 0);
	assert_int_equal(truncate(path, AL_NOTE_MAX + 1), 0);
	al_buf_init(&note, 2 * AL_NOTE_MAX);
	assert_int_equal(al_tile_dir_note(f->path, &note), AL_ELIMIT);
	al_buf_release(&note);
}

/* A program that was started without a standard input gets its number for what it opens first. */
static void descriptor_zero_is_as_good(void **state)
{
	const struct al_tile tile = { .level = 0, .index = 0, .width = 3 };
	struct fixture *f = *state;
	int kept = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
	struct al_buf note, hashes;

	publish(f, 3);
	al_buf_init(&note, AL_NOTE_MAX);
	al_buf_init(&hashes, AL_TILE_BYTES_MAX);
	(void)close(STDIN_FILENO);
	assert_int_equal(al_tile_dir_note(f->path, &note), AL_OK);
	assert_true(note.len > 0);
	assert_int_equal(al_tile_dir_read(f->path, &tile, 3, &hashes), AL_OK);
	assert_int_equal(hashes.len, 3 * AL_HASH_LEN);
	assert_int_equal(fcntl(STDIN_FILENO, F_GETFD), -1); /* closed again */
	if (kept >= 0) {
		assert_int_equal(dup2(kept, STDIN_FILENO), STDIN_FILENO);
		assert_int_equal(close(kept), 0);
	}
	al_buf_release(&note);
	al_buf_release(&hashes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(walk_gives_the_entries, setup, teardown),
		cmocka_unit_test_setup_teardown(verify_reads_every_entry, setup, teardown),
		cmocka_unit_test_setup_teardown(what_the_disk_says_is_said, setup, teardown),
		cmocka_unit_test_setup_teardown(descriptor_zero_is_as_good, setup, teardown),
	};

	return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
