/* SPDX-License-Identifier: MIT */
/*
 * stream_tail.h -- the newest commits of a stream, as pieces: ready-made frames
 * shared by all followers. The head of a commit stands at the end of the commit's
 * last piece. Pieces follow each other without a gap, and the last one ends with
 * the log.
 */
#ifndef ALAMO_FOLLOW_STREAM_TAIL_H
#define ALAMO_FOLLOW_STREAM_TAIL_H

#include "alamo/follow/stream.h"

struct piece {
	struct piece *prev, *next;
	uint64_t first, end; /* entries [first, end) */
	size_t refs;         /* the tail's and one a connection that sends it */
	size_t len;
	uint8_t bytes[];
};

struct tail {
	struct piece *pieces; /* oldest first */
	size_t bytes;         /* of all of them */
};

/* A commit, as pieces. Without memory the tail is empty afterwards. */
void tail_add(struct tail *tail, const struct al_stream_batch *batch);

/* The piece that begins with entry `first`; NULL: the store has it. */
struct piece *tail_find(const struct tail *tail, uint64_t first);

/* Frees all pieces but those that connections still send. */
void tail_clear(struct tail *tail);

/* Gives one reference back; as al_conn_write_ref() wants it. */
void piece_unref(void *piece);

#endif
