/* SPDX-License-Identifier: MIT */
/*
 * jws.h -- a text signed as a compact JWS (RFC 7515) with ES256 (RFC 7518 section 3.4: ECDSA, P-256, SHA-256).
 */
#ifndef X509_JWS_H
#define X509_JWS_H

#include "alamo/base/buf.h"

struct jws_key;

#define JWS_PEM_MAX 8192u

/* PEM of a private key on P-256. AL_EINVAL: another, or none. */
AL_MUST_USE enum al_err jws_key_read(struct al_slice pem, struct jws_key **out);
/* A new one. AL_ESYS: libcrypto fails, which is logged. */
AL_MUST_USE enum al_err jws_key_make(struct jws_key **out);
/* PKCS #8, PEM. */
AL_MUST_USE enum al_err jws_key_write(const struct jws_key *key, struct al_buf *pem);
/* SubjectPublicKeyInfo, PEM. */
AL_MUST_USE enum al_err jws_key_public(const struct jws_key *key, struct al_buf *pem);
void jws_key_free(struct jws_key *key); /* NULL is allowed */
/* HEADER.PAYLOAD.SIGNATURE, each base64url without padding. */
AL_MUST_USE enum al_err jws_sign(const struct jws_key *key, struct al_slice payload, struct al_buf *out);

#endif
