/* SPDX-License-Identifier: MIT */
/*
 * zone_resolve.h -- what a name shows: the claims that stand there, as RRsets,
 * with the signatures that are still good taken over. Sets live only while a
 * name is worked at; what is kept of them is its node.
 */
#ifndef ROOTDNS_ZONE_RESOLVE_H
#define ROOTDNS_ZONE_RESOLVE_H

#include "zone_sign.h"
#include "zone_tree.h"

#define SETS_MAX 64 /* RRsets at one name */

/* Does it show anything, and is that a delegation? Says in the log what of its data cannot be served. */
AL_MUST_USE enum al_err zone_resolve_look(const struct zname *name, bool *shows, bool *cut);
/* Its sets, by rising type; the caller frees the list. `own`: the authority's own at the apex, taken over; or NULL. */
AL_MUST_USE enum al_err zone_resolve(const struct zname *name, struct rrset *own, struct rrset **out, bool *cut);
/* The set of one type of a name with authoritative data; NULL: none. The caller frees it. */
AL_MUST_USE enum al_err zone_resolve_type(const struct zname *name, uint16_t type, struct rrset **out);

/* What a name is to show, for answer_compile(). The bytes are those of sets or of an older node. */
struct shown_set {
	uint16_t type;
	uint16_t count; /* records */
	uint32_t len, sig_len;
	const uint8_t *run, *sig;
};
struct shown {
	const struct zname *name;
	struct dname whole; /* its name */
	bool cut;
	size_t count;
	struct shown_set sets[SETS_MAX]; /* NSEC last */
};
void shown_init(struct shown *shown, const struct zname *name);
void shown_add(struct shown *shown, const struct rrset *set);
/* What its node has: the NSEC, or all but that. */
void shown_keep(struct shown *shown, bool nsec);
/* NULL: none. */
const struct shown_set *shown_find(const struct shown *shown, uint16_t type);

/* Signs the sets of a list: signatures that they had and that are still good, else new ones, counted in *signatures. */
AL_MUST_USE enum al_err zone_resolve_sign(const struct shown *shown, struct rrset *sets,
					  const struct zone_signer *signer, size_t *signatures);
/* Signs the ZONEMD set, when the list has one. */
AL_MUST_USE enum al_err zone_resolve_digest(const struct shown *shown, struct rrset *sets,
					    const struct zone_signer *signer, size_t *signatures);
/*
 * The NSEC of a name that shows this, before `next`, signed; the caller frees it. NULL: what it has is the same and
 * its signature is good.
 */
AL_MUST_USE enum al_err zone_resolve_nsec(const struct shown *shown, const struct zname *next,
					  const struct zone_signer *signer, size_t *signatures, struct rrset **out);

#endif
