/* SPDX-License-Identifier: MIT */
/*
 * test_check.c -- what opening a ledger proves, by a store that says whatever the test wants: damage beyond the
 * checkpoints whose signatures are looked at, stores that fail, and what another registry adds.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../said.h"

#include "ledger/ledger_check.h"

#define ENTRIES 3u
#define SIGNED 4096u /* so many signatures are checked */

struct store {
	struct engine engine;
	struct al_skey key;
	uint64_t size;                     /* as it says */
	uint64_t entries;                  /* that it has */
	struct al_buf notes[ENTRIES + 1];  /* by size; empty: it has none */
	struct al_buf odd;                 /* the note of ENTRIES that comes as the `odd_at`th of its notes */
	size_t odd_at;                     /* 0: none does */
	size_t repeats;                    /* so often comes the note of ENTRIES, then the others */
	enum al_err checked, sized, noted; /* what its calls give */
	struct al_tree *tree;
	struct al_checkpoint head;
	struct al_buf note;
	uint64_t seen, visited;
	struct said said;
};

static struct store *store_of(struct engine *engine)
{
	return (struct store *)engine;
}

static struct al_slice body_of(uint64_t index, char out[static 32])
{
	return al_slice_of(out, (size_t)snprintf(out, 32, "entry %llu", (unsigned long long)index));
}

static enum al_err check(struct engine *engine)
{
	return store_of(engine)->checked;
}

static enum al_err size(struct engine *engine, uint64_t *out)
{
	*out = store_of(engine)->size;
	return store_of(engine)->sized;
}

static enum al_err each_entry(struct engine *engine, uint64_t from, engine_entry_fn visit, void *arg)
{
	enum al_err err = AL_OK;

	for (uint64_t i = from; err == AL_OK && i < store_of(engine)->entries; i++) {
		char text[32];
		struct al_slice body = body_of(i, text);
		struct al_hash leaf = al_leaf_hash(body);

		err = visit(arg, i, al_slice_of(leaf.b, sizeof(leaf.b)), body);
	}
	return err;
}

static enum al_err each_note(struct engine *engine, engine_note_fn visit, void *arg)
{
	struct store *s = store_of(engine);
	enum al_err err = s->noted;

	for (size_t i = 1; err == AL_OK && i <= s->repeats; i++)
		err = visit(arg, ENTRIES, al_buf_view(i == s->odd_at ? &s->odd : &s->notes[ENTRIES]));
	for (uint64_t at = ENTRIES - 1; err == AL_OK && at > 0; at--)
		if (s->notes[at].len > 0)
			err = visit(arg, at, al_buf_view(&s->notes[at]));
	return err;
}

static enum al_err note_at(struct engine *engine, uint64_t at, struct al_buf *note)
{
	struct store *s = store_of(engine);

	if (s->noted != AL_OK)
		return s->noted;
	if (at > ENTRIES || s->notes[at].len == 0)
		return AL_ENOTFOUND;
	al_buf_slice(note, al_buf_view(&s->notes[at]));
	return AL_OK;
}

static const struct engine_ops ops = {
	.check = check, .size = size, .each_entry = each_entry, .each_note = each_note, .note = note_at
};

static int setup(void **state)
{
	struct store *s = calloc(1, sizeof(*s));
	struct al_buf text;

	assert_non_null(s);
	s->engine.ops = &ops;
	s->size = s->entries = ENTRIES;
	s->repeats = 1;
	assert_int_equal(al_skey_generate(AL_S("registry.test/log"), &s->key), AL_OK);
	assert_int_equal(al_tree_new(&s->tree), AL_OK);
	al_buf_init(&text, AL_NOTE_MAX);
	al_buf_init(&s->note, AL_NOTE_MAX);
	al_buf_init(&s->odd, AL_NOTE_MAX);
	for (uint64_t i = 0; i <= ENTRIES; i++) {
		struct al_checkpoint cp = { .size = i, .root = al_tree_root(s->tree, i) };
		char body[32];
		struct al_hash leaf = al_leaf_hash(body_of(i, body));

		al_buf_init(&s->notes[i], AL_NOTE_MAX);
		al_buf_reset(&text);
		al_checkpoint_format(al_slice_str(s->key.pub.name), &cp, &text);
		if (i > 0)
			al_note_sign(al_buf_view(&text), &s->key, &s->notes[i]);
		assert_int_equal(al_tree_push(s->tree, &leaf), AL_OK);
	}
	al_buf_release(&text);
	al_tree_truncate(s->tree, 0);
	*state = s;
	return 0;
}

static int teardown(void **state)
{
	struct store *s = *state;

	for (size_t i = 0; i <= ENTRIES; i++)
		al_buf_release(&s->notes[i]);
	al_buf_release(&s->odd);
	al_buf_release(&s->note);
	al_tree_free(s->tree);
	free(s);
	return 0;
}

static void on_seen(void *arg, uint64_t done, uint64_t total)
{
	struct store *s = arg;

	assert_int_equal(done, ++s->seen);
	assert_int_equal(total, s->size);
}

/* From the beginning; what it says is kept. */
static enum al_err opened(struct store *s)
{
	enum al_err err;

	al_tree_truncate(s->tree, 0);
	al_buf_reset(&s->note);
	s->seen = 0;
	said_begin(&s->said);
	err = ledger_check(&s->engine, &s->key.pub, s->tree, &s->head, &s->note, on_seen, s);
	(void)said_end(&s->said);
	return err;
}

static void damaged(struct store *s, const char *what)
{
	assert_int_equal(opened(s), AL_EVERIFY);
	if (strstr(s->said.text, what) == NULL)
		fail_msg("\"%s\" is not said: %s", what, s->said.text);
}

static void sound(void **state)
{
	struct store *s = *state;
	struct al_hash root;

	assert_int_equal(opened(s), AL_OK);
	assert_int_equal(s->seen, ENTRIES);
	assert_int_equal(s->head.size, ENTRIES);
	root = al_tree_root(s->tree, ENTRIES);
	assert_true(al_hash_eq(&s->head.root, &root));
	assert_true(al_slice_eq(al_buf_view(&s->note), al_buf_view(&s->notes[ENTRIES])));
	assert_string_equal(s->said.text, "");
	/* Nothing in it: no checkpoint, and none is wanted. */
	s->size = s->entries = s->repeats = 0;
	al_buf_reset(&s->notes[1]);
	al_buf_reset(&s->notes[2]);
	assert_int_equal(opened(s), AL_OK);
	assert_int_equal(s->head.size, 0);
	assert_int_equal(s->note.len, 0);
}

/* Each as the `nth` of the notes. A wrong text is found wherever it is, a wrong signature among the newest. */
static void beyond_the_signatures(void **state)
{
	struct store *s = *state;
	const struct al_slice good = al_buf_view(&s->notes[ENTRIES]);
	struct al_slice rest = good, line;

	s->repeats = SIGNED + 1;
	al_buf_slice(&s->odd, good);
	s->odd.ptr[s->odd.len - 4] ^= 4; /* of the signature */
	s->odd_at = SIGNED;
	damaged(s, "event=ledger-damaged what=checkpoint-signature at=3\n");
	s->odd_at = SIGNED + 1;
	assert_int_equal(opened(s), AL_OK);
	/* Its text goes on where it should end. */
	al_buf_reset(&s->odd);
	for (unsigned i = 0; i < 3; i++)
		assert_true(al_slice_line(&rest, &line));
	al_buf_slice(&s->odd, al_slice_head(good, good.len - rest.len));
	al_buf_str(&s->odd, "more\n\n");
	damaged(s, "event=ledger-damaged what=checkpoint at=3\n");
	al_buf_reset(&s->odd);
	al_buf_slice(&s->odd, al_buf_view(&s->notes[ENTRIES - 1]));
	damaged(s, "event=ledger-damaged what=checkpoint at=3\n");
}

static void what_is_missing(void **state)
{
	struct store *s = *state;

	s->repeats = 0;
	damaged(s, "what=checkpoint-missing at=3\n"); /* the newest that there is is not of all */
	al_buf_reset(&s->notes[1]);
	al_buf_reset(&s->notes[2]);
	damaged(s, "what=checkpoint-missing at=3\n");
	s->repeats = 1;
	s->entries = ENTRIES - 1;
	damaged(s, "what=checkpoint-missing at=2\n");
	/* Entries that came while it was looked are for the next look. */
	s->entries = ENTRIES + 2;
	assert_int_equal(opened(s), AL_OK);
	assert_int_equal(s->head.size, ENTRIES);
	assert_int_equal(al_tree_size(s->tree), ENTRIES);
}

static void a_store_that_fails(void **state)
{
	struct store *s = *state;

	s->checked = AL_EIO;
	assert_int_equal(opened(s), AL_EIO);
	s->checked = AL_OK;
	s->sized = AL_EIO;
	assert_int_equal(opened(s), AL_EIO);
	assert_int_equal(s->seen, 0);
	s->sized = AL_OK;
	s->noted = AL_EIO;
	assert_int_equal(opened(s), AL_EIO);
	s->noted = AL_OK;
	assert_int_equal(opened(s), AL_OK);
}

/* ---- what another registry adds ---- */

static enum al_err on_entry(void *arg, uint64_t index, struct al_slice body)
{
	struct store *s = arg;
	char text[32];

	assert_int_equal(index, s->visited);
	assert_true(al_slice_eq(body, body_of(index, text)));
	s->visited++;
	return AL_OK;
}

static enum al_err more(struct store *s)
{
	enum al_err err;

	al_buf_reset(&s->note);
	said_begin(&s->said);
	err = ledger_check_more(&s->engine, &s->key.pub, s->tree, &s->head, &s->note, on_entry, s);
	(void)said_end(&s->said);
	return err;
}

static void more_of_it(void **state)
{
	struct store *s = *state;

	s->size = s->entries = 1;
	assert_int_equal(more(s), AL_OK);
	assert_int_equal(s->head.size, 1);
	assert_int_equal(s->visited, 1);
	assert_int_equal(more(s), AL_OK); /* nothing is new */
	assert_int_equal(s->visited, 1);
	s->size = s->entries = ENTRIES;
	assert_int_equal(more(s), AL_OK);
	assert_int_equal(s->head.size, ENTRIES);
	assert_int_equal(s->visited, ENTRIES);
	assert_true(al_slice_eq(al_buf_view(&s->note), al_buf_view(&s->notes[ENTRIES])));
	/* Less than there was. */
	s->size = ENTRIES - 1;
	assert_int_equal(more(s), AL_EFORK);
	s->sized = AL_EIO;
	assert_int_equal(more(s), AL_EIO);
}

static void more_that_is_not_right(void **state)
{
	struct store *s = *state;

	s->size = s->entries = 2;
	al_buf_reset(&s->notes[2]);
	assert_int_equal(more(s), AL_EVERIFY);
	assert_non_null(strstr(s->said.text, "what=checkpoint-missing at=2\n"));
	s->noted = AL_EIO;
	al_tree_truncate(s->tree, s->visited = 0);
	assert_int_equal(more(s), AL_EIO);
	s->noted = AL_OK;
	al_tree_truncate(s->tree, s->visited = 0);
	al_buf_slice(&s->notes[2], al_buf_view(&s->notes[1]));
	assert_int_equal(more(s), AL_EVERIFY);
	assert_non_null(strstr(s->said.text, "what=checkpoint at=2\n"));
}

static void the_same_head(void **state)
{
	struct store *s = *state;
	const struct al_checkpoint none = { .size = 0 };

	assert_int_equal(opened(s), AL_OK);
	assert_int_equal(ledger_check_same(&s->engine, &s->head, al_buf_view(&s->note)), AL_OK);
	assert_int_equal(ledger_check_same(&s->engine, &s->head, al_buf_view(&s->notes[2])), AL_EFORK);
	s->noted = AL_EIO;
	assert_int_equal(ledger_check_same(&s->engine, &s->head, al_buf_view(&s->note)), AL_EIO);
	assert_int_equal(ledger_check_same(&s->engine, &none, AL_S("")), AL_OK);
	s->noted = AL_OK;
	al_buf_reset(&s->notes[ENTRIES]);
	assert_int_equal(ledger_check_same(&s->engine, &s->head, al_buf_view(&s->note)), AL_EFORK);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(sound),      TEST(beyond_the_signatures),  TEST(what_is_missing), TEST(a_store_that_fails),
		TEST(more_of_it), TEST(more_that_is_not_right), TEST(the_same_head),
	};

	return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
