/* SPDX-License-Identifier: MIT */
/*
 * tile_dir_bench.h -- a published log in a folder of its own, how it grows, and what is to be had of it. For tests
 * only.
 */
#ifndef TESTS_TILE_DIR_BENCH_H
#define TESTS_TILE_DIR_BENCH_H

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
static inline struct al_slice entry_text(uint64_t index, char out[static 200])
{
	size_t len = 0;

	for (uint64_t i = 0; i <= index % 7; i++)
		len += (size_t)snprintf(out + len, 200 - len, "entry %" PRIu64 "\n", index);
	return al_slice_of(out, len);
}

static inline int setup(void **state)
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

static inline int teardown(void **state)
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

static inline void note_make(const struct fixture *f, struct al_buf *note)
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

static inline void grow(struct fixture *f, uint64_t size)
{
	char text[200];

	while (f->edge.size < size) {
		struct al_slice entry = entry_text(f->edge.size, text);
		struct al_hash leaf = al_leaf_hash(entry);

		assert_int_equal(al_tile_dir_add(f->dir, entry), AL_OK);
		al_edge_push(&f->edge, &leaf);
	}
}

static inline void publish(struct fixture *f, uint64_t size)
{
	struct al_buf note;

	grow(f, size);
	note_make(f, &note);
	assert_int_equal(al_tile_dir_publish(f->dir, al_buf_view(&note)), AL_OK);
	al_buf_release(&note);
}

static inline void reopen(struct fixture *f, uint64_t size)
{
	al_tile_dir_close(f->dir);
	f->dir = NULL;
	assert_int_equal(al_tile_dir_open(f->path, &f->key.pub, &f->dir), AL_OK);
	assert_int_equal(al_tile_dir_size(f->dir), size);
	if (size == 0)
		al_edge_init(&f->edge);
}

static inline bool there(const struct fixture *f, const char *name)
{
	char path[200];

	(void)snprintf(path, sizeof(path), "%s/%s", f->path, name);
	return access(path, F_OK) == 0;
}

static inline enum al_err tile_get(const struct fixture *f, const struct al_tile *tile, struct al_buf *out)
{
	al_buf_init(out, AL_TILE_BYTES_MAX);
	return al_tile_dir_read(f->path, tile, f->edge.size, out);
}

/* Every file of `size` is to be had, and the hashes fit together. */
static inline void assert_published(const struct fixture *f, uint64_t size)
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

#endif
