/* SPDX-License-Identifier: MIT */
/*
 * tile.c -- paths and contents of the published log's files. Pure: numbers and
 * bytes in, numbers and bytes out.
 */
#include "alamo/tlog/tile.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "alamo/base/wire.h"

#define LEVEL_MOST 63
#define INDEX_MOST (UINT64_C(1) << 56) /* a tree of 2^64 leaves has no more tiles */
#define GROUP 1000                     /* an index is written in groups of three digits */

/* ---- paths ---- */

static size_t index_put(uint64_t index, char *out, size_t cap)
{
	size_t len = 0;

	if (index >= GROUP) {
		uint64_t above = 1;

		while (index / above >= GROUP)
			above *= GROUP;
		for (; above > 1; above /= GROUP)
			len += (size_t)snprintf(out + len, cap - len, "x%03u/", (unsigned)(index / above % GROUP));
	}
	return len + (size_t)snprintf(out + len, cap - len, "%03u", (unsigned)(index % GROUP));
}

void al_tile_path(const struct al_tile *tile, char out[static AL_TILE_PATH_MAX])
{
	size_t len;

	assert(tile->width >= 1 && tile->width <= AL_TILE_WIDTH && tile->index <= INDEX_MOST);
	if (tile->entries)
		len = (size_t)snprintf(out, AL_TILE_PATH_MAX, "tile/entries/");
	else
		len = (size_t)snprintf(out, AL_TILE_PATH_MAX, "tile/%u/", (unsigned)tile->level);
	len += index_put(tile->index, out + len, AL_TILE_PATH_MAX - len);
	if (tile->width < AL_TILE_WIDTH)
		(void)snprintf(out + len, AL_TILE_PATH_MAX - len, ".p/%u", (unsigned)tile->width);
}

/* One group of three digits. */
static bool group_parse(struct al_slice group, uint64_t *index)
{
	uint64_t value = 0;

	if (group.len != 3)
		return false;
	for (size_t i = 0; i < group.len; i++) {
		if (group.ptr[i] < '0' || group.ptr[i] > '9')
			return false;
		value = 10 * value + (uint64_t)(group.ptr[i] - '0');
	}
	if (*index > INDEX_MOST / GROUP)
		return false;
	*index = GROUP * *index + value;
	return *index <= INDEX_MOST;
}

static bool index_parse(struct al_slice *rest, uint64_t *index)
{
	struct al_slice part;
	bool more = true;

	*index = 0;
	while (al_slice_starts(*rest, "x")) {
		*rest = al_slice_from(*rest, 1);
		/* A group of zeros in front would be a second spelling. */
		if (!al_slice_cut(rest, '/', &part) || !group_parse(part, index) || *index == 0)
			return false;
	}
	more = al_slice_cut(rest, '.', &part);
	if (!group_parse(part, index))
		return false;
	/* What is left is "p/WIDTH"; without a '.', nothing. */
	return more == (rest->len > 0);
}

enum al_err al_tile_parse(struct al_slice path, struct al_tile *out)
{
	struct al_tile tile = { .width = AL_TILE_WIDTH };
	struct al_slice level;
	uint64_t number = 0;

	if (!al_slice_starts(path, "tile/"))
		return AL_EINVAL;
	path = al_slice_from(path, strlen("tile/"));
	if (!al_slice_cut(&path, '/', &level))
		return AL_EINVAL;
	tile.entries = al_slice_is(level, "entries");
	if (!tile.entries && al_slice_u64(level, LEVEL_MOST, &number) != AL_OK)
		return AL_EINVAL;
	tile.level = (uint8_t)number;
	if (!index_parse(&path, &tile.index))
		return AL_EINVAL;
	if (path.len > 0) {
		if (!al_slice_starts(path, "p/") ||
		    al_slice_u64(al_slice_from(path, 2), AL_TILE_WIDTH - 1, &number) != AL_OK || number == 0)
			return AL_EINVAL;
		tile.width = (uint16_t)number;
	}
	*out = tile;
	return AL_OK;
}

/* ---- which files there are ---- */

/* Hashes of `level`: complete subtrees of 256^level leaves. */
static uint64_t level_hashes(uint64_t size, unsigned level)
{
	return level < AL_TILE_LEVELS ? size >> (8 * level) : 0;
}

uint64_t al_tile_full(uint64_t size, unsigned level)
{
	return level_hashes(size, level) / AL_TILE_WIDTH;
}

unsigned al_tile_rest(uint64_t size, unsigned level)
{
	return (unsigned)(level_hashes(size, level) % AL_TILE_WIDTH);
}

size_t al_tile_partials(uint64_t size, struct al_tile out[static AL_TILE_PARTIALS])
{
	size_t count = 0;

	for (unsigned l = 0; l < AL_TILE_LEVELS; l++) {
		struct al_tile tile = {
			.entries = l == 0,
			.level = (uint8_t)l,
			.width = (uint16_t)al_tile_rest(size, l),
			.index = al_tile_full(size, l),
		};

		if (tile.width == 0)
			continue;
		out[count++] = tile;
		tile.entries = false;
		if (l == 0)
			out[count++] = tile;
	}
	return count;
}

bool al_tile_in(const struct al_tile *tile, uint64_t size)
{
	uint64_t full = al_tile_full(size, tile->level);

	if (tile->width == AL_TILE_WIDTH)
		return tile->index < full;
	return tile->index == full && tile->width == al_tile_rest(size, tile->level);
}

/* Sets width and says whether there is such a tile. */
static bool tile_fit(struct al_tile *tile, uint64_t size)
{
	uint64_t full = al_tile_full(size, tile->level);

	tile->width = tile->index < full ? AL_TILE_WIDTH : (uint16_t)al_tile_rest(size, tile->level);
	return tile->index < full || (tile->index == full && tile->width > 0);
}

bool al_tile_next(uint64_t size, struct al_tile *tile)
{
	struct al_tile next = *tile;

	if (next.width == 0)
		next = (struct al_tile){ .entries = true };
	else
		next.index++;
	while (!tile_fit(&next, size)) {
		if (!next.entries)
			next.level++;
		next.entries = false;
		next.index = 0;
		if (next.level >= AL_TILE_LEVELS)
			return false;
	}
	*tile = next;
	return true;
}

/* ---- contents ---- */

struct al_hash al_tile_root(const struct al_hash *hashes, size_t count)
{
	struct al_hash node[AL_TILE_WIDTH];

	assert(count >= 1 && count <= AL_TILE_WIDTH);
	memcpy(node, hashes, count * sizeof(*node));
	/* Level by level; a last one without a partner goes up as it is: the same as splitting at powers of two. */
	while (count > 1) {
		for (size_t i = 0; i < count / 2; i++)
			node[i] = al_node_hash(&node[2 * i], &node[2 * i + 1]);
		if (count % 2 == 1)
			node[count / 2] = node[count - 1];
		count = (count + 1) / 2;
	}
	return node[0];
}

enum al_err al_tile_hashes(struct al_slice bytes, size_t width, struct al_hash *out)
{
	if (width == 0 || width > AL_TILE_WIDTH || bytes.len != width * AL_HASH_LEN)
		return AL_EINVAL;
	memcpy(out, bytes.ptr, bytes.len);
	return AL_OK;
}

enum al_err al_bundle_next(struct al_slice *rest, struct al_slice *entry)
{
	struct al_reader r = al_reader_of(rest->ptr, rest->len);
	uint16_t len = al_read_u16(&r);
	struct al_slice bytes = al_read_bytes(&r, len);

	if (r.err != AL_OK)
		return AL_EINVAL;
	*entry = bytes;
	*rest = al_slice_of(r.ptr, r.left);
	return AL_OK;
}

void al_bundle_put(struct al_buf *out, struct al_slice entry)
{
	assert(entry.len <= UINT16_MAX);
	al_buf_u16(out, (uint16_t)entry.len);
	al_buf_slice(out, entry);
}

enum al_err al_bundle_entries(struct al_slice bytes, size_t width, struct al_slice *out)
{
	for (size_t i = 0; i < width; i++)
		if (al_bundle_next(&bytes, &out[i]) != AL_OK)
			return AL_EINVAL;
	return bytes.len == 0 ? AL_OK : AL_EINVAL;
}

enum al_err al_bundle_cut(struct al_slice bytes, size_t width, struct al_slice *out)
{
	struct al_slice rest = bytes, entry;

	for (size_t i = 0; i < width; i++)
		if (al_bundle_next(&rest, &entry) != AL_OK)
			return AL_EINVAL;
	*out = al_slice_head(bytes, bytes.len - rest.len);
	return AL_OK;
}

/* ---- the edge ---- */

unsigned al_tile_edge_push(struct al_tile_edge *edge, const struct al_hash *leaf)
{
	struct al_hash hash = *leaf;
	unsigned l = 0;

	assert(edge->size != UINT64_MAX);
	for (;;) {
		unsigned at = al_tile_rest(edge->size, l);

		edge->hash[l][at] = hash;
		if (at != AL_TILE_WIDTH - 1)
			break;
		hash = al_tile_root(edge->hash[l], AL_TILE_WIDTH);
		l++;
		assert(l < AL_TILE_LEVELS);
	}
	edge->size++;
	return l;
}

void al_tile_edge_nodes(const struct al_tile_edge *edge, struct al_edge *out)
{
	al_edge_init(out);
	out->size = edge->size;
	/* A level's partial tile holds the subtrees of its bits from left to right, the largest first. */
	for (unsigned l = 0; l < AL_TILE_LEVELS; l++) {
		unsigned end = al_tile_rest(edge->size, l);

		for (unsigned bit = 0; bit < 8; bit++) {
			unsigned count = 1u << bit;

			if ((end & count) == 0)
				continue;
			end -= count;
			out->node[l * 8 + bit] = al_tile_root(&edge->hash[l][end], count);
		}
	}
}

struct al_hash al_tile_edge_root(const struct al_tile_edge *edge)
{
	struct al_edge nodes;

	al_tile_edge_nodes(edge, &nodes);
	return al_edge_root(&nodes);
}
