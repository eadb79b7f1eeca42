/* SPDX-License-Identifier: MIT */
/*
 * zone_build.h -- registry objects to claims: what each object wants to see
 * in which zone. Pure but for log lines about data that cannot be used.
 *
 * A claim is one record (or marker) at one name. Claims of different objects
 * meet at names; zone_tree decides which of them stand.
 */
#ifndef ROOTDNS_ZONE_BUILD_H
#define ROOTDNS_ZONE_BUILD_H

#include "claims.h"

#define TTL_DELEGATION 3600u             /* SOA, NS, DS, DNSKEY, glue, the authority's own addresses */
#define TTL_HOSTED AL_RECORD_TTL_DEFAULT /* hosted records that do not say */
#define TTL_NEGATIVE 300u                /* SOA minimum, NSEC (RFC 9077) */
#define BUILD_SERVERS_MAX 32             /* name servers of one delegation; more are left out */

/* The classes that may have something to say to the zones: bits 1 << class. */
unsigned zone_build_classes(void);
/* Do both versions say the same? `old` may be NULL or a tombstone, as al_change_fn has it. */
bool zone_build_same(const struct al_object *old, const struct al_object *now);
/* The claims of a domain, inetnum or inet6num object (or of a tombstone's last text). */
void zone_build_object(const struct zone_plan *plan, const struct al_object *object, struct claims *out);
/* The authority's own: server addresses, delegations of child zones (without DS), glue for them. */
void zone_build_own(const struct zone_plan *plan, struct claims *out);

#endif
