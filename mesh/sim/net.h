/* SPDX-License-Identifier: MIT */
/*
 * net.h -- a graph of nodes that run the tree protocol, event by event.
 *
 * A tick is whatever the delays are counted in: with delays of 1 it is a round, one hop of news. All that arrives in a tick is
 * given to the nodes first, then each of them decides once. A message that is lost is sent again until it arrives, and those
 * behind it on the same link wait: links are reliable and in order, as the protocol asks of them.
 */
#ifndef MESH_SIM_NET_H
#define MESH_SIM_NET_H

#include "node.h"
#include "graph.h"

#define SIM_WHEEL 65536 /* ticks ahead that can be waited for; a power of two */

struct sim_net;
/* As mesh_node_settle(); `context` of `out` is the net. */
typedef bool sim_settle(struct mesh_node *node, uint32_t now, mesh_out *out, void *context, uint32_t *due);

struct sim_event {
	struct mesh_label *label; /* owned */
	uint32_t to, cost;
	uint16_t port, seqno;
	uint8_t kind, tree, spread, hops; /* kind: of mesh_msg_kind, or SIM_TIMER */
};
#define SIM_TIMER 255

struct sim_chunk;
struct sim_slot {
	struct sim_chunk *head, *tail;
};

struct sim_net {
	const struct sim_graph *graph; /* outlives the net */
	struct mesh_config config;
	sim_settle *settle;
	struct mesh_node *node;
	uint8_t *up;              /* [ends] is the link up, seen from this end? */
	uint32_t *cost;           /* [ends], or NULL: 1 */
	uint32_t *last;           /* [ends] latest arrival, where messages may be lost; else NULL */
	uint32_t *due;            /* [nodes] tick of the timer that is set, UINT32_MAX for none */
	uint32_t *dirty;          /* nodes to decide in this tick */
	uint8_t *marked;          /* [nodes] is in `dirty` */
	const uint32_t *strength; /* [nodes] of keys, for the elected root; borrowed */
	struct sim_slot *wheel;
	struct sim_chunk *spare;
	uint32_t dirty_count;
	uint32_t now;
	uint32_t changed;  /* tick of the last announcement or retraction */
	uint64_t pending;  /* events in the wheel */
	uint64_t messages; /* announcements, retractions and requests, one tree each */
	uint64_t requests; /* of these */
	uint64_t bytes;    /* of these, with a signed hop as record.h has it */
	unsigned drop;     /* of 1,000 messages, how many are lost */
	uint32_t again;    /* ticks after which a lost message is sent again */
	struct sim_rng rng;
	bool failed; /* memory was out */
};

/* Links down. `drop` of 1,000 are lost. AL_ENOMEM. */
AL_MUST_USE enum al_err sim_net_init(struct sim_net *net, const struct sim_graph *graph,
				     const struct mesh_config *config, sim_settle *settle, unsigned drop,
				     uint32_t again, uint64_t seed);
void sim_net_free(struct sim_net *net);

/* Both ends of `end`, an index of the graph's, in this tick. */
void sim_link(struct sim_net *net, uint32_t end, bool up);
/* All links of a node; those to nodes that are `off` stay down (NULL: none is). */
void sim_links(struct sim_net *net, uint32_t node, bool up, const uint8_t *off);
/* The anchor gives out its next number. */
void sim_refresh(struct sim_net *net, uint32_t node);

/* Until the tick `now + ticks` is over. */
void sim_run(struct sim_net *net, uint32_t ticks);
/* The decisions that are due in this tick, without time passing. */
void sim_decide(struct sim_net *net);
/* Until nothing is on its way or waited for, or `limit` ticks are over; true: it is quiet. */
bool sim_quiet(struct sim_net *net, uint32_t limit);

#endif
