/* SPDX-License-Identifier: MIT */
/*
 * zone_master.h -- a zone's master: the working copy, its keys, its chain of
 * names and the snapshots made from it.
 *
 * Builder's thread. After AL_ENOMEM a master is unusable: the daemon gives up
 * and starts again from the log.
 */
#ifndef ROOTDNS_ZONE_MASTER_H
#define ROOTDNS_ZONE_MASTER_H

#include "zone.h"
#include "zone_sign.h"
#include "zone_tree.h"

/* The name that a search goes on with, wherever it stands by then; all zero: the apex. */
struct zone_mark {
	bool end; /* there is none */
	uint16_t len;
	uint8_t key[DNAME_KEY_MAX]; /* in canonical order: dname_key() */
};

struct zone_master {
	const struct zone_plan *plan; /* borrowed */
	size_t index;                 /* in the plan */
	uint64_t seed;
	struct zone_keys keys;
	struct zone_tree tree;

	size_t cuts_at[DNAME_LABELS_MAX + 1];
	size_t wildcards;
	struct zone_mark resign_at;   /* where the search for old signatures goes on, */
	struct zone_mark look_at;     /* and that for the first to end */
	uint64_t changed;             /* log size at which the zone last changed */
	uint32_t serial;              /* of the newest snapshot */
	size_t zonemd_names;          /* zones with more names carry no digest */
	uint32_t expire_s;            /* SOA: how long a secondary goes on alone */
	struct zone *oldest, *newest; /* snapshots that still exist */
	uint32_t snapshots;           /* made so far */
};

/* `keys` are taken over. */
AL_MUST_USE enum al_err zone_master_new(const struct zone_plan *plan, size_t index, uint64_t seed,
					struct zone_keys *keys, struct zone_master **out);
/* Nobody may hold a snapshot any more. NULL is allowed. */
void zone_master_free(struct zone_master *master);

/*
 * Looks at the next names of a round, up to *look of them, which it counts down, and marks those whose signatures are due, up
 * to `max`; true: there are more.
 */
bool zone_master_resign(struct zone_master *master, const struct zone_signer *clock, size_t max, size_t *look);
/*
 * Of the first of its signatures to end, if that ends before *until: since when and until when it is good, Unix seconds.
 * Looks at the next names as well; true: there are more.
 */
bool zone_master_sig_first(struct zone_master *master, size_t *look, uint64_t *since, uint64_t *until);
/* Both begin anew. */
void zone_master_round(struct zone_master *master);
/* Frees snapshots that nobody holds, and the nodes that only those showed. */
void zone_master_reclaim(struct zone_master *master);
/* SOA, NS, DNSKEY and ZONEMD of the apex, put in front of *list. */
AL_MUST_USE enum al_err zone_master_apex_sets(const struct zone_master *master, struct rrset **list);

#endif
