/* SPDX-License-Identifier: MIT */
/*
 * zone_slots.h -- the nodes of a zone by the hash of their names: open addressing, at most half full, in pages that
 * snapshots share (shared.h).
 *
 * A slot is one word: the node's address in its lower 48 bits, which is all that a process has on the machines that we
 * know; above them 15 bits of the hash, which tell most others apart without a look at the node, and ZONE_CUT.
 */
#ifndef ROOTDNS_ZONE_SLOTS_H
#define ROOTDNS_ZONE_SLOTS_H

#include "node.h"
#include "shared.h"

#define SLOT_PAGE 512u /* slots in one: 4 KiB */

struct slot_page {
	struct shared shared;
	uint64_t slots[SLOT_PAGE]; /* 0: free */
};

struct zone_slots {
	uint64_t seed;            /* of the hashes: dname_hash() */
	size_t count;             /* nodes */
	size_t mask;              /* of the number of a slot */
	struct slot_page **pages; /* the table is owned */
};

/* The node of the suffix of `name` that has `labels` labels; `cut`: delegations only. NULL: none. */
const struct node *zone_slots_find(const struct zone_slots *slots, const struct dname_index *name, unsigned labels,
				   bool cut);
/* The node that zone_slots_find() will most likely give, by its hash alone; to prefetch, not to trust. */
const struct node *zone_slots_hint(const struct zone_slots *slots, uint64_t hash);
/* Hint to the processor that this hash will be looked up. */
void zone_slots_prefetch(const struct zone_slots *slots, uint64_t hash);

/* ---- the builder's ---- */

/* None yet, and room for so many. */
AL_MUST_USE enum al_err zone_slots_new(struct zone_slots *slots, uint64_t seed, const struct making *making,
				       size_t nodes);
/* The same slots for the next snapshot, which is not edited yet. */
AL_MUST_USE enum al_err zone_slots_share(const struct zone_slots *from, struct zone_slots *to);
/* A node with a new name. */
AL_MUST_USE enum al_err zone_slots_add(struct zone_slots *slots, const struct making *making, const struct node *node);
/* A node in the place of an older one of its name. */
AL_MUST_USE enum al_err zone_slots_replace(struct zone_slots *slots, const struct making *making,
					   const struct node *before, const struct node *node);
AL_MUST_USE enum al_err zone_slots_remove(struct zone_slots *slots, const struct making *making,
					  const struct node *node);
/* The table; and the pages as well, when no other snapshot has them. */
void zone_slots_release(struct zone_slots *slots, bool pages);

#endif
