/* SPDX-License-Identifier: MIT */
/*
 * cosign.c -- cosignature/v1 (c2sp.org/tlog-cosignature): a witness's
 * timestamped signature line on a checkpoint. Pure; the time is an argument.
 */
#include "alamo/tlog/witness.h"

#include <inttypes.h>
#include <sodium.h>
#include <string.h>

#include "alamo/base/wire.h"
#include "note_parts.h"

#define TIME_LEN 8
#define BLOB_LEN (NOTE_ID_LEN + TIME_LEN + crypto_sign_BYTES)
#define HEAD_MAX 64 /* bytes of the two lines before the text */

enum al_err al_witness_vkey_parse(struct al_slice s, struct al_vkey *out)
{
	return note_vkey_parse(s, NOTE_ALG_COSIGNATURE, out);
}

void al_witness_vkey_format(const struct al_vkey *key, struct al_buf *out)
{
	note_vkey_format(key, NOTE_ALG_COSIGNATURE, out);
}

enum al_err al_witness_skey_generate(struct al_slice name, struct al_skey *out)
{
	return note_skey_generate(name, NOTE_ALG_COSIGNATURE, out);
}

enum al_err al_witness_skey_parse(struct al_slice s, struct al_skey *out)
{
	return note_skey_parse(s, NOTE_ALG_COSIGNATURE, out);
}

void al_witness_skey_format(const struct al_skey *key, struct al_buf *out)
{
	note_skey_format(key, NOTE_ALG_COSIGNATURE, out);
}

struct al_vkey al_vkey_dating(const struct al_vkey *log)
{
	struct al_vkey key = *log;

	key.past = NULL;
	note_key_id(key.name, NOTE_ALG_COSIGNATURE, key.pk, key.id);
	return key;
}

void al_skey_dating(const struct al_skey *log, struct al_skey *out)
{
	*out = *log;
	out->pub = al_vkey_dating(&log->pub);
}

/* What is signed. */
static void message_put(struct al_slice text, uint64_t time, struct al_buf *out)
{
	al_buf_printf(out, "cosignature/v1\ntime %" PRIu64 "\n", time);
	al_buf_slice(out, text);
}

void al_cosign(struct al_slice text, const struct al_skey *key, uint64_t time, struct al_buf *line)
{
	struct al_buf message;

	al_buf_init(&message, AL_NOTE_MAX + HEAD_MAX);
	al_cosign_in(&message, text, key, time, line);
	al_buf_release(&message);
}

void al_cosign_in(struct al_buf *scratch, struct al_slice text, const struct al_skey *key, uint64_t time,
		  struct al_buf *line)
{
	uint8_t blob[BLOB_LEN], pk[crypto_sign_PUBLICKEYBYTES], sk[crypto_sign_SECRETKEYBYTES];

	al_buf_reset(scratch);
	message_put(text, time, scratch);
	if (scratch->err != AL_OK) {
		line->err = line->err != AL_OK ? line->err : scratch->err;
		return;
	}
	memcpy(blob, key->pub.id, NOTE_ID_LEN);
	al_set_u64(blob + NOTE_ID_LEN, time);
	(void)crypto_sign_seed_keypair(pk, sk, key->seed);
	(void)crypto_sign_detached(blob + NOTE_ID_LEN + TIME_LEN, NULL, scratch->ptr, scratch->len, sk);
	sodium_memzero(sk, sizeof(sk));
	al_buf_str(line, NOTE_DASH);
	al_buf_str(line, key->pub.name);
	al_buf_str(line, " ");
	al_buf_base64(line, blob, sizeof(blob));
	al_buf_str(line, "\n");
}

static enum al_err line_verify(const struct note_line *line, struct al_slice text, const struct al_vkey *witness,
			       uint64_t *time)
{
	struct al_buf message;
	enum al_err err;

	if (line->len != BLOB_LEN)
		return AL_EVERIFY;
	*time = al_get_u64(line->blob + NOTE_ID_LEN);
	al_buf_init(&message, AL_NOTE_MAX + HEAD_MAX);
	message_put(text, *time, &message);
	err = message.err;
	if (err == AL_OK && crypto_sign_verify_detached(line->blob + NOTE_ID_LEN + TIME_LEN, message.ptr, message.len,
							witness->pk) != 0)
		err = AL_EVERIFY;
	al_buf_release(&message);
	return err;
}

enum al_err al_cosigned(struct al_slice note, const struct al_vkey *witness, uint64_t *time)
{
	struct al_slice text, lines;
	struct note_line line;
	uint64_t newest = 0, at = 0;
	bool found = false;
	enum al_err err = note_split(note, &text, &lines);

	while (err == AL_OK && lines.len > 0) {
		err = note_line_next(&lines, &line);
		if (err != AL_OK || !note_line_by(&line, witness))
			continue;
		err = line_verify(&line, text, witness, &at);
		newest = at > newest ? at : newest;
		found = true;
	}
	if (err == AL_OK && !found)
		err = AL_ENOTFOUND;
	if (err == AL_OK)
		*time = newest;
	return err;
}
