/* SPDX-License-Identifier: MIT */
/*
 * store.h -- a log in a directory: one append-only file of stream frames, and
 * the newest checkpoint beside it (docs/formats.md, "Mirror").
 *
 *   log          E and H frames, each run of entries followed by its head
 *   checkpoint   the newest signed note, or one of a moment ago
 *   log.pub      the log's key
 *
 * Entries count when the head that covers them is on the disk. What lies
 * behind the last good head is the rest of a write that a crash cut off: it is
 * cut away. What `checkpoint` vouches for and is not there is damage.
 */
#ifndef MIRROR_STORE_H
#define MIRROR_STORE_H

#include "alamo/base/buf.h"
#include "alamo/tlog/note.h"
#include "alamo/follow/stream.h"

struct store;

/* Results as al_mirror_new() has them. Reads and verifies everything. A directory that has gone on from `key` keeps its own. */
AL_MUST_USE enum al_err store_open(const char *dir, const struct al_vkey *key, struct store **out);
void store_close(struct store *store); /* NULL is allowed */

uint64_t store_size(const struct store *store);
const struct al_edge *store_edge(const struct store *store);
struct al_slice store_note(const struct store *store);
const struct al_vkey *store_key(const struct store *store);
/* The log's keys note, signed; empty: it is not here, or the log has had one key. */
struct al_slice store_keys(const struct store *store);
/*
 * The log goes on under this key, as a signed note says that was verified (al_log_key_next()). On AL_OK the directory has
 * it; else nothing has changed, and it is in the log.
 */
AL_MUST_USE enum al_err store_keys_set(struct store *store, const struct al_vkey *key, struct al_slice note);
const char *store_dir(const struct store *store);

/* The next entry, held in memory until its head comes. AL_ELIMIT beyond 32 MiB. */
AL_MUST_USE enum al_err store_add(struct store *store, struct al_slice entry);
/*
 * The signed head of exactly the entries so far: on AL_OK all of it is on the
 * disk, and *batch (may be NULL) is what was added, until the next call.
 * AL_EVERIFY: not their head. After AL_EIO the store takes nothing more.
 */
AL_MUST_USE enum al_err store_commit(struct store *store, struct al_slice note, struct al_stream_batch *batch);
/* Bring `checkpoint` up to date, if it is not; commits do so only now and then. */
void store_guard(struct store *store);
/* Forget the entries that have no head yet. */
void store_drop(struct store *store);
/* Read as al_stream_source_fn says; *batch lives until the next call. */
AL_MUST_USE enum al_err store_read(struct store *store, uint64_t from, size_t max_bytes, struct al_stream_batch *batch);

#endif
