/* SPDX-License-Identifier: MIT */
/*
 * forward.h -- which link a packet leaves by: the neighbour that is nearest to the destination, in whichever tree it is.
 *
 * The packet says how near it is to be (`left`) and in which trees it may still look. Every step makes one of them less,
 * (number of trees, left) in lexical order, whatever the nodes on the way believe: so no packet is in a loop, not while
 * trees change either. Where no neighbour is nearer, the tree that led here is given up for this packet.
 */
#ifndef MESH_FORWARD_H
#define MESH_FORWARD_H

#include "node.h"

/* Where the destination is: its label in each tree, NULL where it has none. Borrowed. */
struct mesh_place {
	const struct mesh_label *label[MESH_TREES];
};

struct mesh_packet {
	uint32_t left; /* links that the last step promised; UINT32_MAX: nothing promised */
	uint8_t trees; /* that may still be used, a bit each */
	uint8_t tree;  /* the one that gave `left` */
};

/* For a packet that starts here. */
struct mesh_packet mesh_packet_start(unsigned trees);
/* The port, and `packet` as the next node gets it; MESH_NO_PORT: undeliverable. The caller has seen that it is not for this node. */
uint16_t mesh_forward(const struct mesh_node *node, const struct mesh_place *to, struct mesh_packet *packet);

#endif
