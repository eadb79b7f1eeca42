/* SPDX-License-Identifier: MIT */
/*
 * rpki_store.h -- a publisher's folder.
 *
 *   publisher        who publishes what where (x509/publisher.h); an empty line; what the trust anchor has signed for
 *                    that (x509/grant.h)
 *   request          what the anchor is asked to sign, until it has: a publisher's text
 *   keys/NAME.key    the CA's keys, secret
 *   HOST.tal         what validators are given
 *   checkpoint       the log's newest checkpoint that was seen
 *   current          the publication (generation.h)
 */
#ifndef CLI_RPKI_RPKI_STORE_H
#define CLI_RPKI_RPKI_STORE_H

#include "grant.h"

struct rpki_store {
	const char *dir;
	int lock; /* -1: none */
	struct publisher publisher;
	struct ca_key
		keys[PUBLISHER_KEYS]; /* of the publisher's keys in its order, both halves; after rpki_store_keys() */
	struct grant grant;
	struct al_buf pem;    /* of it */
	bool answered;        /* there is a publisher's file */
	struct al_hash basis; /* its digest */
};

/* All of them: an exit code; what went wrong is said. Release in any case. */
int rpki_store_begin(struct rpki_store *store, const char *dir); /* and the lock; another one who has it is an error */
int rpki_store_load(struct rpki_store *store);                   /* a missing publisher's file is no error */
int rpki_store_keys(struct rpki_store *store);
void rpki_store_release(struct rpki_store *store);

/* A key of its own in keys/, and in `publisher`, which is not saved. */
int rpki_store_key_make(const struct rpki_store *store, struct publisher *publisher, enum publisher_role role);
void rpki_store_key_forget(struct rpki_store *store, struct publisher_key *key);
int rpki_store_save(struct rpki_store *store); /* publisher and pem */

int rpki_store_request_write(const struct rpki_store *store, const struct publisher *publisher);
/* An initialised `out`. */
int rpki_store_request_read(const struct rpki_store *store, struct publisher *out, bool *absent);

int rpki_store_write(const char *dir, const char *name, struct al_slice bytes, mode_t mode);
/* Appends the file's bytes. AL_ENOTFOUND is no error when `absent` is given, and *absent then. */
int rpki_store_read(const char *dir, const char *name, struct al_buf *out, bool *absent);

#endif
