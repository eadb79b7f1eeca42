/* SPDX-License-Identifier: MIT */
/*
 * publisher.h -- who publishes what where: the one text that the publisher keeps, and that the trust anchor is asked
 * to sign for. Nothing in it is secret (docs/rpki.md, "The publisher's file").
 */
#ifndef X509_PUBLISHER_H
#define X509_PUBLISHER_H

#include "alamo/tlog/note.h"
#include "cert.h"
#include "resources.h"

#define PUBLISHER_KEYS 3 /* one in use, and while it is replaced one before or after it */
#define PUBLISHER_LOCATORS 4
#define PUBLISHER_TEXT_MAX 65536
#define PUBLISHER_WHY 200
#define PUBLISHER_PATH_MAX 64 /* below the repository: "ca/" and a key's name */

/* A key's way (RFC 6489). */
enum publisher_role {
	PUBLISHER_ASKED,   /* made, and without a certificate */
	PUBLISHER_NEXT,    /* certified, with an empty manifest, until validators know it */
	PUBLISHER_CURRENT, /* signs */
	PUBLISHER_OLD,     /* signed; its certificate is to be revoked */
	PUBLISHER_ROLES
};

struct publisher_key {
	struct ca_key key; /* public half */
	enum publisher_role role;
	uint64_t since; /* Unix seconds */
};

struct publisher {
	struct al_vkey log;                              /* whose log the records are from */
	char repository[CERT_URI_MAX];                   /* rsync://HOST/MODULE/ */
	char notify[CERT_URI_MAX];                       /* https://HOST/PATH/notification.xml; "": no RRDP */
	char locators[PUBLISHER_LOCATORS][CERT_URI_MAX]; /* https://HOST/PATH/ta.cer, beside the repository's own */
	size_t locator_count;
	struct resources resources;
	struct publisher_key keys[PUBLISHER_KEYS];
	size_t key_count;
};

void publisher_init(struct publisher *publisher);
void publisher_release(struct publisher *publisher);

/* An initialised `out`. AL_EINVAL with `why`, by line. */
AL_MUST_USE enum al_err publisher_parse(struct al_slice text, struct publisher *out, char why[static PUBLISHER_WHY]);
AL_MUST_USE enum al_err publisher_format(const struct publisher *publisher, struct al_buf *out);

/* Each says by `why` how to mend it; AL_EINVAL. A repository gets its last slash. */
AL_MUST_USE enum al_err publisher_set_repository(struct publisher *publisher, struct al_slice uri,
						 char why[static PUBLISHER_WHY]);
AL_MUST_USE enum al_err publisher_set_notify(struct publisher *publisher, struct al_slice uri,
					     char why[static PUBLISHER_WHY]);
AL_MUST_USE enum al_err publisher_add_locator(struct publisher *publisher, struct al_slice uri,
					      char why[static PUBLISHER_WHY]);
/* Takes the key over. AL_ELIMIT. */
AL_MUST_USE enum al_err publisher_add_key(struct publisher *publisher, struct ca_key *key, enum publisher_role role,
					  uint64_t since);
void publisher_drop_key(struct publisher *publisher, struct publisher_key *key);
struct publisher_key *publisher_key_of(struct publisher *publisher, enum publisher_role role); /* NULL: none */

/* Where things are; `path` is below the repository. */
void publisher_uri(const struct publisher *publisher, const char *path, char out[static CERT_URI_MAX]);
void publisher_anchor_places(const struct publisher *publisher, struct cert_places *out);
void publisher_places(const struct publisher *publisher, const char *key, struct cert_places *out);
void publisher_anchor_issuer(const struct publisher *publisher, const struct ca_key *key, struct cert_issuer *out);
void publisher_issuer(const struct publisher *publisher, const struct ca_key *key, struct cert_issuer *out);

/* Trust anchor locator (RFC 8630) of the anchor with this public key. */
AL_MUST_USE enum al_err publisher_locator(const struct publisher *publisher, const struct ca_key *anchor,
					  struct al_buf *out);

#endif
