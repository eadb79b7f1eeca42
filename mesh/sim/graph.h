/* SPDX-License-Identifier: MIT */
/*
 * graph.h -- who is linked to whom, made by a rule or read from a file.
 *
 *   ba:N:M       Barabasi-Albert: each new node takes M links, to nodes in proportion to the links that they have
 *   rgg:N:D      N random places in a square, linked where nearer than gives D links on average; the largest component
 *   grid:WxH     each with its two to four neighbours
 *   file:PATH    a line for each link, two words, the names of its ends; '#' begins a comment; the largest component
 *
 * Links are undirected, none is double and none leads to itself. Node n's ports are 0 .. degree - 1.
 */
#ifndef MESH_SIM_GRAPH_H
#define MESH_SIM_GRAPH_H

#include <stdio.h>

#include "alamo/base/slice.h"
#include "rng.h"

#define SIM_NODES_MAX 1000000u
#define SIM_LINKS_MAX 8000000u
#define SIM_SPEC_MAX 200

struct sim_graph {
	uint32_t nodes;
	uint32_t ends;   /* twice the links */
	uint32_t *first; /* [nodes + 1]: where a node's ports begin in what follows */
	uint32_t *to;
	uint16_t *back;  /* the neighbour's port that leads here */
	uint16_t *delay; /* ticks, the same both ways; 1 until sim_graph_delays() */
};

/* A list of links that a graph is made of. */
struct sim_edges {
	uint32_t (*at)[2]; /* owned */
	uint32_t count, cap;
};
AL_MUST_USE enum al_err sim_edge(struct sim_edges *edges, uint32_t a, uint32_t b);
void sim_edges_free(struct sim_edges *edges);

/* By its description. AL_EINVAL: malformed, or a file of another form, with a line about it on stderr; AL_ELIMIT: too large. */
AL_MUST_USE enum al_err sim_graph_make(const char *spec, uint64_t seed, struct sim_graph *out);
/* The links of a description, and how many nodes they are about. */
AL_MUST_USE enum al_err sim_edges_make(const char *spec, uint64_t seed, struct sim_edges *edges, uint32_t *nodes);
/* The same kind with half the nodes: of a file, all of it. `out` has SIM_SPEC_MAX bytes. */
AL_MUST_USE enum al_err sim_spec_half(const char *spec, char *out);
/* Doubles and loops are left out. AL_ELIMIT: a node with more links than ports can be numbered. */
AL_MUST_USE enum al_err sim_graph_of(const struct sim_edges *edges, uint32_t nodes, struct sim_graph *out);
/* Only the largest component, renumbered in order. */
AL_MUST_USE enum al_err sim_edges_largest(struct sim_edges *edges, uint32_t *nodes);
void sim_graph_free(struct sim_graph *graph); /* safe on a zeroed one */

/* A delay of low .. high for each link; of `slow` percent of them, twenty times that. At most 60,000. */
void sim_graph_delays(struct sim_graph *graph, uint64_t seed, uint16_t low, uint16_t high, unsigned slow);

static inline uint32_t sim_degree(const struct sim_graph *graph, uint32_t node)
{
	return graph->first[node + 1] - graph->first[node];
}

/*
 * Hops from `node` to everybody, UINT32_MAX where there is no way. `up` has a byte for each end, or is NULL: all are.
 * `queue` has room for all nodes. Result: the farthest node that was reached.
 */
uint32_t sim_bfs(const struct sim_graph *graph, const uint8_t *up, uint32_t node, uint32_t *hops, uint32_t *queue);

/*
 * `count` nodes as an authority would appoint them: of the hundredth part with most links, and at least 16 (of these at most
 * 48 are looked at), each so that all nodes have the least hops to the nearest anchor. The graph has 10 nodes or more.
 */
AL_MUST_USE enum al_err sim_anchors(const struct sim_graph *graph, const uint8_t *up, unsigned count, uint32_t *out);

#endif
