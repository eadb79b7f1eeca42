/* SPDX-License-Identifier: MIT */
#include "graph.h"

#include <stdlib.h>
#include <string.h>

void sim_edges_free(struct sim_edges *edges)
{
	free(edges->at);
	*edges = (struct sim_edges){ 0 };
}

enum al_err sim_edge(struct sim_edges *edges, uint32_t a, uint32_t b)
{
	if (edges->count == SIM_LINKS_MAX)
		return AL_ELIMIT;
	if (edges->count == edges->cap) {
		uint32_t cap = edges->cap == 0 ? 1024 : edges->cap * 2;
		void *at = realloc(edges->at, cap * sizeof(*edges->at));

		if (at == NULL)
			return AL_ENOMEM;
		edges->at = at;
		edges->cap = cap;
	}
	edges->at[edges->count][0] = a < b ? a : b;
	edges->at[edges->count++][1] = a < b ? b : a;
	return AL_OK;
}

void sim_graph_free(struct sim_graph *graph)
{
	free(graph->first);
	free(graph->to);
	free(graph->back);
	free(graph->delay);
	*graph = (struct sim_graph){ 0 };
}

static int edge_cmp(const void *a, const void *b)
{
	const uint32_t *x = a, *y = b;

	if (x[0] != y[0])
		return x[0] < y[0] ? -1 : 1;
	return x[1] == y[1] ? 0 : x[1] < y[1] ? -1 : 1;
}

/* Sorted, each once, no loops. */
static void tidy(struct sim_edges *edges)
{
	uint32_t kept = 0;

	if (edges->count > 0)
		qsort(edges->at, edges->count, sizeof(*edges->at), edge_cmp);
	for (uint32_t i = 0; i < edges->count; i++) {
		if (edges->at[i][0] == edges->at[i][1] ||
		    (kept > 0 && edge_cmp(edges->at[i], edges->at[kept - 1]) == 0))
			continue;
		memcpy(edges->at[kept++], edges->at[i], sizeof(*edges->at));
	}
	edges->count = kept;
}

/* Ports in the order of the list, which is sorted: each node's by neighbour, as far as lower ones go first. */
static void fill(struct sim_graph *graph, const struct sim_edges *edges, uint32_t *used)
{
	for (uint32_t i = 0; i < edges->count; i++) {
		uint32_t a = edges->at[i][0], b = edges->at[i][1];
		uint32_t pa = used[a]++, pb = used[b]++;

		graph->to[graph->first[a] + pa] = b;
		graph->back[graph->first[a] + pa] = (uint16_t)pb;
		graph->to[graph->first[b] + pb] = a;
		graph->back[graph->first[b] + pb] = (uint16_t)pa;
	}
	for (uint32_t i = 0; i < graph->ends; i++)
		graph->delay[i] = 1;
}

enum al_err sim_graph_of(const struct sim_edges *list, uint32_t nodes, struct sim_graph *out)
{
	struct sim_edges edges = *list;
	struct sim_graph graph = { .nodes = nodes };
	uint32_t *used = calloc(nodes + 1u, sizeof(*used));

	tidy(&edges); /* in place: the list stays the same graph */
	graph.ends = 2 * edges.count;
	graph.first = calloc(nodes + 1u, sizeof(*graph.first));
	graph.to = malloc((graph.ends + 1u) * sizeof(*graph.to));
	graph.back = malloc((graph.ends + 1u) * sizeof(*graph.back));
	graph.delay = malloc((graph.ends + 1u) * sizeof(*graph.delay));
	if (used == NULL || graph.first == NULL || graph.to == NULL || graph.back == NULL || graph.delay == NULL) {
		free(used);
		sim_graph_free(&graph);
		return AL_ENOMEM;
	}
	for (uint32_t i = 0; i < edges.count; i++) {
		graph.first[edges.at[i][0] + 1]++;
		graph.first[edges.at[i][1] + 1]++;
	}
	for (uint32_t n = 0; n < nodes; n++) {
		if (graph.first[n + 1] >= UINT16_MAX) {
			free(used);
			sim_graph_free(&graph);
			return AL_ELIMIT;
		}
		graph.first[n + 1] += graph.first[n];
	}
	fill(&graph, &edges, used);
	free(used);
	*out = graph;
	return AL_OK;
}

enum al_err sim_graph_make(const char *spec, uint64_t seed, struct sim_graph *out)
{
	struct sim_edges edges = { 0 };
	uint32_t nodes = 0;
	enum al_err err = sim_edges_make(spec, seed, &edges, &nodes);

	if (err == AL_OK)
		err = sim_graph_of(&edges, nodes, out);
	sim_edges_free(&edges);
	return err;
}

static uint32_t find(uint32_t *parent, uint32_t n)
{
	while (parent[n] != n)
		n = parent[n] = parent[parent[n]];
	return n;
}

/* Numbers those of the largest component, UINT32_MAX for the others. Result: how many they are. */
static uint32_t number(uint32_t *parent, uint32_t *size, uint32_t nodes)
{
	uint32_t best = 0, count = 0;

	for (uint32_t n = 0; n < nodes; n++)
		size[find(parent, n)]++;
	for (uint32_t n = 0; n < nodes; n++)
		if (size[n] > size[best])
			best = n;
	for (uint32_t n = 0; n < nodes; n++)
		parent[n] = find(parent, n);
	for (uint32_t n = 0; n < nodes; n++)
		size[n] = parent[n] == best ? count++ : UINT32_MAX;
	return count;
}

enum al_err sim_edges_largest(struct sim_edges *edges, uint32_t *nodes)
{
	uint32_t *parent = malloc((*nodes + 1u) * sizeof(*parent)), *size = calloc(*nodes + 1u, sizeof(*size)),
		 kept = 0;

	if (parent == NULL || size == NULL) {
		free(parent);
		free(size);
		return AL_ENOMEM;
	}
	for (uint32_t n = 0; n < *nodes; n++)
		parent[n] = n;
	for (uint32_t i = 0; i < edges->count; i++)
		parent[find(parent, edges->at[i][0])] = find(parent, edges->at[i][1]);
	*nodes = number(parent, size, *nodes);
	for (uint32_t i = 0; i < edges->count; i++) {
		uint32_t a = size[edges->at[i][0]], b = size[edges->at[i][1]];

		if (a == UINT32_MAX)
			continue;
		edges->at[kept][0] = a;
		edges->at[kept++][1] = b;
	}
	edges->count = kept;
	free(parent);
	free(size);
	return AL_OK;
}

void sim_graph_delays(struct sim_graph *graph, uint64_t seed, uint16_t low, uint16_t high, unsigned slow)
{
	struct sim_rng rng = sim_rng_of(seed, 77);

	for (uint32_t n = 0; n < graph->nodes; n++)
		for (uint32_t e = graph->first[n]; e < graph->first[n + 1]; e++) {
			uint32_t to = graph->to[e], delay;

			if (to < n)
				continue; /* the other end said it */
			delay = low + sim_random(&rng, high - low + 1u);
			if (sim_random(&rng, 100) < slow)
				delay *= 20;
			delay = delay < 60000 ? delay : 60000;
			graph->delay[e] = graph->delay[graph->first[to] + graph->back[e]] = (uint16_t)delay;
		}
}

uint32_t sim_bfs(const struct sim_graph *graph, const uint8_t *up, uint32_t node, uint32_t *hops, uint32_t *queue)
{
	uint32_t head = 0, tail = 0;

	memset(hops, 0xff, graph->nodes * sizeof(*hops));
	hops[node] = 0;
	queue[tail++] = node;
	while (head < tail) {
		uint32_t at = queue[head++];

		for (uint32_t e = graph->first[at]; e < graph->first[at + 1]; e++) {
			uint32_t to = graph->to[e];

			if ((up != NULL && !up[e]) || hops[to] != UINT32_MAX)
				continue;
			hops[to] = hops[at] + 1;
			queue[tail++] = to;
		}
	}
	return queue[tail - 1];
}

/* The link count that `want` nodes have at least. */
static uint32_t degree_of_best(const struct sim_graph *graph, uint32_t want)
{
	uint32_t low = 0, high = UINT16_MAX;

	while (low < high) {
		uint32_t middle = (low + high + 1) / 2, have = 0;

		for (uint32_t n = 0; n < graph->nodes; n++)
			have += sim_degree(graph, n) >= middle;
		if (have >= want)
			low = middle;
		else
			high = middle - 1;
	}
	return low;
}

#define CANDIDATES 64

struct candidate {
	uint64_t sum; /* of the hops to all nodes */
	uint32_t node;
};

struct placing {
	const struct sim_graph *graph;
	const uint8_t *up;
	uint32_t *near, *hops, *queue; /* [nodes]; near: hops to the nearest anchor so far */
	struct candidate at[CANDIDATES];
	uint32_t count;
};

/* Drawn out of all that have enough links; with how far they are from everybody. */
static void find_candidates(struct placing *placing)
{
	const struct sim_graph *graph = placing->graph;
	struct sim_rng rng = sim_rng_of(graph->nodes, 13);
	uint32_t least = degree_of_best(graph, graph->nodes / 100 > 16 ? graph->nodes / 100 : 16), left = 0;

	for (uint32_t n = 0; n < graph->nodes; n++)
		left += sim_degree(graph, n) >= least;
	for (uint32_t n = 0; n < graph->nodes && placing->count < CANDIDATES; n++) {
		struct candidate candidate = { .node = n };

		if (sim_degree(graph, n) < least || sim_random(&rng, left--) >= CANDIDATES - placing->count)
			continue;
		(void)sim_bfs(graph, placing->up, n, placing->hops, placing->queue);
		for (uint32_t i = 0; i < graph->nodes; i++)
			candidate.sum += placing->hops[i] < 1000000 ? placing->hops[i] : 1000000;
		placing->at[placing->count++] = candidate;
	}
}

static int candidate_cmp(const void *a, const void *b)
{
	const struct candidate *x = a, *y = b;

	if (x->sum != y->sum)
		return x->sum < y->sum ? -1 : 1;
	return x->node < y->node ? -1 : x->node > y->node;
}

/* The farthest from those before, of the half that is nearest to everybody; the first is the nearest. */
static uint32_t next_anchor(struct placing *placing)
{
	uint32_t best = placing->at[0].node;

	for (uint32_t i = 1; i < (placing->count + 1) / 2; i++)
		if (placing->near[placing->at[i].node] > placing->near[best])
			best = placing->at[i].node;
	(void)sim_bfs(placing->graph, placing->up, best, placing->hops, placing->queue);
	for (uint32_t n = 0; n < placing->graph->nodes; n++)
		if (placing->hops[n] < placing->near[n])
			placing->near[n] = placing->hops[n];
	return best;
}

enum al_err sim_anchors(const struct sim_graph *graph, const uint8_t *up, unsigned count, uint32_t *out)
{
	size_t size = graph->nodes * sizeof(uint32_t);
	struct placing placing = {
		.graph = graph, .up = up, .near = malloc(size), .hops = malloc(size), .queue = malloc(size)
	};
	enum al_err err = placing.near != NULL && placing.hops != NULL && placing.queue != NULL ? AL_OK : AL_ENOMEM;

	if (err == AL_OK) {
		memset(placing.near, 0xff, size);
		find_candidates(&placing);
		qsort(placing.at, placing.count, sizeof(placing.at[0]), candidate_cmp);
		for (unsigned i = 0; i < count; i++)
			out[i] = next_anchor(&placing);
	}
	free(placing.near);
	free(placing.hops);
	free(placing.queue);
	return err;
}
