/* SPDX-License-Identifier: MIT */
/*
 * zone_sign.h -- RRSIG over an RRset (RFC 4034 section 3.1.8.1).
 */
#ifndef ROOTDNS_ZONE_SIGN_H
#define ROOTDNS_ZONE_SIGN_H

#include "rrset.h"
#include "zone.h"
#include "zone_key.h"

struct zone_signer {
	const struct dname *apex;
	const struct zone_keys *keys;
	const struct zone *previous; /* the zone as it was served before, whose signatures can be used; NULL: none */
	uint64_t seed;               /* of its hashes */
	uint64_t now;                /* Unix seconds */
	uint32_t valid_s;            /* how long a new signature lasts */
};

/* Signs with the key of the zone; a DNSKEY set with each that signs it. Replaces older signatures. */
AL_MUST_USE enum al_err zone_sign(const struct zone_signer *signer, const struct dname *owner, struct rrset *set);
/* Takes the signature that the very same set has in `node`, when it is not due. NULL is allowed: there is none. */
bool zone_sign_take(const struct zone_signer *signer, const struct node *node, struct rrset *set);
/* The same, of the zone as it was served before. */
bool zone_sign_reuse(const struct zone_signer *signer, const struct dname *owner, struct rrset *set);
/* Its signature has less than half of its life left, its key has been relieved, or it was made by a clock that was ahead. */
bool zone_sign_due(const struct zone_signer *signer, const struct node *node, const struct node_set *set);
/* From when on, and until when it is good, Unix seconds; both UINT64_MAX: it is not signed. */
uint64_t zone_sign_since(const struct node *node, const struct node_set *set);
uint64_t zone_sign_until(const struct node *node, const struct node_set *set);

#endif
