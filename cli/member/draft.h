/* SPDX-License-Identifier: MIT */
/*
 * draft.h -- a request in the making: what a file holds, and the text that
 * will be signed (docs/protocol.md).
 *
 * "% prev: N" (from `alamo show`) before an object says which version of it was
 * edited, and begins a new object. A file may hold plain objects, a request (its first attribute is
 * `request:`), or a request with signatures; then its text is not touched.
 */
#ifndef CLI_DRAFT_H
#define CLI_DRAFT_H

#include "alamo/rpsl/schema.h"

#define DRAFT_OBJECTS_MAX 1024

struct draft {
	struct al_buf bytes;      /* owned: the input with LF line ends, comments gone */
	struct al_slice header;   /* header attributes with their LF; empty for plain objects */
	struct al_slice *objects; /* owned array; texts inside bytes, each ends in LF */
	struct al_slice *seen; /* owned, parallel: the version that a line "% prev: N" before it names; empty: none */
	size_t count;
	struct al_slice text;       /* signed text, when there are signatures */
	struct al_slice signatures; /* blocks verbatim; empty: none */
	struct al_slice contacts;   /* CONTACT blocks verbatim */
};

/* AL_EINVAL without an object, AL_ELIMIT with too many. On failure nothing is owned. */
AL_MUST_USE enum al_err draft_parse(struct al_slice input, struct draft *out);
void draft_release(struct draft *draft);

/* Does the header have this attribute? */
bool draft_has(const struct draft *draft, const char *name);

/*
 * Appends "CLASS KEY" as `prev` and `show` take it. AL_ENOTFOUND for an object
 * whose key has a placeholder (AUTO-n): it cannot exist yet. AL_EINVAL for a
 * text whose class or key is not understood.
 */
AL_MUST_USE enum al_err draft_key(struct al_slice object, struct al_buf *out);

/* Is the text one plain object, the one of "CLASS KEY", and nothing else? */
bool draft_is_alone(struct al_slice text, const char *wanted);

struct draft_head {
	const char *name;     /* for `request:`; NULL: the header's own */
	struct al_slice prev; /* value for `prev:`; empty: the header's own */
	const char *nonce;    /* NULL: the header's own */
	bool dry_run;
};

/* Appends the text to sign: header, the missing attributes, objects. */
void draft_text(const struct draft *draft, const struct draft_head *head, struct al_buf *out);

/* How many objects from `from` on fit `bytes` of text: at least one. */
size_t draft_fit(const struct draft *draft, size_t from, size_t bytes, size_t objects);

/* 32 hexadecimal digits, a C string. */
#define DRAFT_NONCE_LEN 33
void draft_nonce(char out[static DRAFT_NONCE_LEN]);

#endif
