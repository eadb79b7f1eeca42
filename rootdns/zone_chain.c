/* SPDX-License-Identifier: MIT */
/*
 * zone_chain.c -- see zone_chain.h.
 */
#include "zone_chain.h"

#include <stdlib.h>
#include <string.h>

/* ---- reading ---- */

struct wanted {
	uint64_t prefix;
	const uint8_t *key;
	size_t len;
};

static struct wanted wanted_of(const uint8_t *key, size_t len)
{
	return (struct wanted){ dname_key_prefix(key, len), key, len };
}

/* Only where prefixes are the same is a node looked at. */
static bool not_after(uint64_t prefix, const struct chain_leaf *leaf, size_t at, const struct wanted *wanted)
{
	const struct node *node;

	if (prefix != wanted->prefix)
		return prefix < wanted->prefix;
	node = leaf->nodes[at];
	return dname_key_cmp(node_key(node), node->key_len, wanted->key, wanted->len) <= 0;
}

static size_t find_leaf(const struct zone_chain *chain, const struct wanted *wanted)
{
	size_t low = 0, high = chain->leaf_count;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (not_after(chain->firsts[mid], chain->leaves[mid], 0, wanted))
			low = mid + 1;
		else
			high = mid;
	}
	return low > 0 ? low - 1 : 0;
}

static size_t find_in(const struct chain_leaf *leaf, const struct wanted *wanted)
{
	size_t low = 0, high = leaf->count;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (not_after(leaf->prefixes[mid], leaf, mid, wanted))
			low = mid + 1;
		else
			high = mid;
	}
	return low > 0 ? low - 1 : 0;
}

struct chain_at zone_chain_before(const struct zone_chain *chain, const uint8_t *key, size_t key_len)
{
	const struct wanted wanted = wanted_of(key, key_len);
	size_t leaf = find_leaf(chain, &wanted);

	return (struct chain_at){ leaf, find_in(chain->leaves[leaf], &wanted) };
}

/* ---- the table of leaves ---- */

static enum al_err table_room(struct zone_chain *chain, size_t leaves)
{
	struct chain_leaf **table;
	uint64_t *firsts;

	if (leaves <= chain->leaf_cap)
		return AL_OK;
	leaves += leaves / 2 + 4;
	table = realloc(chain->leaves, leaves * sizeof(struct chain_leaf *));
	if (table == NULL)
		return AL_ENOMEM;
	chain->leaves = table;
	firsts = realloc(chain->firsts, leaves * sizeof(*firsts));
	if (firsts == NULL)
		return AL_ENOMEM;
	chain->firsts = firsts;
	chain->leaf_cap = leaves;
	return AL_OK;
}

enum al_err zone_chain_share(const struct zone_chain *from, struct zone_chain *to)
{
	enum al_err err;

	*to = (struct zone_chain){ .count = from->count };
	err = table_room(to, from->leaf_count);
	if (err != AL_OK)
		return err;
	memcpy(to->leaves, from->leaves, from->leaf_count * sizeof(struct chain_leaf *));
	memcpy(to->firsts, from->firsts, from->leaf_count * sizeof(*from->firsts));
	to->leaf_count = from->leaf_count;
	return AL_OK;
}

void zone_chain_release(struct zone_chain *chain, bool leaves)
{
	for (size_t i = 0; leaves && i < chain->leaf_count; i++)
		free(chain->leaves[i]);
	free(chain->leaves);
	free(chain->firsts);
	*chain = (struct zone_chain){ .count = 0 };
}

/* A new, empty leaf at this place of the table. */
static enum al_err leaf_insert(struct zone_chain *chain, const struct making *making, size_t at)
{
	size_t behind = chain->leaf_count - at;
	struct chain_leaf *leaf;

	if (table_room(chain, chain->leaf_count + 1) != AL_OK)
		return AL_ENOMEM;
	leaf = malloc(sizeof(*leaf));
	if (leaf == NULL)
		return AL_ENOMEM;
	leaf->shared.born = making->number;
	leaf->count = 0;
	memmove(chain->leaves + at + 1, chain->leaves + at, behind * sizeof(struct chain_leaf *));
	memmove(chain->firsts + at + 1, chain->firsts + at, behind * sizeof(*chain->firsts));
	chain->leaves[at] = leaf;
	chain->firsts[at] = 0;
	chain->leaf_count++;
	return AL_OK;
}

static enum al_err leaf_drop(struct zone_chain *chain, const struct making *making, size_t at)
{
	const struct chain_leaf *leaf = chain->leaves[at];
	size_t behind = --chain->leaf_count - at;

	memmove(chain->leaves + at, chain->leaves + at + 1, behind * sizeof(struct chain_leaf *));
	memmove(chain->firsts + at, chain->firsts + at + 1, behind * sizeof(*chain->firsts));
	return shared_drop(making, &leaf->shared);
}

/* The leaf, to be edited: a copy, unless it is the snapshot's own already. */
static enum al_err leaf_own(struct zone_chain *chain, const struct making *making, size_t at, struct chain_leaf **out)
{
	struct chain_leaf *before = chain->leaves[at], *leaf = before;

	if (!shared_is_own(making, &before->shared)) {
		leaf = malloc(sizeof(*leaf));
		if (leaf == NULL)
			return AL_ENOMEM;
		leaf->shared.born = making->number;
		leaf->count = before->count;
		memcpy(leaf->prefixes, before->prefixes, before->count * sizeof(*before->prefixes));
		memcpy(leaf->nodes, before->nodes, before->count * sizeof(*before->nodes));
		chain->leaves[at] = leaf;
	}
	*out = leaf;
	return leaf != before ? shared_drop(making, &before->shared) : AL_OK;
}

/* ---- nodes of a leaf ---- */

/* Makes room for `count` at `to`, or with from > to takes away what is between. */
static void leaf_move(struct chain_leaf *leaf, size_t to, size_t from)
{
	memmove(leaf->prefixes + to, leaf->prefixes + from, (leaf->count - from) * sizeof(*leaf->prefixes));
	memmove(leaf->nodes + to, leaf->nodes + from, (leaf->count - from) * sizeof(*leaf->nodes));
	leaf->count = (uint32_t)(leaf->count + to - from);
}

static void leaf_append(struct chain_leaf *leaf, const struct chain_leaf *from, size_t first)
{
	size_t count = from->count - first;

	memcpy(leaf->prefixes + leaf->count, from->prefixes + first, count * sizeof(*from->prefixes));
	memcpy(leaf->nodes + leaf->count, from->nodes + first, count * sizeof(*from->nodes));
	leaf->count += (uint32_t)count;
}

/* Of a full leaf the upper half goes into one of its own; nothing, when the new node comes behind all. */
static enum al_err leaf_split(struct zone_chain *chain, const struct making *making, struct chain_at *at)
{
	size_t half = at->at == CHAIN_LEAF ? CHAIN_LEAF : CHAIN_LEAF / 2;
	enum al_err err = leaf_insert(chain, making, at->leaf + 1);
	struct chain_leaf *low, *high;

	if (err != AL_OK)
		return err;
	low = chain->leaves[at->leaf];
	high = chain->leaves[at->leaf + 1];
	leaf_append(high, low, half);
	if (high->count > 0)
		chain->firsts[at->leaf + 1] = high->prefixes[0];
	low->count = (uint32_t)half;
	if (at->at > half || half == CHAIN_LEAF) {
		at->leaf++;
		at->at -= half;
	}
	return AL_OK;
}

static enum al_err insert(struct zone_chain *chain, const struct making *making, struct chain_at at,
			  const struct wanted *wanted, const struct node *node)
{
	struct chain_leaf *leaf;
	enum al_err err = leaf_own(chain, making, at.leaf, &leaf);

	if (err == AL_OK && leaf->count == CHAIN_LEAF)
		err = leaf_split(chain, making, &at);
	if (err != AL_OK)
		return err;
	leaf = chain->leaves[at.leaf];
	leaf_move(leaf, at.at + 1, at.at);
	leaf->prefixes[at.at] = wanted->prefix;
	leaf->nodes[at.at] = node;
	chain->firsts[at.leaf] = leaf->prefixes[0];
	chain->count++;
	return AL_OK;
}

enum al_err zone_chain_put(struct zone_chain *chain, const struct making *making, const struct node *node,
			   const struct node **replaced)
{
	const struct wanted wanted = wanted_of(node_key(node), node->key_len);
	const struct node *before;
	struct chain_leaf *leaf;
	struct chain_at at;
	enum al_err err;

	*replaced = NULL;
	if (chain->count == 0) {
		err = leaf_insert(chain, making, 0);
		return err == AL_OK ? insert(chain, making, (struct chain_at){ 0, 0 }, &wanted, node) : err;
	}
	at = zone_chain_before(chain, wanted.key, wanted.len);
	before = zone_chain_node(chain, at);
	if (dname_key_cmp(node_key(before), before->key_len, wanted.key, wanted.len) != 0) {
		at.at++;
		return insert(chain, making, at, &wanted, node);
	}
	err = leaf_own(chain, making, at.leaf, &leaf);
	if (err != AL_OK)
		return err;
	leaf->nodes[at.at] = node;
	*replaced = before;
	return AL_OK;
}

/* The next leaf's nodes into this one, when both together are small. */
static enum al_err leaf_merge(struct zone_chain *chain, const struct making *making, size_t at)
{
	struct chain_leaf *leaf;
	enum al_err err;

	if (at + 1 >= chain->leaf_count || chain->leaves[at]->count + chain->leaves[at + 1]->count > CHAIN_LEAF / 2)
		return AL_OK;
	err = leaf_own(chain, making, at, &leaf);
	if (err != AL_OK)
		return err;
	leaf_append(leaf, chain->leaves[at + 1], 0);
	return leaf_drop(chain, making, at + 1);
}

enum al_err zone_chain_remove(struct zone_chain *chain, const struct making *making, const struct node *node)
{
	struct chain_at at = zone_chain_before(chain, node_key(node), node->key_len);
	struct chain_leaf *leaf;
	enum al_err err = leaf_own(chain, making, at.leaf, &leaf);

	if (err != AL_OK)
		return err;
	chain->count--;
	if (leaf->count == 1)
		return leaf_drop(chain, making, at.leaf);
	leaf_move(leaf, at.at, at.at + 1);
	chain->firsts[at.leaf] = leaf->prefixes[0];
	err = leaf_merge(chain, making, at.leaf);
	return err == AL_OK && at.leaf > 0 ? leaf_merge(chain, making, at.leaf - 1) : err;
}
