/* SPDX-License-Identifier: MIT */
/*
 * zonemd.h -- the digest of a whole zone (RFC 8976, scheme SIMPLE, SHA-384).
 */
#ifndef ROOTDNS_ZONEMD_H
#define ROOTDNS_ZONEMD_H

#include "zone.h"
#include "zone_resolve.h"

#define ZONEMD_RDATA_LEN 54u /* serial, scheme, hash, SHA-384 */

/* RDATA with the digest left open. */
void zonemd_rdata(uint32_t serial, uint8_t out[static ZONEMD_RDATA_LEN]);
/*
 * The digest of the zone that `apex`, with its NSEC, and all but the first of `nodes` are. The ZONEMD set among the apex's
 * `sets` gets it; it has to be signed afterwards.
 */
AL_MUST_USE enum al_err zonemd_fill(const struct shown *apex, struct rrset *sets, const struct zone_chain *nodes);

#endif
