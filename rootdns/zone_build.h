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

#include "rrset.h"
#include "zone_names.h"

#define TTL_DELEGATION 3600u             /* SOA, NS, DS, DNSKEY, glue, the authority's own addresses */
#define TTL_HOSTED AL_RECORD_TTL_DEFAULT /* hosted records that do not say */
#define TTL_NEGATIVE 300u                /* SOA minimum, NSEC (RFC 9077) */
#define BUILD_SERVERS_MAX 32             /* name servers of one delegation; more are left out */

enum claim_kind {
	CLAIM_ANCHOR, /* the object owns this name and what is below it */
	CLAIM_KEEP,   /* one of our zones lies below: no cut may be here */
	CLAIM_NS,
	CLAIM_DS,
	CLAIM_GLUE, /* address of a name server; counts only at or below a cut */
	CLAIM_DATA, /* authoritative record */
};

#define RANK_OWN 255 /* the authority's own claims; others: labels or prefix length */

struct source;
struct zname;

struct claim_form {
	uint16_t zone; /* index in the plan */
	uint16_t type;
	uint32_t ttl;
	uint8_t kind;
	uint8_t rank; /* the more specific object stands against the less specific one */
};

struct claim {
	struct claim *next; /* of the same source */
	uint32_t ttl;
	uint16_t zone;
	uint16_t type;
	uint16_t rdata_len;
	uint8_t kind;
	uint8_t rank;
	uint8_t owner_len;
	/* zone_tree's: */
	const struct source *source;
	struct zname *owner;
	struct zname *target;              /* CLAIM_NS: the server's name when it lies in the zone */
	struct claim *at_prev, *at_next;   /* claims at the same owner */
	struct claim *ref_prev, *ref_next; /* claims that name the same server */
	uint8_t bytes[];                   /* owner, RDATA */
};

static inline const uint8_t *claim_rdata(const struct claim *claim)
{
	return claim->bytes + claim->owner_len;
}

struct claims {
	struct claim *first; /* owned */
	struct claim **tail;
	size_t count;
	enum al_err err; /* sticky: AL_ENOMEM */
};

void claims_init(struct claims *claims);
void claims_release(struct claims *claims);
void claims_add(struct claims *claims, const struct claim_form *form, const struct dname *owner, const uint8_t *rdata,
		size_t rdata_len);

/* May this class have something to say to the zones? */
bool zone_build_concerns(const struct al_object *object);
/* Do both versions say the same? `old` may be NULL or a tombstone, as al_change_fn has it. */
bool zone_build_same(const struct al_object *old, const struct al_object *now);
/* The claims of a domain, inetnum or inet6num object (or of a tombstone's last text). */
void zone_build_object(const struct zone_plan *plan, const struct al_object *object, struct claims *out);
/* The authority's own: server addresses, delegations of child zones (without DS), glue for them. */
void zone_build_own(const struct zone_plan *plan, struct claims *out);

#endif
