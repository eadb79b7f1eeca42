/* SPDX-License-Identifier: MIT */
/*
 * test_tile.c -- paths, sets of files and contents of a published log, against
 * vectors that another program made (tests/vectors/tile/make.py).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "../read_file.h"
#include "alamo/tlog/tile.h"

static void load(const char *name, struct al_buf *out)
{
	al_buf_init(out, READ_FILE_MAX);
	if (!read_file(name, out))
		fail_msg("cannot read %s", name);
}

static uint64_t number(struct al_slice *line)
{
	struct al_slice word;
	uint64_t value;

	assert_true(al_slice_word(line, "", &word));
	assert_int_equal(al_slice_u64(word, UINT64_MAX, &value), AL_OK);
	return value;
}

static bool path_line(struct al_slice line)
{
	struct al_slice path, kind;
	char again[AL_TILE_PATH_MAX];
	struct al_tile tile;

	assert_true(al_slice_word(&line, "", &path));
	if (!al_slice_word(&line, "", &kind)) {
		if (al_tile_parse(path, &tile) != AL_EINVAL)
			fail_msg("%.*s is taken", AL_FMT(path));
		return false;
	}
	if (al_tile_parse(path, &tile) != AL_OK)
		fail_msg("%.*s is not taken", AL_FMT(path));
	assert_int_equal(tile.entries, al_slice_is(kind, "entries"));
	assert_int_equal(tile.level, number(&line));
	assert_int_equal(tile.index, number(&line));
	assert_int_equal(tile.width, number(&line));
	al_tile_path(&tile, again);
	assert_true(al_slice_is(path, again));
	return true;
}

static void path_vectors(void **state)
{
	struct al_slice rest, line;
	struct al_buf file;
	size_t good = 0, bad = 0;
	struct al_tile tile;

	(void)state;
	load("vectors/tile/paths", &file);
	rest = al_buf_view(&file);
	while (al_slice_line(&rest, &line)) {
		if (al_slice_starts(line, "#"))
			continue;
		if (path_line(line))
			good++;
		else
			bad++;
	}
	assert_true(good > 10 && bad > 30);
	assert_int_equal(al_tile_parse(AL_S("tile/0/000\0"), &tile), AL_EINVAL);
	assert_int_equal(al_tile_parse(AL_S(""), &tile), AL_EINVAL);
	al_buf_release(&file);
}

/* The sample of c2sp.org/tlog-tiles, "Partial Tiles". */
static void files_of_70000(void **state)
{
	struct al_tile tile = { 0 };
	size_t bundles = 0, level[3] = { 0, 0, 0 };

	(void)state;
	assert_int_equal(al_tile_full(70000, 0), 273);
	assert_int_equal(al_tile_rest(70000, 0), 112);
	assert_int_equal(al_tile_full(70000, 1), 1);
	assert_int_equal(al_tile_rest(70000, 1), 17);
	assert_int_equal(al_tile_full(70000, 2), 0);
	assert_int_equal(al_tile_rest(70000, 2), 1);
	while (al_tile_next(70000, &tile)) {
		assert_true(al_tile_in(&tile, 70000));
		if (tile.entries)
			bundles++;
		else
			level[tile.level]++;
	}
	assert_int_equal(bundles, 274);
	assert_int_equal(level[0], 274);
	assert_int_equal(level[1], 2);
	assert_int_equal(level[2], 1);
}

static void files_of_sizes(void **state)
{
	static const uint64_t sizes[] = {
		0, 1, 255, 256, 257, 511, 512, 65535, 65536, 65537, 70000, 16777216, 16777217
	};

	(void)state;
	for (size_t i = 0; i < AL_COUNT(sizes); i++) {
		struct al_tile partials[AL_TILE_PARTIALS], tile = { 0 };
		size_t partial = 0, all = 0, count = al_tile_partials(sizes[i], partials);
		uint64_t expected = al_tile_full(sizes[i], 0) + count;

		for (unsigned l = 0; l < AL_TILE_LEVELS; l++)
			expected += al_tile_full(sizes[i], l);
		while (al_tile_next(sizes[i], &tile)) {
			all++;
			partial += tile.width < AL_TILE_WIDTH;
			assert_true(al_tile_in(&tile, sizes[i]));
		}
		assert_int_equal(all, expected);
		assert_int_equal(partial, count);
		for (size_t k = 0; k < count; k++) {
			assert_true(al_tile_in(&partials[k], sizes[i]));
			assert_false(al_tile_in(&partials[k], sizes[i] + 1) && partials[k].level == 0);
		}
	}
	/* No shift goes wrong at the far end. */
	assert_int_equal(al_tile_full(UINT64_MAX, 7), 0);
	assert_int_equal(al_tile_rest(UINT64_MAX, 7), 255);
	assert_int_equal(al_tile_full(UINT64_MAX, 63), 0);
	assert_int_equal(al_tile_rest(UINT64_MAX, 63), 0);
}

static void edge_has_the_trees_root(void **state)
{
	struct al_tile_edge *tiles = calloc(1, sizeof(*tiles));
	struct al_edge edge;

	(void)state;
	assert_non_null(tiles);
	al_edge_init(&edge);
	for (uint64_t size = 0; size <= 66100; size++) {
		struct al_hash want = al_edge_root(&edge), got, leaf;

		if (size < 1100 || size > 65000) {
			got = al_tile_edge_root(tiles);
			assert_true(al_hash_eq(&want, &got));
		}
		leaf = al_leaf_hash(al_slice_of(&size, sizeof(size)));
		al_edge_push(&edge, &leaf);
		unsigned full = al_tile_edge_push(tiles, &leaf);

		assert_int_equal(full, (size + 1) % 65536 == 0 ? 2 : (size + 1) % 256 == 0 ? 1 : 0);
	}
	free(tiles);
}

static size_t vector_entry(uint64_t index, char out[static 128])
{
	size_t len = 0;

	for (uint64_t i = 0; i <= index % 7; i++)
		len += (size_t)snprintf(out + len, 128 - len, "entry %" PRIu64 "\n", index);
	return len;
}

static void assert_file(const char *name, struct al_slice want)
{
	struct al_buf file;

	load(name, &file);
	assert_true(al_slice_eq(al_buf_view(&file), want));
	al_buf_release(&file);
}

static void root_vectors(const struct al_hash *leaves)
{
	struct al_slice rest, line;
	struct al_buf file;
	size_t seen = 0;

	load("vectors/tile/roots", &file);
	rest = al_buf_view(&file);
	while (al_slice_line(&rest, &line)) {
		size_t size = (size_t)number(&line);
		char hex[2 * AL_HASH_LEN + 1];
		struct al_hash root;

		if (size <= AL_TILE_WIDTH) {
			root = al_tile_root(leaves, size);
		} else {
			struct al_hash left = al_tile_root(leaves, AL_TILE_WIDTH);
			struct al_hash right = al_tile_root(leaves + AL_TILE_WIDTH, size - AL_TILE_WIDTH);

			root = al_node_hash(&left, &right);
		}
		(void)sodium_bin2hex(hex, sizeof(hex), root.b, sizeof(root.b));
		assert_true(al_slice_is(al_slice_trim(line), hex));
		seen++;
	}
	assert_int_equal(seen, 8);
	al_buf_release(&file);
}

static void content_vectors(void **state)
{
	struct al_hash leaves[300], up;
	struct al_slice entries[AL_TILE_WIDTH], bytes, cut;
	struct al_buf bundle;
	char text[128];

	(void)state;
	al_buf_init(&bundle, AL_TILE_BYTES_MAX);
	for (uint64_t i = 0; i < 300; i++) {
		struct al_slice entry = al_slice_of(text, vector_entry(i, text));

		leaves[i] = al_leaf_hash(entry);
		al_bundle_put(&bundle, entry);
		if (i == 255) {
			assert_file("vectors/tile/tile/entries/000", al_buf_view(&bundle));
			al_buf_reset(&bundle);
		}
	}
	assert_file("vectors/tile/tile/entries/001.p/44", al_buf_view(&bundle));
	assert_file("vectors/tile/tile/0/000", al_slice_of(leaves, 256 * AL_HASH_LEN));
	assert_file("vectors/tile/tile/0/001.p/44", al_slice_of(leaves + 256, 44 * AL_HASH_LEN));
	up = al_tile_root(leaves, 256);
	assert_file("vectors/tile/tile/1/000.p/1", al_slice_of(&up, AL_HASH_LEN));
	root_vectors(leaves);

	bytes = al_buf_view(&bundle);
	assert_int_equal(al_bundle_entries(bytes, 44, entries), AL_OK);
	assert_int_equal(entries[43].len, vector_entry(299, text));
	assert_memory_equal(entries[43].ptr, text, entries[43].len);
	assert_int_equal(al_bundle_entries(bytes, 43, entries), AL_EINVAL);
	assert_int_equal(al_bundle_entries(bytes, 45, entries), AL_EINVAL);
	assert_int_equal(al_bundle_entries(al_slice_head(bytes, bytes.len - 1), 44, entries), AL_EINVAL);
	assert_int_equal(al_bundle_cut(bytes, 43, &cut), AL_OK);
	assert_int_equal(al_bundle_entries(cut, 43, entries), AL_OK);
	assert_int_equal(al_bundle_cut(bytes, 45, &cut), AL_EINVAL);
	assert_int_equal(al_tile_hashes(al_slice_of(leaves, 96), 3, &leaves[100]), AL_OK);
	assert_memory_equal(&leaves[100], leaves, 96);
	assert_int_equal(al_tile_hashes(al_slice_of(leaves, 95), 3, &leaves[100]), AL_EINVAL);
	assert_int_equal(al_tile_hashes(al_slice_of(leaves, 0), 0, &leaves[100]), AL_EINVAL);
	al_buf_release(&bundle);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(path_vectors),    cmocka_unit_test(files_of_70000),
		cmocka_unit_test(files_of_sizes),  cmocka_unit_test(edge_has_the_trees_root),
		cmocka_unit_test(content_vectors),
	};

	return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
