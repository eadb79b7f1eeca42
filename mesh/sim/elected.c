/* SPDX-License-Identifier: MIT */
#include "elected.h"

static uint16_t choose(const struct mesh_node *node, const uint32_t *strength)
{
	uint32_t strongest = strength[node->id], least = UINT32_MAX;
	uint16_t best = MESH_NO_PORT;

	for (uint16_t p = 0; p < node->ports; p++) {
		const struct mesh_route *heard = mesh_heard(node, p, 0);
		uint32_t root, cost = heard->cost + node->port[p].cost;

		if (heard->label == NULL || heard->label->count >= MESH_HOPS_MAX ||
		    mesh_label_has(heard->label, node->id))
			continue;
		root = strength[heard->label->anchor];
		if (root < strongest || (root == strongest && (best == MESH_NO_PORT || cost > least)))
			continue;
		if (root == strongest && cost == least && p != node->tree[0].parent &&
		    (best == node->tree[0].parent || node->port[p].id > node->port[best].id))
			continue;
		strongest = root;
		least = cost;
		best = p;
	}
	return best;
}

/* Takes over the label, whose reference it is given; true: it is another than before. */
static bool become(struct mesh_tree *tree, struct mesh_label *label, uint32_t cost, uint16_t parent)
{
	bool changed = !mesh_label_eq(tree->own.label, label);

	mesh_route_set(&tree->own, label, cost, 0);
	mesh_label_unref(label);
	tree->parent = parent;
	return changed;
}

bool elected_settle(struct mesh_node *node, uint32_t now, mesh_out *out, void *context, uint32_t *due)
{
	const struct sim_net *net = context;
	struct mesh_tree *tree = &node->tree[0];
	uint16_t port = choose(node, net->strength);
	bool changed;

	(void)now;
	(void)due;
	if (port == MESH_NO_PORT) {
		changed = become(tree, mesh_label_root(node->id), 0, MESH_NO_PORT);
	} else {
		const struct mesh_route *heard = mesh_heard(node, port, 0);

		changed = become(tree, mesh_label_extend(heard->label, node->port[port].id, node->port[port].far),
				 heard->cost + node->port[port].cost, port);
	}
	mesh_node_tell(node, 0, !changed, out, context);
	for (uint16_t p = 0; p < node->ports; p++)
		node->port[p].fresh = 0;
	return false;
}
