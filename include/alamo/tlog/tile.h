/* SPDX-License-Identifier: MIT */
/*
 * tile.h -- the published log as files (c2sp.org/tlog-tiles): which there
 * are, what they are called, and what is in them. No input or output.
 *
 *   tile/LEVEL/N[.p/WIDTH]       hashes: level 0 of leaves, level l + 1 of full tiles of level l
 *   tile/entries/N[.p/WIDTH]     entries: u16 length and bytes of each
 *
 * N in groups of three digits, all but the last behind an 'x': 1234067 is
 * x001/x234/067. A full tile is 256 wide; a partial one is the right edge of a
 * tree of a certain size and is never hashed into the level above.
 */
#ifndef ALAMO_TILE_H
#define ALAMO_TILE_H

#include "alamo/base/buf.h"
#include "alamo/tlog/tree.h"

#define AL_TILE_WIDTH 256
#define AL_TILE_LEVELS 8    /* with anything in them: 256^8 = 2^64 */
#define AL_TILE_PATH_MAX 64 /* bytes of any path, with its NUL */
#define AL_TILE_PARTIALS (AL_TILE_LEVELS + 1)
#define AL_TILE_BYTES_MAX (AL_TILE_WIDTH * (2 + 65535)) /* of any file */

struct al_tile {
	bool entries;   /* an entry bundle; else hashes of `level` */
	uint8_t level;  /* 0 for bundles */
	uint16_t width; /* 1..256; 256: full */
	uint64_t index;
};

/* "tile/..." in its one spelling; AL_EINVAL for anything else. Levels to 63 and indexes to 2^56 are understood. */
AL_MUST_USE enum al_err al_tile_parse(struct al_slice path, struct al_tile *out);
void al_tile_path(const struct al_tile *tile, char out[static AL_TILE_PATH_MAX]);

/* Full tiles of `level` in a tree of `size`, and the width of the partial one behind them (0: none). */
uint64_t al_tile_full(uint64_t size, unsigned level);
unsigned al_tile_rest(uint64_t size, unsigned level);
/* The partial tiles of a tree of `size`, bundle first; returns how many. */
size_t al_tile_partials(uint64_t size, struct al_tile out[static AL_TILE_PARTIALS]);
/* Is it a file of the tree of `size`? Partial ones only at exactly that size. */
bool al_tile_in(const struct al_tile *tile, uint64_t size);
/* All files of a tree of `size`, one after the other: start with a zeroed tile. False at the end. */
bool al_tile_next(uint64_t size, struct al_tile *tile);

/* ---- contents ---- */

/* The root of 1..256 hashes (RFC 6962 section 2.1). */
struct al_hash al_tile_root(const struct al_hash *hashes, size_t count);
/* Hashes of a file's bytes. AL_EINVAL unless there are exactly `width`. */
AL_MUST_USE enum al_err al_tile_hashes(struct al_slice bytes, size_t width, struct al_hash *out);

/* u16 length and bytes of each entry, in a bundle and in the stream's E frames. */
void al_bundle_put(struct al_buf *out, struct al_slice entry);
/* Cuts one entry off. AL_EINVAL: malformed. Not at the end (len 0). */
AL_MUST_USE enum al_err al_bundle_next(struct al_slice *rest, struct al_slice *entry);
/* Exactly `width` entries, which point into `bytes`. AL_EINVAL malformed, or another number. */
AL_MUST_USE enum al_err al_bundle_entries(struct al_slice bytes, size_t width, struct al_slice *out);
/* Bytes of the first `width` entries. AL_EINVAL malformed, or fewer. */
AL_MUST_USE enum al_err al_bundle_cut(struct al_slice bytes, size_t width, struct al_slice *out);

/* ---- the right edge of a growing tree: the hashes of its partial tiles (64 KiB) ---- */

struct al_tile_edge {
	uint64_t size;
	struct al_hash hash[AL_TILE_LEVELS][AL_TILE_WIDTH];
};

/*
 * Takes the next leaf. Returns how many levels have a full tile by it: the
 * tiles al_tile_full(size, l) - 1 of levels l = 0.. below the result, with
 * edge->hash[l] in them until the next push.
 */
unsigned al_tile_edge_push(struct al_tile_edge *edge, const struct al_hash *leaf);
struct al_hash al_tile_edge_root(const struct al_tile_edge *edge); /* SHA-256("") when empty */
/* The same edge as a tree has it that keeps one hash a level. */
void al_tile_edge_nodes(const struct al_tile_edge *edge, struct al_edge *out);

#endif
