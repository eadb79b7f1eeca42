/* SPDX-License-Identifier: MIT */
/*
 * store_scan.c -- prove a stored log: every entry hashed, every head's
 * signature and root checked. Touches nothing.
 */
#include "store_internal.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#include "alamo/follow/follow.h"
#include "alamo/base/log.h"
#include "alamo/base/wire.h"
#include "alamo/tlog/tile.h"

#define CHUNK (4u << 20) /* more than any frame */

struct scan {
	struct store *store;
	const struct al_checkpoint *guard;
	struct al_edge edge; /* with the entries that wait for a head */
	uint64_t offset;     /* of the next frame */
	const char *reason;
};

/* True: go on. */
static bool stop(struct scan *s, const char *reason)
{
	s->reason = reason;
	return false;
}

static bool on_entries(struct scan *s, struct al_slice body, enum al_err *err)
{
	struct al_reader r = al_reader_of(body.ptr, body.len);
	uint64_t first = al_read_u64(&r);
	struct al_slice rest = al_slice_of(r.ptr, r.left), entry;

	if (r.err != AL_OK || rest.len == 0 || first != s->edge.size)
		return stop(s, "a gap between entries");
	*err = store_place_add(s->store, first, s->offset);
	if (*err != AL_OK)
		return false;
	while (rest.len > 0) {
		struct al_hash leaf, root;

		if (al_bundle_next(&rest, &entry) != AL_OK)
			return stop(s, "an entry is cut");
		leaf = al_leaf_hash(entry);
		al_edge_push(&s->edge, &leaf);
		if (s->guard->size == 0 || s->edge.size != s->guard->size)
			continue;
		root = al_edge_root(&s->edge);
		if (!al_hash_eq(&root, &s->guard->root))
			return stop(s, "the entries do not give the root of the checkpoint");
	}
	return true;
}

static bool on_head(struct scan *s, struct al_slice note, uint64_t end, enum al_err *err)
{
	struct al_hash root = al_edge_root(&s->edge);
	struct store *store = s->store;
	struct al_checkpoint cp;

	if (al_checkpoint_open(note, &store->key, &cp) != AL_OK)
		return stop(s, "a head is not signed by the log");
	if (cp.size != s->edge.size || !al_hash_eq(&cp.root, &root))
		return stop(s, "the entries do not give the root of their head");
	al_buf_reset(&store->note);
	al_buf_slice(&store->note, note);
	*err = store->note.err;
	if (*err != AL_OK)
		return false;
	store->edge = s->edge;
	store->end = end;
	return true;
}

/* All frames that are whole in `chunk`; false: no further. */
static bool on_chunk(struct scan *s, struct al_slice chunk, enum al_err *err)
{
	struct al_slice rest = chunk;
	struct al_frame frame;
	uint64_t start = s->offset;
	enum al_err cut;

	while ((cut = al_frame_next(&rest, &frame)) == AL_OK) {
		uint64_t end = start + (chunk.len - rest.len);
		bool more;

		if (frame.kind == AL_FRAME_ENTRIES)
			more = on_entries(s, frame.body, err);
		else if (frame.kind == AL_FRAME_HEAD)
			more = on_head(s, frame.body, end, err);
		else
			more = stop(s, "a frame of no known kind");
		if (!more)
			return false;
		s->offset = end;
	}
	if (cut != AL_EAGAIN)
		return stop(s, "no frame begins here");
	return true;
}

static enum al_err scan_file(struct scan *s, char *chunk)
{
	enum al_err err = AL_OK;
	uint64_t before;
	ssize_t got;

	do {
		before = s->offset;
		got = pread(s->store->fd, chunk, CHUNK, (off_t)s->offset);
		if (got < 0)
			return AL_EIO;
		if (!on_chunk(s, al_slice_of(chunk, (size_t)got), &err))
			return err;
	} while (s->offset > before);
	if (got > 0)
		s->reason = "the last frame is cut";
	else if (s->offset != s->store->end)
		s->reason = "entries without a head";
	return AL_OK;
}

enum al_err store_scan(struct store *store, const struct al_checkpoint *guard, const char **reason)
{
	struct scan s = { .store = store, .guard = guard };
	char *chunk = malloc(CHUNK);
	enum al_err err;

	if (chunk == NULL)
		return AL_ENOMEM;
	al_edge_init(&s.edge);
	err = scan_file(&s, chunk);
	free(chunk);
	while (store->place_count > 0 && store->places[store->place_count - 1].offset >= store->end)
		store->place_count--;
	if (err == AL_OK && store->edge.size < guard->size) {
		al_log(AL_LOG_ERROR, "mirror-damaged",
		       "dir=%s offset=%" PRIu64 " good=%" PRIu64 " checkpoint=%" PRIu64 " reason=\"%s\"", store->dir,
		       s.offset, store->edge.size, guard->size, s.reason != NULL ? s.reason : "the file is too short");
		return AL_EVERIFY;
	}
	*reason = s.reason;
	return err;
}
