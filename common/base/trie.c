/* SPDX-License-Identifier: MIT */
/*
 * trie.c -- path-compressed binary trie over prefixes.
 *
 * Invariants: a child's key lies strictly inside its parent's; child[0] has
 * the next bit clear, child[1] set; a node without a value has two children.
 * Depth is bounded by the key's 128 bits, so walks may recurse.
 *
 * There are tries of a million keys, and one for each request: nodes are numbered, from 16 on, and level k has the
 * 2^k of them whose highest bit is bit k. So nothing moves when it grows, a small one is small, a number is half a
 * pointer, and a key takes no more than its bytes. Numbers of removed nodes are given out first.
 */
#include "alamo/base/trie.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "alamo/base/pages.h"

#define LEVEL_FIRST 4u /* has nodes 16 to 31 */
#define NODE_FIRST (1u << LEVEL_FIRST)

struct node {
	void *value;       /* NULL: a branch only */
	uint32_t child[2]; /* numbers; 0: none. Of what is no node any more: the next of those, and 0 */
	uint8_t len;       /* of the key */
	uint8_t addr[];    /* of the key, 4 or 16 bytes */
};

_Static_assert(LEVEL_FIRST + AL_TRIE_LEVELS == 32, "a level for each number");

void al_trie_init(struct al_trie *trie)
{
	*trie = (struct al_trie){ .half = { { .end = NODE_FIRST, .bits = 32 }, { .end = NODE_FIRST, .bits = 128 } } };
}

void al_trie_release(struct al_trie *trie)
{
	for (size_t i = 0; i < AL_COUNT(trie->half); i++)
		for (size_t level = 0; level < AL_TRIE_LEVELS; level++)
			free(trie->half[i].level[level]);
	al_trie_init(trie);
}

static size_t family(const struct al_prefix *key)
{
	return key->bits == 128;
}

/* ---- nodes and their numbers ---- */

static size_t node_size(const struct al_trie_half *half)
{
	size_t len = offsetof(struct node, addr) + half->bits / 8u, align = _Alignof(struct node);

	return (len + align - 1) / align * align;
}

static unsigned level_of(uint32_t number)
{
	return 31u - (unsigned)__builtin_clz(number);
}

static struct node *node_at(const struct al_trie_half *half, uint32_t number)
{
	unsigned level = level_of(number);
	uint8_t *first = half->level[level - LEVEL_FIRST];

	return (void *)(first + (number - (1u << level)) * node_size(half));
}

static struct al_prefix node_key(const struct al_trie_half *half, const struct node *node)
{
	struct al_prefix key = { .len = node->len, .bits = half->bits };

	memcpy(key.addr, node->addr, half->bits / 8u);
	return key;
}

/* Room for the node that never was one; false: memory, or there are four billion. */
static bool level_reserve(struct al_trie_half *half)
{
	unsigned level;

	if ((half->end & (half->end - 1)) != 0)
		return true;
	if (half->end == 0)
		return false;
	level = level_of(half->end);
	half->level[level - LEVEL_FIRST] = al_large_alloc((size_t)1 << level, node_size(half));
	return half->level[level - LEVEL_FIRST] != NULL;
}

/* Its number; 0: no memory. */
static uint32_t node_new(struct al_trie_half *half, const struct al_prefix *key)
{
	uint32_t number = half->free;
	struct node *node;

	if (number == 0 && !level_reserve(half))
		return 0;
	if (number == 0)
		number = half->end++;
	else
		half->free = node_at(half, number)->child[0];
	node = node_at(half, number);
	node->value = NULL;
	node->child[0] = node->child[1] = 0;
	node->len = key->len;
	memcpy(node->addr, key->addr, half->bits / 8u);
	return number;
}

static void node_free(struct al_trie_half *half, uint32_t number)
{
	node_at(half, number)->child[0] = half->free;
	half->free = number;
}

/* ---- the tree ---- */

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

/* All of them for a key of the node's family. */
static bool node_covers(const struct node *node, const struct al_prefix *key)
{
	return node->len <= key->len && al_addr_begins(node->addr, key->addr, node->len);
}

/* Is the node's key an ancestor of `key`, and not `key` itself? */
static bool node_above(const struct node *node, const struct al_prefix *key)
{
	return node->len < key->len && al_addr_begins(node->addr, key->addr, node->len);
}

static bool node_is(const struct node *node, const struct al_prefix *key)
{
	return node->len == key->len && al_addr_begins(node->addr, key->addr, node->len);
}

/*
 * Link that leads to the first node whose key is not a proper ancestor of `key`; *parent, if asked for, gets the one
 * before it, or NULL.
 */
static uint32_t *descend(struct al_trie_half *half, const struct al_prefix *key, uint32_t **parent)
{
	uint32_t *link = &half->root, *before = NULL;

	while (*link != 0) {
		struct node *node = node_at(half, *link);

		if (!node_above(node, key))
			break;
		before = link;
		link = &node->child[al_prefix_bit(key, node->len)];
	}
	if (parent != NULL)
		*parent = before;
	return link;
}

/* Put a node, whose key is `key`, where *link is; what was there goes below it or beside it. */
static bool node_insert(struct al_trie_half *half, uint32_t *link, uint32_t number, const struct al_prefix *key)
{
	struct al_prefix there, shared = *key;
	uint32_t branch;

	if (*link == 0) {
		*link = number;
		return true;
	}
	there = node_key(half, node_at(half, *link));
	if (al_prefix_covers(key, &there)) {
		node_at(half, number)->child[al_prefix_bit(&there, key->len)] = *link;
		*link = number;
		return true;
	}
	al_prefix_truncate(&shared, common_len(key, &there));
	branch = node_new(half, &shared);
	if (branch == 0)
		return false;
	node_at(half, branch)->child[al_prefix_bit(key, shared.len)] = number;
	node_at(half, branch)->child[al_prefix_bit(&there, shared.len)] = *link;
	*link = branch;
	return true;
}

void **al_trie_slot(struct al_trie *trie, const struct al_prefix *key)
{
	struct al_trie_half *half = &trie->half[family(key)];
	uint32_t *link = descend(half, key, NULL), number = *link;
	struct node *node;

	if (number == 0 || !node_is(node_at(half, number), key)) {
		number = node_new(half, key);
		if (number == 0)
			return NULL;
		if (!node_insert(half, link, number, key)) {
			node_free(half, number);
			return NULL;
		}
	}
	node = node_at(half, number);
	if (node->value == NULL)
		trie->count++; /* the caller sets it; see the contract */
	return &node->value;
}

/*
 * By the key's bits alone, to the first node whose key is as long or longer; 0: none. Keys on the way are not looked at:
 * if one of them is no prefix of `key`, neither is what lies below it, and the caller sees that at the end.
 */
static uint32_t node_find(const struct al_trie_half *half, const struct al_prefix *key)
{
	uint32_t number = half->root;

	while (number != 0) {
		const struct node *node = node_at(half, number);

		if (node->len >= key->len)
			break;
		number = node->child[al_prefix_bit(key, node->len)];
	}
	return number;
}

void *al_trie_get(const struct al_trie *trie, const struct al_prefix *key)
{
	const struct al_trie_half *half = &trie->half[family(key)];
	uint32_t number = node_find(half, key);

	return number != 0 && node_is(node_at(half, number), key) ? node_at(half, number)->value : NULL;
}

/* Take a valueless node with at most one child out of the tree. */
static void node_shrink(struct al_trie_half *half, uint32_t *link)
{
	uint32_t number = *link;
	const struct node *node;

	if (number == 0)
		return;
	node = node_at(half, number);
	if (node->value != NULL || (node->child[0] != 0 && node->child[1] != 0))
		return;
	*link = node->child[0] != 0 ? node->child[0] : node->child[1];
	node_free(half, number);
}

void *al_trie_remove(struct al_trie *trie, const struct al_prefix *key)
{
	struct al_trie_half *half = &trie->half[family(key)];
	uint32_t *parent, *link = descend(half, key, &parent);
	struct node *node = *link != 0 ? node_at(half, *link) : NULL;
	void *value;

	if (node == NULL || node->value == NULL || !node_is(node, key))
		return NULL;
	value = node->value;
	node->value = NULL;
	trie->count--;
	node_shrink(half, link);
	if (parent != NULL)
		node_shrink(half, parent);
	return value;
}

/* ---- walks, which look only at keys that have a value: see node_find() ---- */

void *al_trie_longest(const struct al_trie *trie, const struct al_prefix *key, bool strict, struct al_prefix *at)
{
	const struct al_trie_half *half = &trie->half[family(key)];
	const struct node *best = NULL;
	uint32_t number = half->root;

	while (number != 0) {
		const struct node *node = node_at(half, number);

		if (node->len > key->len || (node->value != NULL && !node_covers(node, key)))
			break;
		if (node->value != NULL && !(strict && node->len == key->len))
			best = node;
		number = node->len < key->len ? node->child[al_prefix_bit(key, node->len)] : 0;
	}
	if (best == NULL)
		return NULL;
	if (at != NULL)
		*at = node_key(half, best);
	return best->value;
}

static bool node_visit(const struct al_trie_half *half, const struct node *node, al_trie_visit_fn visit, void *arg)
{
	struct al_prefix key = node_key(half, node);

	return visit(&key, node->value, arg);
}

void al_trie_covering(const struct al_trie *trie, const struct al_prefix *key, al_trie_visit_fn visit, void *arg)
{
	const struct al_trie_half *half = &trie->half[family(key)];
	uint32_t number = half->root;

	while (number != 0) {
		const struct node *node = node_at(half, number);

		if (node->len > key->len)
			return;
		if (node->value != NULL && (!node_covers(node, key) || !node_visit(half, node, visit, arg)))
			return;
		number = node->len < key->len ? node->child[al_prefix_bit(key, node->len)] : 0;
	}
}

static bool node_walk(const struct al_trie_half *half, uint32_t number, al_trie_visit_fn visit, void *arg)
{
	const struct node *node;

	if (number == 0)
		return true;
	node = node_at(half, number);
	if (node->value != NULL && !node_visit(half, node, visit, arg))
		return false;
	return node_walk(half, node->child[0], visit, arg) && node_walk(half, node->child[1], visit, arg);
}

/* The topmost node in `key`, or it itself; 0: none. */
static uint32_t node_within(const struct al_trie_half *half, const struct al_prefix *key)
{
	uint32_t number = node_find(half, key);
	struct al_prefix first;

	if (number == 0)
		return 0;
	first = node_key(half, node_at(half, number));
	return al_prefix_covers(key, &first) ? number : 0;
}

void al_trie_within(const struct al_trie *trie, const struct al_prefix *key, al_trie_visit_fn visit, void *arg)
{
	const struct al_trie_half *half = &trie->half[family(key)];

	(void)node_walk(half, node_within(half, key), visit, arg);
}

static bool node_top(const struct al_trie_half *half, uint32_t number, al_trie_visit_fn visit, void *arg)
{
	const struct node *node;

	if (number == 0)
		return true;
	node = node_at(half, number);
	if (node->value != NULL)
		return node_visit(half, node, visit, arg);
	return node_top(half, node->child[0], visit, arg) && node_top(half, node->child[1], visit, arg);
}

void al_trie_children(const struct al_trie *trie, const struct al_prefix *key, al_trie_visit_fn visit, void *arg)
{
	const struct al_trie_half *half = &trie->half[family(key)];
	uint32_t number = node_within(half, key);
	const struct node *node = number != 0 ? node_at(half, number) : NULL;

	if (node == NULL || node->len > key->len) {
		(void)node_top(half, number, visit, arg);
		return;
	}
	if (node_top(half, node->child[0], visit, arg))
		(void)node_top(half, node->child[1], visit, arg);
}
