/* SPDX-License-Identifier: MIT */
/*
 * test_follow_present.c -- where the past of a stream ends, its dates, and what is
 * known from elsewhere or from before.
 */
#include "follow_bench.h"

#include "../clock.h"

/* The past, in three heads, of a log that goes as far as ten; then one more. */
static void tip_and_three_heads(struct al_buf *out)
{
	put_tip(out, &real, 10);
	first_five(out);
	five_to_eight(out);
	put_entries(out, &real, 8, 10);
	put_head(out, &real, 10);
	put_entries(out, &real, 10, 11);
	put_head(out, &real, 11);
}

static void present_begins_at_the_tip(void **state)
{
	static const struct step steps[] = { { 0, tip_and_three_heads, true } };
	struct fixture *f = *state;

	play(f, steps, AL_COUNT(steps), 11);
	assert_int_equal(f->tip, 10);
	assert_int_equal(f->presents, 1);
	assert_int_equal(f->present, 10);
}

static void tip_and_five(struct al_buf *out)
{
	put_tip(out, &real, 8);
	first_five(out);
}

static void tip_and_the_rest(struct al_buf *out)
{
	put_tip(out, &real, 9);
	five_to_eight(out);
	put_entries(out, &real, 8, 9);
	put_head(out, &real, 9);
}

/* A line that breaks in the past is no way into the present. */
static void cut_before_the_tip(void **state)
{
	static const struct step steps[] = { { 0, tip_and_five, false }, { 5, tip_and_the_rest, true } };
	struct fixture *f = *state;

	play(f, steps, AL_COUNT(steps), 9);
	assert_int_equal(f->presents, 1);
	assert_int_equal(f->present, 9);
}

/* Thirty seconds without a frame: it is left, and asked again. */
static void a_server_that_is_silent(void **state)
{
	static const struct step steps[] = { { 0, tip_and_five, true }, { 5, tip_and_the_rest, true } };
	struct fixture *f = *state;
	struct said said;

	play(f, steps, 1, 5);
	f->step_count = AL_COUNT(steps);
	f->stop_at_head = 9;
	clock_ahead_s += 28;
	for (int i = 0; i < 5; i++)
		assert_true(event_base_loop(al_loop_base(f->loop), EVLOOP_NONBLOCK) >= 0);
	assert_int_equal(f->links, 1);
	said_begin(&said);
	clock_ahead_s += 3;
	for (int i = 0; i < 5; i++)
		assert_true(event_base_loop(al_loop_base(f->loop), EVLOOP_NONBLOCK) >= 0);
	assert_non_null(strstr(said_end(&said), "event=follow-silent"));
	assert_int_equal(f->links, 0);
	al_timer_set(f->guard, GUARD_MS);
	al_loop_run(f->loop);
	assert_false(f->timed_out);
	assert_int_equal(f->connections, 2);
	assert_int_equal(f->entries, 9);
}

static void tip_of_five(struct al_buf *out)
{
	put_tip(out, &real, 5);
	put_head(out, &real, 5);
	five_to_eight(out);
}

/* Who has everything is told so by the tip alone. */
static void up_to_date_already(void **state)
{
	static const struct step steps[] = { { 0, tip_and_five, false }, { 5, tip_of_five, true } };
	struct fixture *f = *state;

	play(f, steps, AL_COUNT(steps), 8);
	assert_int_equal(f->presents, 1);
	assert_int_equal(f->present, 5);
}

static void head_five(struct al_buf *out)
{
	put_head(out, &real, 5);
	five_to_eight(out);
}

static void eight_and_more(struct al_buf *out)
{
	five_to_eight(out);
}

static void head_eight(struct al_buf *out)
{
	put_head(out, &real, 8);
	put_entries(out, &real, 8, 9);
	put_head(out, &real, 9);
}

/* A server without T frames is asked again until it answers with the head: then there is no more. */
static void an_old_server(void **state)
{
	static const struct step steps[] = {
		{ 0, first_five, true },
		{ 5, eight_and_more, true },
		{ 8, head_eight, true },
	};
	struct fixture *f = *state;

	play(f, steps, AL_COUNT(steps), 9);
	assert_int_equal(f->presents, 1);
	assert_int_equal(f->present, 8);
	assert_int_equal(f->links, 1);
}

static void an_old_server_that_is_quiet(void **state)
{
	static const struct step steps[] = { { 0, first_five, true }, { 5, head_five, true } };
	struct fixture *f = *state;

	play(f, steps, AL_COUNT(steps), 8);
	assert_int_equal(f->presents, 1);
	assert_int_equal(f->present, 5);
}

static void dated_heads(struct al_buf *out)
{
	put_dated(out, AL_FRAME_TIP, 5, 1000, &key);
	put_entries(out, &real, 0, 5);
	put_head(out, &real, 5);
	put_dated(out, AL_FRAME_HEAD, 5, 1060, &key);
	put_dated(out, AL_FRAME_HEAD, 5, 1060, &key);       /* again */
	put_dated(out, AL_FRAME_HEAD, 5, 1050, &key);       /* older */
	put_dated(out, AL_FRAME_HEAD, 5, 9999, &other_key); /* not the log's */
	put_head(out, &real, 5);
	put_entries(out, &real, 5, 8);
	put_dated(out, AL_FRAME_HEAD, 8, 1120, &key);
}

/* Each date once, in order, whatever frame it comes in; the same size again is no fork and no new head. */
static void dates_are_told(void **state)
{
	static const struct step steps[] = { { 0, dated_heads, true } };
	struct fixture *f = *state;

	play(f, steps, AL_COUNT(steps), 8);
	assert_int_equal(f->heads, 2);
	assert_int_equal(f->forks, 0);
	assert_int_equal(f->entries, 8);
	assert_int_equal(f->dates, 3);
	assert_int_equal(f->date, 1120);
}

static void kept_back(struct al_buf *out)
{
	put_dated(out, AL_FRAME_TIP, 8, 2000, &key);
	put_entries(out, &real, 0, 5);
	put_head(out, &real, 5);
}

/* A date of entries that somebody keeps from us makes nothing younger. */
static void dates_of_what_is_not_here(void **state)
{
	static const struct step steps[] = { { 0, kept_back, true } };
	struct fixture *f = *state;

	play(f, steps, AL_COUNT(steps), 5);
	assert_int_equal(f->entries, 5);
	assert_int_equal(f->dates, 0);
}

static void unknown_kind_first(struct al_buf *out)
{
	al_frame_put(out, (enum al_frame_kind)'Z', AL_S("of a newer server"));
	put_tip(out, &real, 5);
	first_five(out);
}

static void unknown_kinds_are_passed_over(void **state)
{
	static const struct step steps[] = { { 0, unknown_kind_first, true } };
	struct fixture *f = *state;

	play(f, steps, AL_COUNT(steps), 5);
	assert_int_equal(f->entries, 5);
	assert_int_equal(f->presents, 1);
}

/* ---- what is known from elsewhere, or from before ---- */

static void forked_after_two(struct al_buf *out)
{
	put_entries(out, &forked, 0, 2);
	put_head(out, &forked, 2);
	put_entries(out, &forked, 2, 8);
	put_head(out, &forked, 8);
}

/* Its heads of two and eight are of one log, but not of the one whose head of eight somebody else has seen. */
static void a_log_without_what_is_known(void **state)
{
	static const struct step steps[] = { { 0, forked_after_two, true } };
	struct fixture *f = *state;

	note_of(&f->known, &real, 8, &key);
	play(f, steps, AL_COUNT(steps), UINT64_MAX);
	assert_int_equal(f->entries, 2);
	assert_true(al_slice_eq(al_buf_view(&f->ours), al_buf_view(&f->known)));
	assert_forked(f, 8, 8);
}

static void five_and_another_tip(struct al_buf *out)
{
	first_five(out);
	put_tip(out, &forked, 5);
}

/* A tip alone shows it, when it is of the size that is here. */
static void a_tip_against_what_is_here(void **state)
{
	static const struct step steps[] = { { 0, five_and_another_tip, true } };
	struct fixture *f = *state;

	play(f, steps, AL_COUNT(steps), UINT64_MAX);
	assert_int_equal(f->entries, 5);
	assert_forked(f, 5, 5);
}

static void a_log_with_what_is_known(void **state)
{
	static const struct step steps[] = { { 0, all_in_order, true } };
	struct fixture *f = *state;

	note_of(&f->known, &real, 8, &key);
	play(f, steps, AL_COUNT(steps), LOG_SIZE);
	assert_int_equal(f->forks, 0);
	assert_int_equal(f->entries, LOG_SIZE);
}

static void what_is_here_is_not_asked_for(void **state)
{
	static const struct step steps[] = { { 5, five_to_eight, true } };
	struct fixture *f = *state;
	struct al_edge edge;

	al_edge_init(&edge);
	for (uint64_t i = 0; i < 5; i++) {
		struct al_hash leaf = al_leaf_hash(al_slice_str(real.text[i]));

		al_edge_push(&edge, &leaf);
	}
	f->edge = &edge;
	f->entries = 5;
	note_of(&f->resume, &real, 5, &key);
	play(f, steps, AL_COUNT(steps), 8);
	assert_int_equal(f->entries, 8);
	assert_int_equal(f->forks, 0);
}

/* What is said to be here or known is signed by the log's key, or it is no beginning. */
static void nothing_begins_with_a_stranger_s_note(void **state)
{
	struct fixture *f = *state;
	struct al_follow_conf conf = { .key = key.pub, .address = "127.0.0.1:1" };
	struct al_edge edge;

	note_of(&f->known, &real, 8, &other_key);
	conf.known[0] = al_buf_view(&f->known);
	assert_int_not_equal(al_follow_new(f->loop, &conf, &ops, f, &f->follow), AL_OK);
	al_edge_init(&edge);
	for (uint64_t i = 0; i < 5; i++) {
		struct al_hash leaf = al_leaf_hash(al_slice_str(forked.text[i]));

		al_edge_push(&edge, &leaf);
	}
	conf = (struct al_follow_conf){ .key = key.pub, .address = "127.0.0.1:1", .edge = &edge };
	note_of(&f->resume, &real, 5, &key);
	conf.resume = al_buf_view(&f->resume); /* of other entries */
	assert_int_not_equal(al_follow_new(f->loop, &conf, &ops, f, &f->follow), AL_OK);
	assert_null(f->follow);
}

static void tip_by_a_stranger(struct al_buf *out)
{
	put_note(out, AL_FRAME_TIP, &real, 5, &other_key);
	first_five(out);
}

static void tip_of_the_fork(struct al_buf *out)
{
	put_tip(out, &forked, 8);
	first_five(out);
	five_to_eight(out);
}

static void tips_are_verified(void **state)
{
	static const struct step steps[] = { { 0, tip_by_a_stranger, true }, { 0, tip_of_the_fork, true } };
	struct fixture *f = *state;

	play(f, steps, AL_COUNT(steps), UINT64_MAX);
	/* Both are signed: the tip, and the head of eight that contradicts it. */
	assert_int_equal(f->forks, 1);
	assert_int_equal(f->presents, 0);
	assert_int_equal(f->entries, 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(present_begins_at_the_tip),
		TEST(cut_before_the_tip),
		TEST(a_server_that_is_silent),
		TEST(up_to_date_already),
		TEST(an_old_server),
		TEST(an_old_server_that_is_quiet),
		TEST(a_log_without_what_is_known),
		TEST(a_tip_against_what_is_here),
		TEST(a_log_with_what_is_known),
		TEST(what_is_here_is_not_asked_for),
		TEST(nothing_begins_with_a_stranger_s_note),
		TEST(tips_are_verified),
		TEST(dates_are_told),
		TEST(dates_of_what_is_not_here),
		TEST(unknown_kinds_are_passed_over),
	};

	return bench_begin() ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
