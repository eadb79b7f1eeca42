/* SPDX-License-Identifier: MIT */
/*
 * tsig.h -- transaction signatures (RFC 8945): HMAC-SHA256, -384 and -512 over
 * whole messages, with keys that both sides have.
 */
#ifndef ROOTDNS_TSIG_H
#define ROOTDNS_TSIG_H

#include "query.h"

#define TSIG_MAC_MAX 64

enum tsig_error { TSIG_BADSIG = 16, TSIG_BADKEY = 17, TSIG_BADTIME = 18, TSIG_BADTRUNC = 22 };

struct tsig_key;
struct tsig_keys;

/*
 * A file of lines ALGORITHM:NAME:SECRET, as "dig -y" takes them, with comments behind '#'.
 * AL_EINVAL with the line in the log.
 */
AL_MUST_USE enum al_err tsig_keys_load(const char *path, struct tsig_keys **out);
/* The same of text that is there already; `where` is for the log. */
AL_MUST_USE enum al_err tsig_keys_read(struct al_slice text, const char *where, struct tsig_keys **out);
void tsig_keys_free(struct tsig_keys *keys); /* NULL is allowed */
/* NULL: no key of that name. */
const struct tsig_key *tsig_key_find(const struct tsig_keys *keys, const struct dname *name);
const struct dname *tsig_key_name(const struct tsig_key *key);

/* One exchange. */
struct tsig {
	const struct tsig_key *key; /* NULL: the answer says why and is not signed */
	uint16_t error;             /* enum tsig_error, 0: none */
	uint16_t fudge;
	uint64_t time; /* the other side's, Unix seconds */
	uint64_t now;  /* ours */
	struct dname name, algorithm;
	bool started; /* a message of the answer has been signed: the next one is signed in short */
	uint8_t mac_len;
	uint8_t mac[TSIG_MAC_MAX]; /* the last one */
};

/* The query's signature. RCODE_NOERROR, RCODE_FORMERR (no TSIG in the answer), RCODE_NOTAUTH (with one that says why). */
enum rcode tsig_check(const struct tsig_keys *keys, uint64_t now, const struct query *query, struct tsig *out);
/* Starts an exchange of our own: what is signed next is a query. */
void tsig_start(const struct tsig_key *key, uint64_t now, struct tsig *out);
/* Bytes that tsig_put() adds at most. */
size_t tsig_room(const struct tsig *tsig);
/* Signs the message and adds the record; there is room. Returns the new length. */
size_t tsig_put(struct tsig *tsig, uint8_t *msg, size_t len);

#endif
