/* SPDX-License-Identifier: MIT */
/*
 * snapshot.h -- all zones as they were served, in one file beside the keys:
 * what a restart answers with until it has caught up, takes signatures from,
 * and tells secondaries the difference to.
 *
 * The file holds nodes as they lie in memory and is of use to the same program
 * on the same machine only; a keyed digest at its end, with a secret beside
 * the keys, says that it is whole and our own. Any other file is not read on.
 */
#ifndef ROOTDNS_SNAPSHOT_H
#define ROOTDNS_SNAPSHOT_H

#include "zone.h"
#include "zone_names.h"

struct snapshot {
	size_t count;
	struct zone *zones[PLAN_ZONES_MAX]; /* the root first */
	uint64_t size;                      /* log size that they show */
	uint64_t until;                     /* Unix seconds: the first of their signatures ends */
	uint8_t *bytes;                     /* owned: the file, with the nodes in it */
};

AL_MUST_USE enum al_err snapshot_save(const char *dir, const struct zone *const *zones, size_t count, uint64_t size);
/* AL_ENOTFOUND: none, or none of this program. `seed`: of the hashes. */
AL_MUST_USE enum al_err snapshot_load(const char *dir, uint64_t seed, struct snapshot **out);
/* No zone may be in use. NULL is allowed. */
void snapshot_free(struct snapshot *snapshot);
bool snapshot_in_use(const struct snapshot *snapshot);

#endif
