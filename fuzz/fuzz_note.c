/* links: alamo_follow */
/* SPDX-License-Identifier: MIT */
/*
 * fuzz_note.c -- notes, checkpoints, receipts and keys. Text that parses as a
 * key must be the key's one spelling; a text that can be signed must open.
 */
#include <stdlib.h>
#include <string.h>

#include "alamo/tlog/note.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void keys(struct al_slice input)
{
	struct al_vkey vkey;
	struct al_skey skey;
	struct al_buf out;

	al_buf_init(&out, AL_NOTE_MAX);
	if (al_vkey_parse(input, &vkey) == AL_OK) {
		al_vkey_format(&vkey, &out);
		if (out.err != AL_OK || !al_slice_eq(al_buf_view(&out), input))
			abort();
	}
	al_buf_reset(&out);
	if (al_skey_parse(input, &skey) == AL_OK) {
		al_skey_format(&skey, &out);
		if (out.err != AL_OK || !al_slice_eq(al_buf_view(&out), input))
			abort();
	}
	al_buf_release(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char known[] = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
	struct al_slice input = al_slice_of(data, size), text;
	struct al_hash leaf = al_leaf_hash(AL_S("leaf"));
	struct al_checkpoint cp;
	struct al_skey skey = { .seed = { 1 } };
	struct al_vkey vkey;
	struct al_buf note;
	uint64_t index;

	keys(input);
	if (al_vkey_parse(AL_S(known), &vkey) != AL_OK)
		abort();
	if (al_note_open(input, &vkey, &text) == AL_OK &&
	    (text.ptr != input.ptr || text.len > input.len || !al_slice_ends(text, "\n")))
		abort();
	(void)!al_checkpoint_open(input, &vkey, &cp);
	(void)!al_receipt_open(input, &vkey, &leaf, &index, &cp);

	/* The same bytes as a text of our own. */
	skey.pub = vkey;
	al_buf_init(&note, AL_NOTE_MAX);
	al_note_sign(input, &skey, &note);
	/* Signed with a seed that is not this key's: well formed, and refused. */
	if (note.err == AL_OK && al_note_open(al_buf_view(&note), &vkey, &text) != AL_EVERIFY)
		abort();
	al_buf_release(&note);
	return 0;
}
