/* SPDX-License-Identifier: MIT */
/*
 * test_follow.c -- the stream's client against a server that follows a script:
 * good, cut, lying and forked.
 */
#include "follow_bench.h"

static void good_stream(void **state)
{
	static const struct step steps[] = { { 0, all_in_order, true } };
	struct fixture *f = *state;

	play(f, steps, AL_COUNT(steps), LOG_SIZE);
	assert_int_equal(f->entries, LOG_SIZE);
	assert_int_equal(f->heads, 3); /* the repeated one is no news */
	assert_int_equal(f->links, 1);
}

static void good_stream_over_tcp(void **state)
{
	static const struct step steps[] = { { 0, all_in_order, true } };
	struct fixture *f = *state;

	listen_tcp(f);
	play(f, steps, AL_COUNT(steps), LOG_SIZE);
	assert_int_equal(f->entries, LOG_SIZE);
}

static void empty_log_head(struct al_buf *out)
{
	put_head(out, &real, 0);
}

static void empty_log(void **state)
{
	static const struct step steps[] = { { 0, empty_log_head, true } };
	struct fixture *f = *state;

	play(f, steps, AL_COUNT(steps), 0);
	assert_int_equal(f->heads, 1);
}

static void cut_answer(struct al_buf *out)
{
	size_t whole;

	first_five(out);
	whole = out->len;
	five_to_eight(out);
	out->len = whole + (out->len - whole) / 2;
}

static void cut_in_the_middle(void **state)
{
	static const struct step steps[] = { { 0, cut_answer, false }, { 5, five_to_eight, true } };
	struct fixture *f = *state;

	play(f, steps, AL_COUNT(steps), 8);
	assert_int_equal(f->entries, 8);
	assert_int_equal(f->heads, 2);
}

/* Of several servers the next one is tried, and gone on with from where the last one ended. */
static void several_addresses(void **state)
{
	static const struct step steps[] = { { 0, cut_answer, false }, { 5, five_to_eight, true } };
	struct fixture *f = *state;

	listen_local(f);
	(void)snprintf(f->list, sizeof(f->list), "%s/nobody.sock, %s,127.0.0.1:1", f->dir, f->address);
	play(f, steps, AL_COUNT(steps), 8);
	assert_int_equal(f->entries, 8);
	assert_int_equal(f->links, 1);
}

static void bad_signature_answer(struct al_buf *out)
{
	put_entries(out, &real, 0, 5);
	put_head_by(out, &real, 5, &other_key);
}

static void bad_signature(void **state)
{
	static const struct step steps[] = { { 0, bad_signature_answer, true }, { 0, first_five, true } };
	struct fixture *f = *state;

	play(f, steps, AL_COUNT(steps), 5);
	assert_int_equal(f->heads, 1);
	assert_int_equal(f->forks, 0);
}

static void wrong_root_answer(struct al_buf *out)
{
	put_entries(out, &forked, 0, 5);
	put_head(out, &real, 5);
}

static void wrong_root(void **state)
{
	static const struct step steps[] = { { 0, wrong_root_answer, true }, { 0, first_five, true } };
	struct fixture *f = *state;

	play(f, steps, AL_COUNT(steps), 5);
	assert_int_equal(f->heads, 1);
	assert_int_equal(f->forks, 0);
}

static void forked_head_five(struct al_buf *out)
{
	put_head(out, &forked, 5);
}

static void fork_at_equal_size(void **state)
{
	static const struct step steps[] = { { 0, first_five, false }, { 5, forked_head_five, true } };
	struct fixture *f = *state;

	play(f, steps, AL_COUNT(steps), UINT64_MAX);
	assert_int_equal(f->entries, 5);
	assert_forked(f, 5, 5);
}

static void forked_five_to_eight(struct al_buf *out)
{
	put_entries(out, &forked, 5, 8);
	put_head(out, &forked, 8);
}

static void forked_all(struct al_buf *out)
{
	put_entries(out, &forked, 0, 3);
	put_head(out, &forked, 3);
	put_entries(out, &forked, 3, 8);
	put_head(out, &forked, 8);
}

/* The log was rewritten below our size and has grown past it: shown by reading it from 0. */
static void fork_that_has_grown(void **state)
{
	static const struct step steps[] = {
		{ 0, first_five, false },
		{ 5, forked_five_to_eight, true },
		{ 0, forked_all, true },
	};
	struct fixture *f = *state;

	play(f, steps, AL_COUNT(steps), UINT64_MAX);
	assert_int_equal(f->entries, 5);
	assert_forked(f, 5, 8);
}

static void lie_five_to_eight(struct al_buf *out)
{
	put_entries(out, &forked, 5, 8);
	put_head(out, &real, 8);
}

static void real_all(struct al_buf *out)
{
	put_entries(out, &real, 0, 8);
	put_head(out, &real, 8);
}

/* Somebody between us and the registry changed entries: no fork, and it goes on. */
static void a_liar_between(void **state)
{
	static const struct step steps[] = {
		{ 0, first_five, false },
		{ 5, lie_five_to_eight, true },
		{ 0, real_all, true },
		{ 5, five_to_eight, true },
	};
	struct fixture *f = *state;

	play(f, steps, AL_COUNT(steps), 8);
	assert_int_equal(f->forks, 0);
	assert_int_equal(f->entries, 8);
}

static void beyond(struct al_buf *out)
{
	al_frame_put(out, AL_FRAME_ERROR, AL_S("size 5 is beyond the log (3)"));
}

static void head_three(struct al_buf *out)
{
	put_head(out, &real, 3);
}

/* A mirror that lags is no fork. */
static void smaller_server(void **state)
{
	static const struct step steps[] = {
		{ 0, first_five, false },
		{ 5, beyond, false },
		{ 5, head_three, true },
		{ 5, five_to_eight, true },
	};
	struct fixture *f = *state;

	play(f, steps, AL_COUNT(steps), 8);
	assert_int_equal(f->forks, 0);
	assert_int_equal(f->entries, 8);
}

static void bad_addresses(void **state)
{
	static const char *const bad[] = {
		"",        "localhost:4344",  "127.0.0.1:",   "127.0.0.1:0",  "[::1]", "::1",
		"[::1]:0", "127.0.0.1:99999", "127.0.0.1:1,", ",127.0.0.1:1", " , a",  "a,a,a,a,a,a,a,a,a"
	};
	static const char *const good[] = { "127.0.0.1:1", "[::1]:1", "[::1]:256", "127.0.0.1:65535",
					    "log.sock",    "./a:b",   " a , b ",   "a,a,a,a,a,a,a,a" };
	struct fixture *f = *state;
	struct al_follow_conf conf = { .key = key.pub };
	struct al_follow *follow;

	for (size_t i = 0; i < AL_COUNT(bad); i++) {
		conf.address = bad[i];
		assert_int_equal(al_follow_new(f->loop, &conf, &ops, f, &follow), AL_EINVAL);
	}
	for (size_t i = 0; i < AL_COUNT(good); i++) {
		conf.address = good[i];
		assert_int_equal(al_follow_new(f->loop, &conf, &ops, f, &follow), AL_OK);
		al_follow_free(follow);
	}
}

/* A socket's path has a byte less than its address, for the NUL. */
static void longest_path(void **state)
{
	char path[109];
	struct fixture *f = *state;
	struct al_follow_conf conf = { .address = path, .key = key.pub };
	struct al_follow *follow;

	memset(path, 'a', sizeof(path));
	path[108] = '\0';
	assert_int_equal(al_follow_new(f->loop, &conf, &ops, f, &follow), AL_EINVAL);
	path[107] = '\0';
	assert_int_equal(al_follow_new(f->loop, &conf, &ops, f, &follow), AL_OK);
	al_follow_free(follow);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(good_stream),         TEST(good_stream_over_tcp), TEST(empty_log),      TEST(cut_in_the_middle),
		TEST(several_addresses),   TEST(bad_signature),        TEST(wrong_root),     TEST(fork_at_equal_size),
		TEST(fork_that_has_grown), TEST(a_liar_between),       TEST(smaller_server), TEST(bad_addresses),
		TEST(longest_path),
	};

	return bench_begin() ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
