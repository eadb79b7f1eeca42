/* links: alamo_follow */
/* SPDX-License-Identifier: MIT */
/*
 * fuzz_entry.c -- an entry that decodes must encode to the same bytes.
 */
#include <stdlib.h>

#include "alamo/rpsl/entry.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct al_slice input = al_slice_of(data, size);
	struct al_entry entry;
	struct al_buf out;

	if (al_entry_decode(input, &entry) != AL_OK)
		return 0;
	al_buf_init(&out, AL_ENTRY_MAX + 1);
	if (al_entry_encode(&entry, &out) != AL_OK || !al_slice_eq(al_buf_view(&out), input))
		abort();
	al_buf_release(&out);
	return 0;
}
