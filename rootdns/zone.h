/* SPDX-License-Identifier: MIT */
/*
 * zone.h -- a zone as it is served: one immutable snapshot, and the set of all
 * zones at one moment. Any thread may read them; nobody ever edits one.
 *
 * A snapshot holds its nodes twice: in canonical order (what comes before a
 * name that does not exist: NSEC, closest encloser, empty non-terminals) and
 * by the hash of their names. Snapshots of one zone share what did not change.
 */
#ifndef ROOTDNS_ZONE_H
#define ROOTDNS_ZONE_H

#include <stdatomic.h>

#include "delta.h"
#include "node.h"
#include "zone_chain.h"
#include "zone_slots.h"

/* Bit n: n labels. */
struct label_bits {
	uint64_t word[2];
};

struct zone {
	_Atomic unsigned *refs; /* owned; apart, so that holders of a const snapshot can count */
	struct dname apex;
	unsigned labels;
	uint32_t serial;
	uint32_t expire_s; /* SOA */
	struct zone_chain chain;
	struct zone_slots slots;
	struct label_bits cuts; /* at which depths, in labels from the root, there are delegations */
	bool wildcards;
	/* SOA and its signature in run form, with the TTL of negative answers (RFC 2308 section 3) */
	uint8_t *soa;
	uint32_t soa_len, soa_sig_len;
	/* addresses of the apex's servers: records with full owner, then their signatures */
	uint8_t *servers;
	uint32_t servers_len, servers_sig_len;
	uint16_t servers_count, servers_sig_count;
	/* what led here, oldest first */
	struct delta **deltas;
	size_t delta_count;
	size_t delta_bytes;
	size_t bytes; /* of all nodes */
	/* the builder's */
	struct zone *next;
	uint32_t number; /* of the zone's snapshots, rising */
	struct retired retired;
};

/* Zeroed, without references; NULL: out of memory. */
struct zone *zone_alloc(void);
unsigned zone_refs(const struct zone *zone);
const struct zone *zone_ref(const struct zone *zone);
/* Only counts: the memory is the builder's to free, so that no reader ever does it. */
void zone_unref(const struct zone *zone);
/* The snapshot's own memory, with what it is the last to show; the rest is freed by the builder. */
void zone_free(struct zone *zone);

/* The node of the suffix of `name` that has `labels` labels, or NULL. */
const struct node *zone_find(const struct zone *zone, const struct dname_index *name, unsigned labels);
/* The topmost delegation at or above `name`, or NULL. */
const struct node *zone_cut(const struct zone *zone, const struct dname_index *name);
/* Hint to the processor that this name will be looked up. */
void zone_prefetch(const struct zone *zone, const struct dname_index *name);
/* The node that zone_cut() or zone_find() will most likely give, by its hash alone; to prefetch, not to trust. */
const struct node *zone_hint(const struct zone *zone, const struct dname_index *name);

/* ---- all zones ---- */
struct zone_set {
	uint64_t seed;            /* of every hash in it */
	uint64_t size;            /* log size that it shows */
	bool stale;               /* of the last run: the log may have gone on */
	struct zone_set *next;    /* the publisher's */
	struct label_bits depths; /* of the zones' apexes */
	size_t slot_mask;
	struct zone_set_slot {
		uint64_t hash;
		const struct zone *zone; /* NULL: free */
	} * slots;
	size_t count;
	const struct zone *zones[]; /* the root first; references */
};

/* Takes one more reference of each zone. */
AL_MUST_USE enum al_err zone_set_new(uint64_t seed, uint64_t size, const struct zone *const *zones, size_t count,
				     struct zone_set **out);
void zone_set_free(struct zone_set *set); /* drops the references; NULL is allowed */
/* The deepest zone that holds `name` and has at most `max_labels` labels; NULL: none. */
const struct zone *zone_set_find(const struct zone_set *set, const struct dname_index *name, unsigned max_labels);
/* The zone with exactly this apex. */
const struct zone *zone_set_apex(const struct zone_set *set, const struct dname_index *name);

#endif
