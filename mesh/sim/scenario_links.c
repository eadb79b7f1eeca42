/* SPDX-License-Identifier: MIT */
/* scenario_links.c -- scenarios in which it is links that change: two networks that meet, nodes that move, links that are slow. */
#include <stdlib.h>
#include <string.h>

#include "run.h"

#define BRIDGES 3 /* links by which two networks meet */
#define HOMES 4   /* places that a node moves between */
#define HOME_LINKS 2

/* Marks both ends of the link between two nodes; they have one. */
static void mark(const struct sim_graph *graph, uint8_t *ends, uint32_t a, uint32_t b, uint8_t value)
{
	for (uint32_t e = graph->first[a]; e < graph->first[a + 1]; e++)
		if (graph->to[e] == b) {
			ends[e] = value;
			ends[graph->first[b] + graph->back[e]] = value;
		}
}

/* ---- merge ---- */

/* Half the description twice, with two seeds, side by side. `half` is where the second begins. */
static enum al_err two_halves(const struct sim_setup *setup, struct sim_edges *edges, uint32_t *half, uint32_t *nodes)
{
	struct sim_edges other = { 0 };
	char spec[SIM_SPEC_MAX];
	uint32_t more = 0;
	enum al_err err = sim_spec_half(setup->graph, spec);

	if (err == AL_OK)
		err = sim_edges_make(spec, setup->seed, edges, half);
	if (err == AL_OK)
		err = sim_edges_make(spec, setup->seed + 1000, &other, &more);
	for (uint32_t i = 0; i < other.count && err == AL_OK; i++)
		err = sim_edge(edges, other.at[i][0] + *half, other.at[i][1] + *half);
	sim_edges_free(&other);
	*nodes = *half + more;
	return err;
}

static enum al_err merge(struct run *run, const uint8_t *later)
{
	struct mesh_label **before;
	struct watch watch;
	enum al_err err;

	run_start(run, later);
	run_settle(run);
	before = sim_labels(&run->net);
	if (before == NULL)
		return AL_ENOMEM;
	for (uint32_t e = 0; e < run->graph.ends; e++)
		if (later[e])
			sim_link(&run->net, e, true);
	err = run_watch(run, before, &watch);
	sim_labels_free(&run->net, before);
	if (err != AL_OK)
		return err;
	run_scenario(run, "merge");
	watch_put(run, &watch);
	sim_put(run->results, "diameter", sim_diameter(&run->net) * 1000ull);
	return AL_OK;
}

enum al_err sim_merge(const struct sim_setup *setup, struct sim_results *results)
{
	struct run run = { .setup = setup, .results = results };
	struct sim_rng rng = sim_rng_of(setup->seed, 7);
	struct sim_edges edges = { 0 };
	uint32_t half = 0, nodes = 0, bridges[BRIDGES][2], anchors[MESH_TREES];
	uint8_t *later = NULL, *up = NULL;
	enum al_err err = two_halves(setup, &edges, &half, &nodes);

	for (unsigned i = 0; i < BRIDGES && err == AL_OK; i++) {
		bridges[i][0] = sim_random(&rng, half);
		bridges[i][1] = half + sim_random(&rng, nodes - half);
		err = sim_edge(&edges, bridges[i][0], bridges[i][1]);
	}
	if (err == AL_OK)
		err = sim_graph_of(&edges, nodes, &run.graph);
	sim_edges_free(&edges);
	if (err == AL_OK) {
		later = calloc(run.graph.ends, 1);
		up = malloc(run.graph.ends);
		err = later != NULL && up != NULL ? AL_OK : AL_ENOMEM;
	}
	for (unsigned i = 0; i < BRIDGES && err == AL_OK; i++)
		mark(&run.graph, later, bridges[i][0], bridges[i][1], 1);
	if (err == AL_OK) {
		for (uint32_t e = 0; e < run.graph.ends; e++)
			up[e] = !later[e];
		sim_graph_delays(&run.graph, setup->seed, setup->low, setup->high, 0);
		err = sim_anchors(&run.graph, up, setup->trees > 0 ? setup->trees : 1, anchors);
	}
	if (err == AL_OK)
		err = run_init(&run, anchors);
	if (err == AL_OK)
		err = merge(&run, later);
	free(later);
	free(up);
	run_free(&run);
	return err;
}

/* ---- mobility ---- */

struct movers {
	uint32_t first, count;               /* nodes */
	uint32_t (*home)[HOMES][HOME_LINKS]; /* [count] nodes that one is linked to there; two may be the same */
	uint8_t *later;                      /* [ends] */
};

static enum al_err add_movers(struct sim_edges *edges, uint32_t nodes, uint64_t seed, struct movers *movers)
{
	struct sim_rng rng = sim_rng_of(seed, 8);
	enum al_err err = AL_OK;

	movers->first = nodes;
	movers->count = nodes / 20;
	movers->home = malloc((movers->count + 1u) * sizeof(*movers->home));
	if (movers->home == NULL)
		return AL_ENOMEM;
	for (uint32_t m = 0; m < movers->count; m++)
		for (unsigned h = 0; h < HOMES; h++)
			for (unsigned l = 0; l < HOME_LINKS && err == AL_OK; l++) {
				movers->home[m][h][l] = sim_random(&rng, nodes);
				err = sim_edge(edges, nodes + m, movers->home[m][h][l]);
			}
	return err;
}

/* Pairs of anybody and one that moves. */
static void to_movers(const struct movers *movers, struct sim_pairs *pairs)
{
	for (uint32_t i = 0; i < pairs->count; i++) {
		pairs->at[i][1] = movers->first + i % movers->count;
		if (pairs->at[i][0] >= movers->first)
			pairs->at[i][0] = i % movers->first;
	}
}

static void at_home(struct run *run, const struct movers *movers, unsigned home, bool up)
{
	for (uint32_t m = 0; m < movers->count; m++)
		for (unsigned l = 0; l < HOME_LINKS; l++)
			for (uint32_t e = run->graph.first[movers->first + m];
			     e < run->graph.first[movers->first + m + 1]; e++)
				if (run->graph.to[e] == movers->home[m][home][l])
					sim_link(&run->net, e, up);
}

struct moved {
	struct sim_sample fresh[RUN_ROUNDS + 1], cached, relabelled, messages;
};

static enum al_err one_move(struct run *run, const struct movers *movers, const struct sim_pairs *pairs, unsigned home,
			    struct moved *moved)
{
	uint64_t messages = run->net.messages;
	struct mesh_label **before = sim_labels(&run->net);
	enum al_err err = before != NULL ? AL_OK : AL_ENOMEM;

	if (err != AL_OK)
		return err;
	at_home(run, movers, home, false);
	at_home(run, movers, (home + 1) % HOMES, true);
	for (unsigned r = 0; r <= RUN_ROUNDS && err == AL_OK; r++) {
		sim_run(&run->net, r > 0 ? run->round : 0);
		err = sim_sample_add(&moved->fresh[r], sim_delivery(&run->net, pairs, NULL));
	}
	run_settle(run);
	if (err == AL_OK)
		err = sim_sample_add(&moved->cached, sim_delivery(&run->net, pairs, before));
	if (err == AL_OK)
		err = sim_sample_add(&moved->relabelled, sim_relabelled(&run->net, before, NULL));
	if (err == AL_OK)
		err = sim_sample_add(&moved->messages,
				     (uint32_t)((run->net.messages - messages) * 1000 / run->graph.nodes));
	sim_labels_free(&run->net, before);
	return err;
}

static void put_moved(struct run *run, struct moved *moved)
{
	char metric[SIM_WORD_MAX];

	run_scenario(run, "mobility");
	for (unsigned r = 0; r <= RUN_ROUNDS; r++) {
		(void)snprintf(metric, sizeof(metric), "delivery_r%u", r);
		sim_put(run->results, metric, sim_sample_mean(&moved->fresh[r]) * 100u);
		sim_sample_free(&moved->fresh[r]);
	}
	sim_put(run->results, "delivery_cached", sim_sample_mean(&moved->cached) * 100u);
	sim_put(run->results, "relabelled", sim_sample_mean(&moved->relabelled) * 100u);
	sim_put(run->results, "messages_per_node", sim_sample_mean(&moved->messages));
	sim_sample_free(&moved->cached);
	sim_sample_free(&moved->relabelled);
	sim_sample_free(&moved->messages);
}

static enum al_err mobility(struct run *run, struct movers *movers)
{
	struct sim_pairs pairs = { 0 };
	struct moved moved = { 0 };
	enum al_err err = AL_OK;

	movers->later = calloc(run->graph.ends + 1u, 1);
	if (movers->later == NULL)
		return AL_ENOMEM;
	for (uint32_t n = movers->first; n < run->graph.nodes; n++)
		for (uint32_t e = run->graph.first[n]; e < run->graph.first[n + 1]; e++)
			movers->later[e] = movers->later[run->graph.first[run->graph.to[e]] + run->graph.back[e]] = 1;
	run_start(run, movers->later);
	at_home(run, movers, 0, true);
	run_settle(run);
	err = sim_pairs_make(&run->net, NULL, 100, 10, run->setup->seed + 10, &pairs);
	if (err == AL_OK)
		to_movers(movers, &pairs);
	for (unsigned h = 0; h < HOMES && err == AL_OK; h++)
		err = one_move(run, movers, &pairs, h, &moved);
	put_moved(run, &moved);
	sim_pairs_free(&pairs);
	return err;
}

enum al_err sim_mobility(const struct sim_setup *setup, struct sim_results *results)
{
	struct run run = { .setup = setup, .results = results };
	struct movers movers = { 0 };
	struct sim_edges edges = { 0 };
	uint32_t nodes = 0, anchors[MESH_TREES];
	enum al_err err = sim_edges_make(setup->graph, setup->seed, &edges, &nodes);

	if (err == AL_OK && nodes < 20)
		err = AL_ELIMIT;
	if (err == AL_OK)
		err = add_movers(&edges, nodes, setup->seed, &movers);
	if (err == AL_OK)
		err = sim_graph_of(&edges, nodes + movers.count, &run.graph);
	sim_edges_free(&edges);
	if (err == AL_OK) {
		sim_graph_delays(&run.graph, setup->seed, setup->low, setup->high, 0);
		err = sim_anchors(&run.graph, NULL, setup->trees > 0 ? setup->trees : 1, anchors);
	}
	if (err == AL_OK)
		err = run_init(&run, anchors);
	if (err == AL_OK)
		err = mobility(&run, &movers);
	free(movers.home);
	free(movers.later);
	run_free(&run);
	return err;
}

/* ---- slow links ---- */

/* Trees over the same links, by hops or by delay. */
static enum al_err slow(const struct sim_setup *setup, bool by_delay, struct sim_results *results)
{
	struct run run = { .setup = setup, .results = results };
	struct sim_pairs pairs = { 0 };
	struct sim_stretch stretch;
	uint32_t anchors[MESH_TREES], *cost = NULL;
	enum al_err err = sim_graph_make(setup->graph, setup->seed, &run.graph);

	if (err == AL_OK) {
		sim_graph_delays(&run.graph, setup->seed, 5, 50, 10);
		err = sim_anchors(&run.graph, NULL, setup->trees > 0 ? setup->trees : 1, anchors);
	}
	if (err == AL_OK)
		err = run_init(&run, anchors);
	if (err == AL_OK) {
		cost = malloc((run.graph.ends + 1u) * sizeof(*cost));
		err = cost != NULL ? AL_OK : AL_ENOMEM;
	}
	if (err == AL_OK) {
		for (uint32_t e = 0; e < run.graph.ends; e++)
			cost[e] = run.graph.delay[e];
		run.net.cost = by_delay ? cost : NULL;
		run_start(&run, NULL);
		(void)sim_quiet(&run.net, 60000);
		err = sim_pairs_make(&run.net, NULL, 50, 20, setup->seed, &pairs);
	}
	if (err == AL_OK)
		err = sim_stretch_delay(&run.net, &pairs, &stretch);
	if (err == AL_OK) {
		run_scenario(&run, "slow");
		sim_put(results, by_delay ? "delay_stretch_mean_by_delay" : "delay_stretch_mean_by_hops", stretch.mean);
		sim_put(results, by_delay ? "delay_stretch_p99_by_delay" : "delay_stretch_p99_by_hops", stretch.p99);
		sim_put(results, by_delay ? "messages_per_node_by_delay" : "messages_per_node_by_hops",
			run.net.messages * 1000 / run.graph.nodes);
	}
	sim_pairs_free(&pairs);
	run_free(&run);
	free(cost);
	return err;
}

enum al_err sim_slow(const struct sim_setup *setup, struct sim_results *results)
{
	enum al_err err = slow(setup, false, results);

	return err == AL_OK ? slow(setup, true, results) : err;
}
