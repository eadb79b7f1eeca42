/* SPDX-License-Identifier: MIT */
/*
 * zone_place.h -- a name of the chain while its node is made anew: its sets,
 * its NSEC and their signatures, which nothing keeps but the node.
 */
#ifndef ROOTDNS_ZONE_PLACE_H
#define ROOTDNS_ZONE_PLACE_H

#include "zone_master.h"
#include "zone_resolve.h"

struct place {
	bool changed;              /* it needs a new node */
	size_t signatures;         /* made */
	struct rrset *sets, *nsec; /* owned; NULL: those of its node stand */
	struct shown shown;
};

/*
 * `next` follows it in the chain. `renew`: its own data may have changed; else only who follows it. The caller
 * ends with place_close(), after a failure as well.
 */
AL_MUST_USE enum al_err place_open(const struct zone_master *master, const struct zone_signer *signer,
				   const struct zname *name, const struct zname *next, bool renew, struct place *out);
/* Of the apex: the digest of the zone whose other nodes these are, when it shows one. */
AL_MUST_USE enum al_err place_digest(struct place *place, const struct zone_signer *signer,
				     const struct zone_chain *nodes);
/* All of it, its NSEC last; until place_close(). */
const struct shown *place_shown(struct place *place);
void place_close(struct place *place);

#endif
