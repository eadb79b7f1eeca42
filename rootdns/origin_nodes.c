/* SPDX-License-Identifier: MIT */
/*
 * origin_nodes.c -- see origin_nodes.h. Pure.
 */
#include "origin_nodes.h"

#include <stdlib.h>

#include "zone_names.h"

static unsigned unit_of(const struct al_prefix *prefix)
{
	return prefix->bits == 32 ? 8 : 4;
}

void origin_nodes_release(struct origin_nodes *nodes)
{
	free(nodes->items);
	*nodes = (struct origin_nodes){ .items = NULL };
}

void origin_nodes_add(struct origin_nodes *nodes, const struct al_prefix *node)
{
	if (nodes->err == AL_OK && nodes->count == nodes->cap) {
		size_t cap = nodes->cap > 0 ? nodes->cap * 2 : 64;
		struct al_prefix *grown = realloc(nodes->items, cap * sizeof(*grown));

		if (grown == NULL) {
			nodes->err = AL_ENOMEM;
			return;
		}
		nodes->items = grown;
		nodes->cap = cap;
	}
	if (nodes->err == AL_OK)
		nodes->items[nodes->count++] = *node;
}

/* Prefixes as they come in address order, and their nodes from `floor` bits on. */
struct walk {
	struct origin_nodes *out;
	unsigned floor;
	struct al_prefix last; /* the node whose way was added last */
	bool any;
};

/* The node and those above it. What the way of the last one has is there. */
static void add_way(struct walk *walk, const struct al_prefix *node)
{
	struct al_prefix at = *node;
	unsigned unit = unit_of(node);

	while (at.len >= walk->floor && !(walk->any && al_prefix_covers(&at, &walk->last))) {
		origin_nodes_add(walk->out, &at);
		if (at.len < unit)
			break;
		al_prefix_truncate(&at, at.len - unit);
	}
	walk->last = *node;
	walk->any = true;
}

static void add_prefix(struct walk *walk, const struct al_prefix *prefix)
{
	struct al_prefix node;

	for (unsigned i = 0; i < reverse_count(prefix); i++) {
		reverse_prefix(prefix, i, &node);
		add_way(walk, &node);
	}
}

static bool visit_prefix(const struct origin_prefix *prefix, void *arg)
{
	add_prefix(arg, &prefix->prefix);
	return true;
}

void origin_nodes_of_block(const struct origin_fold *fold, const struct al_prefix *prefix, struct origin_nodes *out)
{
	struct walk walk = { .out = out, .floor = prefix->len };

	origin_fold_within(fold, prefix, visit_prefix, &walk);
}

/* Nodes above it may be there or not because of it; with the hidden ones: what a hold takes was there, and what it lets go is. */
void origin_nodes_of_route(const struct origin_fold *fold, const struct al_prefix *prefix, struct origin_nodes *out)
{
	struct walk above = { .out = out, .floor = 0 };
	struct walk inside = { .out = out, .floor = prefix->len };

	add_prefix(&above, prefix);
	origin_fold_within(fold, prefix, visit_prefix, &inside);
}

void origin_nodes_all(const struct origin_fold *fold, struct origin_nodes *out)
{
	static const struct al_prefix all[] = { { .bits = 32 }, { .bits = 128 } };

	for (size_t i = 0; i < AL_COUNT(all); i++)
		origin_nodes_of_block(fold, &all[i], out);
}

static int node_cmp(const void *a, const void *b)
{
	return al_prefix_cmp(a, b);
}

void origin_nodes_sort(struct origin_nodes *nodes)
{
	size_t kept = 0;

	if (nodes->count > 0)
		qsort(nodes->items, nodes->count, sizeof(nodes->items[0]), node_cmp);
	for (size_t i = 0; i < nodes->count; i++)
		if (kept == 0 || !al_prefix_eq(&nodes->items[kept - 1], &nodes->items[i]))
			nodes->items[kept++] = nodes->items[i];
	nodes->count = kept;
}

/* ---- needed ---- */

struct need {
	const struct al_prefix *node;
	bool found;
};

static bool need_visit(const struct origin_prefix *prefix, void *arg)
{
	struct need *need = arg;

	need->found = !prefix->hidden;
	return !need->found;
}

static bool need_visit_above(const struct origin_prefix *prefix, void *arg)
{
	struct need *need = arg;
	struct al_prefix first;

	reverse_prefix(&prefix->prefix, 0, &first);
	return first.len != need->node->len || need_visit(prefix, arg);
}

bool origin_node_needed(const struct origin_fold *fold, const struct al_prefix *node)
{
	struct need need = { node, false };

	origin_fold_covering(fold, node, need_visit_above, &need);
	if (!need.found)
		origin_fold_within(fold, node, need_visit, &need);
	return need.found;
}
