/* SPDX-License-Identifier: MIT */
/*
 * baseline.h -- two other ways to route, in rounds: each link takes one.
 *
 *   dv     flat distance vector, as Babel: every node is a destination at every node, with the feasibility condition, and
 *          any route after two rounds without one. It is what node.h does, for all nodes instead of K anchors, without labels.
 *   snek   Pinecone's virtual snake: nodes in a line ordered by key; each tells the next higher key where it is, every hop on the way
 *          remembers, and traffic goes to the known key that is nearest above the destination's. Here in sweeps, each
 *          of one bootstrap by every node (five seconds in Pinecone); what two sweeps have not renewed is forgotten.
 */
#ifndef MESH_SIM_BASELINE_H
#define MESH_SIM_BASELINE_H

#include "graph.h"
#include "result.h"

#define SIM_DV_NODES 2000 /* its tables grow with the square */

/*
 * Scenarios cold, anchor (the node with most links dies), loss1, loss5; `scheme` of the rows is "dv" or "snek". AL_ELIMIT: too many
 * nodes for dv.
 */
AL_MUST_USE enum al_err sim_dv(const char *graph, uint64_t seed, struct sim_results *results);
AL_MUST_USE enum al_err sim_snek(const char *graph, uint64_t seed, struct sim_results *results);

/* What the rows are about. */
static inline void sim_about(struct sim_results *results, const char *scheme, const char *spec, uint64_t seed,
			     const struct sim_graph *graph)
{
	results->now = (struct sim_row){ .seed = seed, .nodes = graph->nodes, .links = graph->ends / 2 };
	(void)snprintf(results->now.scheme, sizeof(results->now.scheme), "%s", scheme);
	(void)snprintf(results->now.graph, sizeof(results->now.graph), "%s", spec);
}

static inline void sim_scene(struct sim_results *results, const char *scenario)
{
	(void)snprintf(results->now.scenario, sizeof(results->now.scenario), "%s", scenario);
}

static inline uint32_t sim_hub(const struct sim_graph *graph)
{
	uint32_t hub = 0;

	for (uint32_t n = 0; n < graph->nodes; n++)
		if (sim_degree(graph, n) > sim_degree(graph, hub))
			hub = n;
	return hub;
}

#endif
