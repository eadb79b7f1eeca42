/* links: alamo_follow */
/* SPDX-License-Identifier: MIT */
/*
 * fuzz_tile.c -- paths of a published log, and entry bundles. A path that
 * parses is its one spelling; a bundle that comes apart goes together again.
 * The first byte is the width that the bundle behind it should have, less one.
 */
#include <stdlib.h>

#include "alamo/tlog/tile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void path(struct al_slice input)
{
	char text[AL_TILE_PATH_MAX];
	struct al_tile tile;

	if (al_tile_parse(input, &tile) != AL_OK)
		return;
	if (tile.width < 1 || tile.width > AL_TILE_WIDTH || tile.level > 63 || (tile.entries && tile.level != 0))
		abort();
	al_tile_path(&tile, text);
	if (!al_slice_is(input, text))
		abort();
}

static void bundle(struct al_slice bytes, size_t width)
{
	struct al_slice entries[AL_TILE_WIDTH], part;
	struct al_hash hashes[AL_TILE_WIDTH];
	struct al_buf again;

	if (al_bundle_entries(bytes, width, entries) == AL_OK) {
		al_buf_init(&again, AL_TILE_BYTES_MAX);
		for (size_t i = 0; i < width; i++) {
			al_bundle_put(&again, entries[i]);
			if (al_bundle_cut(bytes, i + 1, &part) != AL_OK || !al_slice_eq(part, al_buf_view(&again)))
				abort();
		}
		if (!al_slice_eq(al_buf_view(&again), bytes))
			abort();
		al_buf_release(&again);
	} else if (al_bundle_cut(bytes, width, &part) == AL_OK && part.len >= bytes.len) {
		abort();
	}
	if ((al_tile_hashes(bytes, width, hashes) == AL_OK) != (bytes.len == width * AL_HASH_LEN))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	path(al_slice_of(data, size));
	if (size > 0)
		bundle(al_slice_of(data + 1, size - 1), (size_t)data[0] + 1);
	return 0;
}
