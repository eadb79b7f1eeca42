/* SPDX-License-Identifier: MIT */
/*
 * elected.h -- the baseline without an authority: one tree, whose root is the node with the strongest key that one has heard of.
 *
 * As in Yggdrasil and Pinecone: whoever hears of a stronger root follows it, by whoever tells so with the fewest hops, and with a way that
 * does not lead through itself; whoever hears of none is the root. The same nodes, links, labels and messages as the
 * appointed anchors have, so that nothing differs but the rule.
 */
#ifndef MESH_SIM_ELECTED_H
#define MESH_SIM_ELECTED_H

#include "net.h"

bool elected_settle(struct mesh_node *node, uint32_t now, mesh_out *out, void *context, uint32_t *due);

#endif
