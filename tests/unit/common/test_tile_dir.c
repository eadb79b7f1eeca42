/* SPDX-License-Identifier: MIT */
/*
 * test_tile_dir.c -- a published log on disk: the files of every size, going
 * on after a restart, damage, and what is cleared away.
 */
#include "tile_dir_bench.h"

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
	};

	return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
