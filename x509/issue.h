/* SPDX-License-Identifier: MIT */
/*
 * issue.h -- the step from one publication to the next: what is right stays, byte for byte; the rest is made, and what
 * it replaces is revoked.
 */
#ifndef X509_ISSUE_H
#define X509_ISSUE_H

#include "grant.h"
#include "issued.h"
#include "vrp_set.h"

#define ISSUE_LIFE_S (24u * 3600)         /* manifests and revocation lists */
#define ISSUE_ROA_LIFE_S (180ull * 86400) /* certificates of route origins */
/* All of them are made again when a third of their life is over. */
#define ISSUE_RENEW(life) ((life) - (life) / 3)

struct issue_spec {
	const struct publisher *publisher;
	const struct ca_key
		*keys; /* of the publisher's keys in its order, both halves; ones without a use may be empty */
	const struct grant *grant;
	struct al_hash basis; /* issued.h */
	const struct vrp_set *set;
	uint64_t size;               /* of the log */
	const struct issued *before; /* number 0: nothing is published */
	uint64_t now;
};

struct issue_file {
	struct issued_file about;
	struct al_buf bytes; /* empty: the file of the publication before */
};

struct issue {
	struct issued next;       /* but its RRDP fields, which are the caller's */
	struct issue_file *files; /* owned; by path, as next.files */
	size_t count;
	size_t made; /* signed objects, manifests among them */
};

/* Is there anything to do? *due is also false when the reason is already before's. AL_ENOMEM. */
AL_MUST_USE enum al_err issue_due(const struct issue_spec *spec, bool *due);
/* AL_ENOTFOUND: no key has a certificate. AL_ESYS is logged. release in any case. */
AL_MUST_USE enum al_err issue_make(const struct issue_spec *spec, struct issue *out);
void issue_release(struct issue *issue);

#endif
