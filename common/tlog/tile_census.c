/* SPDX-License-Identifier: MIT */
/*
 * tile_census.c -- walks the files of a published log: are all full tiles of a
 * size there, and what lies about that belongs to nothing?
 */
#include "tile_dir.h"

#include <errno.h>
#include <fts.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alamo/base/log.h"

#define PATH_CAP 4096

struct census {
	uint64_t size;
	bool clear;       /* nothing is to stay */
	uint64_t bundles; /* full ones of `size`, in a fitting length */
	uint64_t tiles[AL_TILE_LEVELS];
};

static bool length_fits(const struct al_tile *tile, off_t length)
{
	return tile->entries ? length >= 2 * AL_TILE_WIDTH && length <= AL_TILE_BYTES_MAX
			     : length == AL_TILE_WIDTH * AL_HASH_LEN;
}

/* Counts; false: the file belongs to nothing. */
static bool census_file(struct census *c, struct al_slice name, off_t length)
{
	struct al_tile tile;

	if (c->clear || al_tile_parse(name, &tile) != AL_OK || tile.level >= AL_TILE_LEVELS)
		return false;
	/* Partial ones of the checkpoint's own edge stay: they were published. */
	if (tile.width < AL_TILE_WIDTH)
		return tile.index == al_tile_full(c->size, tile.level) &&
		       tile.width <= al_tile_rest(c->size, tile.level);
	if (al_tile_in(&tile, c->size) && length_fits(&tile, length)) {
		if (tile.entries)
			c->bundles++;
		else
			c->tiles[tile.level]++;
	}
	return true; /* beyond `size` it is of a checkpoint that was not finished: written again */
}

static void census_item(struct census *c, const FTSENT *item, size_t prefix)
{
	struct al_slice name = al_slice_from(al_slice_of(item->fts_path, item->fts_pathlen), prefix);

	if (item->fts_info == FTS_DP) {
		if (c->clear || al_slice_ends(name, ".p"))
			(void)rmdir(item->fts_accpath); /* if it is empty now */
	} else if (item->fts_info != FTS_D && !census_file(c, name, item->fts_statp->st_size)) {
		(void)unlink(item->fts_accpath);
	}
}

static enum al_err census_walk(const char *path, struct census *c)
{
	char root[PATH_CAP];
	char *const roots[] = { root, NULL };
	size_t prefix = strlen(path) + 1;
	FTS *fts;
	const FTSENT *item;
	int len = snprintf(root, sizeof(root), "%s/tile", path);

	if (len < 0 || (size_t)len >= sizeof(root))
		return AL_ELIMIT;
	fts = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
	if (fts == NULL)
		return AL_ESYS;
	while ((item = fts_read(fts)) != NULL)
		if (item->fts_info != FTS_NS && item->fts_info != FTS_DNR && item->fts_info != FTS_ERR)
			census_item(c, item, prefix);
	(void)fts_close(fts);
	return AL_OK;
}

enum al_err tile_census(const char *path, uint64_t size)
{
	struct census c = { .size = size };
	enum al_err err = census_walk(path, &c);

	if (err != AL_OK)
		return err;
	if (c.bundles != al_tile_full(size, 0))
		err = AL_EVERIFY;
	for (unsigned l = 0; l < AL_TILE_LEVELS; l++)
		if (c.tiles[l] != al_tile_full(size, l))
			err = AL_EVERIFY;
	return err;
}

enum al_err tile_clear(const char *path)
{
	struct census c = { .clear = true };

	return census_walk(path, &c);
}
