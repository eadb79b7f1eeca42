/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "baseline.h"

#define INFINITE 128 /* hops that are no way, as MESH_HOPS_MAX */
#define NO_WAY UINT16_MAX
#define HOLD 2 /* rounds without a feasible route before any will do */
#define PAIRS 1000
#define LIMIT 200 /* rounds */

/* Of one node about one destination. */
struct dv_route {
	uint8_t metric; /* INFINITE: none */
	uint8_t least;  /* feasible are lower ones */
	uint8_t lost;   /* rounds since the last route went, HOLD at most */
	bool news;      /* to be told in this round */
	uint16_t port;
};

struct dv {
	struct sim_graph graph;
	uint8_t *off, *heard;   /* [nodes]; [end * nodes + destination]: what the neighbour at that end says */
	struct dv_route *route; /* [node * nodes + destination] */
	uint64_t records;
	struct sim_rng rng;
};

static void choose(struct dv *dv, uint32_t n, uint32_t to)
{
	struct dv_route *route = &dv->route[(size_t)n * dv->graph.nodes + to];
	bool any = route->lost >= HOLD;
	uint8_t best = INFINITE;
	uint16_t port = NO_WAY;

	for (uint32_t e = dv->graph.first[n]; e < dv->graph.first[n + 1] && n != to; e++) {
		uint8_t heard = dv->heard[(size_t)e * dv->graph.nodes + to];
		uint16_t p = (uint16_t)(e - dv->graph.first[n]);

		if (dv->off[dv->graph.to[e]] || heard + 1 >= INFINITE || (!any && heard >= route->least))
			continue;
		if (heard + 1 < best || (heard + 1 == best && p == route->port)) {
			best = (uint8_t)(heard + 1);
			port = p;
		}
	}
	if (n == to)
		best = 0;
	route->news = route->news || best != route->metric;
	if (best == INFINITE && route->metric != INFINITE)
		route->lost = 0;
	route->port = port;
	route->metric = best;
	if (best != INFINITE) {
		route->least = any || best < route->least ? best : route->least;
		route->lost = 0;
	}
}

/* All news to all neighbours, then all decisions. Result: records told, or starved nodes that wait. */
static bool round_of(struct dv *dv)
{
	uint32_t nodes = dv->graph.nodes;
	bool busy = false;

	for (uint32_t n = 0; n < nodes; n++)
		for (uint32_t to = 0; to < nodes && !dv->off[n]; to++) {
			struct dv_route *route = &dv->route[(size_t)n * nodes + to];

			if (!route->news)
				continue;
			for (uint32_t e = dv->graph.first[n]; e < dv->graph.first[n + 1]; e++) {
				uint32_t other = dv->graph.first[dv->graph.to[e]] + dv->graph.back[e];

				if (dv->off[dv->graph.to[e]])
					continue;
				dv->heard[(size_t)other * nodes + to] = route->metric;
				dv->records++;
			}
			route->news = false;
			busy = true;
		}
	for (uint32_t n = 0; n < nodes; n++)
		for (uint32_t to = 0; to < nodes && !dv->off[n]; to++) {
			struct dv_route *route = &dv->route[(size_t)n * nodes + to];

			if (route->metric == INFINITE && route->lost < HOLD) {
				route->lost++;
				busy = true;
			}
			choose(dv, n, to);
			busy = busy || route->news;
		}
	return busy;
}

static uint32_t settle(struct dv *dv)
{
	uint32_t rounds = 0;

	while (rounds < LIMIT && round_of(dv))
		rounds++;
	return rounds;
}

static int walk(const struct dv *dv, uint32_t from, uint32_t to)
{
	int hops = 0;

	while (from != to) {
		const struct dv_route *route = &dv->route[(size_t)from * dv->graph.nodes + to];

		if (route->port == NO_WAY || hops == INFINITE)
			return -1;
		from = dv->graph.to[dv->graph.first[from] + route->port];
		hops++;
		if (dv->off[from])
			return -1;
	}
	return hops;
}

/* Percent of the packets that have a way, in thousandths; *stretch in thousandths. */
static uint64_t delivery(struct dv *dv, uint64_t *stretch)
{
	uint32_t nodes = dv->graph.nodes, *hops = malloc(nodes * sizeof(*hops)),
		 *queue = malloc(nodes * sizeof(*queue));
	uint8_t *up = malloc(dv->graph.ends + 1u);
	uint64_t possible = 0, arrived = 0, ratio = 0;

	for (uint32_t n = 0; up != NULL && n < nodes; n++)
		for (uint32_t e = dv->graph.first[n]; e < dv->graph.first[n + 1]; e++)
			up[e] = !dv->off[n] && !dv->off[dv->graph.to[e]];
	for (unsigned i = 0; hops != NULL && queue != NULL && up != NULL && i < PAIRS; i++) {
		uint32_t from = sim_random(&dv->rng, nodes), to = sim_random(&dv->rng, nodes);
		int taken;

		(void)sim_bfs(&dv->graph, up, from, hops, queue);
		if (from == to || dv->off[from] || dv->off[to] || hops[to] == UINT32_MAX)
			continue;
		possible++;
		taken = walk(dv, from, to);
		if (taken < 0)
			continue;
		arrived++;
		ratio += (uint64_t)taken * 1000 / hops[to];
	}
	free(hops);
	free(queue);
	free(up);
	*stretch = arrived > 0 ? ratio / arrived : 0;
	return possible > 0 ? arrived * 100000 / possible : 100000;
}

static void kill(struct dv *dv, uint32_t n)
{
	dv->off[n] = 1;
	for (uint32_t e = dv->graph.first[n]; e < dv->graph.first[n + 1]; e++) {
		uint32_t other = dv->graph.first[dv->graph.to[e]] + dv->graph.back[e];

		memset(&dv->heard[(size_t)other * dv->graph.nodes], INFINITE, dv->graph.nodes);
	}
}

static void watch(struct dv *dv, const char *scenario, struct sim_results *results)
{
	uint64_t stretch, records = dv->records;
	char metric[SIM_WORD_MAX];

	sim_scene(results, scenario);
	for (uint32_t n = 0; n < dv->graph.nodes; n++)
		for (uint32_t to = 0; to < dv->graph.nodes && !dv->off[n]; to++)
			choose(dv, n, to);
	for (unsigned r = 0; r <= 8; r++) {
		(void)snprintf(metric, sizeof(metric), "delivery_r%u", r);
		sim_put(results, metric, delivery(dv, &stretch));
		(void)round_of(dv);
	}
	(void)settle(dv);
	sim_put(results, "messages_per_node", (dv->records - records) * 1000 / dv->graph.nodes);
}

static void scenarios(struct dv *dv, struct sim_results *results)
{
	struct sim_rng rng = dv->rng;
	uint64_t stretch, delivered;
	uint32_t rounds = settle(dv), nodes = dv->graph.nodes;

	sim_scene(results, "cold");
	delivered = delivery(dv, &stretch);
	sim_put(results, "rounds_quiet", rounds * 1000ull);
	sim_put(results, "messages_per_node", dv->records * 1000 / nodes);
	/* Everybody tells everything to all neighbours, once in an interval. */
	sim_put(results, "refresh_messages_per_node", (uint64_t)dv->graph.ends * 1000);
	sim_put(results, "delivery", delivered);
	sim_put(results, "stretch_mean", stretch);
	sim_put(results, "routes_per_node", (nodes - 1) * 1000ull);
	kill(dv, sim_hub(&dv->graph));
	watch(dv, "anchor", results);
	for (uint32_t i = 0; i < (nodes + 50) / 100; i++)
		kill(dv, sim_random(&rng, nodes));
	watch(dv, "loss1", results);
	for (uint32_t i = 0; i < (nodes * 4 + 50) / 100; i++)
		kill(dv, sim_random(&rng, nodes));
	watch(dv, "loss5", results);
}

enum al_err sim_dv(const char *spec, uint64_t seed, struct sim_results *results)
{
	struct dv dv = { .rng = sim_rng_of(seed, 11) };
	enum al_err err = sim_graph_make(spec, seed, &dv.graph);
	size_t nodes = dv.graph.nodes;

	if (err == AL_OK && nodes > SIM_DV_NODES)
		err = AL_ELIMIT;
	if (err == AL_OK) {
		dv.off = calloc(nodes, 1);
		dv.heard = malloc(dv.graph.ends * nodes + 1);
		dv.route = malloc(nodes * nodes * sizeof(*dv.route));
		err = dv.off != NULL && dv.heard != NULL && dv.route != NULL ? AL_OK : AL_ENOMEM;
	}
	if (err == AL_OK) {
		sim_about(results, "dv", spec, seed, &dv.graph);
		memset(dv.heard, INFINITE, dv.graph.ends * nodes + 1);
		for (size_t i = 0; i < nodes * nodes; i++)
			dv.route[i] = (struct dv_route){
				.metric = INFINITE, .least = INFINITE, .lost = HOLD, .port = NO_WAY
			};
		for (size_t n = 0; n < nodes; n++)
			dv.route[n * nodes + n] = (struct dv_route){ .news = true, .port = NO_WAY };
		scenarios(&dv, results);
	}
	free(dv.off);
	free(dv.heard);
	free(dv.route);
	sim_graph_free(&dv.graph);
	return err;
}
