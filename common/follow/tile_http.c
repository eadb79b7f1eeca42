/* SPDX-License-Identifier: MIT */
/*
 * tile_http.c -- see tile_http.h. Files that are read here are as good as always cached.
 */
#include "alamo/follow/tile_http.h"

#include <stdio.h>

#include "alamo/tlog/tile_dir.h"

#define CACHE_FULL_S 31536000u /* a full tile never changes */
#define CACHE_PARTIAL_S 3600u  /* nor does a partial one, but nobody asks for it for long */

void al_tile_http(const char *dir, struct al_slice rest, uint64_t size, struct al_http_answer *answer)
{
	char path[AL_TILE_PATH_MAX + 8];
	struct al_tile tile;
	enum al_err err = AL_EINVAL;
	int len = snprintf(path, sizeof(path), "tile/%.*s", AL_FMT(al_slice_head(rest, sizeof(path))));

	if (len > 0 && (size_t)len < sizeof(path))
		err = al_tile_parse(al_slice_of(path, (size_t)len), &tile);
	if (err == AL_OK)
		err = al_tile_dir_read(dir, &tile, size, &answer->body);
	if (err != AL_OK) {
		al_buf_reset(&answer->body);
		answer->status = err == AL_EINVAL || err == AL_ENOTFOUND ? 404 : 500;
		return;
	}
	answer->type = "application/octet-stream";
	answer->immutable = true;
	answer->max_age_s = tile.width == AL_TILE_WIDTH ? CACHE_FULL_S : CACHE_PARTIAL_S;
}
