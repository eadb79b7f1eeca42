/* SPDX-License-Identifier: MIT */
/*
 * generation.h -- one plan with its zones and what they are made of. A full
 * build makes a generation beside the old one, which goes when nobody reads it
 * any more.
 */
#ifndef ROOTDNS_GENERATION_H
#define ROOTDNS_GENERATION_H

#include "builder.h"

struct generation {
	struct generation *next; /* older ones, still read */
	struct zone_plan *plan;
	struct zone_master **masters; /* one a zone of the plan */
	size_t count;
	struct al_table claimants; /* by key; owned */
	struct claimant *own;      /* the authority */
	uint8_t secret[AL_TABLE_SECRET_LEN];
};

/* `plan` is taken over, also on failure. Keys are read or made, anchors written. */
AL_MUST_USE enum al_err generation_make(const struct builder_conf *conf, uint64_t seed, struct zone_plan *plan,
					struct generation **out);
void generation_free(struct generation *generation); /* NULL is allowed */
/* Each source in place of what its object said before. Taken over, also on failure. */
AL_MUST_USE enum al_err generation_take(struct generation *generation, struct source *first);
/* Takes what the hostmaster ordered, and moves the keys on: the DNSKEY set, the DS in the zone above and the anchors follow; signatures are due then. */
AL_MUST_USE enum al_err generation_keys_step(struct generation *generation, const struct builder_conf *conf);
/* Does anybody hold a snapshot? */
bool generation_read(const struct generation *generation);
size_t generation_snapshots(const struct generation *generation);

#endif
