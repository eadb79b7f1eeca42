/* SPDX-License-Identifier: MIT */
/*
 * cert.h -- certificates (RFC 6487) and certificate revocation lists, by libcrypto.
 */
#ifndef X509_CERT_H
#define X509_CERT_H

#include <openssl/x509v3.h>

#include "ca_key.h"

#define CERT_URI_MAX 256
#define CERT_SERIAL_LEN 33 /* hexadecimal and NUL */
/*
 * Everything is valid from an hour before it was made: validators whose clocks are slow would else not take it, and
 * with it nothing of that publication.
 */
#define CERT_BACK_S 3600u

/* Who signs, and where his certificate and list are found. */
struct cert_issuer {
	const struct ca_key *key; /* both halves */
	char cer[CERT_URI_MAX], crl[CERT_URI_MAX];
};

/* What a CA's certificate says of its files. */
struct cert_places {
	char repository[CERT_URI_MAX]; /* rsync://.../, ends in a slash */
	char manifest[CERT_URI_MAX];
	char notify[CERT_URI_MAX]; /* https://...; "": no RRDP */
};

struct cert_spec {
	const struct ca_key *key;         /* the subject's; the public half is enough when another signs */
	const struct cert_issuer *issuer; /* NULL: signed by itself, a trust anchor */
	uint64_t not_before, not_after;   /* Unix seconds */
	const struct cert_places *places; /* of a CA */
	const char *object;               /* else where the signed object is found */
	IPAddrBlocks *ip;                 /* borrowed; NULL: none */
	ASIdentifiers *as;
};

/* With a random serial number. AL_ESYS is logged. The caller frees *out (X509_free). */
AL_MUST_USE enum al_err cert_make(const struct cert_spec *spec, X509 **out);
void cert_serial(const X509 *cert, char out[static CERT_SERIAL_LEN]);
AL_MUST_USE enum al_err cert_write(X509 *cert, struct al_buf *der);

struct crl_entry {
	char serial[CERT_SERIAL_LEN];
	uint64_t when; /* Unix seconds */
};

struct crl_spec {
	const struct ca_key *key;
	uint64_t number, this_update, next_update;
	const struct crl_entry *entries;
	size_t count;
};
AL_MUST_USE enum al_err crl_make(const struct crl_spec *spec, struct al_buf *der);

#endif
