/* SPDX-License-Identifier: MIT */
/*
 * der.h -- DER (X.690), written only: what stands inside of signed objects is a handful of forms.
 *
 * Whoever reads DER here leaves it to libcrypto.
 */
#ifndef X509_DER_H
#define X509_DER_H

#include "alamo/base/buf.h"

enum der_tag {
	DER_INTEGER = 0x02,
	DER_BIT_STRING = 0x03,
	DER_OCTET_STRING = 0x04,
	DER_OID = 0x06,
	DER_IA5_STRING = 0x16,
	DER_TIME = 0x18, /* GeneralizedTime */
	DER_SEQUENCE = 0x30,
	DER_CONTEXT_0 = 0xa0, /* [0] EXPLICIT */
};

void der_put(struct al_buf *out, enum der_tag tag, struct al_slice content);
/* The contents of `inner` with its error, if it has one; `inner` is released. */
void der_wrap(struct al_buf *out, enum der_tag tag, struct al_buf *inner);
void der_unsigned(struct al_buf *out, uint64_t n);
/* The first `count` bits; what is left of the last byte is zero. */
void der_bits(struct al_buf *out, const uint8_t *bits, unsigned count);
void der_time(struct al_buf *out, uint64_t unix_seconds);

#endif
