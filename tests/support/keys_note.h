/* SPDX-License-Identifier: MIT */
/* keys_note.h -- a log that goes on under another key, as a keys note says it. For tests only. */
#ifndef TESTS_KEYS_NOTE_H
#define TESTS_KEYS_NOTE_H

#include <stdlib.h>

#include "alamo/tlog/keys.h"

/* Appended: `old` up to the checkpoint `until`, from there on `next`; signed by `by`. */
static inline void keys_note_put(struct al_buf *out, const struct al_vkey *old, const struct al_checkpoint *until,
				 const struct al_vkey *next, const struct al_skey *by)
{
	struct al_keys *keys = calloc(1, sizeof(*keys));
	struct al_buf text;

	assert_non_null(keys);
	*keys = (struct al_keys){ .origin = "log.test/keys", .version = 2, .not_after = 1830297600, .log_count = 2 };
	keys->log[0] = (struct al_keys_log){ .key = *old, .closed = true, .until = *until };
	keys->log[1] = (struct al_keys_log){ .key = *next, .from = until->size };
	al_buf_init(&text, AL_NOTE_MAX);
	al_keys_format(keys, &text);
	al_note_sign(al_buf_view(&text), by, out);
	assert_int_equal(out->err, AL_OK);
	al_buf_release(&text);
	free(keys);
}

#endif
