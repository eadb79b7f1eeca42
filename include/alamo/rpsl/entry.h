/* SPDX-License-Identifier: MIT */
/*
 * entry.h -- one leaf of the log, byte-exact (docs/formats.md).
 *
 *   entry INDEX KIND LF
 *   time SECONDS LF
 *   result WORD LF               kind "request": one letter an object, below
 *   auto TOKEN VALUE LF          one for each placeholder filled
 *   LF
 *   body verbatim                kind "request": signed text and signatures
 *
 * An unknown kind is hashed, stored and skipped by followers.
 */
#ifndef ALAMO_ENTRY_H
#define ALAMO_ENTRY_H

#include "alamo/rpsl/object.h"

#define AL_ENTRY_MAX 65535 /* c2sp.org/tlog-tiles: uint16 length */
#define AL_AUTOS_MAX 64    /* in one request */

/* Letters of `result`: what the request did to each of its objects, in order. */
enum al_action {
	AL_CREATE = 'c',
	AL_MODIFY = 'm',
	AL_DELETE = 'd',
	AL_NO_OPERATION = 'n', /* the text was the present one already */
};

struct al_entry {
	uint64_t index;
	uint64_t time;          /* Unix seconds UTC; never smaller than the entry's before */
	struct al_slice kind;   /* "request" */
	struct al_slice result; /* one word; empty encodes as "accepted" */
	struct al_auto autos[AL_AUTOS_MAX];
	size_t auto_count;
	struct al_slice body;
};

/* AL_ELIMIT over AL_ENTRY_MAX (buf's bound). */
AL_MUST_USE enum al_err al_entry_encode(const struct al_entry *entry, struct al_buf *out);
/*
 * Slices point into `bytes`, autos are set up to auto_count; with an error, *out says nothing.
 * decode(encode(e)) == e and encode(decode(b)) == b.
 */
AL_MUST_USE enum al_err al_entry_decode(struct al_slice bytes, struct al_entry *out);

/*
 * The objects of a "request", in its order: those whose class has its bit (1 << class) in `classes`. The caller ends the
 * list with al_entry_objects_free(). `how` says what an edit is built to: the object that it leaves, with `present`, or
 * `lines_only`; its other members are filled in here. AL_EINVAL: no registry would have taken it.
 */
AL_MUST_USE enum al_err al_entry_objects(const struct al_entry *entry, unsigned classes, const struct al_build *how,
					 struct al_object ***out, size_t *count);
void al_entry_objects_free(struct al_object **objects, size_t count); /* NULL is allowed */

#endif
