/*
 * zone_key.h -- a zone's two keys (ECDSA P-256 with SHA-256, RFC 6605): KSK
 * and ZSK, kept as BIND writes them (Kzone.+013+tag.private and .key).
 */
#ifndef ROOTDNS_ZONE_KEY_H
#define ROOTDNS_ZONE_KEY_H

#include <openssl/evp.h>

#include "dname.h"

#define KEY_ALGORITHM 13u /* ECDSA P-256 with SHA-256 (RFC 6605) */
#define KEY_FLAGS_ZSK 256
#define KEY_FLAGS_KSK 257
#define DNSKEY_RDATA_LEN 68 /* flags, protocol, algorithm, point */
#define DS_SHA256_LEN 36    /* tag, algorithm, digest type, SHA-256 */

struct zone_key {
	EVP_PKEY *key; /* owned; NULL: none */
	uint16_t tag;  /* RFC 4034 appendix B */
	uint8_t rdata[DNSKEY_RDATA_LEN];
};

struct zone_keys {
	struct zone_key ksk, zsk;
};

/* Reads the zone's keys from the folder `dir` and makes what is missing there. Failures are logged. */
AL_MUST_USE enum al_err zone_keys_load(const char *dir, const struct dname *apex, struct zone_keys *out);
/* New keys that are kept nowhere (tests). */
AL_MUST_USE enum al_err zone_keys_make(const struct dname *apex, struct zone_keys *out);
void zone_keys_release(struct zone_keys *keys);
/* DS of the KSK with SHA-256 (RFC 4509). */
void zone_keys_ds(const struct zone_keys *keys, const struct dname *apex, uint8_t out[static DS_SHA256_LEN]);

#endif
