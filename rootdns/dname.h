/* SPDX-License-Identifier: MIT */
/*
 * dname.h -- domain names in wire form (RFC 1035 section 3.1): joining,
 * hashing by suffix and the canonical order of RFC 4034 section 6.1.
 *
 * A struct dname is always lower case, uncompressed and valid; only
 * dname_index() takes bytes of strangers, which its caller has bounded.
 */
#ifndef ROOTDNS_DNAME_H
#define ROOTDNS_DNAME_H

#include "alamo/base/ident.h"

#define DNAME_MAX AL_NAME_WIRE_MAX
#define DNAME_LABELS_MAX 127
#define DNAME_KEY_MAX 510

struct dname {
	uint8_t len; /* bytes in use, the root's 0 included */
	uint8_t b[DNAME_MAX];
};

/* Canonical text ("" is the root; a label '*' is allowed). AL_EINVAL when malformed or too long. */
AL_MUST_USE enum al_err dname_of_text(struct al_slice text, struct dname *out);
/* A valid wire name of `len` bytes, made lower case. */
void dname_of_wire(const uint8_t *wire, size_t len, struct dname *out);
/* Presentation form with a last dot; odd bytes as \DDD. Returns out. */
#define DNAME_TEXT_MAX 1024
const char *dname_text(const uint8_t *wire, char out[static DNAME_TEXT_MAX]);

size_t dname_wire_len(const uint8_t *name);
unsigned dname_labels(const uint8_t *name);
bool dname_eq(const struct dname *a, const struct dname *b);
/* Equal or below. */
bool dname_within(const uint8_t *name, size_t name_len, const uint8_t *zone, size_t zone_len);
/* `head` with its root byte replaced by `origin`; AL_EINVAL over 255 bytes. */
AL_MUST_USE enum al_err dname_join(const struct dname *head, const struct dname *origin, struct dname *out);
/* "label.origin" */
AL_MUST_USE enum al_err dname_child(struct al_slice label, const struct dname *origin, struct dname *out);
/* Number of labels that both names share, counted from the root. */
unsigned dname_common(const uint8_t *a, const uint8_t *b);

/*
 * Sort key of a name below an apex of `apex_labels` labels: the labels from the
 * top, each ended by 0, so that memcmp and then the length give the canonical
 * order. The apex itself has the empty key.
 */
size_t dname_key(const uint8_t *name, unsigned apex_labels, uint8_t out[static DNAME_KEY_MAX]);
int dname_key_cmp(const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len);
/* The first 8 bytes of a key as a number that sorts alike. */
uint64_t dname_key_prefix(const uint8_t *key, size_t len);

/* Hash of a name from the hash of its parent; the root's is the secret seed. */
uint64_t dname_hash_label(uint64_t parent, const uint8_t *label);
uint64_t dname_hash(uint64_t seed, const uint8_t *name);

/* A name taken apart: where each suffix starts and its hash, by number of labels. */
struct dname_index {
	uint8_t len;
	uint8_t labels;
	uint8_t at[DNAME_LABELS_MAX + 1]; /* at[n]: offset of the suffix with n labels */
	uint64_t hash[DNAME_LABELS_MAX + 1];
	uint8_t name[DNAME_MAX + 1]; /* lower case */
};
/*
 * Read an uncompressed name of at most `left` bytes at `wire`. AL_EINVAL when
 * it runs over the end, is too long or has a compression pointer.
 */
AL_MUST_USE enum al_err dname_index(uint64_t seed, const uint8_t *wire, size_t left, struct dname_index *out);

#endif
