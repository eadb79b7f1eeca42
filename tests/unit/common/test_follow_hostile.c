/* SPDX-License-Identifier: MIT */
/*
 * test_follow_hostile.c -- frames that are broken, out of order or without end.
 */
#include "follow_bench.h"

static void oversize_frame(struct al_buf *out)
{
	put_entries(out, &real, 0, 5);
	al_buf_u32(out, AL_FRAME_MAX + 1);
	al_buf_u8(out, AL_FRAME_HEAD);
}

static void empty_frame(struct al_buf *out)
{
	al_buf_u32(out, 0);
}

static void gap(struct al_buf *out)
{
	put_entries(out, &real, 3, 5);
	put_head(out, &real, 5);
}

static void torn_entries(struct al_buf *out)
{
	struct al_buf frame;

	al_buf_init(&frame, 4096);
	put_entries(&frame, &real, 0, 5);
	/* Body without its last byte. */
	al_frame_put(out, AL_FRAME_ENTRIES, al_slice_of(frame.ptr + 5, frame.len - 6));
	put_head(out, &real, 5);
	al_buf_release(&frame);
}

static void head_without_entries(struct al_buf *out)
{
	put_head(out, &real, 5);
}

static void head_of_less_than_sent(struct al_buf *out)
{
	put_entries(out, &real, 0, 8);
	put_head(out, &real, 5);
}

/* Nothing of these two reaches the user, and each is followed by a new attempt. */
static void broken_frames(void **state)
{
	static const struct step steps[] = {
		{ 0, oversize_frame, true },
		{ 0, empty_frame, true },
		{ 0, torn_entries, true },
		{ 0, first_five, true },
	};
	struct fixture *f = *state;

	play(f, steps, AL_COUNT(steps), 5);
	assert_int_equal(f->heads, 1);
	assert_int_equal(f->forks, 0);
}

static void broken_order(void **state)
{
	static const struct step steps[] = {
		{ 0, gap, true },
		{ 0, head_without_entries, true },
		{ 0, head_of_less_than_sent, true },
		{ 0, first_five, true },
	};
	struct fixture *f = *state;

	play(f, steps, AL_COUNT(steps), 5);
	assert_int_equal(f->heads, 1);
	assert_int_equal(f->forks, 0);
}

static void endless(struct al_buf *out)
{
	static char large[60000];
	struct al_slice entries[64];
	uint64_t first = 0;

	for (size_t i = 0; i < AL_COUNT(entries); i++)
		entries[i] = al_slice_of(large, sizeof(large));
	while (out->len < 18u << 20)
		first += al_frame_put_entries(out, first, entries, AL_COUNT(entries));
}

static void unverified_bytes_are_bounded(void **state)
{
	static const struct step steps[] = { { 0, endless, true }, { 0, first_five, true } };
	struct fixture *f = *state;

	play(f, steps, AL_COUNT(steps), 5);
	assert_int_equal(f->heads, 1);
}

static void the_user_refuses(void **state)
{
	static const struct step steps[] = { { 0, first_five, true } };
	struct fixture *f = *state;

	f->refuse_at = 3;
	play(f, steps, AL_COUNT(steps), 5);
	assert_int_equal(f->entries, 3);
	assert_int_equal(f->heads, 0);
	assert_int_equal(f->links, 0);
	al_timer_set(f->guard, 200);
	al_loop_run(f->loop);
	assert_int_equal(f->connections, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(broken_frames),
		TEST(broken_order),
		TEST(unverified_bytes_are_bounded),
		TEST(the_user_refuses),
	};

	return bench_begin() ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
