/* SPDX-License-Identifier: MIT */
/*
 * lookup.c -- how many messages it takes to find an address along tree 0.
 *
 * Below a node are its own address and its children's filters; what a node tells its parent is their union, and what it tells a
 * child is all but what that child told. Where the filters of a link say yes, the lookup goes on.
 */
#include <stdlib.h>
#include <string.h>

#include "alamo/base/wire.h"
#include "bloom.h"
#include "measure.h"

struct filters {
	const struct sim_net *net;
	uint32_t *order; /* nodes of the tree, the anchor first, parents before children */
	uint32_t count;
	struct mesh_bloom *below; /* of each node: itself and all under it */
	struct mesh_bloom *above; /* of each node: all that is not under it, as its parent tells */
	uint32_t *seen;           /* lookups that each node saw */
};

static void address_of(uint32_t node, uint8_t out[16])
{
	memset(out, 0, 16);
	out[0] = 0xfc;
	al_set_u32(out + 12, node);
}

/* UINT32_MAX for the anchor, and for nodes that are not in the tree. */
static uint32_t parent_of(const struct sim_net *net, uint32_t node)
{
	const struct mesh_tree *tree = &net->node[node].tree[0];

	return tree->own.label == NULL || tree->parent == MESH_NO_PORT ? UINT32_MAX
								       : net->node[node].port[tree->parent].id;
}

static bool is_child(const struct sim_net *net, uint32_t node, uint32_t child)
{
	return parent_of(net, child) == node;
}

/* Breadth first, so that a node stands behind its parent. */
static void put_in_order(struct filters *f)
{
	const struct sim_graph *graph = f->net->graph;

	f->order[f->count++] = f->net->config.anchors[0];
	for (uint32_t i = 0; i < f->count; i++) {
		uint32_t n = f->order[i];

		for (uint32_t e = graph->first[n]; e < graph->first[n + 1]; e++)
			if (f->net->up[e] && is_child(f->net, n, graph->to[e]))
				f->order[f->count++] = graph->to[e];
	}
}

static void fill_below(struct filters *f)
{
	uint8_t address[16];

	for (uint32_t i = f->count; i-- > 0;) {
		uint32_t n = f->order[i], parent = parent_of(f->net, n);

		address_of(n, address);
		mesh_bloom_add(&f->below[n], address);
		if (parent != UINT32_MAX)
			mesh_bloom_unite(&f->below[parent], &f->below[n]);
	}
}

/* All links' filters but one's, for every link: unions from the left and from the right. */
static void fill_above(struct filters *f, uint32_t n)
{
	const struct sim_graph *graph = f->net->graph;
	struct mesh_bloom left = f->above[n], right;
	uint8_t address[16];

	address_of(n, address);
	mesh_bloom_add(&left, address);
	for (uint32_t e = graph->first[n]; e < graph->first[n + 1]; e++)
		if (f->net->up[e] && is_child(f->net, n, graph->to[e])) {
			f->above[graph->to[e]] = left;
			mesh_bloom_unite(&left, &f->below[graph->to[e]]);
		}
	mesh_bloom_clear(&right);
	for (uint32_t e = graph->first[n + 1]; e-- > graph->first[n];)
		if (f->net->up[e] && is_child(f->net, n, graph->to[e])) {
			mesh_bloom_unite(&f->above[graph->to[e]], &right);
			mesh_bloom_unite(&right, &f->below[graph->to[e]]);
		}
}

/* Everywhere the filters say, without a way back. Result: messages. `stack` has room for two numbers a node. */
static uint32_t look(struct filters *f, uint32_t from, uint32_t to, uint32_t *stack, bool *found)
{
	const struct sim_graph *graph = f->net->graph;
	uint32_t depth = 0, messages = 0;
	uint8_t address[16];

	address_of(to, address);
	stack[depth++] = from;
	stack[depth++] = UINT32_MAX;
	while (depth > 0) {
		uint32_t before = stack[--depth], n = stack[--depth], parent = parent_of(f->net, n);

		f->seen[n]++;
		if (n == to) {
			*found = true;
			continue;
		}
		for (uint32_t e = graph->first[n]; e < graph->first[n + 1]; e++) {
			uint32_t next = graph->to[e];

			if (!f->net->up[e] || next == before ||
			    !((next == parent && mesh_bloom_has(&f->above[n], address)) ||
			      (is_child(f->net, n, next) && mesh_bloom_has(&f->below[next], address))))
				continue;
			messages++;
			stack[depth++] = next;
			stack[depth++] = n;
		}
	}
	return messages;
}

static enum al_err look_all(struct filters *f, const struct sim_pairs *pairs, uint32_t *stack, struct sim_lookup *out)
{
	struct sim_sample sample = { 0 };
	uint32_t busiest = 0;
	enum al_err err = AL_OK;

	for (uint32_t i = 0; i < pairs->count && err == AL_OK; i++) {
		bool found = false;

		err = sim_sample_add(&sample, 1000 * look(f, pairs->at[i][0], pairs->at[i][1], stack, &found));
		out->missed += !found;
	}
	for (uint32_t n = 0; n < f->net->graph->nodes; n++)
		busiest = f->seen[n] > busiest ? f->seen[n] : busiest;
	out->mean = sim_sample_mean(&sample);
	out->p99 = sim_sample_quantile(&sample, 99);
	out->busiest = pairs->count > 0 ? (uint32_t)((uint64_t)busiest * 1000 / pairs->count) : 0;
	sim_sample_free(&sample);
	return err;
}

enum al_err sim_lookup(const struct sim_net *net, const struct sim_pairs *pairs, struct sim_lookup *out)
{
	uint32_t nodes = net->graph->nodes, *stack = malloc(2 * (nodes + 1u) * sizeof(*stack));
	struct filters f = {
		.net = net,
		.order = malloc(nodes * sizeof(*f.order)),
		.below = calloc(nodes, sizeof(*f.below)),
		.above = calloc(nodes, sizeof(*f.above)),
		.seen = calloc(nodes, sizeof(*f.seen)),
	};
	enum al_err err = AL_ENOMEM;

	*out = (struct sim_lookup){ 0 };
	if (stack != NULL && f.order != NULL && f.below != NULL && f.above != NULL && f.seen != NULL) {
		put_in_order(&f);
		fill_below(&f);
		for (uint32_t i = 0; i < f.count; i++)
			fill_above(&f, f.order[i]);
		err = look_all(&f, pairs, stack, out);
	}
	free(stack);
	free(f.order);
	free(f.below);
	free(f.above);
	free(f.seen);
	return err;
}
