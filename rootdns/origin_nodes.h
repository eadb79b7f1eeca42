/* SPDX-License-Identifier: MIT */
/*
 * origin_nodes.h -- which names of origin look-ups a change concerns.
 *
 * A node is a prefix on an octet (IPv4) or nibble (IPv6) boundary, that is a name in the reverse order of the reverse tree. The
 * nodes of a prefix are those of reverse_count(): 1, up to 128 or 8. A node is *needed* when it is one of a shown prefix, or lies
 * on the way from the top to one. docs/decisions/origins.md says what stands at which.
 */
#ifndef ROOTDNS_ORIGIN_NODES_H
#define ROOTDNS_ORIGIN_NODES_H

#include "origin_fold.h"

struct origin_nodes {
	struct al_prefix *items; /* owned; may repeat until origin_nodes_sort() */
	size_t count, cap;
	enum al_err err; /* sticky: AL_ENOMEM */
};

void origin_nodes_release(struct origin_nodes *nodes);
void origin_nodes_add(struct origin_nodes *nodes, const struct al_prefix *node);
/* Those whose answer may be different since a route of this prefix came, changed or went. */
void origin_nodes_of_route(const struct origin_fold *fold, const struct al_prefix *prefix, struct origin_nodes *out);
/* Likewise for a block: those of the routes in it. */
void origin_nodes_of_block(const struct origin_fold *fold, const struct al_prefix *prefix, struct origin_nodes *out);
/* Every node that is needed. */
void origin_nodes_all(const struct origin_fold *fold, struct origin_nodes *out);
/* In order, each once. */
void origin_nodes_sort(struct origin_nodes *nodes);

bool origin_node_needed(const struct origin_fold *fold, const struct al_prefix *node);

#endif
