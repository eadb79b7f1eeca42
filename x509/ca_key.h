/* SPDX-License-Identifier: MIT */
/*
 * ca_key.h -- RSA keys of 2048 bits, the one kind that RFC 7935 lets certificates and signed objects have.
 */
#ifndef X509_CA_KEY_H
#define X509_CA_KEY_H

#include <openssl/evp.h>

#include "alamo/base/buf.h"

#define CA_KEY_ID_LEN 20
#define CA_KEY_NAME_LEN 41 /* the identifier in hexadecimal, and NUL */

struct ca_key {
	EVP_PKEY *pkey;            /* owned; both halves, or the public one */
	uint8_t id[CA_KEY_ID_LEN]; /* SHA-1 of the public key, as RFC 6487 section 4.8.2 has it */
	char name[CA_KEY_NAME_LEN];
};

/* All of them: AL_ESYS when libcrypto fails, which is logged. */
AL_MUST_USE enum al_err ca_key_make(struct ca_key *out);
/* PEM with both halves. An encrypted one asks for its passphrase on the terminal. AL_EINVAL: no RSA key of 2048 bits. */
AL_MUST_USE enum al_err ca_key_read(struct al_slice pem, struct ca_key *out);
AL_MUST_USE enum al_err ca_key_write(const struct ca_key *key, struct al_buf *pem);
/* SubjectPublicKeyInfo, DER. */
AL_MUST_USE enum al_err ca_key_public_read(struct al_slice der, struct ca_key *out);
AL_MUST_USE enum al_err ca_key_public_write(const struct ca_key *key, struct al_buf *der);
void ca_key_release(struct ca_key *key); /* safe on a zeroed or released one */

/* Logs what libcrypto has to say about the step that failed; AL_ESYS. */
enum al_err ca_crypto_failed(const char *step);

#endif
