/* SPDX-License-Identifier: MIT */
/*
 * stream.c -- followers of the log and what each still has to get.
 *
 * Everything runs on the loop's thread. A follower has one number, `next`: the
 * first entry that was not yet written to its connection. pump() moves it on,
 * from the tail in memory or, further back, from the store, and stops while
 * 256 KiB are unsent; drained() and every commit call it again. So a follower
 * that is up to date, one that lags and one that begins at 0 are the same case.
 * The tail is of stream_tail.c.
 */
#include "alamo/follow/stream.h"

#include <assert.h>
#include <event2/buffer.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "alamo/follow/follow.h"
#include "stream_tail.h"

#define UNSENT_ENOUGH (256u << 10) /* a connection with more waits */
#define UNSENT_TOTAL (64u << 20)   /* of all over TCP; then the one with most is dropped */
#define READ_BYTES (256u << 10)    /* one read, one frame: what others wait for at most */
#define IDLE_MS 60000              /* of a connection that does not follow */
#define SPARE 16                   /* connections that are told why they are turned away */
#define LINE_MAX_LEN 64            /* bytes of the first line */
#define TICK_MS 5000
#define QUIET_TICKS 2 /* then a ping */

struct follower {
	struct follower *prev, *next_follower;
	struct al_stream *stream;
	struct follower *queue_prev, *queue_next;
	struct al_conn *conn; /* NULL: gone, only a read still refers to this */
	bool following;       /* the first line has come */
	bool reading;         /* a read is on its way */
	bool queued;          /* it waits for its turn to read */
	bool turn;            /* which it is */
	bool pumping;         /* pump() is running: a read answered at once must not start another */
	uint64_t next;
	unsigned quiet; /* ticks since something was written */
};

struct al_stream {
	al_stream_source_fn read;
	void *source;
	size_t refs; /* its user's and one a read */
	struct al_stream_limits limits;
	size_t reads;           /* on their way */
	struct follower *queue; /* who waits to read, longest first */
	struct al_listener *local;
	struct al_listener *tcp;
	struct al_timer *tick;
	struct follower *followers;
	struct tail tail;
	uint64_t size; /* of the log, as published */
	struct al_buf note;
	struct al_buf tip; /* of a log that goes further than what is here; or empty */
	uint64_t tip_size;
	struct al_buf keys; /* the log's keys note; empty: it has had one key */
};

/* ---- one follower ---- */

static void pump(struct follower *f);

static void send_frame(struct follower *f, enum al_frame_kind kind, struct al_slice body)
{
	struct al_buf frame;

	al_buf_init(&frame, AL_FRAME_MAX);
	al_frame_put(&frame, kind, body);
	if (frame.err == AL_OK)
		al_conn_write(f->conn, frame.ptr, frame.len);
	al_buf_release(&frame);
	f->quiet = 0;
}

static void refuse(struct follower *f, const char *reason)
{
	send_frame(f, AL_FRAME_ERROR, al_slice_str(reason));
	f->following = false;
	al_conn_finish(f->conn);
}

static void send_batch(struct follower *f, const struct al_stream_batch *batch)
{
	struct al_buf frames;
	size_t n;

	al_buf_init(&frames, 2u * AL_FRAME_MAX);
	n = al_frame_put_entries(&frames, batch->first, batch->entries, batch->count);
	/* Fewer only if one read is more than one frame: then the rest is read again. */
	if (n == batch->count && batch->note.len > 0)
		al_frame_put(&frames, AL_FRAME_HEAD, batch->note);
	if (frames.err == AL_OK) {
		al_conn_write(f->conn, frames.ptr, frames.len);
		f->next += n;
		f->quiet = 0;
	} else {
		al_conn_finish(f->conn);
	}
	al_buf_release(&frames);
}

static void stream_unref(struct al_stream *stream)
{
	if (--stream->refs == 0)
		free(stream);
}

static void queue_leave(struct follower *f)
{
	if (f->queued)
		DL_DELETE2(f->stream->queue, f, queue_prev, queue_next);
	f->queued = false;
}

/* Whose turn it is to read. */
static void queue_serve(struct al_stream *stream)
{
	struct follower *f;

	while (stream->queue != NULL && stream->reads < stream->limits.reads) {
		f = stream->queue;
		queue_leave(f);
		f->turn = true;
		pump(f);
		f->turn = false;
	}
}

static void on_read(void *token, enum al_err err, const struct al_stream_batch *batch)
{
	struct follower *f = token;
	struct al_stream *stream = f->stream;

	f->reading = false;
	stream->reads--;
	if (f->conn == NULL) {
		free(f);
	} else if (f->following && (err != AL_OK || batch->count == 0)) {
		refuse(f, "the log cannot be read now");
	} else if (f->following) {
		send_batch(f, batch);
		pump(f);
	}
	queue_serve(stream);
	stream_unref(stream);
}

/* Behind those who wait already, so that everybody's turn comes. */
static void read_more(struct follower *f)
{
	struct al_stream *stream = f->stream;

	if (!f->turn && (stream->queue != NULL || stream->reads >= stream->limits.reads)) {
		f->queued = true;
		DL_APPEND2(stream->queue, f, queue_prev, queue_next);
		return;
	}
	f->reading = true;
	stream->reads++;
	stream->refs++;
	if (stream->read(stream->source, f->next, READ_BYTES, on_read, f) == AL_OK)
		return;
	f->reading = false;
	stream->reads--;
	stream->refs--;
	refuse(f, "too busy");
}

static void pump(struct follower *f)
{
	struct piece *piece = NULL;

	if (f->pumping)
		return;
	f->pumping = true;
	while (f->following && !f->reading && !f->queued && f->next < f->stream->size &&
	       al_conn_pending(f->conn) < UNSENT_ENOUGH) {
		if (piece == NULL)
			piece = tail_find(&f->stream->tail, f->next);
		if (piece == NULL) {
			read_more(f);
			continue;
		}
		piece->refs++;
		f->next = piece->end;
		f->quiet = 0;
		al_conn_write_ref(f->conn, piece->bytes, piece->len, piece_unref, piece);
		piece = piece->next;
	}
	f->pumping = false;
}

/* How far the log goes, which is how much is to come. A log without any note has nothing to say yet. */
static void send_tip(struct follower *f)
{
	const struct al_stream *stream = f->stream;
	const struct al_buf *tip = stream->tip_size > stream->size ? &stream->tip : &stream->note;

	if (tip->len > 0)
		send_frame(f, AL_FRAME_TIP, al_buf_view(tip));
}

/* The listener takes some more than may follow, so that they can be told. */
static bool is_crowd(const struct follower *f)
{
	const struct al_stream *stream = f->stream;

	return al_conn_source_conns(f->conn) > 0 && (al_listener_conns(stream->tcp) > stream->limits.followers ||
						     al_conn_source_conns(f->conn) > stream->limits.per_source);
}

static void start_following(struct follower *f, struct al_slice line)
{
	const struct al_stream *stream = f->stream;
	char reason[80];
	uint64_t size;

	if (!al_slice_starts(line, "follow ") ||
	    al_slice_u64(al_slice_from(line, strlen("follow ")), UINT64_MAX, &size) != AL_OK) {
		refuse(f, "say: follow SIZE");
		return;
	}
	if (size > stream->size) {
		(void)snprintf(reason, sizeof(reason), "size %" PRIu64 " is beyond the log (%" PRIu64 ")", size,
			       stream->size);
		refuse(f, reason);
		return;
	}
	if (is_crowd(f)) {
		refuse(f, "too many followers: follow a mirror of this log");
		return;
	}
	f->following = true;
	f->next = size;
	if (stream->keys.len > 0) /* first: by it the rest is verified */
		send_frame(f, AL_FRAME_KEYS, al_buf_view(&stream->keys));
	send_tip(f);
	/* Who is up to date hears at once that this is so. */
	if (size == stream->size && stream->note.len > 0)
		send_frame(f, AL_FRAME_HEAD, al_buf_view(&stream->note));
	pump(f);
}

/* ---- connections ---- */

static enum al_err on_open(struct al_conn *conn, void *arg, void **user)
{
	struct al_stream *stream = arg;
	struct follower *f = calloc(1, sizeof(*f));

	if (f == NULL)
		return AL_ENOMEM;
	f->stream = stream;
	f->conn = conn;
	DL_APPEND2(stream->followers, f, prev, next_follower);
	*user = f;
	return AL_OK;
}

static void on_data(struct al_conn *conn, struct evbuffer *in, bool eof, void *user)
{
	struct follower *f = user;
	char bytes[LINE_MAX_LEN];
	struct al_slice rest, line;
	ev_ssize_t len;

	/* There is only one thing to say; what comes after it is not read. */
	if (f->following) {
		(void)evbuffer_drain(in, evbuffer_get_length(in));
		return;
	}
	len = evbuffer_copyout(in, bytes, sizeof(bytes));
	rest = al_slice_of(bytes, len > 0 ? (size_t)len : 0);
	if (!al_slice_cut(&rest, '\n', &line)) {
		if (line.len == sizeof(bytes))
			refuse(f, "say: follow SIZE");
		else if (eof)
			al_conn_finish(conn);
		return;
	}
	if (line.len > 0 && line.ptr[line.len - 1] == '\r')
		line.len--;
	(void)evbuffer_drain(in, evbuffer_get_length(in));
	start_following(f, line);
}

static void on_drained(struct al_conn *conn, void *user)
{
	(void)conn;
	pump(user);
}

static void on_closed(struct al_conn *conn, void *user)
{
	struct follower *f = user;

	(void)conn;
	DL_DELETE2(f->stream->followers, f, prev, next_follower);
	queue_leave(f);
	f->conn = NULL;
	f->following = false;
	if (!f->reading)
		free(f);
}

static void on_overflow(struct al_conn *conn, void *user)
{
	(void)conn;
	refuse(user, "say: follow SIZE");
}

static void on_tick(void *arg)
{
	struct al_stream *stream = arg;
	struct follower *f;

	DL_FOREACH2(stream->followers, f, next_follower)
	if (f->following && ++f->quiet >= QUIET_TICKS)
		send_frame(f, AL_FRAME_PING, al_slice_of(NULL, 0));
	al_timer_set(stream->tick, TICK_MS);
}

/* ---- life ---- */

static const struct al_conn_ops conn_ops = {
	.open = on_open,
	.data = on_data,
	.drained = on_drained,
	.closed = on_closed,
	.overflow = on_overflow,
};

/* Daemons of the host have a listener of their own, so that strangers cannot take their places. */
static enum al_err listeners_new(struct al_loop *loop, struct al_stream *stream)
{
	struct al_listener_conf conf = {
		.name = "stream-local",
		.max_conns = 64,
		.in_max = 4096,
		.out_max = 8u << 20,
		.idle_ms = IDLE_MS,
	};
	enum al_err err = al_listener_new(loop, &conf, &conn_ops, stream, &stream->local);

	if (err != AL_OK)
		return err;
	conf.name = "stream";
	conf.max_conns = stream->limits.followers + SPARE;
	conf.max_per_source = stream->limits.per_source + SPARE;
	conf.out_total = UNSENT_TOTAL;
	return al_listener_new(loop, &conf, &conn_ops, stream, &stream->tcp);
}

enum al_err al_stream_new(struct al_loop *loop, const struct al_stream_limits *limits, al_stream_source_fn read,
			  void *source, uint64_t size, struct al_slice note, struct al_stream **out)
{
	struct al_stream *stream = calloc(1, sizeof(*stream));
	enum al_err err;

	if (stream == NULL)
		return AL_ENOMEM;
	stream->refs = 1;
	stream->limits = *limits;
	stream->read = read;
	stream->source = source;
	stream->size = size;
	al_buf_init(&stream->note, AL_NOTE_MAX);
	al_buf_init(&stream->tip, AL_NOTE_MAX);
	al_buf_init(&stream->keys, AL_NOTE_MAX);
	al_buf_slice(&stream->note, note);
	err = stream->note.err;
	if (err == AL_OK)
		err = listeners_new(loop, stream);
	if (err == AL_OK)
		err = al_timer_new(loop, on_tick, stream, &stream->tick);
	if (err != AL_OK) {
		al_stream_free(stream);
		return err;
	}
	al_timer_set(stream->tick, TICK_MS);
	*out = stream;
	return AL_OK;
}

void al_stream_limit(struct al_stream *stream, size_t followers, size_t per_source)
{
	const struct al_listener_limits limits = { followers + SPARE, per_source + SPARE, IDLE_MS, 0 };

	stream->limits.followers = followers;
	stream->limits.per_source = per_source;
	al_listener_limit(stream->tcp, &limits);
}

struct al_listener *al_stream_local(struct al_stream *stream)
{
	return stream->local;
}

struct al_listener *al_stream_tcp(struct al_stream *stream)
{
	return stream->tcp;
}

void al_stream_free(struct al_stream *stream)
{
	if (stream == NULL)
		return;
	al_listener_free(stream->local);
	al_listener_free(stream->tcp);
	assert(stream->followers == NULL);
	al_timer_free(stream->tick);
	tail_clear(&stream->tail);
	al_buf_release(&stream->note);
	al_buf_release(&stream->tip);
	al_buf_release(&stream->keys);
	stream_unref(stream);
}

void al_stream_publish(struct al_stream *stream, const struct al_stream_batch *batch)
{
	struct follower *f, *next;

	if (batch->first + batch->count <= stream->size)
		return;
	assert(batch->first == stream->size);
	tail_add(&stream->tail, batch);
	stream->size = batch->first + batch->count;
	al_buf_reset(&stream->note);
	al_buf_slice(&stream->note, batch->note);
	DL_FOREACH_SAFE2(stream->followers, f, next, next_follower)
	pump(f);
}

void al_stream_tip(struct al_stream *stream, uint64_t size, struct al_slice note)
{
	struct follower *f, *next;

	if (size == 0 && stream->tip_size == 0)
		return;
	if (size > 0 && (size <= stream->size || size <= stream->tip_size))
		return;
	al_buf_reset(&stream->tip);
	al_buf_slice(&stream->tip, note);
	stream->tip_size = stream->tip.err == AL_OK ? size : 0;
	DL_FOREACH_SAFE2(stream->followers, f, next, next_follower)
	{
		if (f->following && size > 0)
			send_tip(f);
		else if (f->following)
			refuse(f, "the log does not go where it was said to go");
	}
}

void al_stream_dated(struct al_stream *stream, uint64_t size, struct al_slice note)
{
	struct follower *f;

	if (size != stream->size || size == 0)
		return;
	al_buf_reset(&stream->note);
	al_buf_slice(&stream->note, note);
	if (stream->note.err != AL_OK)
		return;
	/* Who still reads the past has one number to reach before; it hears of this by the next date. */
	DL_FOREACH2(stream->followers, f, next_follower)
	if (f->following && f->next == size)
		send_frame(f, AL_FRAME_HEAD, note);
}

void al_stream_keys(struct al_stream *stream, struct al_slice note)
{
	struct follower *f, *next;

	al_buf_reset(&stream->keys);
	al_buf_slice(&stream->keys, note);
	if (stream->keys.err != AL_OK)
		al_buf_reset(&stream->keys);
	if (stream->keys.len == 0)
		return;
	DL_FOREACH_SAFE2(stream->followers, f, next, next_follower)
	if (f->following)
		send_frame(f, AL_FRAME_KEYS, note);
}
