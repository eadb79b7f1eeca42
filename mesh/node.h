/* SPDX-License-Identifier: MIT */
/*
 * node.h -- one node's part in the trees: what it heard, what it is, what it says. No sockets, no clock, no threads.
 *
 * Each anchor is the root of one tree, and one destination of a distance-vector protocol with the rules of RFC 8966 (Babel): sequence
 * numbers, a feasibility condition, requests for a new number. What is announced is a label too (label.h), by which packets
 * are forwarded (forward.h). Who is an anchor is configuration that others signed; nothing heard makes an anchor.
 *
 * The caller tells events (mesh_node_link, mesh_node_receive, mesh_node_refresh), any number of them, then calls
 * mesh_node_settle() once, which decides and hands out messages. So a burst of news costs one announcement. Links deliver in order,
 * all of it or the link is down. Time is in ticks of any length, the same for a whole configuration; it wraps.
 *
 * A node whose parent is lost and who hears no feasible route tells so at once (a retraction) and is starved. Then:
 *   1. It holds. A route that is not feasible may be taken once the news that took ours away would have taken it too. That
 *      news goes out from the anchor's side: to a neighbour that was as far from the anchor as we are it comes when it comes
 *      to us, and what he says of it is here one link delay later; from one who was a hop farther, two. So the wait is `hold`
 *      ticks, a link delay, for each unit of cost that the route is worse than feasible, MESH_HOLDS units at most. (RFC 8966
 *      section 3.7.3 has minutes for all.) What was feasible stays the measure: late news costs MESH_HOLDS wrong steps, not more.
 *   2. It asks, after `patience` ticks: the best route that is left, for a newer number (RFC 8966 section 3.8). The answer goes
 *      back to those who asked and to nobody else. Behind a dead anchor nothing is left by then, and nobody asks.
 * With `hold` out of reach it only asks, without requests it waits for the next refresh, and `naive` takes any route that does not
 * lead through itself, as BGP does: the simulator has them beside each other.
 */
#ifndef MESH_NODE_H
#define MESH_NODE_H

#include "label.h"

#define MESH_TREES 5 /* the most anchors that a node follows */
#define MESH_NO_PORT UINT16_MAX
#define MESH_PORTS_MAX (UINT16_MAX - 1)

#define MESH_HOLDS 4 /* cost by which a route may be worse than feasible, and be taken without a newer number */

struct mesh_config {
	unsigned trees; /* 1 .. MESH_TREES */
	uint32_t anchors[MESH_TREES];
	bool naive;
	bool requests;
	uint32_t hold;     /* ticks in which news crosses a link of cost 1, and what is sent again */
	uint32_t patience; /* ticks starved before the first request */
	uint32_t retry;    /* ticks between two requests */
	uint32_t forget;   /* ticks starved after which any number is news: an anchor may have lost its own */
	uint32_t slack;    /* cost by which another parent must be better than the one there is */
};

enum mesh_msg_kind { MESH_ANNOUNCE, MESH_RETRACT, MESH_REQUEST };

struct mesh_msg {
	uint8_t kind; /* enum mesh_msg_kind */
	uint8_t tree;
	uint8_t spread; /* MESH_ANNOUNCE: a number that is new to you goes on to all your links */
	uint8_t hops;   /* MESH_REQUEST: how many more may hand it on */
	uint16_t seqno;
	uint32_t cost;
	struct mesh_label *label; /* MESH_ANNOUNCE: the speaker's own; a reference is taken by who keeps it */
};

/* What somebody says of one tree. */
struct mesh_route {
	struct mesh_label *label; /* NULL: no route */
	uint32_t cost;
	uint16_t seqno;
	uint8_t spread;
	uint8_t asked; /* of what is heard: this link waits for a newer number from us */
};

struct mesh_port {
	uint32_t id; /* the neighbour */
	uint32_t cost;
	uint16_t far; /* the neighbour's port to us */
	uint8_t up;
	uint8_t fresh; /* has been told nothing yet */
};

struct mesh_tree {
	struct mesh_route own;
	uint32_t fd_cost; /* the least cost that we told with fd_seqno */
	uint32_t since;   /* starved: since when */
	uint32_t asked;   /* when the last request left */
	uint16_t fd_seqno;
	uint16_t wanted; /* number asked for */
	uint16_t parent;
	uint16_t tried; /* port that the last request of our own left by */
	uint8_t held;   /* holds after which the parent was taken: until then cost may be worse by that */
	bool fd_set;
	bool starved;
	bool waiting; /* somebody, we or a link, waits for `wanted` */
	bool hand_on; /* a request of others is to go to the parent */
};

struct mesh_node {
	const struct mesh_config *config; /* outlives the node */
	uint32_t id;
	uint16_t ports;
	uint8_t touched; /* trees with news, a bit each */
	struct mesh_port *port;
	struct mesh_route *heard; /* [port * trees + tree] */
	struct mesh_tree tree[MESH_TREES];
};

/* Takes a message for `port`. It may not call back into the node. */
typedef void mesh_out(void *context, const struct mesh_node *node, uint16_t port, const struct mesh_msg *msg);

/* All links down. AL_ELIMIT: more ports than MESH_PORTS_MAX. */
AL_MUST_USE enum al_err mesh_node_init(struct mesh_node *node, const struct mesh_config *config, uint32_t id,
				       unsigned ports);
void mesh_node_release(struct mesh_node *node); /* safe on a zeroed one */

/* The link is up, to neighbour `id`, whose port is `far`; what is up is taken down first. `cost` is 1 or more. */
void mesh_node_up(struct mesh_node *node, uint16_t port, uint32_t id, uint16_t far, uint32_t cost);
void mesh_node_down(struct mesh_node *node, uint16_t port);
/* From the neighbour on `port`; ignored where it makes no sense. */
void mesh_node_receive(struct mesh_node *node, uint16_t port, const struct mesh_msg *msg, uint32_t now);
/* Of an anchor: the next number, for everybody. Of other nodes: nothing. */
void mesh_node_refresh(struct mesh_node *node);

/*
 * Decides, and tells. Result: false when nothing is left to wait for; true: call again at *due, if not earlier. AL_ENOMEM is not
 * told: a label that can't be made is a route that is lost.
 */
bool mesh_node_settle(struct mesh_node *node, uint32_t now, mesh_out *out, void *context, uint32_t *due);

/* What is heard on a port; never NULL for a port and tree that exist. */
static inline struct mesh_route *mesh_heard(const struct mesh_node *node, unsigned port, unsigned tree)
{
	return &node->heard[port * node->config->trees + tree];
}

/* To all links that are up, or to those that have heard nothing. */
void mesh_node_tell(struct mesh_node *node, unsigned tree, bool only_fresh, mesh_out *out, void *context);
/* `route` becomes what `label` says; takes a reference, drops the one before. */
void mesh_route_set(struct mesh_route *route, struct mesh_label *label, uint32_t cost, uint16_t seqno);

/* RFC 1982 order of sequence numbers. */
static inline bool mesh_newer(uint16_t a, uint16_t b)
{
	return (int16_t)(uint16_t)(a - b) > 0;
}

#endif
