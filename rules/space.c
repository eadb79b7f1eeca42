/* SPDX-License-Identifier: MIT */
/*
 * space.c -- binary trees over the number spaces, nodes by index in one array.
 *
 * best[n] is the length of the largest free block strictly below node n
 * (NONE: there is none), whether or not n itself is taken: a pool is a taken
 * block that others are carved from. An absent child is one free block.
 */
#include "space.h"

#include <stdlib.h>
#include <string.h>

#include "pools.h"
#include "resting.h"

#define NONE 255
#define DEPTH_MAX 128

struct node {
	uint32_t child[2]; /* 0: absent */
	uint8_t best;
	bool taken;
};

struct tree {
	struct node *nodes; /* nodes[0] is the root */
	uint32_t count, cap;
	uint32_t spare; /* chain of unused nodes through child[0]; 0: none */
	unsigned bits;
};

#define EDITIONS 3 /* of the rules of what feeds AUTO */

struct space {
	struct tree tree[3];         /* IPv4, IPv6, AS numbers */
	struct pools feed[EDITIONS]; /* blocks that feed AUTO by each edition of the rules */
	unsigned edition;            /* that is in force, from 0 */
	struct resting resting;
	uint64_t now; /* log time that resting has been worked off to */
	struct holdings *holdings;
	const struct al_state *state; /* whose changes these are; NULL: nobody counts */
};

static enum al_err tree_init(struct tree *tree, unsigned bits)
{
	tree->nodes = calloc(16, sizeof(*tree->nodes));
	if (tree->nodes == NULL)
		return AL_ENOMEM;
	tree->cap = 16;
	tree->count = 1;
	tree->bits = bits;
	tree->nodes[0].best = 1;
	return AL_OK;
}

enum al_err space_new(struct space **out)
{
	struct space *space = calloc(1, sizeof(*space));

	if (space == NULL)
		return AL_ENOMEM;
	resting_init(&space->resting);
	if (tree_init(&space->tree[0], 32) != AL_OK || tree_init(&space->tree[1], 128) != AL_OK ||
	    tree_init(&space->tree[2], 32) != AL_OK || holdings_new(&space->holdings) != AL_OK) {
		space_free(space);
		return AL_ENOMEM;
	}
	*out = space;
	return AL_OK;
}

void space_free(struct space *space)
{
	if (space == NULL)
		return;
	for (size_t i = 0; i < AL_COUNT(space->tree); i++)
		free(space->tree[i].nodes);
	for (size_t i = 0; i < EDITIONS; i++)
		pools_release(&space->feed[i]);
	resting_release(&space->resting);
	holdings_free(space->holdings);
	free(space);
}

void space_watch(struct space *space, const struct al_state *state)
{
	space->state = state;
}

/* Reserve nodes for a whole path first, so that an insertion cannot stop half way. */
static enum al_err tree_reserve(struct tree *tree, uint32_t more)
{
	uint32_t cap = tree->cap;
	struct node *grown;

	while (cap - tree->count < more)
		cap *= 2;
	if (cap == tree->cap)
		return AL_OK;
	grown = realloc(tree->nodes, (size_t)cap * sizeof(*grown));
	if (grown == NULL)
		return AL_ENOMEM;
	tree->nodes = grown;
	tree->cap = cap;
	return AL_OK;
}

static uint32_t node_new(struct tree *tree)
{
	uint32_t at = tree->spare;

	if (at != 0)
		tree->spare = tree->nodes[at].child[0];
	else
		at = tree->count++;
	tree->nodes[at] = (struct node){ .best = NONE };
	return at;
}

/* Largest free block that a child of a node at `depth` offers. */
static uint8_t child_best(const struct tree *tree, uint32_t child, unsigned depth)
{
	if (child == 0)
		return (uint8_t)(depth + 1);
	return tree->nodes[child].taken ? NONE : tree->nodes[child].best;
}

static void node_update(struct tree *tree, uint32_t at, unsigned depth)
{
	struct node *node = &tree->nodes[at];
	uint8_t low = child_best(tree, node->child[0], depth), high = child_best(tree, node->child[1], depth);

	node->best = depth == tree->bits ? NONE : low < high ? low : high;
}

/* Path of node indexes from the root to `key`'s node, as far as it exists; returns its depth. */
static unsigned path_find(const struct tree *tree, const struct al_prefix *key, uint32_t path[static DEPTH_MAX + 1])
{
	unsigned depth = 0;

	path[0] = 0;
	while (depth < key->len) {
		uint32_t next = tree->nodes[path[depth]].child[al_prefix_bit(key, depth)];

		if (next == 0)
			break;
		path[++depth] = next;
	}
	return depth;
}

static enum al_err tree_take(struct tree *tree, const struct al_prefix *key)
{
	uint32_t path[DEPTH_MAX + 1];
	unsigned depth;

	if (tree_reserve(tree, DEPTH_MAX + 1) != AL_OK)
		return AL_ENOMEM;
	depth = path_find(tree, key, path);
	while (depth < key->len) {
		uint32_t at = node_new(tree);

		tree->nodes[path[depth]].child[al_prefix_bit(key, depth)] = at;
		path[++depth] = at;
	}
	tree->nodes[path[depth]].taken = true;
	for (unsigned i = depth + 1; i-- > 0;)
		node_update(tree, path[i], i);
	return AL_OK;
}

static void tree_release(struct tree *tree, const struct al_prefix *key)
{
	uint32_t path[DEPTH_MAX + 1];
	unsigned depth = path_find(tree, key, path);

	if (depth != key->len)
		return;
	tree->nodes[path[depth]].taken = false;
	while (depth > 0) {
		struct node *node = &tree->nodes[path[depth]];

		if (node->taken || node->child[0] != 0 || node->child[1] != 0)
			break;
		node->child[0] = tree->spare;
		tree->spare = path[depth];
		depth--;
		tree->nodes[path[depth]].child[al_prefix_bit(key, depth)] = 0;
	}
	for (unsigned i = depth + 1; i-- > 0;)
		node_update(tree, path[i], i);
}

static void set_bit(struct al_prefix *p, unsigned i)
{
	p->addr[i / 8] |= (uint8_t)(0x80u >> (i % 8));
}

static enum al_err tree_find(const struct tree *tree, const struct al_prefix *pool, unsigned len, struct al_prefix *out)
{
	uint32_t path[DEPTH_MAX + 1];
	struct al_prefix p = *pool;
	unsigned depth = path_find(tree, pool, path);
	uint32_t at = path[depth];

	if (len <= pool->len || len > tree->bits)
		return AL_ENOTFOUND;
	if (depth == pool->len && tree->nodes[at].best > len)
		return AL_ENOTFOUND;
	for (bool known = depth == pool->len; known; known = at != 0) { /* leftmost child with room */
		const struct node *node = &tree->nodes[at];
		bool bit = child_best(tree, node->child[0], depth) > len;

		if (bit)
			set_bit(&p, depth);
		at = node->child[bit];
		depth++;
	}
	p.len = (uint8_t)len;
	*out = p;
	return AL_OK;
}

/* ---- prefixes ---- */

static struct tree *tree_of(struct space *space, const struct al_prefix *block)
{
	return &space->tree[block->bits == 128 ? 1 : 0];
}

enum al_err space_take(struct space *space, const struct al_prefix *block)
{
	return tree_take(tree_of(space, block), block);
}

void space_release(struct space *space, const struct al_prefix *block)
{
	tree_release(tree_of(space, block), block);
}

enum al_err space_find(const struct space *space, const struct al_prefix *pool, unsigned len, struct al_prefix *out)
{
	return tree_find(&space->tree[pool->bits == 128 ? 1 : 0], pool, len, out);
}

/* ---- AS numbers: keys of 32 bits ---- */

static struct al_prefix asn_key(uint32_t asn)
{
	return (struct al_prefix){
		.addr = { (uint8_t)(asn >> 24), (uint8_t)(asn >> 16), (uint8_t)(asn >> 8), (uint8_t)asn },
		.len = 32,
		.bits = 32,
	};
}

enum al_err space_take_asn(struct space *space, uint32_t asn)
{
	struct al_prefix key = asn_key(asn);

	return tree_take(&space->tree[2], &key);
}

void space_release_asn(struct space *space, uint32_t asn)
{
	struct al_prefix key = asn_key(asn);

	tree_release(&space->tree[2], &key);
}

/* Largest aligned power-of-two block that starts at `asn` and ends by `last`. */
static struct al_prefix asn_chunk(uint32_t asn, uint32_t last)
{
	struct al_prefix chunk = asn_key(asn);

	while (chunk.len > 0) {
		uint64_t size = (uint64_t)1 << (32 - chunk.len + 1);

		if (asn % size != 0 || asn + size - 1 > last)
			break;
		chunk.len--;
	}
	return chunk;
}

static bool asn_taken(const struct space *space, uint32_t asn)
{
	const struct tree *tree = &space->tree[2];
	struct al_prefix key = asn_key(asn);
	uint32_t path[DEPTH_MAX + 1];

	return path_find(tree, &key, path) == 32 && tree->nodes[path[32]].taken;
}

enum al_err space_find_asn(const struct space *space, uint32_t first, uint32_t last, uint32_t *out)
{
	uint64_t at = first;
	struct al_prefix found;

	while (at <= last) { /* at most 64 chunks make up any range */
		struct al_prefix chunk = asn_chunk((uint32_t)at, last);

		if (chunk.len == 32 ? !asn_taken(space, (uint32_t)at)
				    : tree_find(&space->tree[2], &chunk, 32, &found) == AL_OK) {
			if (chunk.len != 32)
				at = (uint64_t)found.addr[0] << 24 | (uint64_t)found.addr[1] << 16 |
				     (uint64_t)found.addr[2] << 8 | found.addr[3];
			*out = (uint32_t)at;
			return AL_OK;
		}
		at += (uint64_t)1 << (32 - chunk.len);
	}
	return AL_ENOTFOUND;
}

/* ---- following the state ---- */

const struct al_prefix *space_pools(const struct space *space, size_t *count)
{
	const struct pools *pools = &space->feed[space->edition];

	*count = pools->count;
	return pools->items;
}

/* At first every open block; then those that the hostmaster marked; then such where a voucher is asked for too. */
static bool feeds(const struct al_object *block, unsigned edition)
{
	struct al_slice policy = al_object_attr(block, "policy");

	if (!al_slice_is(policy, "open") && (edition < 2 || !al_slice_is(policy, "vouch")))
		return false;
	return edition < 1 || al_slice_is(al_object_attr(block, "assign-auto"), "yes");
}

bool space_feeds(const struct space *space, const struct al_object *block)
{
	return feeds(block, space->edition);
}

static enum al_err rest_counts(struct space *space, const struct al_object *last, int change)
{
	return space->state != NULL ? holdings_rest(space->holdings, space->state, last, change) : AL_OK;
}

/* Release it now, or when it has rested. */
static enum al_err returned(struct space *space, const struct al_object *last)
{
	struct al_prefix prefix;
	uint32_t asn;

	if (space->resting.rest_s > 0 && last->time + space->resting.rest_s > space->now) {
		enum al_err err = resting_add(&space->resting, last);

		return err == AL_OK ? rest_counts(space, last, 1) : err;
	}
	if (last->cls == AL_AUT_NUM) {
		if (al_object_asn(last, &asn) == AL_OK)
			space_release_asn(space, asn);
	} else if (al_object_prefix(last, &prefix) == AL_OK) {
		space_release(space, &prefix);
	}
	return AL_OK;
}

void space_advance(struct space *space, uint64_t now)
{
	const struct al_object *last;

	if (now > space->now)
		space->now = now;
	while ((last = resting_due(&space->resting, space->now)) != NULL) {
		(void)returned(space, last);        /* due: it is released, which cannot fail, */
		(void)rest_counts(space, last, -1); /* and so is a count that is there already */
	}
}

uint64_t space_time(const struct space *space)
{
	return space->now;
}

const struct al_object *space_resting(const struct space *space, const struct al_object *asked)
{
	return resting_touching(&space->resting, asked);
}

const struct al_object *space_own(const struct space *space, struct al_slice mntner, size_t *place, uint64_t *work)
{
	return space->edition >= 2 ? resting_of(&space->resting, mntner, place, work) : NULL;
}

const struct holdings *space_holdings(const struct space *space)
{
	return space->holdings;
}

static enum al_err inet_change(struct space *space, const struct al_object *now, bool was)
{
	struct al_prefix prefix;
	enum al_err err = al_object_prefix(now, &prefix);

	for (unsigned i = 0; err == AL_OK && i < EDITIONS; i++)
		err = pools_set(&space->feed[i], &prefix, !now->deleted && feeds(now, i));
	if (err != AL_OK || was == !now->deleted)
		return err;
	return now->deleted ? returned(space, now) : space_take(space, &prefix);
}

static enum al_err asn_change(struct space *space, const struct al_object *now, bool was)
{
	uint32_t asn;
	enum al_err err = al_object_asn(now, &asn);

	if (err != AL_OK || was == !now->deleted)
		return err;
	return now->deleted ? returned(space, now) : space_take_asn(space, asn);
}

static void registry_change(struct space *space, const struct al_object *now)
{
	uint64_t days, edition;

	space->edition = 0;
	if (al_slice_u64(al_object_attr(now, "edition"), 1000000, &edition) == AL_OK && edition > 0)
		space->edition = edition < EDITIONS ? (unsigned)edition - 1 : EDITIONS - 1;
	space->resting.rest_s = 0;
	if (!now->deleted && al_slice_u64(al_object_attr(now, "quarantine"), 1000000, &days) == AL_OK)
		space->resting.rest_s = days * 86400;
}

enum al_err space_change(struct space *space, const struct al_object *old, const struct al_object *now)
{
	bool was = old != NULL && !old->deleted;
	enum al_err err = AL_OK;

	if (space->state != NULL)
		err = holdings_change(space->holdings, space->state, old, now);
	if (err != AL_OK)
		return err;
	space_advance(space, now->time);
	if (now->cls == AL_REGISTRY) {
		registry_change(space, now);
		return AL_OK;
	}
	if (now->cls != AL_INETNUM && now->cls != AL_INET6NUM && now->cls != AL_AUT_NUM)
		return AL_OK;
	if (old != NULL && old->deleted && resting_drop(&space->resting, now))
		err = rest_counts(space, old, -1);
	if (err != AL_OK)
		return err;
	return now->cls == AL_AUT_NUM ? asn_change(space, now, was) : inet_change(space, now, was);
}
