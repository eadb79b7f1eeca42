/* SPDX-License-Identifier: MIT */
/*
 * tree.h -- Merkle tree of RFC 6962 section 2.1 (RFC 9162 section 2.1).
 *
 * `al_edge` is the right edge only: enough to append and to know the root.
 * `al_tree` keeps every hash (64 bytes an entry) and makes proofs.
 */
#ifndef ALAMO_TREE_H
#define ALAMO_TREE_H

#include "alamo/base/slice.h"

struct al_hash {
	uint8_t b[AL_HASH_LEN];
};

#define AL_PROOF_MAX 64 /* hashes in any proof */

struct al_hash al_leaf_hash(struct al_slice entry); /* H(00 | entry) */
struct al_hash al_node_hash(const struct al_hash *left, const struct al_hash *right);
bool al_hash_eq(const struct al_hash *a, const struct al_hash *b);

struct al_edge {
	uint64_t size;
	struct al_hash node[64]; /* node[i] in use when bit i of size is set */
};
void al_edge_init(struct al_edge *edge);
void al_edge_push(struct al_edge *edge, const struct al_hash *leaf);
struct al_hash al_edge_root(const struct al_edge *edge); /* SHA-256("") when empty */

struct al_tree;
AL_MUST_USE enum al_err al_tree_new(struct al_tree **out);
void al_tree_free(struct al_tree *tree);
uint64_t al_tree_size(const struct al_tree *tree);
AL_MUST_USE enum al_err al_tree_push(struct al_tree *tree, const struct al_hash *leaf);
void al_tree_truncate(struct al_tree *tree, uint64_t size);             /* size <= current */
void al_tree_edge(const struct al_tree *tree, struct al_edge *out);     /* its right edge */
struct al_hash al_tree_root(const struct al_tree *tree, uint64_t size); /* size <= current */
/* Number of hashes written to proof. index < size <= current; 0 < old_size <= size. */
size_t al_tree_inclusion(const struct al_tree *tree, uint64_t index, uint64_t size,
			 struct al_hash proof[static AL_PROOF_MAX]);
size_t al_tree_consistency(const struct al_tree *tree, uint64_t old_size, uint64_t size,
			   struct al_hash proof[static AL_PROOF_MAX]);

/* RFC 9162 sections 2.1.3.2 and 2.1.4.2. */
bool al_inclusion_ok(uint64_t index, uint64_t size, const struct al_hash *leaf, const struct al_hash *proof,
		     size_t count, const struct al_hash *root);
bool al_consistency_ok(uint64_t old_size, uint64_t size, const struct al_hash *old_root, const struct al_hash *root,
		       const struct al_hash *proof, size_t count);

#endif
