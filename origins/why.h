/* SPDX-License-Identifier: MIT */
/*
 * why.h -- the reasons of a verdict (validity.h), in words: the records around a prefix, the entry of the log that made
 * each of them, and whose signature would make another verdict of it.
 *
 *   prefix:         10.1.0.0/16
 *   origin:         AS64500
 *   rpki-ov-state:  valid
 *   why:            one sentence
 *   (blank)
 *   record:         [route] 10.1.0.0/16AS64500     for each, the shortest prefix first
 *   max-length:     16
 *   mnt-by:         FISHER-MNT
 *   says:           one sentence
 *   entry:          16 2025-12-01T00:00:16Z
 *   signed:         SHA256:...                     for each key, where it is known
 *   (blank)
 *   mend:           one sentence                   for each step; none when it is valid
 */
#ifndef ORIGINS_WHY_H
#define ORIGINS_WHY_H

#include "alamo/base/buf.h"
#include "validity.h"

/* The keys that signed an entry, "SHA256:..." with a blank between; nothing where they are not known. */
typedef void (*why_signed_fn)(const void *arg, uint64_t entry, struct al_buf *out);

struct why {
	const struct al_state *state;
	struct al_prefix prefix;
	uint32_t asn;
	why_signed_fn signers; /* may be NULL */
	const void *arg;
	struct validity_look look;
};

/* "PREFIX AS" or "PREFIX" and "AS" the other way round, host bits and letter case as people type them. AL_EINVAL. */
AL_MUST_USE enum al_err why_parse(struct al_slice text, struct why *why);
/* Looks at the state, by prefix and AS. */
void why_look(struct why *why, const struct al_state *state);
/* All of it. */
void why_put(const struct why *why, struct al_buf *out);

/* Parts, without a line end. */
void why_put_reason(const struct why *why, struct al_buf *out);
void why_put_says(const struct why *why, const struct validity_record *record, struct al_buf *out);
/* Steps that would make it valid, one a line. */
void why_put_mend(const struct why *why, struct al_buf *out);

#endif
