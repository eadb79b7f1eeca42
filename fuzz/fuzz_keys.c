/* links: alamo_follow */
/* SPDX-License-Identifier: MIT */
/*
 * fuzz_keys.c -- keys notes: a text that parses has one spelling, and what is
 * signed opens under the key that signed it, and no other.
 */
#include <stdlib.h>

#include "alamo/tlog/keys.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void sign_and_open(struct al_slice input)
{
	struct al_skey roots[2] = { 0 };
	struct al_keys_pin pin = { .roots = &roots[0].pub, .root_count = 1, .need = 1 };
	struct al_keys keys;
	struct al_buf note;

	for (size_t i = 0; i < AL_COUNT(roots); i++)
		if (al_skey_generate(AL_S("example.com/root"), &roots[i]) != AL_OK)
			abort();
	al_buf_init(&note, AL_NOTE_MAX);
	if (al_keys_sign(input, &roots[0], &note) == AL_OK) {
		if (al_keys_open(al_buf_view(&note), &pin, &keys) != AL_OK)
			abort();
		pin.roots = &roots[1].pub;
		if (al_keys_open(al_buf_view(&note), &pin, &keys) != AL_EVERIFY)
			abort();
	}
	al_buf_release(&note);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct al_slice input = al_slice_of(data, size);
	struct al_checkpoint cp;
	struct al_keys keys;
	struct al_buf out;

	al_buf_init(&out, AL_NOTE_MAX);
	if (al_keys_parse(input, &keys) == AL_OK) {
		al_keys_format(&keys, &out);
		if (out.err != AL_OK || !al_slice_eq(al_buf_view(&out), input))
			abort();
		if (al_keys_checkpoint(&keys, input, &cp) == AL_OK)
			abort();
	}
	al_buf_release(&out);
	sign_and_open(input);
	return 0;
}
