/* SPDX-License-Identifier: MIT */
/*
 * grant.h -- what the trust anchor has signed for a publisher: PEM blocks in one file, to be carried back.
 *
 *   CERTIFICATE    the anchor's own; then one for each key
 *   X509 CRL       the anchor's
 *   CMS            the anchor's manifest
 */
#ifndef X509_GRANT_H
#define X509_GRANT_H

#include "publisher.h"

#define GRANT_TEXT_MAX ((size_t)1 << 20)

struct grant_cert {
	char name[CA_KEY_NAME_LEN]; /* of the key that it is for */
	struct al_buf der;
};

struct grant {
	struct ca_key anchor;             /* public half */
	struct al_buf cer, crl, manifest; /* DER */
	struct grant_cert certs[PUBLISHER_KEYS];
	size_t cert_count;
	uint64_t next_update; /* the earliest time at which one of them is no longer good */
};

void grant_init(struct grant *grant);
void grant_release(struct grant *grant);

void grant_write(const struct grant *grant, struct al_buf *out);
/*
 * An initialised `out`. Are these blocks whole, and signed by one anchor; is each certificate for a key of the
 * publisher, and for all of its resources? AL_EINVAL, AL_EVERIFY with `why`.
 */
AL_MUST_USE enum al_err grant_read(struct al_slice text, const struct publisher *publisher, struct grant *out,
				   char why[static PUBLISHER_WHY]);
bool grant_has(const struct grant *grant, const char *key);

#endif
