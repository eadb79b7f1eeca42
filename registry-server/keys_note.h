/* SPDX-License-Identifier: MIT */
/*
 * keys_note.h -- the keys note in [log] key: what members are told of the log's keys, and how long it is good for
 * (alamo_registry_keys_end_seconds, alamo_registry_keys_since_seconds).
 *
 * A note says when it ends and not when it began. It cannot be older than the entry before its newest key, and is not
 * younger than its file.
 */
#ifndef REGISTRY_KEYS_NOTE_H
#define REGISTRY_KEYS_NOTE_H

#include "alamo/net/conf.h"
#include "ledger/ledger.h"

struct keys_note {
	struct al_buf text; /* as it was read; empty: there is a bare key, and no note */
	uint64_t placed;    /* when the file was written, Unix seconds */
	uint64_t from,
		end_s; /* the size from which on its newest key signs; the day on which it is old, Unix seconds */
};

/* AL_OK also without a note. In any case to be released. */
AL_MUST_USE enum al_err keys_note_open(const struct al_conf *conf, struct keys_note *out);
void keys_note_release(struct keys_note *note);
/* The metrics, by the entries of the ledger; before that is started. */
AL_MUST_USE enum al_err keys_note_measure(const struct keys_note *note, struct ledger *ledger);

/* Since when it is good: when its file was written, if that can be, else the time of the entry. Unix seconds all. */
uint64_t keys_note_since(uint64_t entry, uint64_t placed, uint64_t now);

#endif
