/* SPDX-License-Identifier: MIT */
#include "run.h"

#include <stdlib.h>
#include <string.h>

#include "elected.h"

#define NEVER (1u << 28) /* ticks: longer than anything that is watched */

static struct mesh_config config_of(const struct sim_setup *setup, const uint32_t *anchors)
{
	/* News that was lost once is an `again` of the net's later; a retry is after there and back through a deep tree. */
	uint32_t hold = setup->high, again = setup->drop > 0 ? 4u * setup->high : 0;
	struct mesh_config config = { .trees = setup->trees > 0 ? setup->trees : 1, .hold = hold, .forget = NEVER };

	config.patience = MESH_HOLDS * hold;
	config.retry = 16 * setup->high + again;
	config.naive = setup->repair == SIM_NAIVE;
	config.requests = setup->repair == SIM_HOLD || setup->repair == SIM_REQUEST;
	if (setup->repair != SIM_HOLD) {
		config.hold = NEVER;
		config.patience = 0;
	}
	for (unsigned t = 0; t < config.trees; t++)
		config.anchors[t] = setup->trees > 0 ? anchors[t] : UINT32_MAX;
	return config;
}

enum al_err run_init(struct run *run, const uint32_t *anchors)
{
	const struct sim_setup *setup = run->setup;
	struct sim_rng rng = sim_rng_of(setup->seed, 5);
	struct mesh_config config = config_of(setup, anchors);
	enum al_err err;

	run->round = (setup->low + setup->high) / 2u;
	run->off = calloc(run->graph.nodes, 1);
	run->strength = malloc(run->graph.nodes * sizeof(*run->strength));
	if (run->off == NULL || run->strength == NULL)
		return AL_ENOMEM;
	/* No two are equal: the node's number is below. */
	for (uint32_t n = 0; n < run->graph.nodes; n++)
		run->strength[n] = sim_random(&rng, 2048) << 20 | n;
	err = sim_net_init(&run->net, &run->graph, &config, setup->trees > 0 ? mesh_node_settle : elected_settle,
			   setup->drop, 4u * setup->high, setup->seed);
	if (err != AL_OK)
		return err;
	run->net.strength = run->strength;
	run->results->now.seed = setup->seed;
	run->results->now.nodes = run->graph.nodes;
	run->results->now.links = run->graph.ends / 2;
	(void)snprintf(run->results->now.graph, sizeof(run->results->now.graph), "%s", setup->graph);
	if (setup->trees > 0)
		(void)snprintf(run->results->now.scheme, sizeof(run->results->now.scheme), "anchors:%u/%s",
			       setup->trees, sim_repair_name(setup->repair));
	else
		(void)snprintf(run->results->now.scheme, sizeof(run->results->now.scheme), "elected");
	return AL_OK;
}

void run_free(struct run *run)
{
	sim_net_free(&run->net);
	sim_graph_free(&run->graph);
	free(run->off);
	free(run->strength);
}

void run_start(struct run *run, const uint8_t *later)
{
	for (uint32_t n = 0; n < run->graph.nodes; n++)
		if (!run->off[n])
			sim_links(&run->net, n, false, NULL); /* a decision of its own, though no link is up */
	for (uint32_t n = 0; n < run->graph.nodes; n++)
		for (uint32_t e = run->graph.first[n]; e < run->graph.first[n + 1]; e++)
			if (!run->off[n] && !run->off[run->graph.to[e]] && (later == NULL || !later[e]))
				sim_link(&run->net, e, true);
}

void run_kill(struct run *run, uint32_t node)
{
	run->off[node] = 1;
	sim_links(&run->net, node, false, NULL);
}

void run_revive(struct run *run, uint32_t node)
{
	run->off[node] = 0;
	sim_links(&run->net, node, true, run->off);
}

uint32_t run_alive(const struct run *run)
{
	uint32_t alive = 0;

	for (uint32_t n = 0; n < run->graph.nodes; n++)
		alive += !run->off[n];
	return alive;
}

void run_settle(struct run *run)
{
	(void)sim_quiet(&run->net, RUN_LIMIT * run->round);
}

void run_scenario(struct run *run, const char *scenario)
{
	(void)snprintf(run->results->now.scenario, sizeof(run->results->now.scenario), "%s", scenario);
}

/* Fewer pairs where each costs more: a step looks at all links of a node, and the largest nodes grow with the graph. */
static uint32_t sources_for(uint32_t nodes)
{
	return nodes > 50000 ? 40 : nodes > 5000 ? 60 : 100;
}

/* Further rounds, ever fewer of them measured, until nearly all arrive. */
static uint32_t recover(struct run *run, const struct sim_pairs *pairs, uint32_t rounds)
{
	while (rounds < RUN_LIMIT && run->net.pending > 0) {
		uint32_t step = rounds < 24 ? 4 : 16;

		sim_run(&run->net, step * run->round);
		rounds += step;
		if (sim_delivery(&run->net, pairs, NULL) >= 999)
			break;
	}
	return rounds;
}

enum al_err run_watch(struct run *run, struct mesh_label **before, struct watch *out)
{
	struct sim_net *net = &run->net;
	uint64_t messages = net->messages, requests = net->requests;
	uint32_t alive = run_alive(run), began = net->now;
	struct sim_pairs pairs;
	enum al_err err = sim_pairs_make(net, run->off, sources_for(alive), 10, run->setup->seed + 9, &pairs);

	if (err != AL_OK)
		return err;
	*out = (struct watch){ .recovered = UINT32_MAX };
	net->changed = net->now;
	for (uint32_t r = 0; r <= RUN_ROUNDS; r++) {
		if (r > 0)
			sim_run(net, run->round);
		else
			sim_decide(net);
		/* Nothing on its way: the rounds that are left are as this one. */
		out->fresh[r] = r > 1 && net->pending == 0 && net->changed + run->round < net->now
					? out->fresh[r - 1]
					: sim_delivery(net, &pairs, NULL);
		if (out->fresh[r] >= 999 && out->recovered == UINT32_MAX)
			out->recovered = r * 1000;
	}
	if (out->recovered == UINT32_MAX)
		out->recovered = recover(run, &pairs, RUN_ROUNDS) * 1000;
	run_settle(run);
	out->cached = sim_delivery(net, &pairs, before);
	out->quiet = (net->changed - began) * 1000 / run->round;
	out->relabelled = sim_relabelled(net, before, run->off);
	out->messages = (net->messages - messages) * 1000 / alive;
	out->requests = (net->requests - requests) * 1000 / alive;
	sim_pairs_free(&pairs);
	return net->failed ? AL_ENOMEM : AL_OK;
}

void watch_worse(struct watch *worst, const struct watch *other)
{
	for (unsigned r = 0; r <= RUN_ROUNDS; r++)
		if (other->fresh[r] < worst->fresh[r])
			worst->fresh[r] = other->fresh[r];
	if (other->cached < worst->cached)
		worst->cached = other->cached;
	if (other->recovered > worst->recovered)
		worst->recovered = other->recovered;
	if (other->quiet > worst->quiet)
		worst->quiet = other->quiet;
	if (other->relabelled > worst->relabelled)
		worst->relabelled = other->relabelled;
	if (other->messages > worst->messages)
		worst->messages = other->messages;
	if (other->requests > worst->requests)
		worst->requests = other->requests;
}

void watch_put(struct run *run, const struct watch *watch)
{
	char metric[SIM_WORD_MAX];

	for (unsigned r = 0; r <= RUN_ROUNDS; r++) {
		(void)snprintf(metric, sizeof(metric), "delivery_r%u", r);
		sim_put(run->results, metric, watch->fresh[r] * 100u); /* percent */
	}
	sim_put(run->results, "delivery_cached", watch->cached * 100u);
	sim_put(run->results, "rounds_recovered", watch->recovered);
	sim_put(run->results, "rounds_quiet", watch->quiet);
	sim_put(run->results, "relabelled", watch->relabelled * 100u);
	sim_put(run->results, "messages_per_node", watch->messages);
	sim_put(run->results, "requests_per_node", watch->requests);
}
