/* SPDX-License-Identifier: MIT */
/*
 * test_stream_frames.c -- the serving side of the log stream, frame by frame: who is told what.
 */
#include "stream_frames_bench.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_is_published), TEST(tips_are_told_and_taken_back), TEST(dates_are_told), TEST(first_lines),
		TEST(keys_are_told),     TEST(who_hears_nothing_is_pinged),
	};

	(void)signal(SIGPIPE, SIG_IGN); /* as al_service_main() does */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
