/* SPDX-License-Identifier: MIT */
/*
 * test_cosign_rounds.c -- when witnesses are asked again, of what nobody is asked at all, and what is said of those who give
 * something else than one good line.
 */
#include "cosign_bench.h"

#include "../clock.h"

/* As many lines as were counted, and each once. */
static void published_lines(const struct bench *bench, unsigned wanted)
{
	struct al_slice rest, line;
	struct al_buf note;
	unsigned count = 0;

	al_buf_init(&note, AL_NOTE_MAX);
	assert_int_equal(al_note_load(path_of(bench, "run/checkpoint.cosigned"), &note), AL_OK);
	rest = al_buf_view(&note);
	while (al_slice_line(&rest, &line))
		count += al_slice_starts(line, "— w.test ");
	assert_int_equal(count, wanted);
	al_buf_release(&note);
}

static bool both_have_it(const struct bench *bench)
{
	return bench->witness[0].size == bench->head.size && bench->witness[1].size == bench->head.size;
}

/* Who refused is asked once more for the same checkpoint after a while, and nobody else; then all have it, and it rests. */
static void asked_again_after_a_while(void **state)
{
	struct bench *bench = *state;
	struct witness *one = &bench->witness[0], *two = &bench->witness[1];
	uint64_t began = al_now_ms();

	two->refuses = 500;
	said_begin(&bench->said);
	cosign_start(bench);
	wait_until(bench, both_asked);
	wait_until(bench, settled);
	if (al_now_ms() < began + 5000) /* else it may have been asked again */
		assert_int_equal(two->asked, 1);
	ask_none(bench);
	clock_ahead_s = 5;
	wait_until(bench, second_asked);
	wait_until(bench, settled);
	assert_int_equal(one->asked, 0);
	assert_int_equal(published(bench), 0);
	two->refuses = 0;
	clock_ahead_s = 10;
	wait_until(bench, head_published);
	published_lines(bench, WITNESSES);
	ask_none(bench);
	clock_ahead_s = 20;
	wait_until(bench, settled);
	assert_int_equal(one->asked + two->asked, 0);
	says_once(bench, "event=cosign-refused witness=two status=500 ");
}

/* Between two rounds there is a pause, in which commits come together. */
static void commits_share_a_round(void **state)
{
	struct bench *bench = *state;
	struct witness *one = &bench->witness[0];
	uint64_t began = al_now_ms();

	cosign_start(bench);
	wait_until(bench, head_published);
	ask_none(bench);
	for (unsigned i = 0; i < 3; i++) {
		commit(bench, 1);
		wait_until(bench, settled);
		if (al_now_ms() < began + 1000)
			assert_int_equal(one->asked, 0);
	}
	clock_ahead_s = 1;
	wait_until(bench, head_published);
	assert_in_range(one->asked, 1, 3);
	published_lines(bench, WITNESSES);
}

/* Whose trouble is over and begins anew is said to have it anew. */
static void said_when_it_changes(void **state)
{
	struct bench *bench = *state;
	struct witness *two = &bench->witness[1];

	cosign_start(bench);
	wait_until(bench, head_published);
	for (unsigned i = 0; i < 2; i++) {
		two->refuses = 403;
		ask_none(bench);
		said_begin(&bench->said);
		commit(bench, 1);
		clock_ahead_s += 5;
		wait_until(bench, second_asked);
		wait_until(bench, settled);
		says_once(bench, "event=cosign-refused witness=two status=403 ");
		two->refuses = 0;
		clock_ahead_s += 5;
		wait_until(bench, both_have_it);
	}
}

/* The keys note is not taken for a long time: that is said once. */
static void keys_are_refused_again(void **state)
{
	struct bench *bench = *state;
	struct witness *two = &bench->witness[1];

	bench->keys = AL_S("the note\n");
	two->refuses = two->takes = 403;
	said_begin(&bench->said);
	cosign_start(bench);
	for (unsigned i = 1; i <= 3; i++) {
		wait_until(bench, second_told);
		wait_until(bench, settled);
		two->told = 0;
		clock_ahead_s += 5;
	}
	says_once(bench, "error alamo event=cosign-keys witness=two status=403; ");
}

/* ---- what a witness gives ---- */

/* Other lines before its own, and its own twice: one counts. */
static void one_line_of_many(void **state)
{
	struct bench *bench = *state;

	bench->witness[1].talks = true;
	cosign_start(bench);
	wait_until(bench, head_published);
	published_lines(bench, WITNESSES);
}

/* One that is at our size, and says that it cannot be asked from there, refuses: it is no longer log that it knows. */
static void at_our_size(void **state)
{
	struct bench *bench = *state;

	bench->witness[1].ahead = 3;
	said_begin(&bench->said);
	cosign_start(bench);
	wait_until(bench, first_has_it);
	wait_until(bench, settled);
	assert_int_equal(bench->witness[1].asked, 2);
	assert_int_equal(bench->witness[1].old, 3);
	says_once(bench, "error alamo event=cosign-refused witness=two status=409 size=3 answer=\"3\\x0a\"\n");
}

/* ---- what the ledger gives ---- */

/* A commit that is in the tree already is none; one behind a gap ends it: there could be no proof. */
static void commits_out_of_turn(void **state)
{
	struct al_slice entries[] = { AL_S("one") };
	struct bench *bench = *state;
	struct ledger_batch batch = { .first = 2, .count = 1, .entries = entries };

	cosign_start(bench);
	wait_until(bench, head_published);
	batch.checkpoint = bench->head;
	batch.note = al_buf_view(&bench->note);
	said_begin(&bench->said);
	cosign_commit(bench->cosign, &batch);
	assert_string_equal(said_end(&bench->said), "");
	commit(bench, 1);
	clock_ahead_s = 1;
	wait_until(bench, head_published);
	ask_none(bench);
	batch.first = bench->head.size + 1;
	batch.checkpoint.size = bench->head.size + 2;
	said_begin(&bench->said);
	cosign_commit(bench->cosign, &batch);
	says_once(bench, "error alamo event=cosign-stopped size=5 err=ok\n");
	clock_ahead_s = 20;
	wait_until(bench, settled);
	assert_int_equal(bench->witness[0].asked + bench->witness[1].asked, 0);
}

/* Dated before anybody was asked for it: what they sign has the date already. */
static void dated_before_the_round(void **state)
{
	struct bench *bench = *state;
	struct al_skey dating;
	struct al_slice text;

	cosign_start(bench);
	al_skey_dating(&bench->rig->key, &dating);
	assert_int_equal(al_note_open(al_buf_view(&bench->note), &bench->rig->key.pub, &text), AL_OK);
	al_cosign(text, &dating, 2000, &bench->note);
	cosign_dated(bench->cosign, bench->head.size, al_buf_view(&bench->note));
	al_buf_u8(&bench->note, '\0');
	assert_int_equal(published(bench), 0);
	wait_until(bench, head_published);
	assert_true(holds(bench, (const char *)bench->note.ptr));
}

/* ---- what cannot be kept ---- */

/* The file is for the next start: without it the answer is given all the same. */
static void no_file(void **state)
{
	struct bench *bench = *state;
	char body[4096];

	assert_int_equal(mkdir(path_of(bench, "run/checkpoint.cosigned"), 0700), 0);
	said_begin(&bench->said);
	cosign_start(bench);
	wait_until(bench, both_have_it);
	wait_until(bench, settled);
	says_once(bench, "warn alamo event=cosign-file path=");
	assert_int_equal(fetch(bench, body), 200);
	assert_int_equal(rmdir(path_of(bench, "run/checkpoint.cosigned")), 0);
}

static void keys_note_that_is_too_long(void **state)
{
	struct bench *bench = *state;
	char *note = calloc(1, AL_NOTE_MAX + 1);

	assert_non_null(note);
	bench->keys = al_slice_of(note, AL_NOTE_MAX + 1);
	assert_int_equal(cosign_new(bench->rig->loop, bench->conf, bench->rig->ledger, &bench->rig->key.pub,
				    bench->keys, &bench->cosign),
			 AL_ELIMIT);
	assert_null(bench->cosign);
	free(note);
}

static int begin(void **state)
{
	clock_ahead_s = 0;
	return setup(state);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(asked_again_after_a_while),  TEST(commits_share_a_round),  TEST(said_when_it_changes),
		TEST(keys_are_refused_again),     TEST(one_line_of_many),       TEST(at_our_size),
		TEST(commits_out_of_turn),        TEST(dated_before_the_round), TEST(no_file),
		TEST(keys_note_that_is_too_long),
	};

	return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
