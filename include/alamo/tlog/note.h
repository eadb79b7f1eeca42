/* SPDX-License-Identifier: MIT */
/*
 * note.h -- signed notes (c2sp.org/signed-note) and checkpoints
 * (c2sp.org/tlog-checkpoint) with Ed25519.
 */
#ifndef ALAMO_NOTE_H
#define ALAMO_NOTE_H

#include "alamo/base/buf.h"
#include "alamo/tlog/tree.h"

#define AL_ORIGIN_MAX 255
/*
 * Bytes of a whole note: a text and 16 unknown signatures of nearly 5 kB, as post-quantum ones have (signed-note asks
 * for no less), or some hundred Ed25519 ones. Too much for a stack.
 */
#define AL_NOTE_MAX (128u << 10)

struct al_keys;

/* Verifier key: "NAME+hash8+base64(01 | pk)". */
struct al_vkey {
	char name[AL_ORIGIN_MAX + 1];
	uint8_t id[4];
	uint8_t pk[32];
	/* Of a log that had other keys before (al_log_key_parse()): which, and for which sizes; lives for ever. Else NULL. */
	const struct al_keys *past;
};
AL_MUST_USE enum al_err al_vkey_parse(struct al_slice s, struct al_vkey *out);
void al_vkey_format(const struct al_vkey *key, struct al_buf *out);

/* Signer key: text "PRIVATE+KEY+NAME+hash8+base64(01 | seed)". Secret: al_skey_wipe() it. */
struct al_skey {
	struct al_vkey pub;
	uint8_t seed[32];
};
AL_MUST_USE enum al_err al_skey_generate(struct al_slice name, struct al_skey *out);
AL_MUST_USE enum al_err al_skey_parse(struct al_slice s, struct al_skey *out);
void al_skey_format(const struct al_skey *key, struct al_buf *out);
void al_skey_wipe(struct al_skey *key);

/* Append `text` (ends in LF), an empty line and one signature line. */
void al_note_sign(struct al_slice text, const struct al_skey *key, struct al_buf *out);
/* AL_EVERIFY without a good signature of `key`, AL_EINVAL malformed. *text lies inside note. */
AL_MUST_USE enum al_err al_note_open(struct al_slice note, const struct al_vkey *key, struct al_slice *text);

/* The note with the signature lines of `key` (and of its past) and no others, appended. AL_EINVAL malformed. */
AL_MUST_USE enum al_err al_note_only(struct al_slice note, const struct al_vkey *key, struct al_buf *out);

struct al_checkpoint {
	uint64_t size;
	struct al_hash root;
};
/* The three lines of the note's text. */
void al_checkpoint_format(struct al_slice origin, const struct al_checkpoint *cp, struct al_buf *out);
/*
 * Verify and decode; the origin line must equal the key's name. AL_EDENIED: signed, but size 0 with another root than
 * the empty tree's. With a past, the key that counts is the one of the checkpoint's size (al_keys_checkpoint()).
 */
AL_MUST_USE enum al_err al_checkpoint_open(struct al_slice note, const struct al_vkey *key, struct al_checkpoint *out);

/* Receipt (c2sp.org/tlog-proof): inclusion of one entry under a checkpoint. `extra` are bytes beside it; empty: none. */
void al_receipt_format(uint64_t index, const struct al_hash *proof, size_t count, struct al_slice note,
		       struct al_slice extra, struct al_buf *out);
/* A receipt taken apart; nothing of it is verified. Slices point into it. */
struct al_receipt {
	uint64_t index;
	struct al_hash proof[AL_PROOF_MAX];
	size_t count;
	struct al_slice extra; /* base64 of what an application added; empty: no such line */
	struct al_slice note;
};
AL_MUST_USE enum al_err al_receipt_parse(struct al_slice receipt, struct al_receipt *out);
AL_MUST_USE enum al_err al_receipt_open(struct al_slice receipt, const struct al_vkey *key, const struct al_hash *leaf,
					uint64_t *index, struct al_checkpoint *cp);

#endif
