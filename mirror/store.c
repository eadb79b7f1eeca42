/* SPDX-License-Identifier: MIT */
/*
 * store.c -- the mirror's file: opened, repaired, appended to, read.
 *
 * Invariant: the first `end` bytes of the file are whole frames, end in the
 * head `note`, and are on the disk; `edge` is their tree. Everything behind
 * `end` may be lost at any time. One thread.
 */
#include "store_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "alamo/follow/follow.h"
#include "alamo/base/log.h"
#include "alamo/net/loop.h"
#include "alamo/tlog/note_file.h"
#include "alamo/base/wire.h"
#include "alamo/tlog/tile.h"
#include "dir.h"

#define PENDING_MAX (32u << 20)
#define READ_MAX (AL_FRAME_MAX + AL_NOTE_MAX + 64) /* one frame of entries and its head */
#define RUN_ENTRIES 1024                           /* a read may end at a head behind so many */
#define GUARD_MS 1000                              /* between two writes of `checkpoint` */

/* ---- tables ---- */

enum al_err store_place_add(struct store *store, uint64_t first, uint64_t offset)
{
	if (store->place_count == store->place_cap) {
		size_t cap = store->place_cap > 0 ? store->place_cap * 2 : 1024;
		struct store_place *places = reallocarray(store->places, cap, sizeof(*places));

		if (places == NULL)
			return AL_ENOMEM;
		store->places = places;
		store->place_cap = cap;
	}
	store->places[store->place_count++] = (struct store_place){ first, offset };
	return AL_OK;
}

enum al_err store_entries_room(struct store *store, size_t count)
{
	struct al_slice *entries;
	size_t cap = store->entry_cap > 0 ? store->entry_cap : 1024;

	if (count <= store->entry_cap)
		return AL_OK;
	while (cap < count)
		cap *= 2;
	entries = reallocarray(store->entries, cap, sizeof(*entries));
	if (entries == NULL)
		return AL_ENOMEM;
	store->entries = entries;
	store->entry_cap = cap;
	return AL_OK;
}

/* ---- opening ---- */

static enum al_err guard_read(struct store *store, struct al_checkpoint *guard)
{
	struct al_buf note;
	enum al_err err;

	al_buf_init(&note, AL_NOTE_MAX);
	err = al_note_load(store->checkpoint, &note);
	if (err == AL_OK && al_checkpoint_open(al_buf_view(&note), &store->key, guard) != AL_OK) {
		al_log(AL_LOG_ERROR, "mirror-damaged", "path=%s is not signed by the log", store->checkpoint);
		err = AL_EVERIFY;
	}
	al_buf_release(&note);
	return err == AL_ENOTFOUND ? AL_OK : err;
}

/* What a crash left behind the last head goes; what is there is made durable, whoever wrote it. */
static enum al_err tail_repair(struct store *store, const char *reason)
{
	off_t length = lseek(store->fd, 0, SEEK_END);

	if (length < 0)
		return AL_EIO;
	if ((uint64_t)length > store->end) {
		al_log(AL_LOG_WARN, "mirror-repair", "dir=%s size=%" PRIu64 " cut=%" PRIu64 " reason=\"%s\"",
		       store->dir, store->edge.size, (uint64_t)length - store->end, reason != NULL ? reason : "");
		if (ftruncate(store->fd, (off_t)store->end) != 0)
			return AL_EIO;
	}
	return fsync(store->fd) == 0 ? AL_OK : AL_EIO;
}

static enum al_err file_open(struct store *store)
{
	struct al_checkpoint guard = { 0 };
	const char *reason = NULL;
	char path[PATH_MAX];
	enum al_err err = dir_path(store->dir, "log", path, sizeof(path));

	if (err == AL_OK)
		err = dir_path(store->dir, "checkpoint", store->checkpoint, sizeof(store->checkpoint));
	if (err != AL_OK)
		return err;
	store->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	if (store->fd < 0)
		return AL_EIO;
	err = store_key_check(store);
	if (err == AL_OK)
		err = guard_read(store, &guard);
	if (err == AL_OK)
		err = store_scan(store, &guard, &reason);
	if (err == AL_OK)
		err = tail_repair(store, reason);
	store->guard_size = guard.size;
	return err;
}

enum al_err store_open(const char *dir, const struct al_vkey *key, struct store **out)
{
	struct store *store = calloc(1, sizeof(*store));
	enum al_err err;

	if (store == NULL)
		return AL_ENOMEM;
	store->fd = store->lock = -1;
	store->key = *key;
	al_edge_init(&store->edge);
	al_buf_init(&store->note, AL_NOTE_MAX);
	al_buf_init(&store->keys, AL_NOTE_MAX);
	al_buf_init(&store->pending, PENDING_MAX);
	al_buf_init(&store->bytes, 2 * PENDING_MAX);
	err = al_slice_copy(al_slice_str(dir), store->dir, sizeof(store->dir));
	if (err == AL_OK)
		err = dir_take(dir, &store->lock);
	if (err == AL_OK)
		err = file_open(store);
	if (err != AL_OK) {
		if (err == AL_EIO)
			al_log(AL_LOG_ERROR, "mirror-open", "dir=%s errno=%d", dir, errno);
		store->failed = true;
		store_close(store);
		return err;
	}
	*out = store;
	return AL_OK;
}

void store_guard(struct store *store)
{
	if (store->failed || store->guard_size == store->edge.size || store->note.len == 0)
		return;
	if (al_note_save(store->checkpoint, al_buf_view(&store->note), true) != AL_OK)
		al_log(AL_LOG_WARN, "mirror-checkpoint", "path=%s errno=%d", store->checkpoint, errno);
	else
		store->guard_size = store->edge.size;
	store->guard_ms = al_now_ms();
}

void store_close(struct store *store)
{
	if (store == NULL)
		return;
	store_guard(store);
	if (store->fd >= 0)
		(void)close(store->fd);
	if (store->lock >= 0)
		(void)close(store->lock);
	al_buf_release(&store->note);
	al_buf_release(&store->keys);
	al_buf_release(&store->pending);
	al_buf_release(&store->bytes);
	free(store->places);
	free(store->entries);
	free(store);
}

uint64_t store_size(const struct store *store)
{
	return store->edge.size;
}

const struct al_edge *store_edge(const struct store *store)
{
	return &store->edge;
}

struct al_slice store_note(const struct store *store)
{
	return al_buf_view(&store->note);
}

const struct al_vkey *store_key(const struct store *store)
{
	return &store->key;
}

const char *store_dir(const struct store *store)
{
	return store->dir;
}

/* ---- writing ---- */

enum al_err store_add(struct store *store, struct al_slice entry)
{
	if (store->failed)
		return AL_EIO;
	if (entry.len > UINT16_MAX)
		return AL_ELIMIT;
	al_buf_u16(&store->pending, (uint16_t)entry.len);
	al_buf_slice(&store->pending, entry);
	if (store->pending.err == AL_OK)
		store->pending_count++;
	return store->pending.err;
}

void store_drop(struct store *store)
{
	al_buf_reset(&store->pending);
	store->pending_count = 0;
}

/* Slices of what is pending, and the tree with it. */
static enum al_err pending_take(struct store *store, struct al_edge *edge)
{
	struct al_slice rest = al_buf_view(&store->pending);
	enum al_err err = store_entries_room(store, store->pending_count);

	for (size_t i = 0; err == AL_OK && i < store->pending_count; i++) {
		struct al_hash leaf;

		err = al_bundle_next(&rest, &store->entries[i]);
		leaf = al_leaf_hash(store->entries[i]);
		al_edge_push(edge, &leaf);
	}
	return err;
}

/* Frames of the pending entries and their head; their places are noted. */
static enum al_err frames_make(struct store *store, struct al_slice note)
{
	uint64_t first = store->edge.size;
	size_t done = 0;
	enum al_err err = AL_OK;

	al_buf_reset(&store->bytes);
	while (err == AL_OK && done < store->pending_count) {
		err = store_place_add(store, first + done, store->end + store->bytes.len);
		if (err == AL_OK)
			done += al_frame_put_entries(&store->bytes, first + done, store->entries + done,
						     store->pending_count - done);
	}
	al_frame_put(&store->bytes, AL_FRAME_HEAD, note);
	return err == AL_OK ? store->bytes.err : err;
}

static enum al_err bytes_write(struct store *store)
{
	struct al_slice rest = al_buf_view(&store->bytes);
	uint64_t offset = store->end;

	while (rest.len > 0) {
		ssize_t put = pwrite(store->fd, rest.ptr, rest.len, (off_t)offset);

		if (put < 0 && errno == EINTR)
			continue;
		if (put <= 0)
			return AL_EIO;
		offset += (uint64_t)put;
		rest = al_slice_from(rest, (size_t)put);
	}
	return fdatasync(store->fd) == 0 ? AL_OK : AL_EIO;
}

/* The head's note is kept apart first, so that nothing can fail once the bytes are on the disk. */
static enum al_err commit_write(struct store *store, struct al_slice note)
{
	size_t places = store->place_count;
	struct al_buf kept;
	enum al_err err;

	al_buf_init(&kept, AL_NOTE_MAX);
	al_buf_slice(&kept, note);
	err = kept.err == AL_OK ? frames_make(store, note) : kept.err;
	if (err == AL_OK) {
		err = bytes_write(store);
		store->failed = err != AL_OK;
	}
	if (err != AL_OK) {
		al_log(AL_LOG_ERROR, "mirror-write", "dir=%s size=%" PRIu64 " err=%s errno=%d", store->dir,
		       store->edge.size, al_err_name(err), errno);
		store->place_count = places;
		al_buf_release(&kept);
		return err;
	}
	al_buf_release(&store->note);
	store->note = kept;
	store->end += store->bytes.len;
	return AL_OK;
}

enum al_err store_commit(struct store *store, struct al_slice note, struct al_stream_batch *batch)
{
	struct al_edge edge = store->edge;
	struct al_checkpoint cp;
	struct al_hash root;
	enum al_err err = store->failed ? AL_EIO : al_checkpoint_open(note, &store->key, &cp);

	if (err == AL_OK)
		err = pending_take(store, &edge);
	if (err != AL_OK)
		return err;
	root = al_edge_root(&edge);
	if (cp.size != edge.size || !al_hash_eq(&cp.root, &root) || store->pending_count == 0)
		return AL_EVERIFY;
	err = commit_write(store, note);
	if (err != AL_OK)
		return err;
	if (batch != NULL)
		*batch = (struct al_stream_batch){ store->edge.size, store->pending_count, store->entries,
						   al_buf_view(&store->note) };
	store->edge = edge;
	store_drop(store);
	if (al_now_ms() - store->guard_ms >= GUARD_MS)
		store_guard(store);
	return AL_OK;
}

/* ---- reading ---- */

/* The last place that begins at or before `index`. */
static const struct store_place *place_of(const struct store *store, uint64_t index)
{
	size_t low = 0, high = store->place_count;

	while (high - low > 1) {
		size_t mid = low + (high - low) / 2;

		if (store->places[mid].first <= index)
			low = mid;
		else
			high = mid;
	}
	return &store->places[low];
}

static enum al_err bytes_read(struct store *store, uint64_t offset)
{
	uint64_t left = store->end - offset;
	size_t want = left < READ_MAX ? (size_t)left : READ_MAX;
	char *bytes = malloc(want);
	ssize_t got;

	if (bytes == NULL)
		return AL_ENOMEM;
	got = pread(store->fd, bytes, want, (off_t)offset);
	al_buf_reset(&store->bytes);
	if (got > 0)
		al_buf_put(&store->bytes, bytes, (size_t)got);
	free(bytes);
	return got > 0 ? store->bytes.err : AL_EIO;
}

struct run {
	uint64_t from;
	size_t max_bytes;
	size_t used; /* bytes of the entries taken */
	size_t count;
	size_t headed; /* of these, covered by `note` */
	struct al_slice note;
	bool full;
};

static enum al_err run_entries(struct store *store, struct run *run, struct al_slice body)
{
	struct al_reader r = al_reader_of(body.ptr, body.len);
	uint64_t index = al_read_u64(&r);
	struct al_slice rest = al_slice_of(r.ptr, r.left), entry;
	enum al_err err = r.err;

	for (; err == AL_OK && rest.len > 0 && !run->full; index++) {
		err = al_bundle_next(&rest, &entry);
		if (err != AL_OK || index < run->from)
			continue;
		run->full = run->count > 0 && run->used + entry.len + 2 > run->max_bytes;
		if (run->full)
			break;
		err = store_entries_room(store, run->count + 1);
		if (err != AL_OK)
			break;
		store->entries[run->count++] = entry;
		run->used += entry.len + 2;
	}
	return err;
}

enum al_err store_read(struct store *store, uint64_t from, size_t max_bytes, struct al_stream_batch *batch)
{
	struct run run = { .from = from, .max_bytes = max_bytes };
	struct al_slice rest;
	struct al_frame frame;
	enum al_err err;

	if (from >= store->edge.size || store->place_count == 0)
		return AL_EINVAL;
	err = bytes_read(store, place_of(store, from)->offset);
	rest = al_buf_view(&store->bytes);
	while (err == AL_OK && !run.full && al_frame_next(&rest, &frame) == AL_OK) {
		if (frame.kind == AL_FRAME_ENTRIES) {
			err = run_entries(store, &run, frame.body);
		} else if (run.count > 0) {
			run.headed = run.count;
			run.note = frame.body;
			run.full = run.count >= RUN_ENTRIES;
		}
	}
	if (err == AL_OK && run.count == 0)
		err = AL_EIO;
	if (err == AL_OK)
		*batch = (struct al_stream_batch){ from, run.headed > 0 ? run.headed : run.count, store->entries,
						   run.note };
	return err;
}
