/* SPDX-License-Identifier: MIT */
/*
 * routing.h -- how a node routes, whatever program does it: what render_bird.c and render_frr.c both say, each in its own words. Pure.
 */
#ifndef CLI_NODE_ROUTING_H
#define CLI_NODE_ROUTING_H

#include "node_view.h"

/* BGP, seconds. */
#define ROUTING_HOLD_S 30
#define ROUTING_KEEPALIVE_S 10
#define ROUTING_RETRY_S 5
/* BFD: a tunnel hides every cut, timers of BGP alone need minutes; 3 misses instead of 5 flap at 10 % loss. */
#define ROUTING_BFD_MS 300
#define ROUTING_BFD_MISSES 5
/* RTR (RFC 8210, section 6), seconds. */
#define ROUTING_ORIGINS_REFRESH_S 300
#define ROUTING_ORIGINS_RETRY_S 30
#define ROUTING_ORIGINS_EXPIRE_S 172800
/* A neighbour's paths and routes: more AS numbers or routes than the network has are somebody's fault. */
#define ROUTING_PATH_MAX 24
#define ROUTING_TAKEN_MAX 20000
#define ROUTING_RECEIVED_MAX 40000

/* Prefixes below `prefix` of `least` to `most` bits. */
struct routing_range {
	struct al_prefix prefix;
	unsigned least, most;
};
/* What neighbours tell each other: members' blocks, and, where there is one, the mesh half as a whole. Returns how many. */
#define ROUTING_RANGES_MAX 2
size_t routing_announced(const struct node_view *view, struct routing_range out[static ROUTING_RANGES_MAX]);
/* The node's own prefix: nobody else's route for it is taken. Others announce an anycast prefix too. */
bool routing_is_own(const struct node_view *view, size_t prefix);

enum routing_session {
	ROUTING_OUTSIDE, /* another AS: filtered both ways */
	ROUTING_INSIDE,  /* another node of ours (RFC 4456 calls it a non-client) */
	ROUTING_CLIENT   /* one that this node reflects routes to and from */
};
enum routing_session routing_session(const struct node_view *view, const struct node_peer *peer);

/*
 * What a link is like, as communities (AS, value) that routes carry (docs/conventions.md). Of each kind a route keeps the worst
 * of its path, so that a link sets its own where it has none of `worse`.
 */
#define ROUTING_MARK_AS 64511
struct routing_kind {
	const char *name;
	unsigned first, last; /* its values */
	bool high_is_worse;
};
#define ROUTING_KINDS 3
extern const struct routing_kind routing_kinds[ROUTING_KINDS];

/* The value of a link; 0: nobody said, and there is none. */
unsigned routing_mark(const struct node_peer *peer, size_t kind);
/* The values that are worse: *first to *last. False: none is. */
bool routing_worse(size_t kind, unsigned value, unsigned *first, unsigned *last);

/* The router's ID. Unique in the network as long as no AS has two nodes of one number; its only use is to break ties. */
void routing_id(const struct node_view *view, char out[static 16]);

#endif
