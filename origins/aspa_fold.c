/* SPDX-License-Identifier: MIT */
/*
 * aspa_fold.c -- nodes with their peerings, and how many peerings link each two ASs.
 *
 * Invariant: a pair's count is the number of peerings in `links` whose nodes live and are of these two ASs. A node that
 * is not alive stays as long as a peering names it.
 */
#include "aspa_fold.h"

#include <stdlib.h>
#include <string.h>

#define uthash_nonfatal_oom(item) ((item)->lost = true)
#define HASH_NONFATAL_OOM 1
#include <uthash.h>

struct link;

struct node {
	UT_hash_handle hh;
	struct link *links;
	uint32_t asn; /* 0: not alive */
	bool lost;    /* uthash could not add it */
	size_t name_len;
	char name[];
};

struct link {
	UT_hash_handle hh;
	struct node *node[2];
	struct link *next[2]; /* of the node's links */
	bool lost;
	size_t key_len;
	char key[];
};

struct pair {
	UT_hash_handle hh;
	uint64_t key; /* lower AS number first */
	size_t count;
	bool lost;
};

struct aspa_fold {
	struct node *nodes;
	struct link *links;
	struct pair *pairs;
};

enum al_err aspa_fold_new(struct aspa_fold **out)
{
	*out = calloc(1, sizeof(**out));
	return *out != NULL ? AL_OK : AL_ENOMEM;
}

void aspa_fold_free(struct aspa_fold *fold)
{
	struct node *node, *next_node;
	struct link *link, *next_link;
	struct pair *pair, *next_pair;

	if (fold == NULL)
		return;
	HASH_ITER(hh, fold->links, link, next_link)
	{
		HASH_DEL(fold->links, link);
		free(link);
	}
	HASH_ITER(hh, fold->nodes, node, next_node)
	{
		HASH_DEL(fold->nodes, node);
		free(node);
	}
	HASH_ITER(hh, fold->pairs, pair, next_pair)
	{
		HASH_DEL(fold->pairs, pair);
		free(pair);
	}
	free(fold);
}

/* ---- pairs ---- */

static struct pair *pair_new(struct aspa_fold *fold, uint64_t key)
{
	struct pair *pair = calloc(1, sizeof(*pair));

	if (pair == NULL)
		return NULL;
	pair->key = key;
	HASH_ADD(hh, fold->pairs, key, sizeof(pair->key), pair);
	if (pair->lost) {
		free(pair);
		return NULL;
	}
	return pair;
}

static enum al_err pair_move(struct aspa_fold *fold, uint32_t a, uint32_t b, bool more, const struct aspa_ops *ops)
{
	uint64_t key = a < b ? (uint64_t)a << 32 | b : (uint64_t)b << 32 | a;
	struct pair *pair;

	if (a == b || a == 0 || b == 0)
		return AL_OK;
	HASH_FIND(hh, fold->pairs, &key, sizeof(key), pair);
	if (pair == NULL && more)
		pair = pair_new(fold, key);
	if (pair == NULL)
		return more ? AL_ENOMEM : AL_OK;
	pair->count += more ? 1u : (size_t)-1;
	if (more)
		return pair->count == 1 ? ops->link(ops->arg, a, b, true) : AL_OK;
	if (pair->count != 0)
		return AL_OK;
	HASH_DEL(fold->pairs, pair);
	free(pair);
	return ops->link(ops->arg, a, b, false);
}

static enum al_err link_move(struct aspa_fold *fold, const struct link *link, bool more, const struct aspa_ops *ops)
{
	return pair_move(fold, link->node[0]->asn, link->node[1]->asn, more, ops);
}

/* ---- nodes ---- */

static struct node *node_get(struct aspa_fold *fold, struct al_slice name)
{
	struct node *node;

	HASH_FIND(hh, fold->nodes, name.ptr, name.len, node);
	if (node != NULL)
		return node;
	node = calloc(1, sizeof(*node) + name.len + 1);
	if (node == NULL)
		return NULL;
	node->name_len = name.len;
	memcpy(node->name, name.ptr, name.len);
	HASH_ADD_KEYPTR(hh, fold->nodes, node->name, node->name_len, node);
	if (node->lost) {
		free(node);
		return NULL;
	}
	return node;
}

static void node_forget(struct aspa_fold *fold, struct node *node)
{
	if (node->asn != 0 || node->links != NULL)
		return;
	HASH_DEL(fold->nodes, node);
	free(node);
}

static struct link *node_next(const struct node *node, const struct link *link)
{
	return link->next[link->node[0] == node ? 0 : 1];
}

static enum al_err node_links(struct aspa_fold *fold, const struct node *node, bool more, const struct aspa_ops *ops)
{
	enum al_err err = AL_OK;

	for (struct link *link = node->links; link != NULL && err == AL_OK; link = node_next(node, link))
		err = link_move(fold, link, more, ops);
	return err;
}

static enum al_err node_change(struct aspa_fold *fold, const struct al_object *now, const struct aspa_ops *ops)
{
	struct node *node;
	uint32_t asn = 0;
	enum al_err err;

	if (now->edit == AL_EDIT_SHRINK || (now->edit == AL_EDIT_EXTEND && al_object_attr(now, "origin").len == 0))
		return AL_OK; /* of the same AS as before: it has to have one */
	if (!now->deleted && al_asn_parse(al_object_attr(now, "origin"), &asn) != AL_OK)
		asn = 0;
	node = node_get(fold, al_object_key(now));
	if (node == NULL)
		return AL_ENOMEM;
	if (node->asn == asn) {
		node_forget(fold, node);
		return AL_OK;
	}
	err = node_links(fold, node, false, ops);
	node->asn = asn;
	if (err == AL_OK)
		err = node_links(fold, node, true, ops);
	node_forget(fold, node);
	return err;
}

/* ---- peerings ---- */

/* "A:B". False for A:A, which links nothing. */
static bool peering_names(const struct al_object *peering, struct al_slice name[static 2])
{
	name[1] = al_object_key(peering);
	return al_slice_cut(&name[1], ':', &name[0]) && name[0].len != 0 && name[1].len != 0 &&
	       !al_slice_eq(name[0], name[1]);
}

static enum al_err link_add(struct aspa_fold *fold, const struct al_object *peering, const struct aspa_ops *ops)
{
	struct al_slice key = al_object_key(peering), name[2];
	struct link *link;

	if (!peering_names(peering, name))
		return AL_OK;
	link = calloc(1, sizeof(*link) + key.len + 1);
	if (link == NULL)
		return AL_ENOMEM;
	link->key_len = key.len;
	memcpy(link->key, key.ptr, key.len);
	for (int side = 0; side < 2; side++)
		link->node[side] = node_get(fold, name[side]);
	if (link->node[0] != NULL && link->node[1] != NULL)
		HASH_ADD_KEYPTR(hh, fold->links, link->key, link->key_len, link);
	if (link->node[0] == NULL || link->node[1] == NULL || link->lost) {
		free(link);
		return AL_ENOMEM;
	}
	for (int side = 0; side < 2; side++) {
		link->next[side] = link->node[side]->links;
		link->node[side]->links = link;
	}
	return link_move(fold, link, true, ops);
}

static void link_leave(struct node *node, struct link *link)
{
	struct link **at = &node->links;

	while (*at != link)
		at = &(*at)->next[(*at)->node[0] == node ? 0 : 1];
	*at = node_next(node, link);
}

static enum al_err link_drop(struct aspa_fold *fold, struct link *link, const struct aspa_ops *ops)
{
	enum al_err err = link_move(fold, link, false, ops);

	for (int side = 0; side < 2; side++) {
		link_leave(link->node[side], link);
		node_forget(fold, link->node[side]);
	}
	HASH_DEL(fold->links, link);
	free(link);
	return err;
}

static enum al_err peering_change(struct aspa_fold *fold, const struct al_object *now, const struct aspa_ops *ops)
{
	struct al_slice key = al_object_key(now);
	struct link *link;

	HASH_FIND(hh, fold->links, key.ptr, key.len, link);
	if (link == NULL)
		return now->deleted ? AL_OK : link_add(fold, now, ops);
	return now->deleted ? link_drop(fold, link, ops) : AL_OK;
}

enum al_err aspa_fold_change(struct aspa_fold *fold, const struct al_object *now, const struct aspa_ops *ops)
{
	if (now->cls == AL_NODE)
		return node_change(fold, now, ops);
	return now->cls == AL_PEERING ? peering_change(fold, now, ops) : AL_OK;
}

bool aspa_of_peering(const struct al_state *state, const struct al_object *peering, uint32_t asn[static 2])
{
	struct al_slice name[2];

	if (!peering_names(peering, name))
		return false;
	for (int side = 0; side < 2; side++) {
		const struct al_object *node = al_state_get(state, AL_NODE, name[side]);

		if (node == NULL || al_asn_parse(al_object_attr(node, "origin"), &asn[side]) != AL_OK || asn[side] == 0)
			return false;
	}
	return asn[0] != asn[1];
}
