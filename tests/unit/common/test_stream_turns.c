/* SPDX-License-Identifier: MIT */
/*
 * test_stream_turns.c -- the serving side of the log stream: whose turn it is to read, who is turned away and why.
 */
#include "stream_frames_bench.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_past_is_read),
		TEST(a_store_that_fails),
		TEST(reads_take_turns),
		TEST(a_crowd_is_turned_away),
	};

	(void)signal(SIGPIPE, SIG_IGN); /* as al_service_main() does */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
