/* SPDX-License-Identifier: MIT */
/*
 * trie.c -- path-compressed binary trie over prefixes.
 *
 * Invariants: a child's key lies strictly inside its parent's; child[0] has
 * the next bit clear, child[1] set; a node without a value has two children.
 * Depth is bounded by the key's 128 bits, so walks may recurse.
 */
#include "alamo/base/trie.h"

#include <stdlib.h>

struct al_trie_node {
	struct al_prefix key;
	void *value; /* NULL: a branch only */
	struct al_trie_node *child[2];
};

void al_trie_init(struct al_trie *trie)
{
	*trie = (struct al_trie){ .count = 0 };
}

static void node_free(struct al_trie_node *node)
{
	if (node == NULL)
		return;
	node_free(node->child[0]);
	node_free(node->child[1]);
	free(node);
}

void al_trie_release(struct al_trie *trie)
{
	node_free(trie->root[0]);
	node_free(trie->root[1]);
	al_trie_init(trie);
}

static size_t family(const struct al_prefix *key)
{
	return key->bits == 128;
}

static struct al_trie_node *node_new(const struct al_prefix *key)
{
	struct al_trie_node *node = calloc(1, sizeof(*node));

	if (node != NULL)
		node->key = *key;
	return node;
}

/* Number of leading bits that both keys share. */
static unsigned common_len(const struct al_prefix *a, const struct al_prefix *b)
{
	unsigned limit = a->len < b->len ? a->len : b->len, i = 0;

	while (i + 8 <= limit && a->addr[i / 8] == b->addr[i / 8])
		i += 8;
	while (i < limit && al_prefix_bit(a, i) == al_prefix_bit(b, i))
		i++;
	return i;
}

/* Link that leads to the first node whose key is not a proper ancestor of `key`. */
static struct al_trie_node **descend(struct al_trie_node **link, const struct al_prefix *key)
{
	while (*link != NULL && (*link)->key.len < key->len && al_prefix_covers(&(*link)->key, key))
		link = &(*link)->child[al_prefix_bit(key, (*link)->key.len)];
	return link;
}

/* Put `node` where *link is; what was there goes below it or beside it. */
static bool node_insert(struct al_trie_node **link, struct al_trie_node *node)
{
	struct al_trie_node *there = *link, *branch;
	struct al_prefix shared = node->key;

	if (there == NULL) {
		*link = node;
		return true;
	}
	if (al_prefix_covers(&node->key, &there->key)) {
		node->child[al_prefix_bit(&there->key, node->key.len)] = there;
		*link = node;
		return true;
	}
	al_prefix_truncate(&shared, common_len(&node->key, &there->key));
	branch = node_new(&shared);
	if (branch == NULL)
		return false;
	branch->child[al_prefix_bit(&node->key, shared.len)] = node;
	branch->child[al_prefix_bit(&there->key, shared.len)] = there;
	*link = branch;
	return true;
}

void **al_trie_slot(struct al_trie *trie, const struct al_prefix *key)
{
	struct al_trie_node **link = descend(&trie->root[family(key)], key);
	struct al_trie_node *node = *link;

	if (node == NULL || !al_prefix_eq(&node->key, key)) {
		node = node_new(key);
		if (node == NULL)
			return NULL;
		if (!node_insert(link, node)) {
			free(node);
			return NULL;
		}
	}
	if (node->value == NULL)
		trie->count++; /* the caller sets it; see the contract */
	return &node->value;
}

static const struct al_trie_node *node_find(const struct al_trie *trie, const struct al_prefix *key)
{
	const struct al_trie_node *node = trie->root[family(key)];

	while (node != NULL && node->key.len < key->len && al_prefix_covers(&node->key, key))
		node = node->child[al_prefix_bit(key, node->key.len)];
	return node;
}

void *al_trie_get(const struct al_trie *trie, const struct al_prefix *key)
{
	const struct al_trie_node *node = node_find(trie, key);

	return node != NULL && al_prefix_eq(&node->key, key) ? node->value : NULL;
}

/* Take a valueless node with at most one child out of the tree. */
static void node_shrink(struct al_trie_node **link)
{
	struct al_trie_node *node = *link;

	if (node == NULL || node->value != NULL || (node->child[0] != NULL && node->child[1] != NULL))
		return;
	*link = node->child[0] != NULL ? node->child[0] : node->child[1];
	free(node);
}

void *al_trie_remove(struct al_trie *trie, const struct al_prefix *key)
{
	struct al_trie_node **parent = NULL, **link = &trie->root[family(key)];
	struct al_trie_node *node;
	void *value;

	while (*link != NULL && (*link)->key.len < key->len && al_prefix_covers(&(*link)->key, key)) {
		parent = link;
		link = &(*link)->child[al_prefix_bit(key, (*link)->key.len)];
	}
	node = *link;
	if (node == NULL || node->value == NULL || !al_prefix_eq(&node->key, key))
		return NULL;
	value = node->value;
	node->value = NULL;
	trie->count--;
	node_shrink(link);
	if (parent != NULL)
		node_shrink(parent);
	return value;
}

void *al_trie_longest(const struct al_trie *trie, const struct al_prefix *key, bool strict, struct al_prefix *at)
{
	const struct al_trie_node *node = trie->root[family(key)], *best = NULL;

	while (node != NULL && al_prefix_covers(&node->key, key)) {
		if (node->value != NULL && !(strict && node->key.len == key->len))
			best = node;
		if (node->key.len == key->len)
			break;
		node = node->child[al_prefix_bit(key, node->key.len)];
	}
	if (best == NULL)
		return NULL;
	if (at != NULL)
		*at = best->key;
	return best->value;
}

void al_trie_covering(const struct al_trie *trie, const struct al_prefix *key, al_trie_visit_fn visit, void *arg)
{
	const struct al_trie_node *node = trie->root[family(key)];

	while (node != NULL && al_prefix_covers(&node->key, key)) {
		if (node->value != NULL && !visit(&node->key, node->value, arg))
			return;
		if (node->key.len == key->len)
			return;
		node = node->child[al_prefix_bit(key, node->key.len)];
	}
}

static bool node_walk(const struct al_trie_node *node, al_trie_visit_fn visit, void *arg)
{
	if (node == NULL)
		return true;
	if (node->value != NULL && !visit(&node->key, node->value, arg))
		return false;
	return node_walk(node->child[0], visit, arg) && node_walk(node->child[1], visit, arg);
}

void al_trie_within(const struct al_trie *trie, const struct al_prefix *key, al_trie_visit_fn visit, void *arg)
{
	const struct al_trie_node *node = node_find(trie, key);

	if (node != NULL && al_prefix_covers(key, &node->key))
		(void)node_walk(node, visit, arg);
}

static bool node_top(const struct al_trie_node *node, al_trie_visit_fn visit, void *arg)
{
	if (node == NULL)
		return true;
	if (node->value != NULL)
		return visit(&node->key, node->value, arg);
	return node_top(node->child[0], visit, arg) && node_top(node->child[1], visit, arg);
}

void al_trie_children(const struct al_trie *trie, const struct al_prefix *key, al_trie_visit_fn visit, void *arg)
{
	const struct al_trie_node *node = node_find(trie, key);

	if (node == NULL || !al_prefix_covers(key, &node->key))
		return;
	if (node->key.len > key->len) {
		(void)node_top(node, visit, arg);
		return;
	}
	if (node_top(node->child[0], visit, arg))
		(void)node_top(node->child[1], visit, arg);
}
