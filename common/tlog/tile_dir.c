/* SPDX-License-Identifier: MIT */
/*
 * tile_dir.c -- a published log that grows: entries in, files out; and how it
 * goes on after a restart.
 *
 * In memory are the partial tiles of the right edge only. Order on the disk:
 * full tiles, partial tiles, syncfs, checkpoint; so whatever moment a crash
 * picks, the checkpoint that is found has all its files.
 */
#include "tile_dir.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alamo/base/log.h"

#define KEEP 8 /* checkpoints whose partial tiles stay in any case */
#define PATH_CAP 4096

struct al_tile_dir {
	int fd;
	char path[PATH_CAP];
	struct al_vkey key;
	struct al_tile_edge edge;
	struct al_buf bundle;    /* the entries of the partial bundle */
	uint64_t kept[KEEP + 1]; /* sizes, oldest first */
	size_t kept_count;
};

/* ---- growing ---- */

static enum al_err tile_write(const struct al_tile_dir *dir, const struct al_tile *tile)
{
	char name[AL_TILE_PATH_MAX];
	struct al_slice bytes = al_buf_view(&dir->bundle);

	al_tile_path(tile, name);
	if (!tile->entries)
		bytes = al_slice_of(dir->edge.hash[tile->level], (size_t)tile->width * AL_HASH_LEN);
	return tile_file_write(dir->fd, name, bytes, false);
}

enum al_err al_tile_dir_add(struct al_tile_dir *dir, struct al_slice entry)
{
	struct al_hash leaf = al_leaf_hash(entry);
	struct al_tile tile = { .entries = true, .width = AL_TILE_WIDTH };
	enum al_err err = AL_OK;
	unsigned levels;

	al_bundle_put(&dir->bundle, entry);
	if (dir->bundle.err != AL_OK)
		return dir->bundle.err;
	levels = al_tile_edge_push(&dir->edge, &leaf);
	if (levels == 0)
		return AL_OK;
	tile.index = al_tile_full(dir->edge.size, 0) - 1;
	err = tile_write(dir, &tile);
	al_buf_reset(&dir->bundle);
	tile.entries = false;
	for (unsigned l = 0; err == AL_OK && l < levels; l++) {
		tile.level = (uint8_t)l;
		tile.index = al_tile_full(dir->edge.size, l) - 1;
		err = tile_write(dir, &tile);
	}
	return err;
}

/* Removes the partial tiles of this place; the full one is there. */
static void partials_remove(const struct al_tile_dir *dir, struct al_tile tile)
{
	char name[AL_TILE_PATH_MAX];

	for (unsigned width = 1; width < AL_TILE_WIDTH; width++) {
		tile.width = (uint16_t)width;
		al_tile_path(&tile, name);
		(void)unlinkat(dir->fd, name, 0);
	}
	*strrchr(name, '/') = '\0';
	(void)unlinkat(dir->fd, name, AT_REMOVEDIR);
}

static void kept_push(struct al_tile_dir *dir, uint64_t size)
{
	struct al_tile partials[AL_TILE_PARTIALS];
	size_t count;

	dir->kept[dir->kept_count++] = size;
	if (dir->kept_count <= KEEP)
		return;
	count = al_tile_partials(dir->kept[0], partials);
	memmove(dir->kept, dir->kept + 1, KEEP * sizeof(*dir->kept));
	dir->kept_count = KEEP;
	for (size_t i = 0; i < count; i++)
		if (partials[i].index < al_tile_full(dir->kept[0], partials[i].level))
			partials_remove(dir, partials[i]);
}

enum al_err al_tile_dir_publish(struct al_tile_dir *dir, struct al_slice note)
{
	struct al_tile partials[AL_TILE_PARTIALS];
	struct al_hash root = al_tile_edge_root(&dir->edge);
	size_t count = al_tile_partials(dir->edge.size, partials);
	struct al_checkpoint cp;
	enum al_err err = al_checkpoint_open(note, &dir->key, &cp);

	if (err == AL_OK && (cp.size != dir->edge.size || !al_hash_eq(&cp.root, &root)))
		err = AL_EVERIFY;
	/* The same checkpoint with other lines below it: its tiles are there. */
	if (err == AL_OK && dir->kept_count > 0 && dir->kept[dir->kept_count - 1] == cp.size)
		return tile_file_write(dir->fd, TILE_CHECKPOINT, note, true);
	for (size_t i = 0; err == AL_OK && i < count; i++)
		err = tile_write(dir, &partials[i]);
	/* One flush for all: thousands of files after a long pause, five on a common day. */
	if (err == AL_OK && syncfs(dir->fd) != 0) {
		al_log(AL_LOG_ERROR, "tile-file", "call=syncfs path=%s errno=%d", dir->path, errno);
		err = AL_EIO;
	}
	if (err == AL_OK)
		err = tile_file_write(dir->fd, TILE_CHECKPOINT, note, true);
	if (err == AL_OK)
		kept_push(dir, cp.size);
	return err;
}

void al_tile_dir_key(struct al_tile_dir *dir, const struct al_vkey *key)
{
	dir->key = *key;
}

uint64_t al_tile_dir_size(const struct al_tile_dir *dir)
{
	return dir->edge.size;
}

void al_tile_dir_edge(const struct al_tile_dir *dir, struct al_edge *out)
{
	al_tile_edge_nodes(&dir->edge, out);
}

/* ---- going on after a restart ---- */

/* The partial bundle must be what the partial level-0 tile says. */
static enum al_err bundle_check(const struct al_tile_dir *dir, unsigned width)
{
	struct al_slice entries[AL_TILE_WIDTH];
	enum al_err err = al_bundle_entries(al_buf_view(&dir->bundle), width, entries);

	for (unsigned i = 0; err == AL_OK && i < width; i++) {
		struct al_hash leaf = al_leaf_hash(entries[i]);

		if (!al_hash_eq(&leaf, &dir->edge.hash[0][i]))
			err = AL_EVERIFY;
	}
	return err;
}

static enum al_err partial_load(struct al_tile_dir *dir, const struct al_tile *tile, uint64_t size)
{
	struct al_buf bytes;
	enum al_err err;

	if (tile->entries)
		return al_tile_dir_read(dir->path, tile, size, &dir->bundle);
	al_buf_init(&bytes, AL_TILE_WIDTH * AL_HASH_LEN);
	err = al_tile_dir_read(dir->path, tile, size, &bytes);
	if (err == AL_OK)
		err = al_tile_hashes(al_buf_view(&bytes), tile->width, dir->edge.hash[tile->level]);
	al_buf_release(&bytes);
	return err;
}

static enum al_err edge_load(struct al_tile_dir *dir, const struct al_checkpoint *cp)
{
	struct al_tile partials[AL_TILE_PARTIALS];
	size_t count = al_tile_partials(cp->size, partials);
	struct al_hash root;
	enum al_err err = AL_OK;

	for (size_t i = 0; err == AL_OK && i < count; i++)
		err = partial_load(dir, &partials[i], cp->size);
	if (err == AL_OK)
		err = bundle_check(dir, al_tile_rest(cp->size, 0));
	if (err != AL_OK)
		return err;
	dir->edge.size = cp->size;
	root = al_tile_edge_root(&dir->edge);
	return al_hash_eq(&root, &cp->root) ? AL_OK : AL_EVERIFY;
}

static enum al_err resume(struct al_tile_dir *dir)
{
	struct al_checkpoint cp = { 0 };
	struct al_buf note;
	enum al_err err;

	al_buf_init(&note, AL_NOTE_MAX);
	err = tile_file_read(dir->fd, TILE_CHECKPOINT, AL_NOTE_MAX, &note);
	if (err == AL_OK)
		err = al_checkpoint_open(al_buf_view(&note), &dir->key, &cp);
	al_buf_release(&note);
	if (err == AL_OK)
		err = tile_census(dir->path, cp.size);
	if (err == AL_OK)
		err = edge_load(dir, &cp);
	if (err == AL_OK)
		kept_push(dir, cp.size);
	return err;
}

static enum al_err begin_again(struct al_tile_dir *dir, enum al_err why)
{
	if (why != AL_ENOTFOUND || faccessat(dir->fd, TILE_CHECKPOINT, F_OK, 0) == 0)
		al_log(AL_LOG_WARN, "tile-dir", "path=%s cannot be taken over (%s): written again", dir->path,
		       al_err_name(why));
	memset(&dir->edge, 0, sizeof(dir->edge));
	al_buf_reset(&dir->bundle);
	if (unlinkat(dir->fd, TILE_CHECKPOINT, 0) != 0 && errno != ENOENT)
		return AL_EIO;
	return tile_clear(dir->path);
}

static enum al_err folder_open(struct al_tile_dir *dir, const char *path)
{
	enum al_err err = al_slice_copy(al_slice_str(path), dir->path, sizeof(dir->path));

	if (err != AL_OK)
		return err;
	if (mkdir(path, 0755) == 0)
		(void)chmod(path, 0755);
	dir->fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir->fd >= 0)
		return AL_OK;
	al_log(AL_LOG_ERROR, "tile-dir", "path=%s errno=%d", path, errno);
	return AL_EIO;
}

enum al_err al_tile_dir_open(const char *path, const struct al_vkey *key, struct al_tile_dir **out)
{
	struct al_tile_dir *dir = calloc(1, sizeof(*dir));
	enum al_err err;

	if (dir == NULL)
		return AL_ENOMEM;
	dir->key = *key;
	dir->fd = -1;
	al_buf_init(&dir->bundle, AL_TILE_BYTES_MAX);
	err = folder_open(dir, path);
	if (err == AL_OK) {
		err = resume(dir);
		if (err == AL_ENOTFOUND || err == AL_EVERIFY || err == AL_EINVAL || err == AL_ELIMIT)
			err = begin_again(dir, err);
	}
	if (err != AL_OK) {
		al_tile_dir_close(dir);
		return err;
	}
	*out = dir;
	return AL_OK;
}

void al_tile_dir_close(struct al_tile_dir *dir)
{
	if (dir == NULL)
		return;
	if (dir->fd >= 0)
		(void)close(dir->fd);
	al_buf_release(&dir->bundle);
	free(dir);
}
