/* SPDX-License-Identifier: MIT */
/*
 * test_note.c -- keys, signed notes, checkpoints and receipts against samples
 * of the C2SP documents and of our own, and every kind of damage to them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <sodium.h>
#include <string.h>

#include "alamo/tlog/note.h"

#define DASH "\xe2\x80\x94 "
#define SAMPLE_KEY "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
#define SAMPLE_TEXT "This is an example message.\n"
#define SAMPLE_LINE                                                                                                  \
	DASH "example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72I" \
	     "neyaQM=\n"
#define SAMPLE SAMPLE_TEXT "\n" SAMPLE_LINE

/* Seed 07 00*31, the checkpoint of a log of 76,124 entries. */
#define LOG_KEY "registry.altnet/ledger+73b16e07+AaL6L0o1W6LpB6UwCenjfK3fesfmagi6B2MfVTBys/JM"
#define LOG_NOTE                                                                                                     \
	"registry.altnet/ledger\n76124\nD0NS80NXdKJ2yDMzgnL2x+toGFRe4i6Q1GrUxfzIQ+U=\n\n" DASH                       \
	"registry.altnet/ledger c7FuB+15D0Cai3T/d9R16CBQKPzW+qFR1m6UYrSgIbRvclxJW+saRR9u0GCQU8n+qf6jeIzhlwbY+Hkd5IL" \
	"FTNu5cw0=\n"

static struct al_vkey vkey(const char *text)
{
	struct al_vkey key;

	assert_int_equal(al_vkey_parse(al_slice_str(text), &key), AL_OK);
	return key;
}

static struct al_skey log_skey(void)
{
	struct al_skey key = { 0 };
	struct al_buf text;

	/* The text form of the seed, to go through the parser. */
	al_buf_init(&text, 512);
	al_buf_str(&text, "PRIVATE+KEY+registry.altnet/ledger+73b16e07+");
	al_buf_base64(&text, (uint8_t[33]){ 1, 7 }, 33);
	assert_int_equal(al_skey_parse(al_buf_view(&text), &key), AL_OK);
	al_buf_release(&text);
	return key;
}

static void keys_round_trip(void **state)
{
	struct al_vkey key = vkey(SAMPLE_KEY);
	struct al_skey made, again;
	struct al_buf out;

	(void)state;
	al_buf_init(&out, 1024);
	al_vkey_format(&key, &out);
	assert_true(al_slice_is(al_buf_view(&out), SAMPLE_KEY));
	al_buf_reset(&out);
	assert_int_equal(al_skey_generate(AL_S("log.example/x"), &made), AL_OK);
	al_skey_format(&made, &out);
	assert_int_equal(out.err, AL_OK);
	assert_int_equal(al_skey_parse(al_buf_view(&out), &again), AL_OK);
	assert_memory_equal(made.seed, again.seed, 32);
	assert_memory_equal(made.pub.pk, again.pub.pk, 32);
	assert_memory_equal(made.pub.id, again.pub.id, 4);
	al_skey_wipe(&made);
	assert_true(sodium_is_zero(made.seed, sizeof(made.seed)));
	al_buf_release(&out);
}

static void bad_keys_refused(void **state)
{
	static const char *const bad[] = {
		"",
		"example.com/foo",
		"example.com/foo+530d903a",
		"+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
		"example com+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
		"example.com/foo+530D903A+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
		"example.com/foo+530d903b+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
		"example.com/fop+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
		"example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k=",
		"example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U==",
		"example.com/foo+530d903a+",
		SAMPLE_KEY "\n",
	};
	/* All that Unicode calls white space, and its neighbours. */
	static const char *const spaces[] = {
		"a b",
		"a\xc2\x85"
		"b",
		"a\xc2\xa0"
		"b",
		"a\xe1\x9a\x80"
		"b",
		"a\xe2\x80\x80"
		"b",
		"a\xe2\x80\x83"
		"b",
		"a\xe2\x80\x8a"
		"b",
		"a\xe2\x80\xa8"
		"b",
		"a\xe2\x80\xa9"
		"b",
		"a\xe2\x80\xaf"
		"b",
		"a\xe2\x81\x9f"
		"b",
		"a\xe3\x80\x80"
		"b",
	};
	static const char *const beside[] = { "a\xc2\xa1"
					      "b",
					      "a\xe1\x9a\x81"
					      "b",
					      "a\xe2\x80\xb0"
					      "b",
					      "a\xe3\x80\x81"
					      "b" };
	struct al_vkey key;
	struct al_skey skey;

	(void)state;
	for (size_t i = 0; i < AL_COUNT(bad); i++)
		assert_int_equal(al_vkey_parse(al_slice_str(bad[i]), &key), AL_EINVAL);
	assert_int_equal(
		al_vkey_parse(AL_S("example.com/foo+530d903a+BOkyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"), &key),
		AL_EUNSUPPORTED);
	assert_int_equal(al_skey_parse(AL_S(SAMPLE_KEY), &skey), AL_EINVAL);
	assert_int_equal(al_skey_parse(AL_S("PRIVATE+KEY+" SAMPLE_KEY), &skey), AL_EINVAL);
	assert_int_equal(al_skey_generate(AL_S("has+plus"), &skey), AL_EINVAL);
	for (size_t i = 0; i < AL_COUNT(spaces); i++)
		assert_int_equal(al_skey_generate(al_slice_str(spaces[i]), &skey), AL_EINVAL);
	for (size_t i = 0; i < AL_COUNT(beside); i++)
		assert_int_equal(al_skey_generate(al_slice_str(beside[i]), &skey), AL_OK);
	assert_int_equal(al_skey_generate(AL_S(""), &skey), AL_EINVAL);
}

static void c2sp_sample_verifies(void **state)
{
	struct al_vkey key = vkey(SAMPLE_KEY);
	struct al_slice text;

	(void)state;
	assert_int_equal(al_note_open(AL_S(SAMPLE), &key, &text), AL_OK);
	assert_true(al_slice_is(text, SAMPLE_TEXT));
	/* Lines of other keys are skipped, before and after. */
	assert_int_equal(al_note_open(AL_S(SAMPLE_TEXT "\n" DASH "other.example AAAAAAA=\n" SAMPLE_LINE DASH
						       "example.com/foo AAAAAAA=\n"),
				      &key, &text),
			 AL_OK);
	/* Only the last empty line separates. */
	assert_int_equal(al_note_open(AL_S("x\n\n" SAMPLE_TEXT "\n" SAMPLE_LINE), &key, &text), AL_EVERIFY);
}

static void malformed_notes_refused(void **state)
{
	static const struct {
		const char *note;
		enum al_err err;
	} bad[] = {
		{ "", AL_EINVAL },
		{ "\n", AL_EINVAL },
		{ SAMPLE_TEXT, AL_EINVAL },
		{ SAMPLE_TEXT SAMPLE_LINE, AL_EINVAL },
		{ SAMPLE_TEXT "\n", AL_EINVAL },
		{ SAMPLE_TEXT "\n" SAMPLE_LINE "\n", AL_EINVAL },
		{ SAMPLE_TEXT "\n" SAMPLE_LINE "- x\n", AL_EINVAL },
		{ SAMPLE_TEXT "\n" SAMPLE_LINE DASH "name\n", AL_EINVAL },
		{ SAMPLE_TEXT "\n" SAMPLE_LINE DASH "name AAAA\n", AL_EINVAL },
		{ SAMPLE_TEXT "\n" SAMPLE_LINE DASH "na+me AAAAAAA=\n", AL_EINVAL },
		{ SAMPLE_TEXT "\n" SAMPLE_LINE DASH "name AAAAAAB=\n", AL_EINVAL },
		{ SAMPLE_TEXT "\t\n"
			      "\n" SAMPLE_LINE,
		  AL_EINVAL },
		{ "\xff\n"
		  "\n" SAMPLE_LINE,
		  AL_EINVAL },
		{ "\xed\xa0\x80\n"
		  "\n" SAMPLE_LINE,
		  AL_EINVAL },
		{ "\xc0\xaf\n"
		  "\n" SAMPLE_LINE,
		  AL_EINVAL },
		{ SAMPLE_TEXT "\n" DASH "other.example AAAAAAA=\n", AL_EVERIFY },
		{ SAMPLE_TEXT "\n" SAMPLE_LINE DASH "example.com/foo Uw2QOkn8sg==\n", AL_EVERIFY },
	};
	struct al_vkey key = vkey(SAMPLE_KEY);
	struct al_slice text;

	(void)state;
	for (size_t i = 0; i < AL_COUNT(bad); i++)
		assert_int_equal(al_note_open(al_slice_str(bad[i].note), &key, &text), bad[i].err);
}

static void every_bit_counts(void **state)
{
	struct al_vkey key = vkey(LOG_KEY);
	char note[] = LOG_NOTE;
	struct al_checkpoint cp;

	(void)state;
	for (size_t bit = 0; bit < 8 * (sizeof(note) - 1); bit++) {
		note[bit / 8] ^= (char)(1 << bit % 8);
		assert_int_not_equal(al_checkpoint_open(al_slice_of(note, sizeof(note) - 1), &key, &cp), AL_OK);
		note[bit / 8] ^= (char)(1 << bit % 8);
	}
	for (size_t len = 0; len < sizeof(note) - 1; len++)
		assert_int_not_equal(al_checkpoint_open(al_slice_of(note, len), &key, &cp), AL_OK);
	assert_int_equal(al_checkpoint_open(al_slice_of(note, sizeof(note) - 1), &key, &cp), AL_OK);
}

static void signing_gives_the_known_note(void **state)
{
	struct al_skey key = log_skey();
	struct al_vkey pub = vkey(LOG_KEY);
	struct al_checkpoint cp, again;
	struct al_buf text, note;

	(void)state;
	assert_int_equal(al_checkpoint_open(AL_S(LOG_NOTE), &pub, &cp), AL_OK);
	assert_int_equal(cp.size, 76124);
	al_buf_init(&text, AL_NOTE_MAX);
	al_buf_init(&note, AL_NOTE_MAX);
	al_checkpoint_format(al_slice_str(pub.name), &cp, &text);
	al_note_sign(al_buf_view(&text), &key, &note);
	assert_int_equal(note.err, AL_OK);
	assert_true(al_slice_is(al_buf_view(&note), LOG_NOTE));
	assert_int_equal(al_checkpoint_open(al_buf_view(&note), &key.pub, &again), AL_OK);
	/* A text without its last LF cannot be a note. */
	al_buf_reset(&note);
	al_note_sign(AL_S("no end"), &key, &note);
	assert_int_equal(note.err, AL_EINVAL);
	al_buf_release(&text);
	al_buf_release(&note);
}

static enum al_err open_text(const char *text, struct al_checkpoint *cp)
{
	struct al_skey key = log_skey();
	struct al_buf note;
	enum al_err err;

	al_buf_init(&note, AL_NOTE_MAX);
	al_note_sign(al_slice_str(text), &key, &note);
	err = note.err != AL_OK ? note.err : al_checkpoint_open(al_buf_view(&note), &key.pub, cp);
	al_buf_release(&note);
	return err;
}

#define EMPTY_ROOT "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
#define ROOT "D0NS80NXdKJ2yDMzgnL2x+toGFRe4i6Q1GrUxfzIQ+U="

static void checkpoint_text_is_strict(void **state)
{
	struct al_checkpoint cp;

	(void)state;
	/* There is one log without entries. */
	assert_int_equal(open_text("registry.altnet/ledger\n0\n" ROOT "\n", &cp), AL_EDENIED);
	assert_int_equal(open_text("registry.altnet/ledger\n0\n" EMPTY_ROOT "\n", &cp), AL_OK);
	assert_int_equal(cp.size, 0);
	assert_int_equal(open_text("registry.altnet/ledger\n18446744073709551615\n" ROOT "\n", &cp), AL_OK);
	assert_true(cp.size == UINT64_MAX);
	assert_int_equal(open_text("registry.altnet/ledger\n5\n" ROOT "\nextension\n", &cp), AL_OK);
	assert_int_equal(open_text("other.example\n5\n" ROOT "\n", &cp), AL_EVERIFY);
	assert_int_equal(open_text("registry.altnet/ledger\n05\n" ROOT "\n", &cp), AL_EINVAL);
	assert_int_equal(open_text("registry.altnet/ledger\n18446744073709551616\n" ROOT "\n", &cp), AL_EINVAL);
	assert_int_equal(open_text("registry.altnet/ledger\n-1\n" ROOT "\n", &cp), AL_EINVAL);
	assert_int_equal(open_text("registry.altnet/ledger\n5\nAAAA\n", &cp), AL_EINVAL);
	assert_int_equal(open_text("registry.altnet/ledger\n5\n" ROOT "\n\nx\n", &cp), AL_EINVAL);
	assert_int_equal(open_text("registry.altnet/ledger\n5\n", &cp), AL_EINVAL);
}

/* "U+2014 NAME base64(COUNT bytes)" of a key that nobody here holds. */
static void put_unknown(struct al_buf *note, size_t count)
{
	static uint8_t blob[9000];

	memset(blob, 0x5a, sizeof(blob));
	al_buf_str(note, "\xe2\x80\x94 pq.example/witness ");
	al_buf_base64(note, blob, count);
	al_buf_str(note, "\n");
}

/* signed-note: at least 16 signatures, of nearly 5 kB when they are post-quantum; those unknown are passed over. */
static void large_signatures_are_passed_over(void **state)
{
	static const char text[] = "registry.altnet/ledger\n5\n" ROOT "\n";
	struct al_skey key = log_skey();
	struct al_buf note, only, plain;
	struct al_checkpoint cp;

	(void)state;
	al_buf_init(&note, 2 * AL_NOTE_MAX);
	al_buf_init(&only, AL_NOTE_MAX);
	al_buf_init(&plain, AL_NOTE_MAX);
	al_note_sign(AL_S(text), &key, &note);
	al_note_sign(AL_S(text), &key, &plain);
	for (int i = 0; i < 16; i++)
		put_unknown(&note, 4 + 4995);
	assert_int_equal(al_checkpoint_open(al_buf_view(&note), &key.pub, &cp), AL_OK);
	assert_int_equal(cp.size, 5);
	assert_int_equal(al_note_only(al_buf_view(&note), &key.pub, &only), AL_OK);
	assert_true(al_slice_eq(al_buf_view(&only), al_buf_view(&plain)));
	/* There is a bound. */
	while (note.len <= AL_NOTE_MAX)
		put_unknown(&note, 4999);
	assert_int_equal(al_checkpoint_open(al_buf_view(&note), &key.pub, &cp), AL_ELIMIT);
	put_unknown(&plain, 8193);
	assert_int_equal(al_checkpoint_open(al_buf_view(&plain), &key.pub, &cp), AL_EINVAL);
	al_buf_release(&note);
	al_buf_release(&only);
	al_buf_release(&plain);
}

static void receipts(void **state)
{
	struct al_skey key = log_skey();
	struct al_hash leaf[3] = { al_leaf_hash(AL_S("a")), al_leaf_hash(AL_S("b")), al_leaf_hash(AL_S("c")) };
	struct al_hash proof[AL_PROOF_MAX];
	struct al_checkpoint cp = { .size = 3 }, got;
	struct al_buf text, note, out;
	struct al_tree *tree;
	uint64_t index;

	(void)state;
	assert_int_equal(al_tree_new(&tree), AL_OK);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(al_tree_push(tree, &leaf[i]), AL_OK);
	cp.root = al_tree_root(tree, 3);
	al_buf_init(&text, AL_NOTE_MAX);
	al_buf_init(&note, AL_NOTE_MAX);
	al_buf_init(&out, 4 * AL_NOTE_MAX);
	al_checkpoint_format(al_slice_str(key.pub.name), &cp, &text);
	al_note_sign(al_buf_view(&text), &key, &note);
	al_receipt_format(1, proof, al_tree_inclusion(tree, 1, 3, proof), al_buf_view(&note), AL_S(""), &out);
	assert_true(al_slice_starts(al_buf_view(&out), "c2sp.org/tlog-proof@v1\nindex 1\n"));
	assert_int_equal(al_receipt_open(al_buf_view(&out), &key.pub, &leaf[1], &index, &got), AL_OK);
	assert_int_equal(index, 1);
	assert_int_equal(got.size, 3);
	assert_int_equal(al_receipt_open(al_buf_view(&out), &key.pub, &leaf[2], &index, &got), AL_EVERIFY);
	for (size_t bit = 0; bit < 8 * out.len; bit++) {
		out.ptr[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_int_not_equal(al_receipt_open(al_buf_view(&out), &key.pub, &leaf[1], &index, &got), AL_OK);
		out.ptr[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	/* What an application adds stands before the index, and is signed by nobody. */
	struct al_receipt receipt;

	al_buf_reset(&out);
	al_receipt_format(2, proof, al_tree_inclusion(tree, 2, 3, proof), al_buf_view(&note), AL_S("more"), &out);
	assert_true(al_slice_starts(al_buf_view(&out), "c2sp.org/tlog-proof@v1\nextra bW9yZQ==\nindex 2\n"));
	assert_int_equal(al_receipt_parse(al_buf_view(&out), &receipt), AL_OK);
	assert_true(al_slice_is(receipt.extra, "bW9yZQ=="));
	assert_int_equal(receipt.index, 2);
	assert_true(al_slice_eq(receipt.note, al_buf_view(&note)));
	assert_int_equal(al_receipt_open(al_buf_view(&out), &key.pub, &leaf[2], &index, &got), AL_OK);
	assert_int_equal(al_receipt_parse(AL_S("c2sp.org/tlog-proof@v1\nextra bW9yZQ==\n"), &receipt), AL_EINVAL);
	assert_int_equal(al_receipt_parse(AL_S("c2sp.org/tlog-proof@v1\nindex 01\n\nx"), &receipt), AL_EINVAL);
	assert_int_equal(al_receipt_parse(AL_S("c2sp.org/tlog-proof@v2\nindex 1\n\nx"), &receipt), AL_EINVAL);
	al_buf_release(&text);
	al_buf_release(&note);
	al_buf_release(&out);
	al_tree_free(tree);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_round_trip),
		cmocka_unit_test(bad_keys_refused),
		cmocka_unit_test(c2sp_sample_verifies),
		cmocka_unit_test(malformed_notes_refused),
		cmocka_unit_test(every_bit_counts),
		cmocka_unit_test(signing_gives_the_known_note),
		cmocka_unit_test(checkpoint_text_is_strict),
		cmocka_unit_test(large_signatures_are_passed_over),
		cmocka_unit_test(receipts),
	};

	return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
