/* SPDX-License-Identifier: MIT */
/*
 * zone_chain.h -- the nodes of a zone in canonical order (RFC 4034 section 6.1), in leaves that snapshots share
 * (shared.h): a change copies the leaves that it touches, and the table of leaves.
 *
 * The apex is the first node, and stays. Any thread may read; the builder's makes the next one.
 */
#ifndef ROOTDNS_ZONE_CHAIN_H
#define ROOTDNS_ZONE_CHAIN_H

#include "node.h"
#include "shared.h"

#define CHAIN_LEAF 256u /* nodes in one: 4 KiB of prefixes and pointers */

struct chain_leaf {
	struct shared shared;
	uint32_t count;
	uint64_t prefixes[CHAIN_LEAF]; /* dname_key_prefix() of each, for the search */
	const struct node *nodes[CHAIN_LEAF];
};

struct zone_chain {
	size_t count; /* nodes */
	size_t leaf_count, leaf_cap;
	struct chain_leaf **leaves; /* the table is owned */
	uint64_t *firsts;           /* the first prefix of each; owned */
};

/* A place in it; the first one is all zero. */
struct chain_at {
	size_t leaf, at;
};

/* NULL: behind the last. */
static inline const struct node *zone_chain_node(const struct zone_chain *chain, struct chain_at at)
{
	return at.leaf < chain->leaf_count && at.at < chain->leaves[at.leaf]->count
		       ? chain->leaves[at.leaf]->nodes[at.at]
		       : NULL;
}
static inline const struct node *zone_chain_apex(const struct zone_chain *chain)
{
	return chain->leaves[0]->nodes[0];
}
static inline struct chain_at zone_chain_after(const struct zone_chain *chain, struct chain_at at)
{
	return at.at + 1 < chain->leaves[at.leaf]->count ? (struct chain_at){ at.leaf, at.at + 1 }
							 : (struct chain_at){ at.leaf + 1, 0 };
}
/* Not of the first. */
static inline struct chain_at zone_chain_back(const struct zone_chain *chain, struct chain_at at)
{
	return at.at > 0 ? (struct chain_at){ at.leaf, at.at - 1 }
			 : (struct chain_at){ at.leaf - 1, chain->leaves[at.leaf - 1]->count - 1 };
}
/* The last node whose key is not after this one; the apex is before everything. */
struct chain_at zone_chain_before(const struct zone_chain *chain, const uint8_t *key, size_t key_len);

/* ---- the builder's ---- */

/* The same chain for the next snapshot, which is not edited yet. */
AL_MUST_USE enum al_err zone_chain_share(const struct zone_chain *from, struct zone_chain *to);
/* At its key's place, instead of the node that is there; *replaced NULL: there was none. The first one is the apex. */
AL_MUST_USE enum al_err zone_chain_put(struct zone_chain *chain, const struct making *making, const struct node *node,
				       const struct node **replaced);
/* Not the apex; it must be there. */
AL_MUST_USE enum al_err zone_chain_remove(struct zone_chain *chain, const struct making *making,
					  const struct node *node);
/* The tables; and the leaves as well, when no other snapshot has them. Nodes are the caller's. */
void zone_chain_release(struct zone_chain *chain, bool leaves);

#endif
