/* SPDX-License-Identifier: MIT */
/*
 * zone_key.h -- a zone's keys (ECDSA P-256 with SHA-256, RFC 6605): KSK and
 * ZSK, kept as BIND writes them (Kzone.+013+tag.private and .key), and where
 * each of them stands in its life (key_roll.h), kept in Kzone.+states:
 *
 *   FLAGS TAG STATE SINCE LF
 *
 * A key that is found beside an active one of its kind is the next one. The files of one that is gone are removed.
 */
#ifndef ROOTDNS_ZONE_KEY_H
#define ROOTDNS_ZONE_KEY_H

#include <openssl/evp.h>

#include "dname.h"
#include "key_roll.h"

#define KEY_ALGORITHM 13u /* ECDSA P-256 with SHA-256 (RFC 6605) */
#define KEY_FLAGS_ZSK 256
#define KEY_FLAGS_KSK 257
#define DNSKEY_RDATA_LEN 68 /* flags, protocol, algorithm, point */
#define DS_SHA256_LEN 36    /* tag, algorithm, digest type, SHA-256 */

#define ZONE_KEYS_MAX 16

struct zone_key {
	EVP_PKEY *key; /* owned; NULL: none */
	uint16_t tag;  /* RFC 4034 appendix B, as it is not revoked */
	uint8_t rdata[DNSKEY_RDATA_LEN];
	struct key_time time;
};

struct zone_keys {
	size_t count;
	struct zone_key all[ZONE_KEYS_MAX]; /* by rising tag */
};

/*
 * Reads the zone's keys from the folder `dir`, makes what is missing there, and moves them on. `now`: Unix
 * seconds. Failures are logged.
 */
AL_MUST_USE enum al_err zone_keys_load(const char *dir, const struct dname *apex, uint64_t now, struct zone_keys *out);
/* New keys that are kept nowhere (tests). */
AL_MUST_USE enum al_err zone_keys_make(const struct dname *apex, struct zone_keys *out);
/* Makes the key that is to follow the one in use; it is found at the next step. */
AL_MUST_USE enum al_err zone_keys_add(const char *dir, const struct dname *apex, bool set);
/* Takes keys that are new in `dir` and moves all on; *changed: something did. `dir` NULL: kept nowhere. */
AL_MUST_USE enum al_err zone_keys_step(struct zone_keys *keys, const char *dir, const struct dname *apex, uint64_t now,
				       bool *changed);
void zone_keys_release(struct zone_keys *keys);
/* The key that signs: the zone, or (`set`) the DNSKEY set. */
const struct zone_key *zone_keys_active(const struct zone_keys *keys, bool set);
/* As it stands in the DNSKEY set, with its tag there. */
uint16_t zone_key_rdata(const struct zone_key *key, uint8_t out[static DNSKEY_RDATA_LEN]);
/* DS with SHA-256 (RFC 4509). */
void zone_key_ds(const struct zone_key *key, const struct dname *apex, uint8_t out[static DS_SHA256_LEN]);

#endif
