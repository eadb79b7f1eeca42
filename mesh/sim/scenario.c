/* SPDX-License-Identifier: MIT */
#include "scenario.h"

#include <stdlib.h>
#include <string.h>

#include "run.h"

#define LOOKUP_NODES 20000 /* filters of more nodes than that are too much memory */

static const struct {
	const char *word;
	unsigned bit;
} words[] = {
	{ "cold", SIM_COLD },         { "anchor", SIM_ANCHOR }, { "loss1", SIM_LOSS1 },
	{ "loss5", SIM_LOSS5 },       { "strong", SIM_STRONG }, { "merge", SIM_MERGE },
	{ "mobility", SIM_MOBILITY }, { "slow", SIM_SLOW },     { "all", SIM_ALL },
};

unsigned sim_scenario(const char *word)
{
	for (size_t i = 0; i < AL_COUNT(words); i++)
		if (strcmp(words[i].word, word) == 0)
			return words[i].bit;
	return 0;
}

const char *sim_repair_name(enum sim_repair repair)
{
	static const char *const names[] = { "hold", "request", "wait", "naive" };

	return names[repair];
}

static void put_stretch(struct run *run, const struct sim_stretch *stretch)
{
	sim_put(run->results, "stretch_mean", stretch->mean);
	sim_put(run->results, "stretch_p50", stretch->p50);
	sim_put(run->results, "stretch_p95", stretch->p95);
	sim_put(run->results, "stretch_p99", stretch->p99);
	sim_put(run->results, "stretch_max", stretch->max);
	sim_put(run->results, "busiest_share", stretch->busiest * 100u);
	sim_put(run->results, "undelivered", stretch->undelivered * 1000u);
}

static enum al_err measure_cold(struct run *run, uint64_t messages, uint64_t bytes)
{
	uint32_t nodes = run->graph.nodes;
	struct sim_pairs pairs = { 0 };
	struct sim_stretch stretch;
	struct sim_lookup lookup;
	struct sim_state state;
	enum al_err err = sim_pairs_make(&run->net, NULL, nodes > 50000 ? 60 : 150, 40, run->setup->seed, &pairs);

	if (err == AL_OK)
		err = sim_stretch(&run->net, &pairs, &stretch);
	if (err == AL_OK)
		err = sim_state(&run->net, &state);
	if (err == AL_OK && nodes <= LOOKUP_NODES && run->setup->trees > 0)
		err = sim_lookup(&run->net, &pairs, &lookup);
	sim_pairs_free(&pairs);
	if (err != AL_OK)
		return err;
	sim_put(run->results, "rounds_quiet", (uint64_t)run->net.changed * 1000 / run->round);
	sim_put(run->results, "messages_per_node", messages * 1000 / nodes);
	sim_put(run->results, "bytes_per_node", bytes * 1000 / nodes);
	put_stretch(run, &stretch);
	sim_put(run->results, "label_bytes_mean", state.label_mean * 1000ull);
	sim_put(run->results, "label_bytes_p99", state.label_p99 * 1000ull);
	sim_put(run->results, "label_bytes_max", state.label_max * 1000ull);
	sim_put(run->results, "signed_bytes_mean", state.signed_mean * 1000ull);
	sim_put(run->results, "signed_bytes_p99", state.signed_p99 * 1000ull);
	sim_put(run->results, "signed_bytes_max", state.signed_max * 1000ull);
	if (nodes > LOOKUP_NODES || run->setup->trees == 0)
		return AL_OK;
	sim_put(run->results, "lookup_messages_mean", lookup.mean);
	sim_put(run->results, "lookup_messages_p99", lookup.p99);
	sim_put(run->results, "lookup_busiest_share", lookup.busiest * 100u);
	sim_put(run->results, "lookup_missed", lookup.missed * 1000u);
	return AL_OK;
}

/* What it costs that every anchor says each minute that it lives. */
static void measure_refresh(struct run *run)
{
	uint64_t messages = run->net.messages, bytes = run->net.bytes;

	for (unsigned t = 0; t < run->setup->trees; t++)
		sim_refresh(&run->net, run->net.config.anchors[t]);
	run_settle(run);
	sim_put(run->results, "refresh_messages_per_node", (run->net.messages - messages) * 1000 / run->graph.nodes);
	sim_put(run->results, "refresh_bytes_per_node", (run->net.bytes - bytes) * 1000 / run->graph.nodes);
}

static enum al_err cold(struct run *run)
{
	enum al_err err;

	run_settle(run);
	run_scenario(run, "cold");
	err = measure_cold(run, run->net.messages, run->net.bytes);
	if (err == AL_OK && run->setup->trees > 0)
		measure_refresh(run);
	return err;
}

/* The nodes that are off now: what it does, then all of them are on again. */
static enum al_err watch_and_revive(struct run *run, struct mesh_label **before, struct watch *watch)
{
	enum al_err err = run_watch(run, before, watch);

	for (uint32_t n = 0; n < run->graph.nodes; n++)
		if (run->off[n])
			run_revive(run, n);
	run_settle(run);
	return err;
}

static uint32_t strongest(const struct run *run)
{
	uint32_t best = 0;

	for (uint32_t n = 0; n < run->graph.nodes; n++)
		if (run->strength[n] > run->strength[best])
			best = n;
	return best;
}

static enum al_err anchors_die(struct run *run)
{
	unsigned roots = run->setup->trees > 0 ? run->setup->trees : 1;
	struct watch worst, watch;
	enum al_err err = AL_OK;

	/* Of the largest graphs, the one with most links only: that is the worst, and each costs a start. */
	if (run->graph.nodes > 50000)
		roots = 1;
	for (unsigned i = 0; i < roots && err == AL_OK; i++) {
		struct mesh_label **before = sim_labels(&run->net);

		if (before == NULL)
			return AL_ENOMEM;
		run_kill(run, run->setup->trees > 0 ? run->net.config.anchors[i] : strongest(run));
		err = watch_and_revive(run, before, i == 0 ? &worst : &watch);
		if (i > 0 && err == AL_OK)
			watch_worse(&worst, &watch);
		sim_labels_free(&run->net, before);
	}
	run_scenario(run, "anchor");
	if (err == AL_OK)
		watch_put(run, &worst);
	return err;
}

static enum al_err many_die(struct run *run, unsigned percent, const char *scenario)
{
	struct sim_rng rng = sim_rng_of(run->setup->seed, 6 + percent);
	uint32_t count = (run->graph.nodes * percent + 50) / 100;
	struct mesh_label **before = sim_labels(&run->net);
	struct watch watch;
	enum al_err err;

	if (before == NULL)
		return AL_ENOMEM;
	for (uint32_t i = 0; i < count;) {
		uint32_t n = sim_random(&rng, run->graph.nodes);

		if (run->off[n])
			continue;
		run_kill(run, n);
		i++;
	}
	err = watch_and_revive(run, before, &watch);
	sim_labels_free(&run->net, before);
	run_scenario(run, scenario);
	if (err == AL_OK)
		watch_put(run, &watch);
	return err;
}

/* A leaf, as far as there is one: the node with fewest links that is no anchor. */
static uint32_t a_leaf(const struct run *run)
{
	uint32_t best = UINT32_MAX;

	for (uint32_t n = 0; n < run->graph.nodes; n++) {
		bool anchor = false;

		for (unsigned t = 0; t < run->net.config.trees; t++)
			anchor = anchor || run->net.config.anchors[t] == n;
		if (!anchor && n != strongest(run) &&
		    (best == UINT32_MAX || sim_degree(&run->graph, n) <= sim_degree(&run->graph, best)))
			best = n;
	}
	return best;
}

/* Off, settled; then it is back, with the strongest key, and says it is the anchor of every tree. */
static enum al_err a_stronger_key(struct run *run)
{
	uint32_t leaf = a_leaf(run);
	struct mesh_config forged = run->net.config;
	struct mesh_node *node = &run->net.node[leaf];
	struct mesh_label **before;
	struct watch watch;
	enum al_err err;

	run_kill(run, leaf);
	run_settle(run);
	before = sim_labels(&run->net);
	for (unsigned t = 0; t < forged.trees; t++)
		forged.anchors[t] = leaf;
	mesh_node_release(node);
	err = mesh_node_init(node, run->setup->trees > 0 ? &forged : &run->net.config, leaf,
			     sim_degree(&run->graph, leaf));
	if (before == NULL || err != AL_OK) {
		sim_labels_free(&run->net, before);
		return AL_ENOMEM;
	}
	run->strength[leaf] = UINT32_MAX;
	run_revive(run, leaf);
	run->off[leaf] = 1; /* what it says of itself is not counted, nor is anything sent to it */
	err = run_watch(run, before, &watch);
	sim_labels_free(&run->net, before);
	run_scenario(run, "strong");
	if (err == AL_OK)
		watch_put(run, &watch);
	/* `forged` goes: so does who has it. */
	mesh_node_release(node);
	return err;
}

static enum al_err course(struct run *run, unsigned which)
{
	enum al_err err;

	run_start(run, NULL);
	err = cold(run);
	if (err == AL_OK && which & SIM_ANCHOR)
		err = anchors_die(run);
	if (err == AL_OK && which & SIM_LOSS1)
		err = many_die(run, 1, "loss1");
	if (err == AL_OK && which & SIM_LOSS5)
		err = many_die(run, 5, "loss5");
	if (err == AL_OK && which & SIM_STRONG)
		err = a_stronger_key(run);
	return err;
}

enum al_err sim_course(const struct sim_setup *setup, unsigned which, struct sim_results *results)
{
	struct run run = { .setup = setup, .results = results };
	uint32_t anchors[MESH_TREES];
	enum al_err err = sim_graph_make(setup->graph, setup->seed, &run.graph);

	if (err != AL_OK)
		return err;
	if (run.graph.nodes < 10) {
		sim_graph_free(&run.graph);
		return AL_ELIMIT;
	}
	sim_graph_delays(&run.graph, setup->seed, setup->low, setup->high, 0);
	err = sim_anchors(&run.graph, NULL, setup->trees > 0 ? setup->trees : 1, anchors);
	if (err == AL_OK)
		err = run_init(&run, anchors);
	if (err == AL_OK)
		err = course(&run, which);
	run_free(&run);
	return err;
}

enum al_err sim_scenarios(const struct sim_setup *setup, unsigned which, struct sim_results *results)
{
	enum al_err err = AL_OK;

	if (which & (SIM_COLD | SIM_ANCHOR | SIM_LOSS1 | SIM_LOSS5 | SIM_STRONG))
		err = sim_course(setup, which, results);
	if (err == AL_OK && which & SIM_MERGE)
		err = sim_merge(setup, results);
	if (err == AL_OK && which & SIM_MOBILITY)
		err = sim_mobility(setup, results);
	if (err == AL_OK && which & SIM_SLOW)
		err = sim_slow(setup, results);
	return err;
}
