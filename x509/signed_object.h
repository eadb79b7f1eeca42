/* SPDX-License-Identifier: MIT */
/*
 * signed_object.h -- signed objects (RFC 6488): CMS around an eContent, with a certificate of its own.
 *
 * The certificate's key is made for this one signature and forgotten (RFC 6487 section 3, "one-time-use").
 */
#ifndef X509_SIGNED_OBJECT_H
#define X509_SIGNED_OBJECT_H

#include "cert.h"

struct signed_spec {
	const struct cert_issuer *issuer;
	const char *uri; /* of the object itself */
	const char *oid; /* of its eContent */
	struct al_slice content;
	uint64_t not_before, not_after;
	IPAddrBlocks *ip; /* borrowed; NULL: none */
	ASIdentifiers *as;
};

/* DER, appended; `serial` is that of the object's certificate. AL_ESYS is logged. */
AL_MUST_USE enum al_err signed_object_make(const struct signed_spec *spec, struct al_buf *der,
					   char serial[static CERT_SERIAL_LEN]);

#endif
