/* SPDX-License-Identifier: MIT */
/*
 * test_witness.c -- cosignatures against a vector of another implementation
 * (tests/vectors/cosignature/make.py), and policies.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "../read_file.h"
#include "alamo/tlog/witness.h"

#define VECTORS "vectors/cosignature/"
#define VECTOR_TIME 1700000000u
#define WITNESSES 5

struct fixture {
	struct al_vkey log, witness;
	struct al_skey signer;
	struct al_buf note;
};

static struct al_slice text_of(const char *name, struct al_buf *buf)
{
	al_buf_init(buf, READ_FILE_MAX);
	assert_true(read_file(name, buf));
	return al_slice_trim(al_buf_view(buf));
}

static int setup(void **state)
{
	static struct fixture f;
	struct al_buf buf;

	assert_true(sodium_init() >= 0);
	assert_int_equal(al_vkey_parse(text_of(VECTORS "log.pub", &buf), &f.log), AL_OK);
	al_buf_release(&buf);
	assert_int_equal(al_witness_vkey_parse(text_of(VECTORS "witness.pub", &buf), &f.witness), AL_OK);
	al_buf_release(&buf);
	assert_int_equal(al_witness_skey_parse(text_of(VECTORS "witness.key", &buf), &f.signer), AL_OK);
	al_buf_release(&buf);
	al_buf_init(&f.note, AL_NOTE_MAX);
	assert_true(read_file(VECTORS "note.txt", &f.note));
	*state = &f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	al_buf_release(&f->note);
	return 0;
}

static void test_vector(void **state)
{
	struct fixture *f = *state;
	struct al_checkpoint cp;
	struct al_slice text;
	struct al_buf line;
	uint64_t time = 0;

	/* The log's signature stands beside a line that is not its own. */
	assert_int_equal(al_checkpoint_open(al_buf_view(&f->note), &f->log, &cp), AL_OK);
	assert_int_equal(cp.size, 17);
	assert_int_equal(al_cosigned(al_buf_view(&f->note), &f->witness, &time), AL_OK);
	assert_int_equal(time, VECTOR_TIME);

	assert_int_equal(al_note_open(al_buf_view(&f->note), &f->log, &text), AL_OK);
	al_buf_init(&line, AL_COSIGNATURE_MAX);
	al_cosign(text, &f->signer, VECTOR_TIME, &line);
	assert_int_equal(line.err, AL_OK);
	assert_true(al_slice_ends(al_buf_view(&f->note), "\n"));
	assert_memory_equal(f->note.ptr + f->note.len - line.len, line.ptr, line.len);
	al_buf_release(&line);
}

static void test_keys_have_one_use(void **state)
{
	struct fixture *f = *state;
	struct al_vkey key;
	struct al_skey secret;
	struct al_buf text;
	uint64_t time;

	al_buf_init(&text, 1024);
	al_witness_vkey_format(&f->witness, &text);
	assert_int_equal(al_vkey_parse(al_buf_view(&text), &key), AL_EUNSUPPORTED);
	assert_int_equal(al_witness_vkey_parse(al_buf_view(&text), &key), AL_OK);
	al_buf_reset(&text);
	al_witness_skey_format(&f->signer, &text);
	assert_int_equal(al_skey_parse(al_buf_view(&text), &secret), AL_EUNSUPPORTED);
	assert_int_equal(al_witness_skey_parse(al_buf_view(&text), &secret), AL_OK);
	assert_memory_equal(&secret, &f->signer, sizeof(secret));
	al_buf_reset(&text);
	al_vkey_format(&f->log, &text);
	assert_int_equal(al_witness_vkey_parse(al_buf_view(&text), &key), AL_EUNSUPPORTED);
	/* A log's line is no cosignature, whoever's key is asked for. */
	assert_int_equal(al_cosigned(al_buf_view(&f->note), &f->log, &time), AL_EVERIFY);
	al_buf_release(&text);
}

/* Every bit of text and cosignature counts. */
static void test_flips(void **state)
{
	struct fixture *f = *state;
	struct al_slice whole = al_buf_view(&f->note), text;
	char bytes[AL_NOTE_MAX];
	size_t line_at;
	uint64_t time;

	assert_int_equal(al_note_open(whole, &f->log, &text), AL_OK);
	line_at = (size_t)((const char *)strstr((const char *)f->note.ptr, "witness.example") - whole.ptr);
	memcpy(bytes, whole.ptr, whole.len);
	for (size_t i = 0; i < whole.len - 1; i++) {
		if (i >= text.len && i < line_at)
			continue;
		for (unsigned bit = 0; bit < 8; bit++) {
			bytes[i] ^= (char)(1u << bit);
			assert_int_not_equal(al_cosigned(al_slice_of(bytes, whole.len), &f->witness, &time), AL_OK);
			bytes[i] ^= (char)(1u << bit);
		}
	}
	assert_int_equal(al_cosigned(al_slice_of(bytes, whole.len), &f->witness, &time), AL_OK);
}

/* ---- policies ---- */

static struct al_skey signers[WITNESSES];

static void policy_text(struct al_buf *out, const char *tail)
{
	al_buf_init(out, 65536);
	al_buf_str(out, "# a comment\n\n");
	for (size_t i = 0; i < WITNESSES; i++) {
		char name[32];

		(void)snprintf(name, sizeof(name), "w%zu.example", i);
		if (signers[i].pub.name[0] == '\0')
			assert_int_equal(al_witness_skey_generate(al_slice_str(name), &signers[i]), AL_OK);
		al_buf_printf(out, "\twitness W%zu ", i);
		al_witness_vkey_format(&signers[i].pub, out);
		al_buf_str(out, i == 0 ? " http://127.0.0.1:1/w\n" : "\n");
	}
	al_buf_str(out, tail);
}

static struct al_policy *policy_of(const char *tail)
{
	struct al_policy *policy = NULL;
	struct al_buf text;
	char why[200] = "";

	policy_text(&text, tail);
	if (al_policy_parse(al_buf_view(&text), &policy, why, sizeof(why)) != AL_OK)
		fail_msg("%s", why);
	al_buf_release(&text);
	return policy;
}

static unsigned bits(uint32_t mask)
{
	unsigned count = 0;

	for (; mask != 0; mask &= mask - 1)
		count++;
	return count;
}

static void test_quorum(void **state)
{
	struct al_policy *k3 = policy_of("group g 3 W0 W1 W2 W3 W4\nquorum g\n");
	struct al_policy *any = policy_of("group g any W0 W1\nquorum g");
	struct al_policy *all = policy_of("group g all W0 W1\nquorum g\n");
	struct al_policy *one = policy_of("quorum W3\n");
	struct al_policy *none = policy_of("quorum none\n");
	struct al_policy *nested = policy_of("group a 2 W0 W1 W2\ngroup b any W3 W4\ngroup c all a b\nquorum c\n");

	(void)state;
	assert_int_equal(al_policy_witnesses(k3), WITNESSES);
	assert_string_equal(al_policy_witness(k3, 0)->url, "http://127.0.0.1:1/w");
	assert_string_equal(al_policy_witness(k3, 1)->url, "");
	assert_null(al_policy_log(k3, 0));
	for (uint32_t mask = 0; mask < 1u << WITNESSES; mask++) {
		assert_int_equal(al_policy_quorum(k3, mask), bits(mask) >= 3);
		assert_int_equal(al_policy_quorum(any, mask), (mask & 3) != 0);
		assert_int_equal(al_policy_quorum(all, mask), (mask & 3) == 3);
		assert_int_equal(al_policy_quorum(one, mask), (mask & 8) != 0);
		assert_true(al_policy_quorum(none, mask));
		assert_int_equal(al_policy_quorum(nested, mask), bits(mask & 7) >= 2 && (mask & 24) != 0);
	}
	al_policy_free(k3);
	al_policy_free(any);
	al_policy_free(all);
	al_policy_free(one);
	al_policy_free(none);
	al_policy_free(nested);
}

/* A key of a type of tomorrow makes no policy void: who has it counts as not having cosigned. */
static void test_unknown_types(void **state)
{
	struct fixture *f = *state;
	uint8_t mldsa[1 + 1312] = { 6 };
	struct al_policy *policy = NULL;
	struct al_checkpoint cp;
	struct al_slice note_text;
	struct al_buf text, note;
	char why[200];
	uint32_t mask;

	policy_text(&text, "witness PQ pq.example/w+01020304+");
	al_buf_base64(&text, mldsa, sizeof(mldsa));
	al_buf_str(&text, " http://127.0.0.1:1/pq\ngroup g 2 PQ W1 W2\nquorum g\n");
	assert_int_equal(al_policy_parse(al_buf_view(&text), &policy, why, sizeof(why)), AL_OK);
	assert_int_equal(al_policy_witnesses(policy), WITNESSES + 1);
	assert_true(al_policy_witness(policy, WITNESSES)->unknown);
	assert_int_equal(al_note_open(al_buf_view(&f->note), &f->log, &note_text), AL_OK);
	al_buf_init(&note, AL_NOTE_MAX);
	al_buf_slice(&note, al_buf_view(&f->note));
	al_cosign(note_text, &signers[1], 1, &note);
	assert_int_equal(al_policy_check(policy, &f->log, al_buf_view(&note), &cp, &mask), AL_EDENIED);
	al_cosign(note_text, &signers[2], 1, &note);
	assert_int_equal(al_policy_check(policy, &f->log, al_buf_view(&note), &cp, &mask), AL_OK);
	assert_int_equal(mask, 6);
	al_policy_free(policy);
	al_buf_release(&text);
	al_buf_release(&note);
	/* The log's own key in the place of a witness's is a slip, and said. */
	policy_text(&text, "witness L ");
	al_vkey_format(&f->log, &text);
	al_buf_str(&text, "\nquorum L\n");
	assert_int_equal(al_policy_parse(al_buf_view(&text), &policy, why, sizeof(why)), AL_EINVAL);
	al_buf_release(&text);
}

static void test_wrong_policies(void **state)
{
	static const struct {
		const char *text, *why;
	} tails[] = {
		{ "", "no quorum line" },
		{ "quorum X\n", "the quorum is not defined above" },
		{ "quorum none\nquorum none\n", "a second quorum" },
		{ "group g 0 W0\nquorum g\n", "a group needs members, and one to all of them" },
		{ "group g 3 W0 W1\nquorum g\n", "a group needs members, and one to all of them" },
		{ "group g 01 W0 W1\nquorum g\n", "a group needs members, and one to all of them" },
		{ "group g any\nquorum g\n", "a group needs members, and one to all of them" },
		{ "group g any none\nquorum g\n", "a member is not defined above, or is in a group already" },
		{ "group g any h\ngroup h any W0\nquorum g\n",
		  "a member is not defined above, or is in a group already" },
		{ "group g any g\nquorum g\n", "a member is not defined above, or is in a group already" },
		{ "group g any W0 W0\nquorum g\n", "a member is not defined above, or is in a group already" },
		{ "group g any W0\ngroup h any W0\nquorum h\n",
		  "a member is not defined above, or is in a group already" },
		{ "group W0 any W1\nquorum W0\n", "the name is missing, taken or \"none\"" },
		{ "group none any W1\nquorum none\n", "the name is missing, taken or \"none\"" },
		{ "group g\n", "no name and number of a group" },
		{ "group\n", "no name and number of a group" },
		{ "witness W9 nonsense\nquorum W0\n", "no name and verifier key of a witness (type 04)" },
		{ "witness W9\n", "no name and verifier key of a witness" },
		{ "quorum W0 W1\n", "a quorum is one name" },
		{ "quorum\n", "a quorum is one name" },
		{ "log nonsense\nquorum W0\n", "no verifier key of a log" },
		{ "log\n", "no verifier key of a log" },
		{ "something else\nquorum W0\n", "not log, witness, group or quorum" },
		{ "quorum W0\r\n\x01\n", "a control character" },
	};
	struct al_policy *policy;
	struct al_buf text;
	char why[200];

	(void)state;
	for (size_t i = 0; i < AL_COUNT(tails); i++) {
		policy_text(&text, tails[i].text);
		why[0] = '\0';
		assert_int_not_equal(al_policy_parse(al_buf_view(&text), &policy, why, sizeof(why)), AL_OK);
		assert_int_equal(strncmp(why, "line ", 5), 0);
		assert_non_null(strchr(why, ':'));
		assert_string_equal(strchr(why, ':') + 2, tails[i].why);
		al_buf_release(&text);
	}
}

/* Names, URLs and logs: one byte, word or line more than there is room for. */
static void test_policies_are_bounded(void **state)
{
	static const struct {
		size_t name, url;
		const char *more, *why; /* NULL: none */
	} rows[] = {
		{ AL_WITNESS_NAME_MAX - 1, AL_WITNESS_URL_MAX - 1, "", NULL },
		{ AL_WITNESS_NAME_MAX, 10, "", "a name of more than 63 bytes" },
		{ 5, AL_WITNESS_URL_MAX, "", "a URL of more than 255 bytes" },
		{ 5, 10, " more", "more than a name, a key and a URL" },
	};
	struct al_skey key;
	char why[200];

	(void)state;
	for (size_t i = 0; i < AL_COUNT(rows); i++) {
		struct al_policy *policy = NULL;
		struct al_buf text;

		al_buf_init(&text, 4096);
		al_buf_str(&text, "witness ");
		for (size_t k = 0; k < rows[i].name; k++)
			al_buf_u8(&text, 'n');
		al_buf_u8(&text, ' ');
		assert_int_equal(al_witness_skey_generate(AL_S("w.example"), &key), AL_OK);
		al_witness_vkey_format(&key.pub, &text);
		al_buf_u8(&text, ' ');
		for (size_t k = 0; k < rows[i].url; k++)
			al_buf_u8(&text, 'u');
		al_buf_printf(&text, "%s\nquorum none\n", rows[i].more);
		assert_int_equal(al_policy_parse(al_buf_view(&text), &policy, why, sizeof(why)) == AL_OK,
				 rows[i].why == NULL);
		if (rows[i].why != NULL)
			assert_string_equal(strchr(why, ':') + 2, rows[i].why);
		al_policy_free(policy);
		al_buf_release(&text);
	}
}

static bool parses(const struct al_buf *text)
{
	struct al_policy *policy = NULL;
	char why[200] = "";

	if (al_policy_parse(al_buf_view(text), &policy, why, sizeof(why)) != AL_OK)
		return false;
	al_policy_free(policy);
	return true;
}

/* Each key and each name once, whether it is the first of its kind or the last. */
static void test_once(void **state)
{
	struct al_skey log;
	struct al_buf text;

	(void)state;
	assert_int_equal(al_skey_generate(AL_S("registry.test/log"), &log), AL_OK);
	for (size_t i = 0; i < WITNESSES; i++) {
		policy_text(&text, "witness W9 ");
		al_witness_vkey_format(&signers[i].pub, &text);
		al_buf_str(&text, "\nquorum W0\n");
		assert_false(parses(&text));
		al_buf_release(&text);
	}
	for (unsigned count = 1; count <= 2; count++) {
		policy_text(&text, "");
		for (unsigned i = 0; i < count; i++) {
			al_buf_str(&text, "log ");
			al_vkey_format(&log.pub, &text);
			al_buf_str(&text, "\n");
		}
		al_buf_str(&text, "quorum W0\n");
		assert_int_equal(parses(&text), count == 1);
		al_buf_release(&text);
	}
}

/* As many as there is room for, and not one more. */
static void test_bounds(void **state)
{
	(void)state;
	for (unsigned more = 0; more <= 1; more++) {
		struct al_buf text;

		al_buf_init(&text, 65536);
		for (unsigned i = 0; i < AL_WITNESSES_MAX + more; i++) {
			struct al_skey key;
			char name[32];

			(void)snprintf(name, sizeof(name), "n%u.example", i);
			assert_int_equal(al_witness_skey_generate(al_slice_str(name), &key), AL_OK);
			al_buf_printf(&text, "witness N%u ", i);
			al_witness_vkey_format(&key.pub, &text);
			al_buf_str(&text, "\n");
		}
		al_buf_str(&text, "quorum N31\n");
		assert_int_equal(parses(&text), more == 0);
		al_buf_release(&text);
	}
}

static void test_check(void **state)
{
	struct fixture *f = *state;
	struct al_policy *policy = policy_of("group g 2 W0 W1 W2\nquorum g\n");
	struct al_checkpoint cp;
	struct al_slice text;
	struct al_buf note;
	uint32_t mask = 0;

	assert_int_equal(al_note_open(al_buf_view(&f->note), &f->log, &text), AL_OK);
	al_buf_init(&note, AL_NOTE_MAX);
	al_buf_slice(&note, al_buf_view(&f->note));
	assert_int_equal(al_policy_check(policy, &f->log, al_buf_view(&note), &cp, &mask), AL_EDENIED);
	assert_int_equal(mask, 0);
	al_cosign(text, &signers[2], 1, &note);
	/* The same witness twice is one witness. */
	al_cosign(text, &signers[2], 2, &note);
	assert_int_equal(al_policy_check(policy, &f->log, al_buf_view(&note), &cp, &mask), AL_EDENIED);
	assert_int_equal(mask, 4);
	al_cosign(text, &signers[0], 3, &note);
	assert_int_equal(al_policy_check(policy, &f->log, al_buf_view(&note), &cp, &mask), AL_OK);
	assert_int_equal(mask, 5);
	assert_int_equal(cp.size, 17);
	/* A quorum without the log is nothing. */
	assert_int_equal(al_policy_check(policy, NULL, al_buf_view(&note), &cp, &mask), AL_EVERIFY);
	al_buf_release(&note);
	al_policy_free(policy);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vector),
		cmocka_unit_test(test_keys_have_one_use),
		cmocka_unit_test(test_flips),
		cmocka_unit_test(test_quorum),
		cmocka_unit_test(test_unknown_types),
		cmocka_unit_test(test_wrong_policies),
		cmocka_unit_test(test_policies_are_bounded),
		cmocka_unit_test(test_once),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_check),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
