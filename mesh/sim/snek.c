/* SPDX-License-Identifier: MIT */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "baseline.h"
#include "measure.h"

#define HOPS_MAX 256
#define SWEEPS 100 /* at most, until nothing changes any more */
#define PAIRS 2000
#define ANCESTORS 64

struct snek_entry {
	uint32_t key, sweep;
	uint16_t port; /* towards the key's owner */
};

struct snek_table {
	struct snek_entry *at;
	uint32_t count, cap;
};

struct snek {
	struct sim_graph graph;
	uint32_t *key, *parent, *depth, *order; /* parent: a node, itself for the root */
	uint8_t *off, *up;
	struct snek_table *table;
	uint32_t sweep, longest;
	uint64_t hops; /* of bootstraps in this sweep */
	bool failed, changed;
	struct sim_rng rng;
};

/* The tree under the strongest key, as it is once all know. */
static void make_tree(struct snek *s)
{
	uint32_t root = UINT32_MAX;

	for (uint32_t n = 0; n < s->graph.nodes; n++) {
		if (!s->off[n] && (root == UINT32_MAX || s->key[n] > s->key[root]))
			root = n;
		for (uint32_t e = s->graph.first[n]; e < s->graph.first[n + 1]; e++)
			s->up[e] = !s->off[n] && !s->off[s->graph.to[e]];
	}
	(void)sim_bfs(&s->graph, s->up, root, s->depth, s->order);
	for (uint32_t n = 0; n < s->graph.nodes; n++) {
		s->parent[n] = n;
		for (uint32_t e = s->graph.first[n]; e < s->graph.first[n + 1] && n != root; e++)
			if (s->up[e] && s->depth[s->graph.to[e]] != UINT32_MAX &&
			    s->depth[s->graph.to[e]] + 1 == s->depth[n]) {
				s->parent[n] = s->graph.to[e];
				break;
			}
	}
}

static uint32_t root_of(const struct snek *s, uint32_t n)
{
	while (s->parent[n] != n)
		n = s->parent[n];
	return n;
}

/* The best so far: the lowest key that is not below the destination's. */
struct choice {
	uint32_t to, best, next; /* next: node, UINT32_MAX for here */
};

static void offer(struct choice *choice, uint32_t key, uint32_t next)
{
	if (key >= choice->to && key < choice->best) {
		choice->best = key;
		choice->next = next;
	}
}

/* A neighbour says who is above it in the tree: all of them are candidates by way of it. */
static void offer_ancestors(const struct snek *s, struct choice *choice, uint32_t via)
{
	uint32_t n = via;

	offer(choice, s->key[n], via);
	for (unsigned i = 0; i < ANCESTORS && s->parent[n] != n; i++) {
		n = s->parent[n];
		offer(choice, s->key[n], via);
	}
}

/* Where a packet for `key` goes from `n`; UINT32_MAX: nowhere but here. A bootstrap looks for the next key above its own. */
static uint32_t next_of(const struct snek *s, uint32_t n, uint32_t key, bool bootstrap)
{
	uint32_t up = s->parent[n] != n ? s->parent[n] : UINT32_MAX, root = s->key[root_of(s, n)];
	struct choice choice = { .to = bootstrap ? key + 1 : key, .best = UINT32_MAX, .next = UINT32_MAX };

	if (s->key[n] >= choice.to)
		choice.best = s->key[n];
	else if (up != UINT32_MAX)
		offer(&choice, root, up); /* first contact: towards the root, which is above everybody */
	if (up != UINT32_MAX)
		offer_ancestors(s, &choice, up);
	for (uint32_t e = s->graph.first[n]; e < s->graph.first[n + 1]; e++)
		if (s->up[e])
			offer_ancestors(s, &choice, s->graph.to[e]);
	for (uint32_t i = 0; i < s->table[n].count; i++) {
		const struct snek_entry *entry = &s->table[n].at[i];
		uint32_t e = s->graph.first[n] + entry->port;

		if (entry->sweep + 1 >= s->sweep && s->up[e])
			offer(&choice, entry->key, s->graph.to[e]);
	}
	return choice.next;
}

static void install(struct snek *s, uint32_t n, uint32_t key, uint16_t port)
{
	struct snek_table *table = &s->table[n];
	struct snek_entry entry = { .key = key, .sweep = s->sweep, .port = port };

	for (uint32_t i = 0; i < table->count; i++)
		if (table->at[i].key == key || table->at[i].sweep + 1 < s->sweep) {
			s->changed = s->changed || table->at[i].key != key || table->at[i].port != port;
			table->at[i] = entry;
			return;
		}
	s->changed = true;
	if (table->count == table->cap) {
		uint32_t cap = table->cap == 0 ? 8 : table->cap * 2;
		struct snek_entry *at = realloc(table->at, cap * sizeof(*at));

		if (at == NULL) {
			s->failed = true;
			return;
		}
		table->at = at;
		table->cap = cap;
	}
	table->at[table->count++] = entry;
}

/* The port of `n` to its neighbour `to`. */
static uint32_t end_to(const struct snek *s, uint32_t n, uint32_t to)
{
	uint32_t e = s->graph.first[n];

	while (s->graph.to[e] != to)
		e++;
	return e;
}

static void bootstrap(struct snek *s, uint32_t from)
{
	uint32_t n = from, key = s->key[from];

	for (unsigned hops = 0; hops < HOPS_MAX; hops++) {
		uint32_t next = next_of(s, n, key, true), e;

		if (next == UINT32_MAX)
			return;
		e = end_to(s, n, next);
		install(s, next, key, s->graph.back[e]);
		n = next;
		s->hops++;
	}
}

static void sweep(struct snek *s)
{
	s->sweep++;
	s->hops = 0;
	s->changed = false;
	for (uint32_t i = 0; i < s->graph.nodes; i++)
		if (!s->off[i])
			bootstrap(s, i);
}

static int walk(const struct snek *s, uint32_t from, uint32_t to)
{
	int hops = 0;

	while (from != to) {
		uint32_t next = next_of(s, from, s->key[to], false);

		if (next == UINT32_MAX || hops == HOPS_MAX)
			return -1;
		from = next;
		hops++;
	}
	return hops;
}

static uint64_t delivery(struct snek *s, struct sim_sample *stretch)
{
	uint32_t nodes = s->graph.nodes, *hops = malloc(nodes * sizeof(*hops)), *queue = malloc(nodes * sizeof(*queue)),
		 from = 0;
	uint64_t possible = 0, arrived = 0;

	for (unsigned i = 0; hops != NULL && queue != NULL && i < PAIRS; i++) {
		uint32_t to = sim_random(&s->rng, nodes);
		int taken;

		if (i % 20 == 0) {
			from = sim_random(&s->rng, nodes);
			(void)sim_bfs(&s->graph, s->up, from, hops, queue);
		}
		if (from == to || s->off[from] || s->off[to] || hops[to] == UINT32_MAX)
			continue;
		possible++;
		taken = walk(s, from, to);
		arrived += taken >= 0;
		if (taken >= 0 && sim_sample_add(stretch, (uint32_t)taken * 1000 / hops[to]) != AL_OK)
			s->failed = true;
	}
	free(hops);
	free(queue);
	return possible > 0 ? arrived * 100000 / possible : 100000;
}

static void put_cold(struct snek *s, struct sim_results *results)
{
	struct sim_sample stretch = { 0 }, entries = { 0 };
	const uint32_t nodes = s->graph.nodes;

	assert(nodes > 0); /* of no graph: a list of edges has one */
	sim_scene(results, "cold");
	sim_put(results, "delivery", delivery(s, &stretch));
	sim_put(results, "stretch_mean", sim_sample_mean(&stretch));
	sim_put(results, "stretch_p99", sim_sample_quantile(&stretch, 99));
	for (uint32_t n = 0; n < nodes; n++) {
		uint32_t live = 0;

		for (uint32_t i = 0; i < s->table[n].count; i++)
			live += s->table[n].at[i].sweep == s->sweep;
		if (sim_sample_add(&entries, live) != AL_OK)
			s->failed = true;
	}
	sim_put(results, "entries_mean", sim_sample_mean(&entries) * 1000ull);
	sim_put(results, "entries_max", sim_sample_quantile(&entries, 100) * 1000ull);
	sim_put(results, "sweeps", s->sweep * 1000ull);
	sim_put(results, "bootstrap_hops_per_node", s->hops * 1000 / nodes);
	sim_sample_free(&stretch);
	sim_sample_free(&entries);
}

/* Delivery at once, with the tree mended and the snake not, and after each of two sweeps. */
static void watch(struct snek *s, const char *scenario, struct sim_results *results)
{
	char metric[SIM_WORD_MAX];

	sim_scene(results, scenario);
	make_tree(s);
	for (unsigned i = 0; i < 3; i++) {
		struct sim_sample stretch = { 0 };

		(void)snprintf(metric, sizeof(metric), "delivery_sweep%u", i);
		sim_put(results, metric, delivery(s, &stretch));
		sim_sample_free(&stretch);
		sweep(s);
	}
}

static void kill(struct snek *s, unsigned percent)
{
	for (uint32_t i = 0; i < (s->graph.nodes * percent + 50) / 100; i++)
		s->off[sim_random(&s->rng, s->graph.nodes)] = 1;
}

static void scenarios(struct snek *s, struct sim_results *results)
{
	make_tree(s);
	do
		sweep(s);
	while (s->changed && s->sweep < SWEEPS);
	put_cold(s, results);
	s->off[sim_hub(&s->graph)] = 1;
	watch(s, "anchor", results);
	kill(s, 1);
	watch(s, "loss1", results);
	kill(s, 4);
	watch(s, "loss5", results);
}

static enum al_err snek_init(struct snek *s)
{
	uint32_t nodes = s->graph.nodes;

	s->key = malloc(nodes * sizeof(*s->key));
	s->parent = malloc(nodes * sizeof(*s->parent));
	s->depth = malloc(nodes * sizeof(*s->depth));
	s->order = malloc(nodes * sizeof(*s->order));
	s->off = calloc(nodes, 1);
	s->up = calloc(s->graph.ends + 1u, 1);
	s->table = calloc(nodes, sizeof(*s->table));
	if (s->key == NULL || s->parent == NULL || s->depth == NULL || s->order == NULL || s->off == NULL ||
	    s->up == NULL || s->table == NULL)
		return AL_ENOMEM;
	for (uint32_t n = 0; n < nodes; n++)
		s->key[n] = sim_random(&s->rng, 2048) << 20 | n;
	return AL_OK;
}

enum al_err sim_snek(const char *spec, uint64_t seed, struct sim_results *results)
{
	struct snek s = { .rng = sim_rng_of(seed, 12) };
	enum al_err err = sim_graph_make(spec, seed, &s.graph);

	if (err == AL_OK)
		err = snek_init(&s);
	if (err == AL_OK) {
		sim_about(results, "snek", spec, seed, &s.graph);
		scenarios(&s, results);
		err = s.failed ? AL_ENOMEM : AL_OK;
	}
	for (uint32_t n = 0; s.table != NULL && n < s.graph.nodes; n++)
		free(s.table[n].at);
	free(s.key);
	free(s.parent);
	free(s.depth);
	free(s.order);
	free(s.off);
	free(s.up);
	free(s.table);
	sim_graph_free(&s.graph);
	return err;
}
