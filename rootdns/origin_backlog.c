/* SPDX-License-Identifier: MIT */
/*
 * origin_backlog.c -- see origin_backlog.h.
 */
#include "origin_backlog.h"

#include <stdlib.h>

#define HASH_NONFATAL_OOM 1
#define uthash_nonfatal_oom(element) ((element)->lost = true)
#include <uthash.h>

struct backlog_node {
	UT_hash_handle hh; /* uthash keeps the order in which they came */
	struct al_prefix node;
	uint64_t index;
	bool lost;
};

static enum al_err add_one(struct origin_backlog *backlog, const struct al_prefix *node, uint64_t index)
{
	struct backlog_node *found;

	HASH_FIND(hh, backlog->first, node, sizeof(*node), found);
	if (found != NULL)
		return AL_OK;
	found = calloc(1, sizeof(*found));
	if (found == NULL)
		return AL_ENOMEM;
	found->node = *node;
	found->index = index;
	HASH_ADD(hh, backlog->first, node, sizeof(found->node), found);
	if (!found->lost)
		return AL_OK;
	free(found);
	return AL_ENOMEM;
}

enum al_err origin_backlog_add(struct origin_backlog *backlog, const struct al_prefix *nodes, size_t count,
			       uint64_t index)
{
	enum al_err err = AL_OK;

	for (size_t i = 0; i < count && err == AL_OK; i++)
		err = add_one(backlog, &nodes[i], index);
	return err;
}

void origin_backlog_take(struct origin_backlog *backlog, size_t most, struct origin_nodes *out, uint64_t *index)
{
	struct backlog_node *node;

	for (; most > 0 && (node = backlog->first) != NULL; most--) {
		HASH_DEL(backlog->first, node);
		origin_nodes_add(out, &node->node);
		*index = node->index > *index ? node->index : *index;
		free(node);
	}
}

uint64_t origin_backlog_first(const struct origin_backlog *backlog, uint64_t none)
{
	return backlog->first != NULL ? backlog->first->index : none;
}

void origin_backlog_clear(struct origin_backlog *backlog)
{
	struct backlog_node *node, *next;

	HASH_ITER(hh, backlog->first, node, next)
	{
		HASH_DEL(backlog->first, node);
		free(node);
	}
}
