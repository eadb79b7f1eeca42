/* SPDX-License-Identifier: MIT */
/*
 * test_stream_frames.c -- the serving side of the log stream, frame by frame: who is told what, who is turned away and why,
 * whose turn it is to read.
 */
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

static enum al_err read_later(void *source, uint64_t from, size_t max_bytes, al_stream_read_fn done, void *token)
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
static void answer(struct fixture *f, enum al_err err, uint64_t end)
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

static void publish(struct fixture *f, uint64_t first, uint64_t end, struct al_slice note)
{
	struct al_slice entries[16];
	struct al_stream_batch batch = { first, (size_t)(end - first), entries, note };

	for (size_t i = 0; i < batch.count; i++)
		entries[i] = AL_S("new");
	al_stream_publish(f->stream, &batch);
}

/* ---- clients ---- */

static void client_open(struct client *c, int fd)
{
	*c = (struct client){ .fd = fd };
	al_buf_init(&c->got, 1u << 20);
}

static void client_local(const struct fixture *f, struct client *c)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };

	(void)snprintf(addr.sun_path, sizeof(addr.sun_path), "%s/log.sock", f->path);
	client_open(c, client_tune(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)));
	assert_int_equal(connect(c->fd, (const struct sockaddr *)&addr, sizeof(addr)), 0);
}

static void client_close(struct client *c)
{
	(void)close(c->fd);
	al_buf_release(&c->got);
}

static void turn(const struct fixture *f)
{
	assert_true(event_base_loop(al_loop_base(f->loop), EVLOOP_NONBLOCK) >= 0);
}

static void client_read(struct client *c)
{
	char bytes[4096];
	ssize_t got = recv(c->fd, bytes, sizeof(bytes), MSG_DONTWAIT);

	if (got > 0)
		al_buf_put(&c->got, bytes, (size_t)got);
	c->ended = c->ended || got == 0 || (got < 0 && errno == ECONNRESET);
}

static time_t seconds(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec;
}

/* The next frame is this one; `body` NULL: whatever it says. */
static void expect(const struct fixture *f, struct client *c, enum al_frame_kind kind, const char *body)
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

static void expect_end(const struct fixture *f, struct client *c)
{
	time_t guard = seconds() + GUARD_S;

	while (!c->ended) {
		assert_true(seconds() < guard);
		turn(f);
		client_read(c);
	}
	assert_int_equal(c->seen, c->got.len);
}

static void follow(const struct fixture *f, struct client *c, const char *says)
{
	client_local(f, c);
	client_say(c->fd, says);
}

/* Until so many reads wait. */
static void wait_reads(const struct fixture *f, size_t count)
{
	time_t guard = seconds() + GUARD_S;

	while (f->waiting_count < count) {
		assert_true(seconds() < guard);
		turn(f);
	}
}

/* ---- fixture ---- */

static int setup(void **state)
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

static int teardown(void **state)
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

/* ---- tests ---- */

static void what_is_published(void **state)
{
	struct fixture *f = *state;
	struct client c, late;

	follow(f, &c, "follow 5\r\n");
	expect(f, &c, AL_FRAME_TIP, "five\n");
	expect(f, &c, AL_FRAME_HEAD, "five\n");
	publish(f, 3, 5, AL_S("again\n")); /* it is there already */
	publish(f, 5, 7, AL_S("seven\n"));
	expect(f, &c, AL_FRAME_ENTRIES, NULL);
	expect(f, &c, AL_FRAME_HEAD, "seven\n");
	publish(f, 7, 9, AL_S("nine\n"));
	expect(f, &c, AL_FRAME_ENTRIES, NULL);
	expect(f, &c, AL_FRAME_HEAD, "nine\n");
	/* The same from memory, for who comes later; the store is not asked. */
	follow(f, &late, "follow 5\n");
	expect(f, &late, AL_FRAME_TIP, "nine\n");
	expect(f, &late, AL_FRAME_ENTRIES, NULL);
	expect(f, &late, AL_FRAME_HEAD, "seven\n");
	expect(f, &late, AL_FRAME_ENTRIES, NULL);
	expect(f, &late, AL_FRAME_HEAD, "nine\n");
	assert_int_equal(f->reads, 0);
	client_close(&c);
	client_close(&late);
}

/* A tip is news when the log is known to go further; when it is taken back, only who was told has to ask again. */
static void tips_are_told_and_taken_back(void **state)
{
	static const char large[AL_NOTE_MAX + 1];
	struct fixture *f = *state;
	struct client c, late;

	follow(f, &c, "follow 5\n");
	expect(f, &c, AL_FRAME_TIP, "five\n");
	expect(f, &c, AL_FRAME_HEAD, "five\n");
	al_stream_tip(f->stream, 0, AL_S("")); /* nobody was told anything */
	al_stream_tip(f->stream, 9, al_slice_of(large, sizeof(large)));
	expect(f, &c, AL_FRAME_TIP, "five\n"); /* what is no note is not told: as far as is known */
	al_stream_tip(f->stream, 0, AL_S(""));
	al_stream_tip(f->stream, 5, AL_S("not further\n"));
	al_stream_tip(f->stream, 9, AL_S("nine\n"));
	al_stream_tip(f->stream, 9, AL_S("no news\n"));
	al_stream_tip(f->stream, 8, AL_S("less\n"));
	expect(f, &c, AL_FRAME_TIP, "nine\n");
	publish(f, 5, 6, AL_S("six\n"));
	expect(f, &c, AL_FRAME_ENTRIES, NULL);
	expect(f, &c, AL_FRAME_HEAD, "six\n");
	follow(f, &late, "follow 6\n");
	expect(f, &late, AL_FRAME_TIP, "nine\n");
	expect(f, &late, AL_FRAME_HEAD, "six\n");
	al_stream_tip(f->stream, 0, AL_S(""));
	expect(f, &c, AL_FRAME_ERROR, "the log does not go where it was said to go");
	expect_end(f, &c);
	expect(f, &late, AL_FRAME_ERROR, "the log does not go where it was said to go");
	expect_end(f, &late);
	client_close(&c);
	client_close(&late);
	follow(f, &c, "follow 6\n");
	expect(f, &c, AL_FRAME_TIP, "six\n");
	expect(f, &c, AL_FRAME_HEAD, "six\n");
	al_stream_tip(f->stream, 7, AL_S("seven\n")); /* it may be said anew, and be reached */
	expect(f, &c, AL_FRAME_TIP, "seven\n");
	publish(f, 6, 7, AL_S("seven, here\n"));
	expect(f, &c, AL_FRAME_ENTRIES, NULL);
	expect(f, &c, AL_FRAME_HEAD, "seven, here\n");
	follow(f, &late, "follow 7\n");
	expect(f, &late, AL_FRAME_TIP, "seven, here\n");
	client_close(&c);
	client_close(&late);
}

/* A newer date goes to who has everything, and is what others hear first from then on. */
static void dates_are_told(void **state)
{
	struct fixture *f = *state;
	struct client c, behind, late;

	follow(f, &c, "follow 5\n");
	expect(f, &c, AL_FRAME_TIP, "five\n");
	expect(f, &c, AL_FRAME_HEAD, "five\n");
	follow(f, &behind, "follow 2\n");
	expect(f, &behind, AL_FRAME_TIP, "five\n");
	wait_reads(f, 1);
	al_stream_dated(f->stream, 4, AL_S("of another size\n"));
	al_stream_dated(f->stream, 6, AL_S("of another size\n"));
	al_stream_dated(f->stream, 0, AL_S("of no size\n"));
	al_stream_dated(f->stream, 5, AL_S("five, later\n"));
	expect(f, &c, AL_FRAME_HEAD, "five, later\n");
	answer(f, AL_OK, 5);
	expect(f, &behind, AL_FRAME_ENTRIES, NULL);
	expect(f, &behind, AL_FRAME_HEAD, "stored\n");
	follow(f, &late, "follow 5\n");
	expect(f, &late, AL_FRAME_TIP, "five, later\n");
	expect(f, &late, AL_FRAME_HEAD, "five, later\n");
	client_close(&c);
	client_close(&behind);
	client_close(&late);
}

/* Which keys the log has had is said before all else, and to who follows already. */
static void keys_are_told(void **state)
{
	static const char large[AL_NOTE_MAX + 1];
	struct fixture *f = *state;
	struct client c, late;

	al_stream_keys(f->stream, AL_S(""));
	al_stream_keys(f->stream, al_slice_of(large, sizeof(large)));
	follow(f, &c, "follow 5\n");
	expect(f, &c, AL_FRAME_TIP, "five\n");
	expect(f, &c, AL_FRAME_HEAD, "five\n");
	al_stream_keys(f->stream, AL_S("keys\n"));
	expect(f, &c, AL_FRAME_KEYS, "keys\n");
	follow(f, &late, "follow 5\n");
	expect(f, &late, AL_FRAME_KEYS, "keys\n");
	expect(f, &late, AL_FRAME_TIP, "five\n");
	expect(f, &late, AL_FRAME_HEAD, "five\n");
	client_close(&c);
	client_close(&late);
}

/* The past comes from the store, a piece at a time, and goes over into the present. */
static void the_past_is_read(void **state)
{
	struct fixture *f = *state;
	struct client c;

	follow(f, &c, "follow 0\n");
	expect(f, &c, AL_FRAME_TIP, "five\n");
	wait_reads(f, 1);
	assert_int_equal(f->waiting[0].from, 0);
	publish(f, 5, 6, AL_S("six\n"));
	answer(f, AL_OK, 3);
	expect(f, &c, AL_FRAME_ENTRIES, NULL);
	expect(f, &c, AL_FRAME_HEAD, "stored\n");
	wait_reads(f, 1);
	assert_int_equal(f->waiting[0].from, 3);
	answer(f, AL_OK, 5);
	expect(f, &c, AL_FRAME_ENTRIES, NULL);
	expect(f, &c, AL_FRAME_HEAD, "stored\n");
	expect(f, &c, AL_FRAME_ENTRIES, NULL);
	expect(f, &c, AL_FRAME_HEAD, "six\n");
	assert_int_equal(f->reads, 2);
	client_close(&c);
}

/* A store that cannot: whoever asked is told so, and its place is free for others. */
static void a_store_that_fails(void **state)
{
	struct fixture *f = *state;
	struct client c;

	f->refuses = AL_ELIMIT;
	for (int i = 0; i <= READS; i++) {
		follow(f, &c, "follow 1\n");
		expect(f, &c, AL_FRAME_TIP, "five\n");
		expect(f, &c, AL_FRAME_ERROR, "too busy");
		expect_end(f, &c);
		client_close(&c);
	}
	f->refuses = AL_OK;
	for (int i = 0; i <= READS; i++) {
		follow(f, &c, "follow 1\n");
		expect(f, &c, AL_FRAME_TIP, "five\n");
		wait_reads(f, 1);
		answer(f, i % 2 == 0 ? AL_EIO : AL_OK, i % 2 == 0 ? 5 : 1);
		expect(f, &c, AL_FRAME_ERROR, "the log cannot be read now");
		expect_end(f, &c);
		client_close(&c);
	}
}

/* So many read at once; the others wait in their order, and one that leaves takes nobody's turn. */
static void reads_take_turns(void **state)
{
	struct fixture *f = *state;
	struct client c[5];

	for (size_t i = 0; i < AL_COUNT(c); i++) {
		char says[32];

		(void)snprintf(says, sizeof(says), "follow %zu\n", i);
		follow(f, &c[i], says);
		if (i == 0 || i == 2)
			turn(f); /* the tip stays unread: what closes with unread bytes is gone at once */
		else
			expect(f, &c[i], AL_FRAME_TIP, "five\n");
	}
	wait_reads(f, READS);
	for (int i = 0; i < 10; i++)
		turn(f);
	assert_int_equal(f->waiting_count, READS);
	assert_true(f->waiting[0].from == 0 && f->waiting[1].from == 1);
	client_close(&c[2]); /* while it waits for its turn */
	client_close(&c[0]); /* while it is read for */
	while (al_listener_conns(al_stream_local(f->stream)) > 3)
		turn(f);
	answer(f, AL_OK, 5);
	assert_int_equal(f->waiting_count, READS);
	assert_true(f->waiting[0].from == 1 && f->waiting[1].from == 3);
	answer(f, AL_OK, 2); /* not all of it: behind those who wait */
	assert_true(f->waiting[0].from == 3 && f->waiting[1].from == 4);
	answer(f, AL_OK, 5);
	assert_true(f->waiting[0].from == 4 && f->waiting[1].from == 2);
	expect(f, &c[1], AL_FRAME_ENTRIES, NULL);
	expect(f, &c[3], AL_FRAME_ENTRIES, NULL);
	client_close(&c[1]);
	client_close(&c[3]);
	client_close(&c[4]);
}

/* Strangers have a number of places. Who finds none is told where else; this host's own are not counted. */
static void a_crowd_is_turned_away(void **state)
{
	struct fixture *f = *state;
	struct client c[4], local;

	for (size_t i = 0; i < AL_COUNT(c); i++) {
		if (i == 3)
			al_stream_limit(f->stream, 9, 9);
		client_open(&c[i], client_connect(f->port));
		client_say(c[i].fd, "follow 5\n");
		if (i != 2) {
			expect(f, &c[i], AL_FRAME_TIP, "five\n");
			expect(f, &c[i], AL_FRAME_HEAD, "five\n");
			continue;
		}
		expect(f, &c[i], AL_FRAME_ERROR, "too many followers: follow a mirror of this log");
		expect_end(f, &c[i]);
	}
	for (unsigned only = 0; only < 2; only++) {
		struct client turned;

		al_stream_limit(f->stream, only == 0 ? 3 : 9, only == 0 ? 9 : 3);
		client_open(&turned, client_connect(f->port));
		client_say(turned.fd, "follow 5\n");
		expect(f, &turned, AL_FRAME_ERROR, "too many followers: follow a mirror of this log");
		client_close(&turned);
	}
	follow(f, &local, "follow 5\n");
	expect(f, &local, AL_FRAME_TIP, "five\n");
	publish(f, 5, 6, AL_S("six\n")); /* who was there stays */
	expect(f, &c[0], AL_FRAME_ENTRIES, NULL);
	client_close(&local);
	for (size_t i = 0; i < AL_COUNT(c); i++)
		client_close(&c[i]);
}

/* One line is all that is read of a follower; what is no such line is answered, and it ends. */
static void first_lines(void **state)
{
	static const struct {
		const char *says, *answer; /* NULL: a tip */
	} rows[] = {
		{ "follow 5\nfollow 1\nand so on\n", NULL },
		{ "follow 05\n", "say: follow SIZE" },
		{ "FOLLOW 5\n", "say: follow SIZE" },
		{ "follow 5\r\r\n", "say: follow SIZE" },
		{ "\r\n", "say: follow SIZE" },
		{ "follow 6\n", "size 6 is beyond the log (5)" },
		{ "follow 00000000000000000000000000000000000000000000000000000000 ", "say: follow SIZE" },
	};
	struct fixture *f = *state;
	struct client c;

	for (size_t i = 0; i < AL_COUNT(rows); i++) {
		follow(f, &c, rows[i].says);
		expect(f, &c, rows[i].answer != NULL ? AL_FRAME_ERROR : AL_FRAME_TIP,
		       rows[i].answer != NULL ? rows[i].answer : "five\n");
		if (rows[i].answer != NULL)
			expect_end(f, &c);
		client_close(&c);
	}
	follow(f, &c, "foll");
	turn(f);
	client_say(c.fd, "ow 5\n");
	expect(f, &c, AL_FRAME_TIP, "five\n");
	client_close(&c);
	follow(f, &c, "follow 5"); /* and nothing more: nobody asked anything */
	assert_int_equal(shutdown(c.fd, SHUT_WR), 0);
	expect_end(f, &c);
	assert_int_equal(c.got.len, 0);
	client_close(&c);
}

/* Time goes by up to the next look at who is quiet: is there a word then? */
static bool hears(const struct fixture *f, struct client *c)
{
	clock_ahead_s += 5;
	for (int i = 0; i < 5; i++)
		turn(f);
	client_read(c);
	return c->got.len > c->seen;
}

static void expect_ping(const struct fixture *f, struct client *c)
{
	assert_false(hears(f, c));
	assert_true(hears(f, c));
	expect(f, c, AL_FRAME_PING, "");
	assert_int_equal(c->seen, c->got.len);
}

/* Ten seconds without any frame, whichever was the last: a ping, and so on. */
static void who_hears_nothing_is_pinged(void **state)
{
	struct fixture *f = *state;
	struct client c, silent;

	client_local(f, &silent);
	follow(f, &c, "follow 4\n");
	expect(f, &c, AL_FRAME_TIP, "five\n");
	expect_ping(f, &c);
	expect_ping(f, &c);
	assert_false(hears(f, &c));
	answer(f, AL_OK, 5); /* from the store */
	expect(f, &c, AL_FRAME_ENTRIES, NULL);
	expect(f, &c, AL_FRAME_HEAD, "stored\n");
	expect_ping(f, &c);
	assert_false(hears(f, &c));
	publish(f, 5, 7, AL_S("seven\n")); /* from memory */
	expect(f, &c, AL_FRAME_ENTRIES, NULL);
	expect(f, &c, AL_FRAME_HEAD, "seven\n");
	expect_ping(f, &c);
	assert_false(hears(f, &silent)); /* it does not follow */
	client_close(&c);
	client_close(&silent);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_is_published),  TEST(tips_are_told_and_taken_back),
		TEST(dates_are_told),     TEST(the_past_is_read),
		TEST(a_store_that_fails), TEST(reads_take_turns),
		TEST(first_lines),        TEST(a_crowd_is_turned_away),
		TEST(keys_are_told),      TEST(who_hears_nothing_is_pinged),
	};

	(void)signal(SIGPIPE, SIG_IGN); /* as al_service_main() does */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
