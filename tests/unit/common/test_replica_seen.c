/* SPDX-License-Identifier: MIT */
/*
 * test_replica_seen.c -- what a follower has seen of the log, which it remembers over a restart.
 */
#include "replica_bench.h"

#include <glob.h>
#include <signal.h>

/* The server has less than this program has seen: nothing, until it has as much. */
static void what_was_seen_is_the_least(void **state)
{
	struct fixture *f = *state;
	struct al_buf note;

	note_make(f, &f->key, 8, 0, &note);
	assert_int_equal(al_note_save(f->seen, al_buf_view(&note), false), AL_OK);
	al_buf_release(&note);
	serve(f, 6, 0);
	follow(f);
	run_to(f, 0); /* a second of it */
	assert_int_equal(f->heads, 0);
	assert_false(al_replica_caught_up(f->replica));
	grow(f, 6, 7);
	grow(f, 7, 9);
	run_to(f, 9);
	assert_int_equal(f->heads, 1);
	assert_int_equal(f->first, 9);
}

/* Another log was here before: nothing is known of this one. A damaged file is no hindrance either. */
static void a_note_of_another_key_is_not_kept(void **state)
{
	struct fixture *f = *state;
	struct al_skey other;
	struct al_buf note;

	assert_int_equal(al_skey_generate(AL_S("registry.test/log"), &other), AL_OK);
	note_make(f, &other, 9, 0, &note);
	assert_int_equal(al_note_save(f->seen, al_buf_view(&note), false), AL_OK);
	al_buf_release(&note);
	serve(f, 6, 0);
	follow(f);
	run_to(f, 6);
	assert_int_equal(f->first, 6);
	leave(f);
	assert_int_equal(al_note_save(f->seen, AL_S("rubbish\n"), false), AL_OK);
	follow(f);
	run_to(f, 6);
	assert_int_equal(f->first, 6);
}

static void what_was_seen_is_written(void **state)
{
	struct fixture *f = *state;
	struct al_checkpoint cp;
	struct al_buf note;

	serve(f, 6, 0);
	follow(f);
	run_to(f, 6);
	leave(f);
	al_buf_init(&note, AL_NOTE_MAX);
	assert_int_equal(al_note_load(f->seen, &note), AL_OK);
	assert_int_equal(al_checkpoint_open(al_buf_view(&note), &f->key.pub, &cp), AL_OK);
	assert_int_equal(cp.size, 6);
	al_buf_release(&note);
}

/* The log does not contain what was seen of it: nothing of it is shown, and both notes are kept for whoever asks. */
static void a_fork_is_kept(void **state)
{
	struct fixture *f = *state;
	struct al_checkpoint cp = { 5, al_tree_root(f->tree, 4) };
	struct al_buf text, note;
	char path[160];
	glob_t kept;

	al_buf_init(&text, 1024);
	al_buf_init(&note, AL_NOTE_MAX);
	al_checkpoint_format(al_slice_str(f->key.pub.name), &cp, &text);
	al_note_sign(al_buf_view(&text), &f->key, &note);
	assert_int_equal(al_note_save(f->seen, al_buf_view(&note), false), AL_OK);
	serve(f, 6, 0);
	follow(f);
	(void)snprintf(path, sizeof(path), "%s/run/evidence/*.note", f->dir);
	for (int seconds = 0; glob(path, 0, NULL, &kept) != 0; seconds++) {
		assert_true(seconds < GUARD_MS / 1000);
		run_to(f, 0);
	}
	assert_int_equal(kept.gl_pathc, 2);
	al_buf_reset(&text);
	assert_int_equal(al_note_load(kept.gl_pathv[0], &text), AL_OK);
	assert_true(al_slice_eq(al_buf_view(&text), al_buf_view(&note)));
	al_buf_reset(&text);
	assert_int_equal(al_note_load(kept.gl_pathv[1], &text), AL_OK);
	assert_int_equal(al_checkpoint_open(al_buf_view(&text), &f->key.pub, &cp), AL_OK);
	assert_int_equal(cp.size, 6);
	assert_int_equal(f->heads, 0);
	assert_false(al_replica_caught_up(f->replica));
	globfree(&kept);
	al_buf_release(&text);
	al_buf_release(&note);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_was_seen_is_the_least),
		TEST(a_note_of_another_key_is_not_kept),
		TEST(what_was_seen_is_written),
		TEST(a_fork_is_kept),
	};

	(void)signal(SIGPIPE, SIG_IGN); /* as al_service_main() does */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
