/* SPDX-License-Identifier: MIT */
/*
 * keys_note.h -- the steps of `alamo keys` that are steps of others too. Exit codes; what went wrong is said.
 */
#ifndef CLI_KEYS_NOTE_H
#define CLI_KEYS_NOTE_H

#include "alamo/tlog/keys.h"
#include "option.h"

struct keys_options {
	const char *file;
	const char *name, *key, *log, *not_after, *after, *last;
	struct option_list root;
	struct option_number need, least;
	bool print_log, json;
	/* made of them */
	struct al_vkey roots[AL_KEYS_ROOTS_MAX];
	uint64_t needed;
};

/* Writes the text of the next note to o->file, and prints it. */
int keys_draft(const struct keys_options *o);
/* Adds a signature to the note o->file. */
int keys_sign_with(const struct keys_options *o, const struct al_skey *root);
/* `rotate DIR`: the stopped authority in o->file gets another log key. */
int keys_rotate(const struct keys_options *o);

#endif
