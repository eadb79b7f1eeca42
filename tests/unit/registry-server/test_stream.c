/* SPDX-License-Identifier: MIT */
/*
 * test_stream.c -- a real ledger, the stream, and real followers on a unix
 * socket: history, live commits, resuming, refusals, and a client that does
 * not read.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "../guard.h"
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include "alamo/follow/follow.h"
#include "ledger/ledger.h"
#include "sign/signer.h"
#include "ledger/stream_internal.h"

#define FOLLOWERS 20

struct fixture {
	char dir[64], path[96], socket[96];
	struct al_skey key;
	struct al_loop *loop;
	struct al_timer *guard;
	struct ledger *ledger;
	struct stream *stream;
	struct al_stream_limits limits;
	size_t entry_len; /* bytes of each entry */
	uint64_t durable;
	uint64_t wanted; /* the loop stops when all is there */
	size_t behind;   /* followers not yet at `wanted` */
};

struct reader {
	struct fixture *f;
	struct al_follow *follow;
	uint64_t entries, head;
	struct al_edge edge;
};

static char filler[60000];

/* Entry i: its number, then filler. */
static struct al_slice entry_bytes(const struct fixture *f, uint64_t i, char *out)
{
	int len = snprintf(out, 64, "entry %llu ", (unsigned long long)i);

	memcpy(out + len, filler, f->entry_len);
	return al_slice_of(out, (size_t)len + f->entry_len);
}

static void check_done(struct fixture *f)
{
	if (f->durable == f->wanted && f->behind == 0)
		al_loop_stop(f->loop);
}

static void on_commit(void *arg, const struct ledger_batch *batch)
{
	struct fixture *f = arg;

	stream_publish(f->stream, batch);
	f->durable = batch->checkpoint.size;
	check_done(f);
}

static enum al_err on_entry(void *arg, uint64_t index, struct al_slice bytes)
{
	static char want[sizeof(filler) + 64];
	struct reader *r = arg;
	struct al_hash leaf = al_leaf_hash(bytes);

	assert_int_equal(index, r->entries);
	assert_true(al_slice_eq(bytes, entry_bytes(r->f, index, want)));
	al_edge_push(&r->edge, &leaf);
	r->entries++;
	return AL_OK;
}

static void on_head(void *arg, const struct al_checkpoint *cp, struct al_slice note)
{
	struct reader *r = arg;
	struct al_hash root = al_edge_root(&r->edge);

	(void)note;
	assert_int_equal(cp->size, r->entries);
	assert_true(al_hash_eq(&root, &cp->root));
	if (r->head < r->f->wanted && cp->size == r->f->wanted)
		r->f->behind--;
	r->head = cp->size;
	check_done(r->f);
}

static const struct al_follow_ops ops = { .entry = on_entry, .head = on_head };

static void on_guard(void *arg)
{
	(void)arg;
	fail_msg("timed out");
}

static void reader_start(struct fixture *f, struct reader *r)
{
	struct al_follow_conf conf = { .address = f->socket, .key = f->key.pub };

	*r = (struct reader){ .f = f };
	al_edge_init(&r->edge);
	f->behind += f->wanted > 0;
	assert_int_equal(al_follow_new(f->loop, &conf, &ops, r, &r->follow), AL_OK);
}

static void run(struct fixture *f)
{
	if (f->durable == f->wanted && f->behind == 0)
		return;
	al_timer_set(f->guard, GUARD_MS);
	al_loop_run(f->loop);
	al_timer_clear(f->guard);
	assert_int_equal(f->durable, f->wanted);
	assert_int_equal(f->behind, 0);
}

/* Queue entries up to `size`; `readers` have to get there too. */
static void grow(struct fixture *f, uint64_t size, size_t readers)
{
	static char bytes[sizeof(filler) + 64];

	for (uint64_t i = f->wanted; i < size; i++)
		assert_int_equal(ledger_append(f->ledger, i, entry_bytes(f, i, bytes), NULL, NULL), AL_OK);
	f->wanted = size;
	f->behind += readers;
}

static void serve(struct fixture *f, bool create)
{
	struct ledger_opts opts = {
		.path = f->path, .key = &f->key.pub, .signer = signer_local(&f->key), .create = create
	};

	assert_int_equal(ledger_open(&opts, &f->ledger), AL_OK);
	f->durable = ledger_head(f->ledger, NULL).size;
	assert_int_equal(stream_open(f->loop, &f->limits, f->ledger, &f->stream), AL_OK);
	assert_int_equal(stream_listen_local(f->stream, f->socket), AL_OK);
	assert_int_equal(ledger_start(f->ledger, f->loop, on_commit, f), AL_OK);
}

static void unserve(struct fixture *f)
{
	ledger_close(f->ledger);
	stream_free(f->stream);
	f->ledger = NULL;
	f->stream = NULL;
	/* What the ledger had posted goes out with the last round of the loop. */
	al_loop_stop(f->loop);
	al_loop_run(f->loop);
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	if (f == NULL || al_loop_new(&f->loop) != AL_OK || al_timer_new(f->loop, on_guard, f, &f->guard) != AL_OK ||
	    al_skey_generate(AL_S("registry.test/ledger"), &f->key) != AL_OK)
		return -1;
	(void)snprintf(f->dir, sizeof(f->dir), "/tmp/test_stream.XXXXXX");
	if (mkdtemp(f->dir) == NULL)
		return -1;
	(void)snprintf(f->path, sizeof(f->path), "%s/ledger.db", f->dir);
	(void)snprintf(f->socket, sizeof(f->socket), "%s/log.sock", f->dir);
	f->entry_len = 200;
	f->limits = AL_STREAM_LIMITS;
	serve(f, true);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	static const char *const names[] = { "ledger.db", "ledger.db.lock", "ledger.db-wal", "ledger.db-shm",
					     "log.sock" };
	struct fixture *f = *state;
	char name[128];

	unserve(f);
	al_timer_free(f->guard);
	al_loop_free(f->loop);
	for (size_t i = 0; i < AL_COUNT(names); i++) {
		(void)snprintf(name, sizeof(name), "%s/%s", f->dir, names[i]);
		(void)unlink(name);
	}
	(void)rmdir(f->dir);
	free(f);
	return 0;
}

/* ---- tests ---- */

static void history_then_live(void **state)
{
	struct fixture *f = *state;
	static struct reader r[FOLLOWERS];

	reader_start(f, &r[0]); /* at the empty log */
	grow(f, 500, 1);
	run(f);
	for (size_t i = 1; i < FOLLOWERS; i++)
		reader_start(f, &r[i]);
	run(f);
	for (uint64_t size = 501; size < 540; size++) {
		grow(f, size, FOLLOWERS);
		run(f);
	}
	grow(f, 3000, FOLLOWERS);
	run(f);
	for (size_t i = 0; i < FOLLOWERS; i++) {
		assert_int_equal(r[i].entries, 3000);
		al_follow_free(r[i].follow);
	}
}

/* More than the tail holds: the start comes from the ledger, the end from memory. */
static void long_history(void **state)
{
	struct fixture *f = *state;
	static struct reader r[3];

	f->entry_len = 50000;
	for (uint64_t size = 10; size <= 300; size += 10) {
		grow(f, size, 0);
		run(f);
	}
	for (size_t i = 0; i < AL_COUNT(r); i++)
		reader_start(f, &r[i]);
	grow(f, 400, AL_COUNT(r));
	f->behind -= AL_COUNT(r); /* each was counted when it started, and stops only at 400 */
	run(f);
	for (size_t i = 0; i < AL_COUNT(r); i++) {
		assert_int_equal(r[i].entries, 400);
		al_follow_free(r[i].follow);
	}
}

/* One read at a time, and everybody's turn comes, beside commits and one who leaves while he waits. */
static void catch_ups_take_turns(void **state)
{
	struct fixture *f = *state;
	static struct reader r[FOLLOWERS], leaver;

	unserve(f);
	f->limits.reads = 1;
	serve(f, false);
	f->entry_len = 50000;
	for (uint64_t size = 10; size <= 200; size += 10) {
		grow(f, size, 0);
		run(f);
	}
	for (size_t i = 0; i < FOLLOWERS; i++)
		reader_start(f, &r[i]);
	reader_start(f, &leaver);
	f->behind--;
	al_follow_free(leaver.follow);
	grow(f, 250, FOLLOWERS);
	f->behind -= FOLLOWERS;
	run(f);
	for (size_t i = 0; i < FOLLOWERS; i++) {
		assert_int_equal(r[i].entries, 250);
		al_follow_free(r[i].follow);
	}
}

/* The registry stops while followers wait for their turn. */
static void stops_while_they_wait(void **state)
{
	struct fixture *f = *state;
	static struct reader r[FOLLOWERS];

	f->entry_len = 50000;
	for (uint64_t size = 10; size <= 200; size += 10) {
		grow(f, size, 0);
		run(f);
	}
	for (size_t i = 0; i < FOLLOWERS; i++)
		reader_start(f, &r[i]);
	f->behind = 0;
	grow(f, 201, 0);
	run(f);
	unserve(f);
	serve(f, false);
	for (size_t i = 0; i < FOLLOWERS; i++)
		al_follow_free(r[i].follow);
}

static void registry_restarts(void **state)
{
	struct fixture *f = *state;
	static struct reader r;

	reader_start(f, &r);
	grow(f, 10, 1);
	run(f);
	unserve(f);
	serve(f, false);
	grow(f, 20, 1);
	run(f);
	assert_int_equal(r.entries, 20);
	al_follow_free(r.follow);
}

/* ---- raw clients ---- */

struct raw {
	struct fixture *f;
	struct bufferevent *bev;
	struct al_buf got;
	bool closed;
	size_t frames_wanted; /* stop after so many (0: at the end) */
};

static size_t frame_count(const struct al_buf *got, struct al_frame *last)
{
	struct al_slice rest = al_buf_view(got);
	size_t count = 0;

	while (al_frame_next(&rest, last) == AL_OK)
		count++;
	return count;
}

static void raw_readable(struct bufferevent *bev, void *arg)
{
	struct raw *raw = arg;
	struct al_frame last;
	char bytes[4096];
	size_t len;

	while ((len = bufferevent_read(bev, bytes, sizeof(bytes))) > 0)
		al_buf_put(&raw->got, bytes, len);
	if (raw->frames_wanted > 0 && frame_count(&raw->got, &last) >= raw->frames_wanted)
		al_loop_stop(raw->f->loop);
}

static void raw_event(struct bufferevent *bev, short what, void *arg)
{
	struct raw *raw = arg;

	(void)bev;
	if ((what & (BEV_EVENT_EOF | BEV_EVENT_ERROR)) != 0) {
		raw->closed = true;
		al_loop_stop(raw->f->loop);
	}
}

static void raw_open(struct fixture *f, struct raw *raw, struct al_slice says, bool reads)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };

	*raw = (struct raw){ .f = f };
	al_buf_init(&raw->got, 64u << 20);
	(void)snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", f->socket);
	raw->bev = bufferevent_socket_new(al_loop_base(f->loop), -1, BEV_OPT_CLOSE_ON_FREE);
	assert_non_null(raw->bev);
	bufferevent_setcb(raw->bev, raw_readable, NULL, raw_event, raw);
	assert_int_equal(bufferevent_socket_connect(raw->bev, (struct sockaddr *)&addr, sizeof(addr)), 0);
	(void)bufferevent_enable(raw->bev, reads ? EV_READ | EV_WRITE : EV_WRITE);
	if (!reads)
		(void)bufferevent_disable(raw->bev, EV_READ);
	(void)bufferevent_write(raw->bev, says.ptr, says.len);
}

static void raw_close(struct raw *raw)
{
	bufferevent_free(raw->bev);
	al_buf_release(&raw->got);
}

static void raw_run(struct fixture *f)
{
	al_timer_set(f->guard, GUARD_MS);
	al_loop_run(f->loop);
	al_timer_clear(f->guard);
}

static void refusals(void **state)
{
	static const struct {
		struct al_slice says;
		const char *answer;
	} cases[] = {
		{ { "GET / HTTP/1.1\r\nHost: x\r\n\r\n", 27 }, "say: follow SIZE" },
		{ { "follow\n", 7 }, "say: follow SIZE" },
		{ { "follow -1\n", 10 }, "say: follow SIZE" },
		{ { "follow 01\n", 10 }, "say: follow SIZE" },
		{ { "follow 5 x\n", 11 }, "say: follow SIZE" },
		{ { "\n", 1 }, "say: follow SIZE" },
		{ { filler, 5000 }, "say: follow SIZE" },
		{ { "follow 6\n", 9 }, "size 6 is beyond the log (5)" },
		{ { "follow 18446744073709551615\r\n", 29 }, "size 18446744073709551615 is beyond the log (5)" },
	};
	struct fixture *f = *state;
	struct al_frame frame;
	struct raw raw;

	grow(f, 5, 0);
	run(f);
	for (size_t i = 0; i < AL_COUNT(cases); i++) {
		raw_open(f, &raw, cases[i].says, true);
		raw_run(f);
		assert_true(raw.closed);
		assert_int_equal(frame_count(&raw.got, &frame), 1);
		assert_int_equal(frame.kind, AL_FRAME_ERROR);
		assert_true(al_slice_is(frame.body, cases[i].answer));
		raw_close(&raw);
	}
}

/* Before anything else: how far the log goes. */
static void tip_first(void **state)
{
	static const struct al_slice questions[] = { { "follow 5\n", 9 }, { "follow 4\n", 9 }, { "follow 0\n", 9 } };
	struct fixture *f = *state;
	struct al_checkpoint cp;
	struct al_frame frame;
	struct al_slice got;
	struct raw raw;

	grow(f, 5, 0);
	run(f);
	for (size_t i = 0; i < AL_COUNT(questions); i++) {
		raw_open(f, &raw, questions[i], true);
		raw.frames_wanted = 2;
		raw_run(f);
		got = al_buf_view(&raw.got);
		assert_int_equal(al_frame_next(&got, &frame), AL_OK);
		assert_int_equal(frame.kind, AL_FRAME_TIP);
		assert_int_equal(al_checkpoint_open(frame.body, &f->key.pub, &cp), AL_OK);
		assert_int_equal(cp.size, 5);
		raw_close(&raw);
	}
}

static void head_first(void **state)
{
	struct fixture *f = *state;
	struct al_checkpoint cp;
	struct al_frame frame;
	struct raw raw;

	grow(f, 5, 0);
	run(f);
	raw_open(f, &raw, AL_S("follow 5\n"), true);
	raw.frames_wanted = 2;
	raw_run(f);
	assert_int_equal(frame_count(&raw.got, &frame), 2);
	assert_int_equal(frame.kind, AL_FRAME_HEAD);
	assert_int_equal(al_checkpoint_open(frame.body, &f->key.pub, &cp), AL_OK);
	assert_int_equal(cp.size, 5);
	raw_close(&raw);
	/* From the middle of a commit, which no follower of ours asks for: entries, then a head. */
	raw_open(f, &raw, AL_S("follow 4\n"), true);
	raw.frames_wanted = 3;
	raw_run(f);
	assert_int_equal(frame_count(&raw.got, &frame), 3);
	assert_int_equal(frame.kind, AL_FRAME_HEAD);
	raw_close(&raw);
}

/* One that never reads holds nobody up, and costs a bounded amount. */
static void a_client_that_does_not_read(void **state)
{
	struct fixture *f = *state;
	static struct reader r;
	struct raw raw;

	f->entry_len = 50000;
	raw_open(f, &raw, AL_S("follow 0\n"), false);
	reader_start(f, &r);
	for (uint64_t size = 20; size <= 600; size += 20) {
		grow(f, size, 1);
		run(f);
	}
	assert_int_equal(r.entries, 600);
	assert_int_equal(raw.got.len, 0);
	/* It reads at last, and gets all of it. */
	(void)bufferevent_enable(raw.bev, EV_READ);
	while (raw.got.len < 600u * 50000u) {
		raw.frames_wanted++;
		raw_run(f);
	}
	raw_close(&raw);
	al_follow_free(r.follow);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(history_then_live),
		TEST(long_history),
		TEST(catch_ups_take_turns),
		TEST(stops_while_they_wait),
		TEST(registry_restarts),
		TEST(refusals),
		TEST(tip_first),
		TEST(head_first),
		TEST(a_client_that_does_not_read),
	};

	(void)signal(SIGPIPE, SIG_IGN); /* as al_service_main() does */
	memset(filler, 'f', sizeof(filler));
	return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
