/* SPDX-License-Identifier: MIT */
/*
 * witness.h -- cosignatures (c2sp.org/tlog-cosignature, Ed25519) and the
 * policy that says whose are enough (c2sp.org/tlog-policy).
 *
 * A witness signs that it has seen a checkpoint and that it continues the one
 * it saw before. A checkpoint that a quorum has cosigned is public: everybody
 * who asks the same witnesses is shown the same history.
 */
#ifndef ALAMO_WITNESS_H
#define ALAMO_WITNESS_H

#include "alamo/tlog/note.h"

#define AL_COSIGNATURE_MAX 512 /* bytes of one signature line with any name */
#define AL_WITNESSES_MAX 32
#define AL_WITNESS_NAME_MAX 64 /* with its NUL, in a policy */
#define AL_WITNESS_URL_MAX 256

/* ---- keys: as in note.h, but of signature type 04, so that no key can be taken for a log's ---- */

AL_MUST_USE enum al_err al_witness_vkey_parse(struct al_slice s, struct al_vkey *out);
void al_witness_vkey_format(const struct al_vkey *key, struct al_buf *out);
AL_MUST_USE enum al_err al_witness_skey_generate(struct al_slice name, struct al_skey *out);
AL_MUST_USE enum al_err al_witness_skey_parse(struct al_slice s, struct al_skey *out);
void al_witness_skey_format(const struct al_skey *key, struct al_buf *out);

/* ---- cosignatures ---- */

/* Append one signature line over the note's text (ends in LF); `time` in Unix seconds. */
void al_cosign(struct al_slice text, const struct al_skey *key, uint64_t time, struct al_buf *line);
/* The same in memory that is there: `scratch`, grown to the text and 64 bytes, is overwritten. */
void al_cosign_in(struct al_buf *scratch, struct al_slice text, const struct al_skey *key, uint64_t time,
		  struct al_buf *line);
/*
 * The log's key as a cosigner of its own checkpoints: same name and key, type 04. Its cosignature says when the log
 * was known to go so far: it dates the checkpoint. What it signs begins with "cosignature/v1", which is no origin,
 * so neither signature can be taken for the other.
 */
struct al_vkey al_vkey_dating(const struct al_vkey *log);
void al_skey_dating(const struct al_skey *log, struct al_skey *out);
/*
 * Does the note carry a good cosignature of `witness`? *time: of the newest.
 * AL_ENOTFOUND: none of its; AL_EVERIFY: one of its is bad; AL_EINVAL malformed.
 */
AL_MUST_USE enum al_err al_cosigned(struct al_slice note, const struct al_vkey *witness, uint64_t *time);

/* ---- policy ---- */

struct al_policy;

/* The whole text of a policy. `message` gets a one-line reason, with its line, on failure. AL_EINVAL, AL_ELIMIT. */
AL_MUST_USE enum al_err al_policy_parse(struct al_slice text, struct al_policy **out, char *message,
					size_t message_cap);
void al_policy_free(struct al_policy *policy); /* NULL is allowed */

struct al_witness {
	char name[AL_WITNESS_NAME_MAX]; /* in the policy */
	char url[AL_WITNESS_URL_MAX];   /* submission prefix, or empty */
	bool unknown;       /* its key is of a type that we cannot verify: it counts as not having cosigned */
	struct al_vkey key; /* all zero then */
};
size_t al_policy_witnesses(const struct al_policy *policy);
const struct al_witness *al_policy_witness(const struct al_policy *policy, size_t i);
/* The i-th log's key, or NULL behind the last. */
const struct al_vkey *al_policy_log(const struct al_policy *policy, size_t i);
/* Is the quorum reached when bit i of `mask` says that witness i has cosigned? */
bool al_policy_quorum(const struct al_policy *policy, uint32_t mask);
/*
 * Is `note` a checkpoint of a log of the policy (or, if it names none, of
 * `log`), cosigned by a quorum? A witness with a bad line counts as not having
 * cosigned. `log` may be NULL if the policy names logs. AL_EVERIFY: not signed
 * by the log; AL_EDENIED: no quorum. *mask (may be NULL) tells who cosigned.
 */
AL_MUST_USE enum al_err al_policy_check(const struct al_policy *policy, const struct al_vkey *log, struct al_slice note,
					struct al_checkpoint *cp, uint32_t *mask);

#endif
