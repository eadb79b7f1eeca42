/* SPDX-License-Identifier: MIT */
/*
 * note_parts.h -- the parts of signed notes and their keys, for checkpoints
 * (note.c) and cosignatures (cosign.c). Private to these.
 */
#ifndef COMMON_NOTE_PARTS_H
#define COMMON_NOTE_PARTS_H

#include "alamo/tlog/note.h"

#define NOTE_ID_LEN 4
#define NOTE_DASH "\xe2\x80\x94 " /* U+2014 and a blank */
#define NOTE_ALG_ED25519 1
#define NOTE_ALG_COSIGNATURE 4

/* SHA-256(name | LF | alg | pk), cut to four bytes. */
void note_key_id(const char *name, uint8_t alg, const uint8_t pk[static 32], uint8_t id[static NOTE_ID_LEN]);
/* Keys of the signature type `alg`; contracts as in alamo/tlog/note.h. */
AL_MUST_USE enum al_err note_vkey_parse(struct al_slice s, uint8_t alg, struct al_vkey *out);
void note_vkey_format(const struct al_vkey *key, uint8_t alg, struct al_buf *out);
AL_MUST_USE enum al_err note_skey_generate(struct al_slice name, uint8_t alg, struct al_skey *out);
AL_MUST_USE enum al_err note_skey_parse(struct al_slice s, uint8_t alg, struct al_skey *out);
void note_skey_format(const struct al_skey *key, uint8_t alg, struct al_buf *out);

/* Is it a name that a key may have? */
bool note_name_ok(struct al_slice name);
/* *text with its last LF, *lines behind the empty line. AL_EINVAL malformed, AL_ELIMIT too long. */
AL_MUST_USE enum al_err note_split(struct al_slice note, struct al_slice *text, struct al_slice *lines);

#define NOTE_BLOB_MAX 8192 /* of one signature; ML-DSA-87 has 4,627 */

struct note_line {
	struct al_slice name;
	uint8_t blob[NOTE_BLOB_MAX]; /* id, then the signature */
	size_t len;                  /* of blob; more than NOTE_ID_LEN */
};
/* The next signature line; AL_EINVAL malformed. Not at the end (len 0). */
AL_MUST_USE enum al_err note_line_next(struct al_slice *lines, struct note_line *out);
bool note_line_by(const struct note_line *line, const struct al_vkey *key);

#endif
