/* SPDX-License-Identifier: MIT */
/*
 * tile_walk.c -- a published log read back from its files, for those who have lost every other copy of it.
 */
#include "alamo/tlog/tile_dir.h"

static enum al_err bundle_visit(struct al_slice bytes, const struct al_tile *tile, uint64_t from,
				al_tile_visit_fn visit, void *arg)
{
	struct al_slice entries[AL_TILE_WIDTH];
	uint64_t first = tile->index * AL_TILE_WIDTH;
	enum al_err err = al_bundle_entries(bytes, tile->width, entries);

	if (err != AL_OK)
		return AL_EVERIFY;
	for (unsigned i = 0; err == AL_OK && i < tile->width; i++)
		if (first + i >= from)
			err = visit(arg, first + i, entries[i]);
	return err;
}

static enum al_err bundles_visit(const char *path, uint64_t from, uint64_t size, al_tile_visit_fn visit, void *arg)
{
	struct al_tile tile = { .entries = true, .index = from / AL_TILE_WIDTH };
	struct al_buf bytes;
	enum al_err err = AL_OK;

	al_buf_init(&bytes, AL_TILE_BYTES_MAX);
	for (; err == AL_OK && tile.index * AL_TILE_WIDTH < size; tile.index++) {
		uint64_t rest = size - tile.index * AL_TILE_WIDTH;

		tile.width = (uint16_t)(rest < AL_TILE_WIDTH ? rest : AL_TILE_WIDTH);
		al_buf_reset(&bytes);
		err = al_tile_dir_read(path, &tile, size, &bytes);
		if (err == AL_OK)
			err = bundle_visit(al_buf_view(&bytes), &tile, from, visit, arg);
	}
	al_buf_release(&bytes);
	return err;
}

enum al_err al_tile_dir_walk(const char *path, const struct al_vkey *key, uint64_t from, al_tile_visit_fn visit,
			     void *arg, struct al_buf *note)
{
	struct al_checkpoint cp = { .size = 0 };
	enum al_err err = al_tile_dir_note(path, note);

	if (err == AL_OK)
		err = al_checkpoint_open(al_buf_view(note), key, &cp);
	if (err == AL_OK && from > cp.size)
		err = AL_ESTALE;
	return err == AL_OK ? bundles_visit(path, from, cp.size, visit, arg) : err;
}

/* ---- is it sound? ---- */

static enum al_err leaf_push(void *arg, uint64_t index, struct al_slice entry)
{
	struct al_hash leaf = al_leaf_hash(entry);

	(void)index;
	al_edge_push(arg, &leaf);
	return AL_OK;
}

enum al_err al_tile_dir_verify(const char *path, const struct al_vkey *key, struct al_checkpoint *out)
{
	struct al_edge edge;
	struct al_buf note;
	struct al_hash root;
	enum al_err err;

	al_edge_init(&edge);
	al_buf_init(&note, AL_NOTE_MAX);
	err = al_tile_dir_walk(path, key, 0, leaf_push, &edge, &note);
	if (err == AL_OK)
		err = al_checkpoint_open(al_buf_view(&note), key, out);
	al_buf_release(&note);
	root = al_edge_root(&edge);
	return err != AL_OK || (out->size == edge.size && al_hash_eq(&root, &out->root)) ? err : AL_EVERIFY;
}
