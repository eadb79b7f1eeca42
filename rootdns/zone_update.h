/* SPDX-License-Identifier: MIT */
/*
 * zone_update.h -- the step from changed names to a zone's next snapshot.
 * Builder's thread.
 */
#ifndef ROOTDNS_ZONE_UPDATE_H
#define ROOTDNS_ZONE_UPDATE_H

#include "zone_master.h"

struct update_stats {
	size_t names; /* compiled anew */
	size_t signatures;
};

/* Is there something to do? */
bool zone_update_due(const struct zone_master *master);
/* Works off the dirty names. master->newest is the new snapshot, with this serial. */
AL_MUST_USE enum al_err zone_update(struct zone_master *master, const struct zone_signer *clock, uint32_t serial,
				    struct update_stats *stats);

#endif
