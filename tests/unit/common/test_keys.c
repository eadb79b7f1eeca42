/* SPDX-License-Identifier: MIT */
/*
 * test_keys.c -- keys notes: one spelling, m of n, never backwards, and which
 * key may sign which size.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "alamo/tlog/keys.h"
#include "alamo/tlog/witness.h"

#define ROOTS 3

struct fixture {
	struct al_skey roots[ROOTS];
	struct al_vkey pinned[ROOTS];
	struct al_skey logs[3];
	struct al_keys keys;
	struct al_buf note;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	for (size_t i = 0; i < ROOTS; i++) {
		assert_int_equal(al_skey_generate(AL_S("root.test/one"), &f->roots[i]), AL_OK);
		f->pinned[i] = f->roots[i].pub;
		assert_int_equal(al_skey_generate(AL_S("registry.test/log"), &f->logs[i]), AL_OK);
	}
	f->keys = (struct al_keys){
		.origin = "registry.test/keys", .version = 3, .not_after = 1830297600, .log_count = 2
	};
	f->keys.log[0] = (struct al_keys_log){ f->logs[0].pub, 0, true, { 100, { { 7 } } } };
	f->keys.log[1] = (struct al_keys_log){ .key = f->logs[1].pub, .from = 100 };
	al_buf_init(&f->note, AL_NOTE_MAX);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	al_buf_release(&f->note);
	free(f);
	return 0;
}

static struct al_buf text_of(const struct al_keys *keys)
{
	struct al_buf text;

	al_buf_init(&text, AL_NOTE_MAX);
	al_keys_format(keys, &text);
	assert_int_equal(text.err, AL_OK);
	return text;
}

static enum al_err reparse(const struct al_keys *keys)
{
	struct al_buf text = text_of(keys);
	struct al_keys out;
	enum al_err err = al_keys_parse(al_buf_view(&text), &out);

	al_buf_release(&text);
	return err;
}

/* The note of `keys`, signed by the roots of the mask. */
static void note_make(struct fixture *f, unsigned mask)
{
	struct al_buf in = text_of(&f->keys);

	for (size_t i = 0; i < ROOTS; i++) {
		if ((mask >> i & 1) == 0)
			continue;
		al_buf_reset(&f->note);
		assert_int_equal(al_keys_sign(al_buf_view(&in), &f->roots[i], &f->note), AL_OK);
		al_buf_reset(&in);
		al_buf_slice(&in, al_buf_view(&f->note));
	}
	al_buf_release(&in);
}

static enum al_err open_note(const struct fixture *f, size_t need, uint64_t least)
{
	struct al_keys_pin pin = { f->pinned, ROOTS, need, least };
	struct al_keys out;

	return al_keys_open(al_buf_view(&f->note), &pin, &out);
}

static void text_round_trip(void **state)
{
	struct fixture *f = *state;
	struct al_buf text = text_of(&f->keys);
	struct al_keys again;

	assert_true(al_slice_starts(al_buf_view(&text), "registry.test/keys\nversion 3\nnot-after 2028-01-01\nlog "));
	assert_int_equal(al_keys_parse(al_buf_view(&text), &again), AL_OK);
	assert_int_equal(again.version, 3);
	assert_int_equal(again.log_count, 2);
	assert_int_equal(again.log[0].until.size, 100);
	assert_memory_equal(again.log[1].key.pk, f->logs[1].pub.pk, 32);
	/* Any byte more, less or elsewhere is another text, and mostly none. */
	for (size_t i = 0; i < text.len; i++) {
		struct al_keys cut;

		assert_int_not_equal(al_keys_parse(al_slice_head(al_buf_view(&text), i), &cut), AL_OK);
	}
	al_buf_release(&text);
}

static void malformed(void **state)
{
	static const char *const texts[] = {
		"",
		"\n",
		"registry.test/keys\n",
		"registry.test/keys\nversion 0\nnot-after 2028-01-01\n",
		"registry.test/keys\nversion 01\nnot-after 2028-01-01\n",
		"registry.test/keys\nversion 1\nnot-after 2028-13-01\n",
		"registry.test/keys\nversion 1\nnot-after 2028-01-01\n",
		"registry.test/keys\nversion 1\nnot-after 2028-01-01\nlog nonsense from 0\n",
	};
	struct al_keys out;

	(void)state;
	for (size_t i = 0; i < AL_COUNT(texts); i++)
		assert_int_not_equal(al_keys_parse(al_slice_str(texts[i]), &out), AL_OK);
}

static void ranges_must_join(void **state)
{
	struct fixture *f = *state;
	struct al_keys k = f->keys;

	assert_int_equal(reparse(&k), AL_OK);
	k.log[1].from = 101;
	assert_int_equal(reparse(&k), AL_EINVAL);
	k.log[1].from = 99;
	assert_int_equal(reparse(&k), AL_EINVAL);
	k = f->keys;
	k.log[0].from = 5;
	assert_int_equal(reparse(&k), AL_EINVAL);
	k = f->keys;
	k.log[1].closed = true;
	k.log[1].until.size = 200;
	assert_int_equal(reparse(&k), AL_EINVAL);
	k = f->keys;
	k.log[1].key = k.log[0].key;
	assert_int_equal(reparse(&k), AL_EINVAL);
	k = f->keys;
	(void)strcpy(k.log[1].key.name, "other.test/log");
	assert_int_equal(reparse(&k), AL_EINVAL);
	k = f->keys;
	k.log_count = 0;
	assert_int_equal(reparse(&k), AL_EINVAL);
}

static void policy_lines(void **state)
{
	struct fixture *f = *state;
	struct al_skey witness;
	struct al_buf lines;

	assert_int_equal(al_witness_skey_generate(AL_S("witness.test/w"), &witness), AL_OK);
	al_buf_init(&lines, AL_KEYS_POLICY_MAX);
	al_buf_str(&lines, "witness W1 ");
	al_witness_vkey_format(&witness.pub, &lines);
	al_buf_str(&lines, "\nquorum W1\n");
	assert_int_equal(al_slice_copy(al_buf_view(&lines), f->keys.policy, sizeof(f->keys.policy)), AL_OK);
	assert_int_equal(reparse(&f->keys), AL_OK);
	(void)strcpy(f->keys.policy, "quorum W2\n");
	assert_int_not_equal(reparse(&f->keys), AL_OK);
	(void)strcpy(f->keys.policy, "anything else\n");
	assert_int_not_equal(reparse(&f->keys), AL_OK);
	al_buf_release(&lines);
}

static void m_of_n(void **state)
{
	struct fixture *f = *state;

	for (unsigned mask = 1; mask < 1u << ROOTS; mask++) {
		size_t have = (size_t)__builtin_popcount(mask);

		note_make(f, mask);
		assert_int_equal(al_keys_signed(al_buf_view(&f->note), f->pinned, ROOTS), have);
		for (size_t need = 1; need <= ROOTS; need++)
			assert_int_equal(open_note(f, need, 0), have >= need ? AL_OK : AL_EVERIFY);
	}
	assert_int_equal(open_note(f, 0, 0), AL_EINVAL);
	assert_int_equal(open_note(f, ROOTS + 1, 0), AL_EINVAL);
}

static void one_key_counts_once(void **state)
{
	struct fixture *f = *state;
	struct al_buf twice;

	note_make(f, 1);
	for (size_t i = 1; i < ROOTS; i++)
		f->pinned[i] = f->pinned[0];
	assert_int_equal(open_note(f, 1, 0), AL_OK);
	assert_int_equal(open_note(f, 2, 0), AL_EVERIFY);
	al_buf_init(&twice, AL_NOTE_MAX);
	assert_int_equal(al_keys_sign(al_buf_view(&f->note), &f->roots[0], &twice), AL_EEXIST);
	al_buf_release(&twice);
}

static void every_flip_is_refused(void **state)
{
	struct fixture *f = *state;

	note_make(f, 3);
	for (size_t i = 0; i < f->note.len; i++) {
		f->note.ptr[i] ^= 1;
		assert_int_not_equal(open_note(f, 2, 0), AL_OK);
		f->note.ptr[i] ^= 1;
	}
	assert_int_equal(open_note(f, 2, 0), AL_OK);
}

static void never_backwards(void **state)
{
	struct fixture *f = *state;

	note_make(f, 7);
	assert_int_equal(open_note(f, 2, 3), AL_OK);
	assert_int_equal(open_note(f, 2, 4), AL_ESTALE);
	assert_false(al_keys_expired(&f->keys, f->keys.not_after - 1));
	assert_true(al_keys_expired(&f->keys, f->keys.not_after));
}

static enum al_err checkpoint(const struct fixture *f, size_t key, uint64_t size, uint8_t first)
{
	struct al_checkpoint cp = { size, { { first } } }, out;
	struct al_buf text, note;
	enum al_err err;

	al_buf_init(&text, AL_NOTE_MAX);
	al_buf_init(&note, AL_NOTE_MAX);
	al_checkpoint_format(AL_S("registry.test/log"), &cp, &text);
	al_note_sign(al_buf_view(&text), &f->logs[key], &note);
	err = al_keys_checkpoint(&f->keys, al_buf_view(&note), &out);
	if (err == AL_OK)
		assert_int_equal(out.size, size);
	al_buf_release(&text);
	al_buf_release(&note);
	return err;
}

static void a_key_for_each_size(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(checkpoint(f, 0, 1, 1), AL_OK);
	assert_int_not_equal(checkpoint(f, 0, 0, 1), AL_OK); /* no entries, and yet a root */
	assert_int_equal(checkpoint(f, 0, 99, 1), AL_OK);
	assert_int_equal(checkpoint(f, 0, 100, 7), AL_OK);
	assert_int_equal(checkpoint(f, 0, 100, 8), AL_EFORK);
	assert_int_equal(checkpoint(f, 0, 101, 1), AL_EVERIFY); /* given up: it may have leaked */
	assert_int_equal(checkpoint(f, 1, 100, 7), AL_EVERIFY);
	assert_int_equal(checkpoint(f, 1, 101, 1), AL_OK);
	assert_int_equal(checkpoint(f, 2, 101, 1), AL_EVERIFY);
	assert_memory_equal(al_keys_log(&f->keys)->pk, f->logs[1].pub.pk, 32);
}

/* ---- a log's key in a file ---- */

static enum al_err opened(const struct al_vkey *log, const struct al_skey *key, uint64_t size, uint8_t first)
{
	struct al_checkpoint cp = { size, { { first } } }, out;
	struct al_buf text, note;
	enum al_err err;

	al_buf_init(&text, AL_NOTE_MAX);
	al_buf_init(&note, AL_NOTE_MAX);
	al_checkpoint_format(AL_S("registry.test/log"), &cp, &text);
	al_note_sign(al_buf_view(&text), key, &note);
	err = al_checkpoint_open(al_buf_view(&note), log, &out);
	al_buf_release(&text);
	al_buf_release(&note);
	return err;
}

static void a_key_has_a_past(void **state)
{
	struct fixture *f = *state;
	struct al_buf text = text_of(&f->keys), only;
	struct al_vkey key, again;

	note_make(f, 3);
	assert_int_equal(al_log_key_parse(al_buf_view(&text), &key), AL_OK);
	assert_int_equal(al_log_key_parse(al_buf_view(&f->note), &again), AL_OK);
	assert_memory_equal(key.pk, f->logs[1].pub.pk, 32);
	assert_non_null(key.past);
	assert_ptr_equal(key.past, again.past); /* the same eras, signed or not */
	assert_int_equal(opened(&key, &f->logs[0], 99, 1), AL_OK);
	assert_int_equal(opened(&key, &f->logs[0], 100, 7), AL_OK);
	assert_int_not_equal(opened(&key, &f->logs[0], 100, 8), AL_OK);
	assert_int_equal(opened(&key, &f->logs[0], 101, 1), AL_EVERIFY);
	assert_int_equal(opened(&key, &f->logs[1], 100, 7), AL_EVERIFY);
	assert_int_equal(opened(&key, &f->logs[1], 101, 1), AL_OK);
	assert_int_equal(opened(&key, &f->logs[2], 101, 1), AL_EVERIFY);
	/* The key alone knows nothing of it. */
	assert_int_equal(opened(&f->logs[1].pub, &f->logs[0], 99, 1), AL_EVERIFY);
	al_buf_reset(&f->note);
	al_note_sign(AL_S("x\n"), &f->logs[0], &f->note);
	al_buf_init(&only, AL_NOTE_MAX);
	assert_int_equal(al_note_only(al_buf_view(&f->note), &key, &only), AL_OK);
	assert_true(al_slice_eq(al_buf_view(&only), al_buf_view(&f->note)));
	al_buf_release(&only);
	assert_true(al_log_key_had(&key, &f->logs[0].pub));
	assert_false(al_log_key_had(&key, &f->logs[1].pub));
	assert_false(al_log_key_had(&f->logs[1].pub, &f->logs[0].pub));
	al_buf_reset(&f->note);
	al_log_key_format(&key, &f->note);
	assert_true(al_slice_eq(al_buf_view(&f->note), al_buf_view(&text)));
	al_buf_release(&text);
}

static void a_key_without_a_past(void **state)
{
	struct fixture *f = *state;
	struct al_vkey key;
	struct al_buf text;

	al_log_key_format(&f->logs[0].pub, &f->note);
	assert_int_equal(al_log_key_parse(al_buf_view(&f->note), &key), AL_OK);
	assert_null(key.past);
	f->keys.log_count = 1;
	f->keys.log[0].closed = false;
	text = text_of(&f->keys);
	assert_int_equal(al_log_key_parse(al_buf_view(&text), &key), AL_OK);
	assert_memory_equal(key.pk, f->logs[0].pub.pk, 32);
	assert_null(key.past);
	al_buf_release(&text);
	assert_int_equal(al_log_key_parse(AL_S(""), &key), AL_EINVAL);
	assert_int_equal(al_log_key_parse(AL_S("registry.test/keys\n\nx\n"), &key), AL_EINVAL);
}

/* Three eras, each ended at some size; of the first so many. */
static struct al_keys eras(const struct fixture *f, size_t count)
{
	struct al_keys keys = f->keys;

	keys.log[2] = (struct al_keys_log){ .key = f->logs[2].pub, .from = 150 };
	keys.log[1].closed = true;
	keys.log[1].until = (struct al_checkpoint){ 150, { { 9 } } };
	keys.log_count = count;
	keys.log[count - 1].closed = false;
	return keys;
}

static struct al_slice by(struct fixture *f, const struct al_keys *keys, const struct al_skey *key)
{
	struct al_buf text = text_of(keys);

	al_buf_reset(&f->note);
	al_note_sign(al_buf_view(&text), key, &f->note);
	al_buf_release(&text);
	return al_buf_view(&f->note);
}

static void the_next_key(void **state)
{
	struct fixture *f = *state;
	struct al_keys one = eras(f, 1), two = eras(f, 2), three = eras(f, 3), other = three;
	struct al_vkey second = f->logs[1].pub, third = { .name = "" };

	/* Whoever else signs it, and wherever it leads: nothing. */
	assert_int_equal(al_log_key_next(by(f, &two, &f->logs[1]), &f->logs[0].pub, &second), AL_EVERIFY);
	assert_int_equal(al_log_key_next(by(f, &two, &f->roots[0]), &f->logs[0].pub, &second), AL_EVERIFY);
	assert_int_equal(al_log_key_next(by(f, &two, &f->logs[2]), &f->logs[2].pub, &second), AL_EVERIFY);
	assert_int_equal(al_log_key_next(AL_S("nonsense\n"), &f->logs[0].pub, &second), AL_EINVAL);
	assert_null(second.past);
	/* The key before says so. */
	assert_int_equal(al_log_key_next(by(f, &two, &f->logs[0]), &f->logs[0].pub, &second), AL_OK);
	assert_memory_equal(second.pk, f->logs[1].pub.pk, 32);
	assert_int_equal(second.past->log_count, 2);
	assert_int_equal(al_log_key_next(al_buf_view(&f->note), &second, &third), AL_EEXIST);
	assert_int_equal(al_log_key_next(al_buf_view(&f->note), &f->logs[1].pub, &third), AL_ESTALE);
	assert_int_equal(al_log_key_next(by(f, &two, &f->logs[2]), &second, &third), AL_ESTALE);
	assert_int_equal(al_log_key_next(by(f, &one, &f->logs[0]), &second, &third), AL_ESTALE);
	/* Away for two rotations; or with another past than the known one. */
	assert_int_equal(al_log_key_next(by(f, &three, &f->logs[1]), &f->logs[0].pub, &third), AL_EVERIFY);
	other.log[0].until.root.b[0] ^= 1;
	assert_int_equal(al_log_key_next(by(f, &other, &f->logs[1]), &second, &third), AL_EVERIFY);
	assert_string_equal(third.name, "");
	assert_int_equal(al_log_key_next(by(f, &three, &f->logs[1]), &second, &third), AL_OK);
	assert_memory_equal(third.pk, f->logs[2].pub.pk, 32);
	/* Who knows the second key alone, believes it of the first. */
	assert_int_equal(al_log_key_next(by(f, &other, &f->logs[1]), &f->logs[1].pub, &third), AL_OK);
}

static void the_later_key(void **state)
{
	struct fixture *f = *state;
	struct al_vkey second, third;
	struct al_keys three = eras(f, 3);
	struct al_buf text = text_of(&f->keys);

	assert_int_equal(al_log_key_parse(al_buf_view(&text), &second), AL_OK);
	al_buf_release(&text);
	text = text_of(&three);
	assert_int_equal(al_log_key_parse(al_buf_view(&text), &third), AL_OK);
	al_buf_release(&text);
	assert_ptr_equal(al_log_key_later(&second, &third), &third);
	assert_ptr_equal(al_log_key_later(&third, &f->logs[0].pub), &third);
	assert_ptr_equal(al_log_key_later(&f->logs[2].pub, &third), &third);
	assert_ptr_equal(al_log_key_later(&third, &f->logs[2].pub), &third);
	assert_ptr_equal(al_log_key_later(&f->logs[0].pub, &f->logs[0].pub), &f->logs[0].pub);
	assert_null(al_log_key_later(&f->logs[0].pub, &f->logs[1].pub));
}

static void pasts_are_bounded(void **state)
{
	struct fixture *f = *state;
	enum al_err err = AL_OK;

	for (uint64_t i = 0; i <= AL_KEYS_PASTS_MAX; i++) {
		struct al_vkey key;
		struct al_buf text;

		f->keys.log[0].until.size = f->keys.log[1].from = 200 + i;
		text = text_of(&f->keys);
		err = al_log_key_parse(al_buf_view(&text), &key);
		al_buf_release(&text);
		if (err != AL_OK)
			break;
	}
	assert_int_equal(err, AL_ELIMIT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(text_round_trip, setup, teardown),
		cmocka_unit_test_setup_teardown(malformed, setup, teardown),
		cmocka_unit_test_setup_teardown(ranges_must_join, setup, teardown),
		cmocka_unit_test_setup_teardown(policy_lines, setup, teardown),
		cmocka_unit_test_setup_teardown(m_of_n, setup, teardown),
		cmocka_unit_test_setup_teardown(one_key_counts_once, setup, teardown),
		cmocka_unit_test_setup_teardown(every_flip_is_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(never_backwards, setup, teardown),
		cmocka_unit_test_setup_teardown(a_key_for_each_size, setup, teardown),
		cmocka_unit_test_setup_teardown(a_key_has_a_past, setup, teardown),
		cmocka_unit_test_setup_teardown(a_key_without_a_past, setup, teardown),
		cmocka_unit_test_setup_teardown(the_next_key, setup, teardown),
		cmocka_unit_test_setup_teardown(the_later_key, setup, teardown),
		cmocka_unit_test_setup_teardown(pasts_are_bounded, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
