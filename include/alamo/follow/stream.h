/* SPDX-License-Identifier: MIT */
/*
 * stream.h -- the serving side of the log stream (docs/formats.md), over
 * whatever store has the log: the registry's ledger, or a mirror's files.
 *
 * A follower sends "follow SIZE LF" and gets frames (alamo/follow/follow.h): how far the log goes, then stored
 * entries and checkpoints from SIZE on, then each commit as it happens. The
 * newest commits are kept in memory (4 MiB), so followers that are up to date
 * never touch the store. Those that lag are read to at their own pace, in turns, a
 * quarter of a MiB each; one that takes no bytes is dropped and resumes by size. All calls on the loop's thread.
 */
#ifndef ALAMO_STREAM_H
#define ALAMO_STREAM_H

#include "alamo/net/loop.h"
#include "alamo/net/net.h"
#include "alamo/tlog/note.h"

/* A run of entries; `note` is the signed checkpoint of exactly first + count, or empty. Slices live during a call. */
struct al_stream_batch {
	uint64_t first;
	size_t count;
	const struct al_slice *entries;
	struct al_slice note;
};

typedef void (*al_stream_read_fn)(void *token, enum al_err err, const struct al_stream_batch *batch);

/*
 * Durable entries from `from` (below the published size) on: as many as fit
 * `max_bytes` (two bytes counted on top of each), at least one, ending where a
 * checkpoint is stored at least once a commit. On AL_OK done() is called once,
 * before or after this returns, on the loop.
 */
typedef enum al_err (*al_stream_source_fn)(void *source, uint64_t from, size_t max_bytes, al_stream_read_fn done,
					   void *token);

struct al_stream;

/* What followers may cost; those of this host are not counted in the first two. */
struct al_stream_limits {
	size_t followers;  /* over TCP; more are turned away, with a reason (X) */
	size_t per_source; /* likewise of one IPv4 address or IPv6 /64 */
	size_t reads;      /* of the store at once, one a follower, in turns: who is up to date needs none */
};
#define AL_STREAM_LIMITS ((struct al_stream_limits){ .followers = 256, .per_source = 64, .reads = 2 })

/* What is published already: size and newest note (empty: none). Listens nowhere yet. */
AL_MUST_USE enum al_err al_stream_new(struct al_loop *loop, const struct al_stream_limits *limits,
				      al_stream_source_fn read, void *source, uint64_t size, struct al_slice note,
				      struct al_stream **out);
/* Reads that are on their way may be answered later. NULL is allowed. */
void al_stream_free(struct al_stream *stream);
/* The first two of the limits, from now on: who follows already stays. */
void al_stream_limit(struct al_stream *stream, size_t followers, size_t per_source);
/* Followers of this host have a listener of their own, so that strangers cannot take their places. */
struct al_listener *al_stream_local(struct al_stream *stream);
struct al_listener *al_stream_tcp(struct al_stream *stream);
/*
 * The log is known to go as far as this signed note, further than what is here: followers are told, so that
 * nobody takes the end of an unfinished copy for the present. Size 0: that was
 * not so; who was told has to ask again.
 */
void al_stream_tip(struct al_stream *stream, uint64_t size, struct al_slice note);
/* The newest checkpoint once more, with a newer date. Followers that have everything get it at once; another size is passed over. */
void al_stream_dated(struct al_stream *stream, uint64_t size, struct al_slice note);
/* The keys note of a log that has had other keys, signed: followers hear it before all else, or now. Empty: none. */
void al_stream_keys(struct al_stream *stream, struct al_slice note);
/* One commit, durable: with its note. Those that al_stream_new() was told of are passed over. */
void al_stream_publish(struct al_stream *stream, const struct al_stream_batch *batch);

#endif
