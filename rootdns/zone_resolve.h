/* SPDX-License-Identifier: MIT */
/*
 * zone_resolve.h -- what a name shows: the claims that stand there, as RRsets,
 * with the signatures that are still good taken over.
 */
#ifndef ROOTDNS_ZONE_RESOLVE_H
#define ROOTDNS_ZONE_RESOLVE_H

#include "zone_sign.h"
#include "zone_tree.h"

/*
 * Replaces name->sets and name->cut. `own` are sets of the authority itself
 * (SOA, NS, DNSKEY of the apex; a list, taken over; or NULL). Counts new
 * signatures in *signatures.
 */
AL_MUST_USE enum al_err zone_resolve(struct zname *name, struct rrset *own, const struct zone_signer *signer,
				     size_t *signatures);
/* Makes name->nsec for the successor; *changed tells whether it is another one. */
AL_MUST_USE enum al_err zone_resolve_nsec(struct zname *name, const struct dname *next,
					  const struct zone_signer *signer, size_t *signatures, bool *changed);

/* Signs the ZONEMD set of the apex, when there is one. */
AL_MUST_USE enum al_err zone_resolve_digest(struct zname *apex, const struct zone_signer *signer, size_t *signatures);

#endif
