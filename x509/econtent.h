/* SPDX-License-Identifier: MIT */
/*
 * econtent.h -- what is signed: the eContent of the three kinds of object, DER.
 */
#ifndef X509_ECONTENT_H
#define X509_ECONTENT_H

#include "alamo/tlog/tree.h"
#include "vrp_set.h"

#define ECONTENT_ROA_OID "1.2.840.113549.1.9.16.1.24"      /* RFC 9582 */
#define ECONTENT_ASPA_OID "1.2.840.113549.1.9.16.1.49"     /* draft-ietf-sidrops-aspa-profile */
#define ECONTENT_MANIFEST_OID "1.2.840.113549.1.9.16.1.26" /* RFC 9286 */
#define ECONTENT_MAX ((size_t)1 << 24)

struct al_hash econtent_hash(struct al_slice bytes); /* SHA-256, the one hash of RPKI */

/* Family, address, length, max-length: the order of RFC 9582 section 4.3.3. */
int econtent_vrp_cmp(const void *a, const void *b);
/* All records of one AS, sorted by econtent_vrp_cmp(), at least one. */
void econtent_roa(const struct vrp *items, size_t count, struct al_buf *out);

/* All pairs of one customer, by provider, at least one: version 1 of the profile, a list of AS numbers. */
void econtent_aspa(const struct vrp *pairs, size_t count, struct al_buf *out);

struct econtent_entry {
	const char *name; /* of a file, without folder */
	struct al_hash hash;
};
void econtent_manifest(uint64_t number, uint64_t this_update, uint64_t next_update,
		       const struct econtent_entry *entries, size_t count, struct al_buf *out);

#endif
