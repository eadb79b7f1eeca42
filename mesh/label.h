/* SPDX-License-Identifier: MIT */
/*
 * label.h -- where a node is in a tree: the hops from the anchor to it.
 *
 * Hop i is a node on the way and its port that leads to the next one; the node itself is not in its label. The anchor's
 * label is empty. Labels don't change once made and are counted, so that who hears one keeps it without a copy. One thread.
 */
#ifndef MESH_LABEL_H
#define MESH_LABEL_H

#include "alamo/base/base.h"

#define MESH_HOPS_MAX 128 /* a longer way is no way */

struct mesh_hop {
	uint32_t id; /* a node, as the program numbers the keys that it knows */
	uint16_t port;
};

struct mesh_label {
	uint32_t refs;
	uint32_t anchor; /* id of the node that the tree begins at */
	uint16_t count;
	struct mesh_hop hops[];
};

/* Empty. NULL when memory is out. */
struct mesh_label *mesh_label_root(uint32_t anchor);
/* `parent`'s and one hop. NULL when memory is out or there are MESH_HOPS_MAX. */
struct mesh_label *mesh_label_extend(const struct mesh_label *parent, uint32_t id, uint16_t port);
struct mesh_label *mesh_label_ref(struct mesh_label *label); /* NULL gives NULL */
void mesh_label_unref(struct mesh_label *label);             /* safe on NULL */

/* Is node `id` the anchor or one of the hops? */
bool mesh_label_has(const struct mesh_label *label, uint32_t id);
bool mesh_label_eq(const struct mesh_label *a, const struct mesh_label *b); /* NULL equals NULL only */
/* Links between two places of one tree, up to the common ancestor and down. Of different anchors: UINT32_MAX. */
uint32_t mesh_label_distance(const struct mesh_label *a, const struct mesh_label *b);

#endif
