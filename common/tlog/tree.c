/* SPDX-License-Identifier: MIT */
/*
 * tree.c -- Merkle tree hashing and proofs, RFC 6962 section 2.1.
 *
 * Level l of a tree holds the roots of all complete subtrees of 2^l leaves,
 * left to right; there are size >> l of them. An incomplete subtree on the
 * right is folded out of complete ones when it is asked for.
 */
#include "alamo/tlog/tree.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "alamo/base/sha.h"

#define LEVELS 64
#define LEVEL_START 16 /* hashes of a level's first allocation */

struct level {
	struct al_hash *node;
	size_t cap;
};

struct al_tree {
	uint64_t size;
	struct level level[LEVELS];
};

static struct al_hash hash_parts(uint8_t prefix, struct al_slice a, struct al_slice b)
{
	const struct al_slice parts[] = { al_slice_of(&prefix, 1), a, b };
	struct al_hash out;

	al_sha256(parts, AL_COUNT(parts), out.b);
	return out;
}

struct al_hash al_leaf_hash(struct al_slice entry)
{
	return hash_parts(0, entry, al_slice_of(NULL, 0));
}

struct al_hash al_node_hash(const struct al_hash *left, const struct al_hash *right)
{
	return hash_parts(1, al_slice_of(left->b, AL_HASH_LEN), al_slice_of(right->b, AL_HASH_LEN));
}

bool al_hash_eq(const struct al_hash *a, const struct al_hash *b)
{
	return memcmp(a->b, b->b, AL_HASH_LEN) == 0;
}

static struct al_hash empty_root(void)
{
	struct al_hash out;

	al_sha256(NULL, 0, out.b);
	return out;
}

/* ---- edge ---- */

void al_edge_init(struct al_edge *edge)
{
	memset(edge, 0, sizeof(*edge));
}

void al_edge_push(struct al_edge *edge, const struct al_hash *leaf)
{
	struct al_hash carry = *leaf;
	unsigned l = 0;

	assert(edge->size != UINT64_MAX);
	/* Like adding one to a binary number: each 1 bit is a finished subtree that the carry joins. */
	while ((edge->size >> l & 1) != 0) {
		carry = al_node_hash(&edge->node[l], &carry);
		l++;
	}
	edge->node[l] = carry;
	edge->size++;
}

struct al_hash al_edge_root(const struct al_edge *edge)
{
	struct al_hash root = empty_root();
	bool first = true;

	for (unsigned l = 0; l < LEVELS; l++) {
		if ((edge->size >> l & 1) == 0)
			continue;
		root = first ? edge->node[l] : al_node_hash(&edge->node[l], &root);
		first = false;
	}
	return root;
}

/* ---- tree ---- */

enum al_err al_tree_new(struct al_tree **out)
{
	struct al_tree *tree = calloc(1, sizeof(*tree));

	if (tree == NULL)
		return AL_ENOMEM;
	*out = tree;
	return AL_OK;
}

void al_tree_free(struct al_tree *tree)
{
	if (tree == NULL)
		return;
	for (unsigned l = 0; l < LEVELS; l++)
		free(tree->level[l].node);
	free(tree);
}

uint64_t al_tree_size(const struct al_tree *tree)
{
	return tree->size;
}

static enum al_err level_reserve(struct level *level, uint64_t count)
{
	size_t cap = level->cap != 0 ? level->cap : LEVEL_START;
	struct al_hash *grown;

	if (count <= level->cap)
		return AL_OK;
	while (cap < count) {
		if (cap > SIZE_MAX / 2 / sizeof(*grown))
			return AL_ENOMEM;
		cap *= 2;
	}
	grown = realloc(level->node, cap * sizeof(*grown));
	if (grown == NULL)
		return AL_ENOMEM;
	level->node = grown;
	level->cap = cap;
	return AL_OK;
}

enum al_err al_tree_push(struct al_tree *tree, const struct al_hash *leaf)
{
	uint64_t size = tree->size + 1;
	struct al_hash node = *leaf;
	enum al_err err = AL_OK;

	/* Memory first, so that a failure leaves the tree as it was. */
	for (unsigned l = 0; err == AL_OK && l < LEVELS && size >> l != 0; l++)
		err = level_reserve(&tree->level[l], size >> l);
	if (err != AL_OK)
		return err;
	tree->level[0].node[size - 1] = node;
	for (unsigned l = 0; (tree->size >> l & 1) != 0; l++) {
		uint64_t left = (tree->size >> l) - 1;

		node = al_node_hash(&tree->level[l].node[left], &node);
		tree->level[l + 1].node[left >> 1] = node;
	}
	tree->size = size;
	return AL_OK;
}

void al_tree_truncate(struct al_tree *tree, uint64_t size)
{
	assert(size <= tree->size);
	tree->size = size;
}

void al_tree_edge(const struct al_tree *tree, struct al_edge *out)
{
	al_edge_init(out);
	out->size = tree->size;
	for (unsigned l = 0; l < LEVELS; l++)
		if ((tree->size >> l & 1) != 0)
			out->node[l] = tree->level[l].node[(tree->size >> l) - 1];
}

/* Root of the leaves [first, end). `first` is a multiple of a power of two that is at least end - first. */
static struct al_hash range_root(const struct al_tree *tree, uint64_t first, uint64_t end)
{
	uint64_t count = end - first;
	struct al_hash root = empty_root();
	bool started = false;

	for (unsigned l = 0; l < LEVELS && count >> l != 0; l++) {
		const struct al_hash *node;

		if ((count >> l & 1) == 0)
			continue;
		node = &tree->level[l].node[(first >> l) + (count >> l) - 1];
		root = started ? al_node_hash(node, &root) : *node;
		started = true;
	}
	return root;
}

struct al_hash al_tree_root(const struct al_tree *tree, uint64_t size)
{
	assert(size <= tree->size);
	return range_root(tree, 0, size);
}

/* Root of node `i` at `level` in a tree of `size` leaves; the last one of a level may be incomplete. */
static struct al_hash node_root(const struct al_tree *tree, unsigned level, uint64_t i, uint64_t size)
{
	uint64_t first = i << level;
	uint64_t end = size - first > (uint64_t)1 << level ? first + ((uint64_t)1 << level) : size;

	return range_root(tree, first, end);
}

/*
 * Siblings on the way from node `i` of `level` to the root. A node that is the
 * last of its level and a left child has no sibling: it moves up as it is.
 */
static size_t path_up(const struct al_tree *tree, unsigned level, uint64_t i, uint64_t size, struct al_hash *proof,
		      size_t count)
{
	uint64_t last = (size - 1) >> level;

	for (; last > 0; level++, i >>= 1, last >>= 1) {
		if ((i & 1) == 0 && i == last)
			continue;
		assert(count < AL_PROOF_MAX);
		proof[count++] = node_root(tree, level, i ^ 1, size);
	}
	return count;
}

size_t al_tree_inclusion(const struct al_tree *tree, uint64_t index, uint64_t size,
			 struct al_hash proof[static AL_PROOF_MAX])
{
	assert(index < size && size <= tree->size);
	return path_up(tree, 0, index, size, proof, 0);
}

size_t al_tree_consistency(const struct al_tree *tree, uint64_t old_size, uint64_t size,
			   struct al_hash proof[static AL_PROOF_MAX])
{
	uint64_t i = old_size - 1;
	unsigned level = 0;
	size_t count = 0;

	assert(old_size > 0 && old_size <= size && size <= tree->size);
	if (old_size == size)
		return 0;
	/* The largest complete subtree that ends where the old tree ends. */
	while ((i & 1) != 0) {
		i >>= 1;
		level++;
	}
	/* With i == 0 it is the old tree itself, and the verifier has its root. */
	if (i != 0)
		proof[count++] = node_root(tree, level, i, size);
	return path_up(tree, level, i, size, proof, count);
}

/* ---- verification ---- */

bool al_inclusion_ok(uint64_t index, uint64_t size, const struct al_hash *leaf, const struct al_hash *proof,
		     size_t count, const struct al_hash *root)
{
	struct al_hash r = *leaf;
	uint64_t fn = index;
	uint64_t sn = size - 1;

	if (index >= size || count > AL_PROOF_MAX)
		return false;
	for (size_t k = 0; k < count; k++) {
		if (sn == 0)
			return false;
		if ((fn & 1) != 0 || fn == sn) {
			r = al_node_hash(&proof[k], &r);
			while (fn != 0 && (fn & 1) == 0) {
				fn >>= 1;
				sn >>= 1;
			}
		} else {
			r = al_node_hash(&r, &proof[k]);
		}
		fn >>= 1;
		sn >>= 1;
	}
	return sn == 0 && al_hash_eq(&r, root);
}

/* Steps 4 to 7 of RFC 9162 section 2.1.4.2: `start` is the first node of the path. */
static bool consistency_walk(uint64_t fn, uint64_t sn, const struct al_hash *start, const struct al_hash *proof,
			     size_t count, const struct al_hash *old_root, const struct al_hash *root)
{
	struct al_hash fr = *start;
	struct al_hash sr = *start;

	while ((fn & 1) != 0) {
		fn >>= 1;
		sn >>= 1;
	}
	for (size_t k = 0; k < count; k++) {
		if (sn == 0)
			return false;
		if ((fn & 1) != 0 || fn == sn) {
			fr = al_node_hash(&proof[k], &fr);
			sr = al_node_hash(&proof[k], &sr);
			while (fn != 0 && (fn & 1) == 0) {
				fn >>= 1;
				sn >>= 1;
			}
		} else {
			sr = al_node_hash(&sr, &proof[k]);
		}
		fn >>= 1;
		sn >>= 1;
	}
	return sn == 0 && al_hash_eq(&fr, old_root) && al_hash_eq(&sr, root);
}

bool al_consistency_ok(uint64_t old_size, uint64_t size, const struct al_hash *old_root, const struct al_hash *root,
		       const struct al_hash *proof, size_t count)
{
	struct al_hash empty = empty_root();

	if (old_size > size || count > AL_PROOF_MAX + 1)
		return false;
	if (old_size == size)
		return count == 0 && al_hash_eq(old_root, root);
	if (old_size == 0)
		return count == 0 && al_hash_eq(old_root, &empty);
	if ((old_size & (old_size - 1)) == 0)
		return consistency_walk(old_size - 1, size - 1, old_root, proof, count, old_root, root);
	if (count == 0)
		return false;
	return consistency_walk(old_size - 1, size - 1, &proof[0], proof + 1, count - 1, old_root, root);
}
