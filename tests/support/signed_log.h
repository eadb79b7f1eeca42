/* SPDX-License-Identifier: MIT */
/*
 * signed_log.h -- small logs with signed heads, for tests of those who look
 * at logs from outside. Entry i of branch b is a text that says both.
 */
#ifndef TESTS_SIGNED_LOG_H
#define TESTS_SIGNED_LOG_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alamo/tlog/note.h"

#define SIGNED_LOG_MAX 64
#define SIGNED_NOTE_MAX 1024

struct signed_log {
	struct al_skey key;
	struct al_tree *tree;
	char text[SIGNED_LOG_MAX][48];
	char note[SIGNED_LOG_MAX + 1][SIGNED_NOTE_MAX];
};

static inline void signed_log_note(const struct signed_log *log, uint64_t size, char out[static SIGNED_NOTE_MAX])
{
	struct al_checkpoint cp = { size, al_tree_root(log->tree, size) };
	struct al_buf text, note;

	al_buf_init(&text, AL_NOTE_MAX);
	al_buf_init(&note, AL_NOTE_MAX);
	al_checkpoint_format(al_slice_str(log->key.pub.name), &cp, &text);
	al_note_sign(al_buf_view(&text), &log->key, &note);
	assert_int_equal(al_slice_copy(al_buf_view(&note), out, SIGNED_NOTE_MAX), AL_OK);
	al_buf_release(&text);
	al_buf_release(&note);
}

/* Entries from `fork` on are this branch's own. */
static inline void signed_log_make(struct signed_log *log, const struct al_skey *key, unsigned branch, uint64_t fork)
{
	log->key = *key;
	assert_int_equal(al_tree_new(&log->tree), AL_OK);
	for (unsigned i = 0; i < SIGNED_LOG_MAX; i++) {
		struct al_hash leaf;

		(void)snprintf(log->text[i], sizeof(log->text[i]), "entry %u of branch %u", i, i < fork ? 0 : branch);
		leaf = al_leaf_hash(al_slice_str(log->text[i]));
		assert_int_equal(al_tree_push(log->tree, &leaf), AL_OK);
		signed_log_note(log, i + 1, log->note[i + 1]);
	}
	signed_log_note(log, 0, log->note[0]);
}

static inline void signed_log_free(struct signed_log *log)
{
	al_tree_free(log->tree);
}

#endif
