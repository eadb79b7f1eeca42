/* SPDX-License-Identifier: MIT */
/*
 * test_follow_keys.c -- a log that goes on under another key, and notes that are
 * forged.
 */
#include "follow_bench.h"

static void put_keys(struct al_buf *out, uint64_t until, const struct al_skey *to, const struct al_skey *by)
{
	const struct al_checkpoint last = { until, real.root[until] };
	struct al_buf note;

	al_buf_init(&note, AL_NOTE_MAX);
	keys_note_put(&note, &key.pub, &last, &to->pub, by);
	al_frame_put(out, AL_FRAME_KEYS, al_buf_view(&note));
	al_buf_release(&note);
}

/* After five entries, which are of the first key. */
static void rotated_to_eight(struct al_buf *out)
{
	put_keys(out, 5, &next_key, &key);
	put_note(out, AL_FRAME_TIP, &real, 8, &next_key);
	put_keys(out, 5, &next_key, &key); /* again, as a mirror may say it */
	put_entries(out, &real, 5, 8);
	put_head_by(out, &real, 8, &next_key);
}

static void all_of_both(struct al_buf *out)
{
	put_keys(out, 5, &next_key, &key);
	put_note(out, AL_FRAME_TIP, &real, 8, &next_key);
	first_five(out);
	put_entries(out, &real, 5, 8);
	put_head_by(out, &real, 8, &next_key);
}

static void goes_on_under_another_key(void **state)
{
	static const struct step steps[] = { { 0, first_five, false }, { 5, rotated_to_eight, true } };
	struct fixture *f = *state;

	f->follows_keys = true;
	play(f, steps, AL_COUNT(steps), 8);
	assert_int_equal(f->rotations, 1);
	assert_memory_equal(f->now.pk, next_key.pub.pk, sizeof(f->now.pk));
	assert_int_equal(f->presents, 1); /* K is no first word: where the present begins is what T says */
}

static void begins_under_the_key_before(void **state)
{
	static const struct step steps[] = { { 0, all_of_both, true } };
	struct fixture *f = *state;

	f->follows_keys = true;
	play(f, steps, AL_COUNT(steps), 8);
	assert_int_equal(f->rotations, 1);
}

static void all_of_both_twice(struct al_buf *out)
{
	put_keys(out, 5, &next_key, &key);
	all_of_both(out);
}

/* Who begins with both keys is told the note, signed as it is, once. */
static void knows_both_keys(void **state)
{
	static const struct step steps[] = { { 0, all_of_both_twice, true } };
	const struct al_checkpoint last = { 5, real.root[5] };
	struct fixture *f = *state;
	struct al_buf note;

	al_buf_init(&note, AL_NOTE_MAX);
	keys_note_put(&note, &key.pub, &last, &next_key.pub, &other_key);
	assert_int_equal(al_log_key_parse(al_buf_view(&note), &f->now), AL_OK);
	al_buf_release(&note);
	f->follows_keys = true;
	play(f, steps, AL_COUNT(steps), 8);
	assert_int_equal(f->rotations, 1);
}

/* Its user has the key elsewhere, and is not asked. */
static void keys_are_not_followed(void **state)
{
	static const struct step steps[] = { { 0, all_of_both, true }, { 0, first_five, true } };
	struct fixture *f = *state;

	play(f, steps, AL_COUNT(steps), 5);
	assert_int_equal(f->rotations, 0);
}

static void forged_by_a_stranger(struct al_buf *out)
{
	for (unsigned i = 0; i < 50; i++) { /* however good it is otherwise */
		put_keys(out, 5, &other_key, &other_key);
		al_frame_put(out, AL_FRAME_PING, al_slice_of(NULL, 0));
	}
	put_entries(out, &real, 5, 8);
	put_head_by(out, &real, 8, &other_key);
}

/* By the key that it names: everybody can make such a one. */
static void forged_by_itself(struct al_buf *out)
{
	put_keys(out, 5, &next_key, &next_key);
	put_note(out, AL_FRAME_TIP, &real, 8, &next_key);
}

/* The key has signed size 5, of which that note would make nothing. */
static void against_what_is_here(struct al_buf *out)
{
	put_keys(out, 4, &next_key, &key);
	al_frame_put(out, AL_FRAME_KEYS, AL_S("nonsense\n"));
	al_frame_put(out, AL_FRAME_KEYS, AL_S("registry.test/keys\n\n"));
	five_to_eight(out);
}

/* Nothing is believed and nothing is lost: it asks again, after a pause, and says it once. */
static void forged_keys_change_nothing(void **state)
{
	static const struct step steps[] = {
		{ 0, first_five, false },
		{ 5, forged_by_a_stranger, true },
		{ 5, forged_by_itself, true },
		{ 5, against_what_is_here, true },
	};
	struct fixture *f = *state;
	struct said said;
	const char *text, *first;

	f->follows_keys = true;
	said_begin(&said);
	play(f, steps, AL_COUNT(steps), 8);
	text = said_end(&said);
	first = strstr(text, "follow-keys-refused");
	assert_non_null(first);
	assert_null(strstr(first + 1, "follow-keys-refused"));
	assert_int_equal(f->rotations, 0);
	assert_int_equal(f->forks, 0);
	assert_memory_equal(f->now.pk, key.pub.pk, sizeof(f->now.pk));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(goes_on_under_another_key), TEST(begins_under_the_key_before), TEST(knows_both_keys),
		TEST(keys_are_not_followed),     TEST(forged_keys_change_nothing),
	};

	return bench_begin() ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
