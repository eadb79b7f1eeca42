/* SPDX-License-Identifier: MIT */
/*
 * test_stream_raw.c -- the stream to clients by the byte: refusals, what comes first, and who does not read.
 */
#include "stream_bench.h"

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
		TEST(refusals),
		TEST(tip_first),
		TEST(head_first),
		TEST(a_client_that_does_not_read),
	};

	(void)signal(SIGPIPE, SIG_IGN); /* as al_service_main() does */
	memset(filler, 'f', sizeof(filler));
	return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
