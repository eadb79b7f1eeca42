/* SPDX-License-Identifier: MIT */
/*
 * origin_zone.h -- origin look-ups, in the shape of Team Cymru's, as claims like any other:
 *
 *   ASn.ZONE                     TXT   "n | country | registry | date | as-name descr"
 *   4.3.2.1.origin.ZONE          TXT   "n ... | prefix | country | registry | date", for each prefix that covers 1.2.3.4
 *   f. ... .1.a.c.f.origin6.ZONE TXT   likewise
 *
 * A static zone answers for every address by what stands at each needed node (origin_nodes.h) and at a wildcard below it:
 * the prefixes that cover the node. docs/decisions/origins.md has why that is the longest match and all above it.
 */
#ifndef ROOTDNS_ORIGIN_ZONE_H
#define ROOTDNS_ORIGIN_ZONE_H

#include "builder.h"
#include "origin_fold.h"

#define ORIGIN_RECORDS_MAX 8 /* of one name: those of the most specific prefixes */
#define ORIGIN_ASNS_MAX 10   /* of one record; a prefix with more has several */

struct origin_zone {
	const struct zone_plan *plan;
	int zone;
	const struct origin_fold *fold;
	struct al_slice registry; /* its name */
	uint64_t index;           /* of the log entry that changed what is said */
};

/* What a node says, or that it says nothing. */
AL_MUST_USE enum al_err origin_zone_node(const struct origin_zone *in, const struct al_prefix *node,
					 struct source **out);
/* What an AS number says; `aut_num` may be a tombstone. */
AL_MUST_USE enum al_err origin_zone_asn(const struct origin_zone *in, const struct al_object *aut_num,
					struct source **out);

#endif
