/* SPDX-License-Identifier: MIT */
/*
 * store_internal.h -- the store's file, as writing (store.c), verifying
 * (store_scan.c) and its key (store_key.c) see it. Private to these three.
 */
#ifndef MIRROR_STORE_INTERNAL_H
#define MIRROR_STORE_INTERNAL_H

#include <limits.h>

#include "store.h"

/* Where the E frame begins that has the entries from `first` on. */
struct store_place {
	uint64_t first;
	uint64_t offset;
};

struct store {
	char dir[PATH_MAX];
	char checkpoint[PATH_MAX];
	struct al_vkey key;
	struct al_buf keys; /* the log's keys note with signatures, as log.pub has it; or empty */
	int lock;
	int fd;
	bool failed;
	struct al_edge edge;        /* of all durable entries */
	struct al_buf note;         /* of the same size */
	uint64_t end;               /* bytes of the file that count */
	struct store_place *places; /* one an E frame, in order */
	size_t place_count, place_cap;
	struct al_buf pending; /* u16 length and bytes of each entry without a head */
	size_t pending_count;
	struct al_slice *entries; /* of a batch */
	size_t entry_cap;
	struct al_buf bytes; /* of a batch that was read, or frames on their way */
	uint64_t guard_ms;   /* when `checkpoint` was written */
	uint64_t guard_size;
};

/* What log.pub has and `key`: the later of both is `key` afterwards, and in the file. AL_EDENIED: keys of two logs. */
AL_MUST_USE enum al_err store_key_check(struct store *store);
AL_MUST_USE enum al_err store_place_add(struct store *store, uint64_t first, uint64_t offset);
/* Room for `count` slices. */
AL_MUST_USE enum al_err store_entries_room(struct store *store, size_t count);
/*
 * Verifies the file from its beginning: edge, note, end and places are of what
 * is good and has a head. `guard` is what must be there at least (size 0:
 * nothing). *reason: why it ends before the file does, or NULL.
 */
AL_MUST_USE enum al_err store_scan(struct store *store, const struct al_checkpoint *guard, const char **reason);

#endif
