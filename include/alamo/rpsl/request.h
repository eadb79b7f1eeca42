/* SPDX-License-Identifier: MIT */
/*
 * request.h -- the text that a member signs and sends (docs/protocol.md).
 *
 *   header attributes, empty line, objects separated by empty lines,
 *   signature blocks, contact blocks.
 *
 * A control request has `control:` in its header and no objects. It is for the
 * registry alone and never in the log.
 *
 * There is one form of the text: lines end in LF. CR LF becomes LF once, where
 * the text comes in (al_request_line); nothing behind that changes a byte, so
 * what is stored is what was signed. The signed text is everything before the
 * first signature block; its SHA-256 is the request's identity.
 */
#ifndef ALAMO_REQUEST_H
#define ALAMO_REQUEST_H

#include "alamo/base/buf.h"
#include "alamo/base/report.h"
#include "alamo/rpsl/sshsig.h"

#define AL_REQUEST_MAX 49152     /* bytes of text and signatures */
#define AL_REQUEST_LINE_MAX 8192 /* bytes of one line */
#define AL_REQUEST_OBJECTS_MAX 1024
#define AL_REQUEST_SIGNATURES_MAX 8
#define AL_REQUEST_NAME_MAX 80
#define AL_REQUEST_CONTACTS_MAX 16
#define AL_CONTACT_MAX 4096     /* bytes of one contact block's text */
#define AL_PREV_NONE UINT64_MAX /* "prev: none" */

/* Personal data travels beside the signed text, which names it by its hash only. */
struct al_contact {
	struct al_slice handle;    /* as in "-----BEGIN CONTACT HANDLE-----" */
	struct al_slice text;      /* salt and attribute lines: what is hashed */
	uint8_t hash[AL_HASH_LEN]; /* SHA-256 of text */
};

struct al_request {
	struct al_buf bytes;        /* owned: text and signatures, LF only: what an entry keeps */
	struct al_buf attached;     /* owned: contact blocks */
	struct al_slice text;       /* signed text, inside bytes */
	struct al_slice signatures; /* the signature blocks verbatim, inside bytes */
	struct al_slice name;       /* value of `request:` */
	uint8_t hash[AL_HASH_LEN];  /* SHA-256 of text; not of a stored one: al_request_identity() */
	uint64_t not_after;         /* Unix seconds; 0: no limit */
	bool dry_run;
	bool stored; /* in: the body of a log entry, whose bytes are as they are */
	unsigned
		stray_line; /* of a stored body: first line that an old registry took and this one would not; 0: none */
	bool takes_control; /* in: a control request is expected, and nothing else */
	struct al_slice control;  /* value of `control:` */
	bool prev_given;          /* the header has `prev:` */
	uint64_t *prevs;          /* one an object (a single one in the header is repeated) */
	struct al_slice *objects; /* raw texts, inside bytes */
	size_t object_count;
	struct al_slice signature[AL_REQUEST_SIGNATURES_MAX];
	size_t signature_count;
	struct al_contact contact[AL_REQUEST_CONTACTS_MAX];
	size_t contact_count;
};

void al_request_init(struct al_request *request);
void al_request_release(struct al_request *request);
/*
 * The edge: one line as it came, what is between two LF. Cuts off the CR of CR LF (`ended`: a LF is behind it).
 * AL_EINVAL: a CR elsewhere, a NUL, what is no text (alamo/base/text.h), or too long; `why` goes on from "line N ".
 */
#define AL_REQUEST_WHY_LEN 160
AL_MUST_USE enum al_err al_request_line(struct al_slice *line, bool ended, char why[static AL_REQUEST_WHY_LEN]);
/* The edge for a whole text, as a file has it: appended to `out` with LF only. */
AL_MUST_USE enum al_err al_request_read(struct al_slice raw, struct al_buf *out, struct al_report *report);
/* The identity of a stored request: SHA-256 of what stands before its first signature block. */
void al_request_identity(struct al_slice body, uint8_t hash[static AL_HASH_LEN]);
/* Whose keys the signatures of a stored request are by, as they say themselves. Returns how many; 0 if it has none. */
size_t al_request_signers(struct al_slice body, struct al_sshkey keys[static AL_REQUEST_SIGNATURES_MAX]);
/* Does the header ask for control? Looks no further. */
bool al_request_is_control(struct al_slice raw);
/* Decode what has passed the edge. AL_EINVAL or AL_ELIMIT with the reasons in `report`. On failure only `name` may be set. */
AL_MUST_USE enum al_err al_request_parse(struct al_slice raw, struct al_request *out, struct al_report *report);

#endif
