/* SPDX-License-Identifier: MIT */
/*
 * test_tile_dir.c -- a published log on disk: the files of every size, going
 * on after a restart, damage, and what is cleared away.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <fts.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../read_file.h"
#include "../said.h"
#include "alamo/tlog/tile_dir.h"

struct fixture {
	char path[64];
	struct al_skey key;
	struct al_edge edge; /* the log as it should be */
	struct al_tile_dir *dir;
};

/* As in tests/vectors/tile/make.py. */
static struct al_slice entry_text(uint64_t index, char out[static 200])
{
	size_t len = 0;

	for (uint64_t i = 0; i <= index % 7; i++)
		len += (size_t)snprintf(out + len, 200 - len, "entry %" PRIu64 "\n", index);
	return al_slice_of(out, len);
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	if (f == NULL)
		return -1;
	(void)snprintf(f->path, sizeof(f->path), "/tmp/alamo-tiles-XXXXXX");
	*state = f;
	return mkdtemp(f->path) != NULL && al_skey_generate(AL_S("log.example/x"), &f->key) == AL_OK &&
			       al_tile_dir_open(f->path, &f->key.pub, &f->dir) == AL_OK
		       ? 0
		       : -1;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	char *const roots[] = { f->path, NULL };
	FTS *fts = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
	FTSENT *item;

	al_tile_dir_close(f->dir);
	while (fts != NULL && (item = fts_read(fts)) != NULL)
		if (item->fts_info != FTS_D)
			(void)remove(item->fts_accpath);
	(void)fts_close(fts);
	free(f);
	return 0;
}

static void note_make(const struct fixture *f, struct al_buf *note)
{
	struct al_checkpoint cp = { f->edge.size, al_edge_root(&f->edge) };
	struct al_buf text;

	al_buf_init(&text, AL_NOTE_MAX);
	al_buf_init(note, AL_NOTE_MAX);
	al_checkpoint_format(al_slice_str(f->key.pub.name), &cp, &text);
	al_note_sign(al_buf_view(&text), &f->key, note);
	assert_int_equal(note->err, AL_OK);
	al_buf_release(&text);
}

static void grow(struct fixture *f, uint64_t size)
{
	char text[200];

	while (f->edge.size < size) {
		struct al_slice entry = entry_text(f->edge.size, text);
		struct al_hash leaf = al_leaf_hash(entry);

		assert_int_equal(al_tile_dir_add(f->dir, entry), AL_OK);
		al_edge_push(&f->edge, &leaf);
	}
}

static void publish(struct fixture *f, uint64_t size)
{
	struct al_buf note;

	grow(f, size);
	note_make(f, &note);
	assert_int_equal(al_tile_dir_publish(f->dir, al_buf_view(&note)), AL_OK);
	al_buf_release(&note);
}

static void reopen(struct fixture *f, uint64_t size)
{
	al_tile_dir_close(f->dir);
	f->dir = NULL;
	assert_int_equal(al_tile_dir_open(f->path, &f->key.pub, &f->dir), AL_OK);
	assert_int_equal(al_tile_dir_size(f->dir), size);
	if (size == 0)
		al_edge_init(&f->edge);
}

static bool there(const struct fixture *f, const char *name)
{
	char path[200];

	(void)snprintf(path, sizeof(path), "%s/%s", f->path, name);
	return access(path, F_OK) == 0;
}

static enum al_err tile_get(const struct fixture *f, const struct al_tile *tile, struct al_buf *out)
{
	al_buf_init(out, AL_TILE_BYTES_MAX);
	return al_tile_dir_read(f->path, tile, f->edge.size, out);
}

/* Every file of `size` is to be had, and the hashes fit together. */
static void assert_published(const struct fixture *f, uint64_t size)
{
	struct al_tile tile = { 0 };
	struct al_edge edge;
	struct al_hash root, want = al_edge_root(&f->edge);

	al_edge_init(&edge);
	while (al_tile_next(size, &tile)) {
		struct al_slice entries[AL_TILE_WIDTH];
		struct al_hash hashes[AL_TILE_WIDTH];
		struct al_buf bytes;

		assert_int_equal(tile_get(f, &tile, &bytes), AL_OK);
		if (tile.entries) {
			assert_int_equal(al_bundle_entries(al_buf_view(&bytes), tile.width, entries), AL_OK);
			for (unsigned i = 0; i < tile.width; i++) {
				struct al_hash leaf = al_leaf_hash(entries[i]);

				al_edge_push(&edge, &leaf);
			}
		} else {
			assert_int_equal(al_tile_hashes(al_buf_view(&bytes), tile.width, hashes), AL_OK);
		}
		al_buf_release(&bytes);
	}
	assert_int_equal(edge.size, size);
	root = al_edge_root(&edge);
	if (f->edge.size == size)
		assert_true(al_hash_eq(&root, &want));
}

static void assert_same_file(const struct fixture *f, const char *vector)
{
	struct al_tile tile;
	struct al_buf want, got;
	char name[200];

	(void)snprintf(name, sizeof(name), "vectors/tile/%s", vector);
	al_buf_init(&want, READ_FILE_MAX);
	assert_true(read_file(name, &want));
	assert_int_equal(al_tile_parse(al_slice_str(vector), &tile), AL_OK);
	assert_int_equal(tile_get(f, &tile, &got), AL_OK);
	assert_true(al_slice_eq(al_buf_view(&want), al_buf_view(&got)));
	assert_true(there(f, vector));
	al_buf_release(&want);
	al_buf_release(&got);
}

static void files_are_those_of_the_vector(void **state)
{
	static const char *const names[] = { "tile/entries/000", "tile/entries/001.p/44", "tile/0/000",
					     "tile/0/001.p/44", "tile/1/000.p/1" };
	struct fixture *f = *state;

	assert_int_equal(al_tile_dir_size(f->dir), 0);
	publish(f, 300);
	for (size_t i = 0; i < AL_COUNT(names); i++)
		assert_same_file(f, names[i]);
	assert_published(f, 300);
}

static void goes_on_after_every_stop(void **state)
{
	static const uint64_t sizes[] = { 1, 2, 255, 256, 257, 511, 512, 513, 700, 1024, 65535, 65536, 65537 };
	struct fixture *f = *state;

	for (size_t i = 0; i < AL_COUNT(sizes); i++) {
		publish(f, sizes[i]);
		reopen(f, sizes[i]);
		if (sizes[i] < 2000 || i + 1 == AL_COUNT(sizes))
			assert_published(f, sizes[i]);
	}
	/* What was taken and not published is forgotten, and taken again. */
	grow(f, 66000);
	al_tile_dir_close(f->dir);
	assert_int_equal(al_tile_dir_open(f->path, &f->key.pub, &f->dir), AL_OK);
	assert_int_equal(al_tile_dir_size(f->dir), 65537);
}

static void only_the_right_note_is_published(void **state)
{
	struct fixture *f = *state;
	struct al_skey other;
	struct al_buf note;

	grow(f, 10);
	note_make(f, &note);
	grow(f, 11);
	assert_int_equal(al_tile_dir_publish(f->dir, al_buf_view(&note)), AL_EVERIFY);
	al_buf_release(&note);
	f->edge.node[0].b[0] ^= 1;
	note_make(f, &note);
	assert_int_equal(al_tile_dir_publish(f->dir, al_buf_view(&note)), AL_EVERIFY);
	al_buf_release(&note);
	f->edge.node[0].b[0] ^= 1;
	other = f->key;
	assert_int_equal(al_skey_generate(AL_S("log.example/x"), &f->key), AL_OK);
	note_make(f, &note);
	assert_int_equal(al_tile_dir_publish(f->dir, al_buf_view(&note)), AL_EVERIFY);
	al_buf_release(&note);
	f->key = other;
	assert_false(there(f, "checkpoint"));
	publish(f, 11);
	assert_true(there(f, "checkpoint"));
}

static void partial_tiles_go_when_they_may(void **state)
{
	struct fixture *f = *state;
	struct al_tile tile;
	struct al_buf bytes, whole;

	publish(f, 100);
	publish(f, 200);
	publish(f, 300);
	/* The full tile is there, but 100 and 200 are among the newest checkpoints. */
	assert_true(there(f, "tile/0/000.p/100") && there(f, "tile/entries/000.p/200"));
	for (uint64_t size = 301; size <= 307; size++)
		publish(f, size);
	/* 200 is one of the last eight no more: gone together. */
	assert_false(there(f, "tile/0/000.p") || there(f, "tile/entries/000.p"));
	assert_true(there(f, "tile/0/001.p/44") && there(f, "tile/1/000.p/1"));
	/* Not full: stays, however old its checkpoint is. */
	for (uint64_t size = 308; size <= 330; size++)
		publish(f, size);
	assert_true(there(f, "tile/0/001.p/44") && there(f, "tile/entries/001.p/44"));
	reopen(f, 330);
	assert_true(there(f, "tile/0/001.p/44"));

	/* What is gone can still be read, cut from what came after it. */
	assert_int_equal(al_tile_parse(AL_S("tile/entries/000.p/100"), &tile), AL_OK);
	assert_int_equal(tile_get(f, &tile, &bytes), AL_OK);
	tile.width = AL_TILE_WIDTH;
	assert_int_equal(tile_get(f, &tile, &whole), AL_OK);
	assert_true(bytes.len < whole.len);
	assert_memory_equal(bytes.ptr, whole.ptr, bytes.len);
	al_buf_release(&bytes);
	al_buf_release(&whole);
	assert_int_equal(al_tile_parse(AL_S("tile/0/001.p/7"), &tile), AL_OK);
	assert_int_equal(tile_get(f, &tile, &bytes), AL_OK);
	assert_int_equal(bytes.len, 7 * AL_HASH_LEN);
	al_buf_release(&bytes);
	assert_int_equal(al_tile_parse(AL_S("tile/0/001.p/75"), &tile), AL_OK);
	assert_int_equal(tile_get(f, &tile, &bytes), AL_ENOTFOUND);
	al_buf_release(&bytes);
}

static void change(const struct fixture *f, const char *name, long at)
{
	char path[200];
	FILE *file;
	int ch;

	(void)snprintf(path, sizeof(path), "%s/%s", f->path, name);
	file = fopen(path, "r+b");
	assert_non_null(file);
	assert_int_equal(fseek(file, at, SEEK_SET), 0);
	ch = getc(file);
	assert_int_equal(fseek(file, at, SEEK_SET), 0);
	assert_int_equal(putc(ch ^ 1, file), ch ^ 1);
	assert_int_equal(fclose(file), 0);
}

static void cut_short(const struct fixture *f, const char *name)
{
	char path[200];

	(void)snprintf(path, sizeof(path), "%s/%s", f->path, name);
	assert_int_equal(truncate(path, 100), 0);
}

/* A damaged directory is not gone on with: it is written again from the start. */
static void damage_begins_again(void **state)
{
	static const char *const flipped[] = { "checkpoint", "tile/0/002.p/88", "tile/1/000.p/2",
					       "tile/entries/002.p/88" };
	static const char *const missing[] = { "checkpoint", "tile/0/001", "tile/entries/000", "tile/1/000.p/2" };
	struct fixture *f = *state;
	char path[200];

	for (size_t i = 0; i < AL_COUNT(flipped); i++) {
		publish(f, 600);
		reopen(f, 600);
		change(f, flipped[i], 17);
		reopen(f, 0);
		assert_false(there(f, "checkpoint") || there(f, "tile"));
	}
	for (size_t i = 0; i < AL_COUNT(missing); i++) {
		publish(f, 600);
		(void)snprintf(path, sizeof(path), "%s/%s", f->path, missing[i]);
		assert_int_equal(unlink(path), 0);
		reopen(f, 0);
	}
	publish(f, 600);
	cut_short(f, "tile/entries/001");
	reopen(f, 0);
	publish(f, 600);
	assert_published(f, 600);
}

static void leftovers_are_removed(void **state)
{
	struct fixture *f = *state;
	char path[200];
	FILE *file;

	publish(f, 300);
	(void)snprintf(path, sizeof(path), "%s/tile/0/000.new", f->path);
	file = fopen(path, "wb");
	assert_non_null(file);
	assert_int_equal(fclose(file), 0);
	publish(f, 600);
	reopen(f, 600);
	assert_false(there(f, "tile/0/000.new"));
	/* Of a checkpoint before, and its full tile is there. */
	assert_false(there(f, "tile/0/001.p"));
	assert_published(f, 600);
}

/* The tree's edge out of the tiles' is what a follower would have. */
static void edge_is_the_follower_s(void **state)
{
	static const uint64_t sizes[] = { 0, 1, 3, 255, 256, 257, 640, 1000 };
	struct fixture *f = *state;

	for (size_t i = 0; i < AL_COUNT(sizes); i++) {
		struct al_edge edge;

		grow(f, sizes[i]);
		al_tile_dir_edge(f->dir, &edge);
		assert_int_equal(edge.size, f->edge.size);
		for (unsigned bit = 0; bit < 64; bit++)
			if (edge.size >> bit & 1)
				assert_true(al_hash_eq(&edge.node[bit], &f->edge.node[bit]));
	}
}

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
		cmocka_unit_test_setup_teardown(files_are_those_of_the_vector, setup, teardown),
		cmocka_unit_test_setup_teardown(goes_on_after_every_stop, setup, teardown),
		cmocka_unit_test_setup_teardown(only_the_right_note_is_published, setup, teardown),
		cmocka_unit_test_setup_teardown(partial_tiles_go_when_they_may, setup, teardown),
		cmocka_unit_test_setup_teardown(damage_begins_again, setup, teardown),
		cmocka_unit_test_setup_teardown(leftovers_are_removed, setup, teardown),
		cmocka_unit_test_setup_teardown(edge_is_the_follower_s, setup, teardown),
		cmocka_unit_test_setup_teardown(walk_gives_the_entries, setup, teardown),
		cmocka_unit_test_setup_teardown(verify_reads_every_entry, setup, teardown),
		cmocka_unit_test_setup_teardown(what_the_disk_says_is_said, setup, teardown),
		cmocka_unit_test_setup_teardown(descriptor_zero_is_as_good, setup, teardown),
	};

	return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
