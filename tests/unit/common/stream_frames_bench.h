/* SPDX-License-Identifier: MIT */
/*
 * stream_frames_bench.h -- the serving side of the log stream over a store that the test answers for, and its followers.
 * For tests only.
 */
#ifndef TESTS_STREAM_FRAMES_BENCH_H
#define TESTS_STREAM_FRAMES_BENCH_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../clock.h"
#include "loopback.h"

#include <event2/event.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/un.h>

#include "alamo/follow/follow.h"
#include "alamo/follow/stream.h"

#define READS 2
#define WAITING_MAX 8

/* A follower of its own, and what it got. */
struct client {
	int fd;
	struct al_buf got;
	size_t seen; /* bytes of it that were looked at */
	bool ended;
};

struct fixture {
	struct al_loop *loop;
	struct al_stream *stream;
	char path[64];
	uint16_t port;
	/* the store */
	enum al_err refuses; /* AL_OK: it does not */
	size_t reads;
	struct waiting {
		uint64_t from;
		al_stream_read_fn done;
		void *token;
	} waiting[WAITING_MAX];
	size_t waiting_count;
};

/* ---- the store: whoever asks waits until the test answers ---- */

static inline enum al_err read_later(void *source, uint64_t from, size_t max_bytes, al_stream_read_fn done, void *token)
{
	struct fixture *f = source;

	assert_true(max_bytes > 0);
	f->reads++;
	if (f->refuses != AL_OK)
		return f->refuses;
	assert_true(f->waiting_count < WAITING_MAX);
	f->waiting[f->waiting_count++] = (struct waiting){ from, done, token };
	return AL_OK;
}

/* The one that waits longest gets entries up to `end` and their note, or an error. */
static inline void answer(struct fixture *f, enum al_err err, uint64_t end)
{
	struct al_slice entries[16];
	struct waiting first = f->waiting[0];
	struct al_stream_batch batch = { first.from, 0, entries, AL_S("stored\n") };

	assert_true(f->waiting_count > 0);
	memmove(f->waiting, f->waiting + 1, --f->waiting_count * sizeof(first));
	for (; first.from + batch.count < end; batch.count++)
		entries[batch.count] = AL_S("entry");
	first.done(first.token, err, &batch);
}

static inline void publish(struct fixture *f, uint64_t first, uint64_t end, struct al_slice note)
{
	struct al_slice entries[16];
	struct al_stream_batch batch = { first, (size_t)(end - first), entries, note };

	for (size_t i = 0; i < batch.count; i++)
		entries[i] = AL_S("new");
	al_stream_publish(f->stream, &batch);
}

/* ---- clients ---- */

static inline void client_open(struct client *c, int fd)
{
	*c = (struct client){ .fd = fd };
	al_buf_init(&c->got, 1u << 20);
}

static inline void client_local(const struct fixture *f, struct client *c)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };

	(void)snprintf(addr.sun_path, sizeof(addr.sun_path), "%s/log.sock", f->path);
	client_open(c, client_tune(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)));
	assert_int_equal(connect(c->fd, (const struct sockaddr *)&addr, sizeof(addr)), 0);
}

static inline void client_close(struct client *c)
{
	(void)close(c->fd);
	al_buf_release(&c->got);
}

static inline void turn(const struct fixture *f)
{
	assert_true(event_base_loop(al_loop_base(f->loop), EVLOOP_NONBLOCK) >= 0);
}

static inline void client_read(struct client *c)
{
	char bytes[4096];
	ssize_t got = recv(c->fd, bytes, sizeof(bytes), MSG_DONTWAIT);

	if (got > 0)
		al_buf_put(&c->got, bytes, (size_t)got);
	c->ended = c->ended || got == 0 || (got < 0 && errno == ECONNRESET);
}

static inline time_t seconds(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec;
}

/* The next frame is this one; `body` NULL: whatever it says. */
static inline void expect(const struct fixture *f, struct client *c, enum al_frame_kind kind, const char *body)
{
	time_t guard = seconds() + GUARD_S;
	struct al_frame frame;
	struct al_slice rest;

	for (;;) {
		rest = al_slice_from(al_buf_view(&c->got), c->seen);
		if (al_frame_next(&rest, &frame) == AL_OK)
			break;
		assert_true(seconds() < guard && !c->ended);
		turn(f);
		client_read(c);
	}
	c->seen = c->got.len - rest.len;
	assert_int_equal(frame.kind, kind);
	if (body != NULL && !al_slice_is(frame.body, body))
		fail_msg("%.*s, not %s", AL_FMT(frame.body), body);
}

static inline void expect_end(const struct fixture *f, struct client *c)
{
	time_t guard = seconds() + GUARD_S;

	while (!c->ended) {
		assert_true(seconds() < guard);
		turn(f);
		client_read(c);
	}
	assert_int_equal(c->seen, c->got.len);
}

static inline void follow(const struct fixture *f, struct client *c, const char *says)
{
	client_local(f, c);
	client_say(c->fd, says);
}

/* Until so many reads wait. */
static inline void wait_reads(const struct fixture *f, size_t count)
{
	time_t guard = seconds() + GUARD_S;

	while (f->waiting_count < count) {
		assert_true(seconds() < guard);
		turn(f);
	}
}

/* ---- fixture ---- */

static inline int setup(void **state)
{
	const struct al_stream_limits limits = { .followers = 2, .per_source = 2, .reads = READS };
	struct fixture *f = calloc(1, sizeof(*f));
	char path[96];

	assert_non_null(f);
	(void)snprintf(f->path, sizeof(f->path), "/tmp/alamo-stream-XXXXXX");
	assert_non_null(mkdtemp(f->path));
	assert_int_equal(al_loop_new(&f->loop), AL_OK);
	assert_int_equal(al_stream_new(f->loop, &limits, read_later, f, 5, AL_S("five\n"), &f->stream), AL_OK);
	(void)snprintf(path, sizeof(path), "%s/log.sock", f->path);
	assert_int_equal(al_listener_unix(al_stream_local(f->stream), path), AL_OK);
	assert_int_equal(al_listener_tcp(al_stream_tcp(f->stream), AL_S("127.0.0.1"), 0, &f->port), AL_OK);
	*state = f;
	return 0;
}

static inline int teardown(void **state)
{
	struct fixture *f = *state;

	al_stream_free(f->stream);
	while (f->waiting_count > 0) /* reads may be answered behind the stream's end */
		answer(f, AL_EIO, 0);
	al_loop_free(f->loop);
	(void)rmdir(f->path);
	free(f);
	return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

#endif
