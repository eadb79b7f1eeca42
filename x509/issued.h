/* SPDX-License-Identifier: MIT */
/*
 * issued.h -- what one publication consists of, as the publisher remembers it: which files, by which keys, until when;
 * what is revoked; how validators count it (docs/rpki.md, "A publication").
 */
#ifndef X509_ISSUED_H
#define X509_ISSUED_H

#include "cert.h"
#include "alamo/tlog/tree.h"

#define ISSUED_PATH_MAX 64
#define ISSUED_SESSION_LEN 37 /* a UUID and NUL */
#define ISSUED_DELTAS 100
#define ISSUED_TEXT_MAX ((size_t)1 << 28)

struct issued_file {
	char path[ISSUED_PATH_MAX]; /* below the repository: "ca/AS64512.roa" */
	struct al_hash hash;
	bool is_signed;            /* an object with a certificate of its own: */
	char key[CA_KEY_NAME_LEN]; /* whose */
	char serial[CERT_SERIAL_LEN];
	uint64_t from, until;   /* Unix seconds */
	struct al_hash content; /* of what is signed */
};

struct issued_revoked {
	char key[CA_KEY_NAME_LEN];
	char serial[CERT_SERIAL_LEN];
	uint64_t until, when;
};

struct issued_delta {
	uint64_t number; /* leads from the publication before to this one */
	uint64_t bytes;
	struct al_hash hash;
};

struct issued {
	char session[ISSUED_SESSION_LEN];
	uint64_t number;      /* of manifests and revocation lists, and the RRDP serial; 0: nothing was published */
	uint64_t size;        /* of the log that it follows */
	uint64_t from, until; /* thisUpdate and nextUpdate of the publisher's own manifests, Unix seconds */
	uint64_t left_out;    /* records that the certificates do not cover */
	struct al_hash basis; /* of the publisher's file and the anchor's grant */
	struct al_hash snapshot;
	uint64_t snapshot_bytes;   /* 0: no RRDP */
	struct issued_file *files; /* owned; by path */
	size_t file_count;
	struct issued_revoked *revoked; /* owned */
	size_t revoked_count;
	struct issued_delta deltas[ISSUED_DELTAS]; /* newest first, without a gap */
	size_t delta_count;
};

void issued_init(struct issued *issued);
void issued_release(struct issued *issued);

/* Grow by one. AL_ENOMEM. */
AL_MUST_USE enum al_err issued_add_file(struct issued *issued, const struct issued_file *file);
AL_MUST_USE enum al_err issued_add_revoked(struct issued *issued, const struct issued_revoked *revoked);
void issued_sort(struct issued *issued);                                              /* the files, for issued_find() */
const struct issued_file *issued_find(const struct issued *issued, const char *path); /* NULL: none */

void issued_format(const struct issued *issued, struct al_buf *out);
/* An initialised `out`. AL_EINVAL: not as issued_format() writes it. */
AL_MUST_USE enum al_err issued_parse(struct al_slice text, struct issued *out);

#endif
