/* SPDX-License-Identifier: MIT */
#include "forward.h"

struct mesh_packet mesh_packet_start(unsigned trees)
{
	return (struct mesh_packet){ .left = UINT32_MAX, .trees = (uint8_t)((1u << trees) - 1) };
}

/* Nearest neighbour over the trees of the packet: nearer than `left`, or MESH_NO_PORT. */
static uint16_t nearest(const struct mesh_node *node, const struct mesh_place *to, struct mesh_packet *packet)
{
	uint16_t best = MESH_NO_PORT;

	for (uint16_t p = 0; p < node->ports; p++) {
		if (!node->port[p].up)
			continue;
		for (unsigned t = 0; t < node->config->trees; t++) {
			const struct mesh_label *label = mesh_heard(node, p, t)->label;
			uint32_t distance;

			if (label == NULL || to->label[t] == NULL || !(packet->trees & 1u << t))
				continue;
			distance = mesh_label_distance(label, to->label[t]);
			if (distance >= packet->left)
				continue;
			packet->left = distance;
			packet->tree = (uint8_t)t;
			best = p;
		}
	}
	return best;
}

/* How near we are ourselves, by the trees that are left: the measure that the next step must be below. */
static void start_over(const struct mesh_node *node, const struct mesh_place *to, struct mesh_packet *packet)
{
	packet->left = UINT32_MAX;
	for (unsigned t = 0; t < node->config->trees; t++) {
		const struct mesh_label *own = node->tree[t].own.label;
		uint32_t distance;

		if (own == NULL || to->label[t] == NULL || !(packet->trees & 1u << t))
			continue;
		distance = mesh_label_distance(own, to->label[t]);
		if (distance < packet->left) {
			packet->left = distance;
			packet->tree = (uint8_t)t;
		}
	}
}

uint16_t mesh_forward(const struct mesh_node *node, const struct mesh_place *to, struct mesh_packet *packet)
{
	if (packet->left == UINT32_MAX)
		start_over(node, to, packet);
	while (packet->trees != 0) {
		uint16_t port = nearest(node, to, packet);

		if (port != MESH_NO_PORT || packet->left == UINT32_MAX)
			return port;
		packet->trees &= (uint8_t) ~(1u << packet->tree);
		start_over(node, to, packet);
	}
	return MESH_NO_PORT;
}
