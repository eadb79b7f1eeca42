/* SPDX-License-Identifier: MIT */
/*
 * resources.h -- addresses and AS numbers that a certificate is about (RFC 3779), always listed, never inherited:
 * rpki-client 8.2 loses an inheriting CA below an anchor that does not hold the all-zero addresses.
 */
#ifndef X509_RESOURCES_H
#define X509_RESOURCES_H

#include <openssl/x509v3.h>

#include "alamo/base/ident.h"
#include "vrp_set.h"

struct al_state;

#define RESOURCES_MAX 256

struct resources {
	struct al_prefix prefixes[RESOURCES_MAX];
	size_t prefix_count;
	struct al_asn_range ranges[RESOURCES_MAX];
	size_t range_count;
};

/* In order, and none covered by another. AL_ELIMIT: more than RESOURCES_MAX. */
AL_MUST_USE enum al_err resources_add_prefix(struct resources *resources, const struct al_prefix *prefix);
AL_MUST_USE enum al_err resources_add_range(struct resources *resources, const struct al_asn_range *range);
/* The network's super-prefixes, and the as-blocks that lie in no other. AL_ENOTFOUND: there is no registry object. */
AL_MUST_USE enum al_err resources_of_state(const struct al_state *state, struct resources *out);
bool resources_eq(const struct resources *a, const struct resources *b);
/* A route's prefix; of a pair, the customer. */
bool resources_cover(const struct resources *resources, const struct vrp *vrp);
/* "prefix P" and "asn A-B" lines. */
void resources_format(const struct resources *resources, struct al_buf *out);

/*
 * As extensions; NULL: libcrypto has no memory. The caller frees them (resources_ip_free, ASIdentifiers_free).
 * resources_ip() of prefixes in al_prefix_cmp()'s order; those that another covers are left out.
 */
IPAddrBlocks *resources_ip(const struct al_prefix *prefixes, size_t count);
IPAddrBlocks *resources_ip_inherit(void);
void resources_ip_free(IPAddrBlocks *blocks);
ASIdentifiers *resources_as(const struct al_asn_range *ranges, size_t count);
ASIdentifiers *resources_as_inherit(void);

#endif
