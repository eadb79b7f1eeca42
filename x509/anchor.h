/* SPDX-License-Identifier: MIT */
/*
 * anchor.h -- the trust anchor's ceremony: one publisher's file in, one grant out. No files, no clock; where the
 * key is kept is the caller's affair.
 */
#ifndef X509_ANCHOR_H
#define X509_ANCHOR_H

#include "grant.h"

#define ANCHOR_CERTS 64 /* that were revoked and have not expired */
#define ANCHOR_TEXT_MAX 65536
#define ANCHOR_CERT_S (10ull * 365 * 86400) /* the anchor's own certificate */
#define ANCHOR_LIFE_S (2ull * 365 * 86400)  /* what it signs: the next ceremony is due after a third of it */

/* What the anchor remembers from one ceremony to the next. */
struct anchor_cert {
	char serial[CERT_SERIAL_LEN];
	uint64_t until, revoked; /* Unix seconds; revoked 0: it stands */
};

struct anchor_memory {
	uint64_t number; /* of the last manifest and revocation list; 0: none */
	struct anchor_cert certs[ANCHOR_CERTS];
	size_t count;
};

AL_MUST_USE enum al_err anchor_memory_parse(struct al_slice text, struct anchor_memory *out);
void anchor_memory_format(const struct anchor_memory *memory, struct al_buf *out);

/*
 * Certificates for all keys of the publisher but old ones; what was signed for it before is revoked. An initialised
 * `out`; on failure it is to be released as well. AL_ELIMIT: too many ceremonies in too short a time.
 */
AL_MUST_USE enum al_err anchor_sign(const struct ca_key *key, const struct publisher *publisher, uint64_t now,
				    struct anchor_memory *memory, struct grant *out);

#endif
