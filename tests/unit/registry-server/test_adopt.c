/* SPDX-License-Identifier: MIT */
/*
 * test_adopt.c -- another copy's entries and checkpoints, brought into a ledger as they are: what is not the ledger's own,
 * or cannot be stored, leaves it as it was, and it can go on.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sodium.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "../folder.h"
#include "../said.h"

#include "ledger/ledger_adopt.h"

struct fixture {
	char dir[40], path[64];
	struct al_skey key, other;
	struct ledger *ledger;
	struct al_tree *tree; /* of what is to be there */
};

static void start(struct fixture *f, bool create)
{
	struct ledger_opts opts = { .path = f->path, .key = &f->key.pub, .create = create };

	assert_int_equal(ledger_open(&opts, &f->ledger), AL_OK);
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	(void)strcpy(f->dir, "/tmp/test_adopt.XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	(void)snprintf(f->path, sizeof(f->path), "%s/ledger.db", f->dir);
	assert_int_equal(al_skey_generate(AL_S("registry.test/log"), &f->key), AL_OK);
	assert_int_equal(al_skey_generate(AL_S("registry.test/log"), &f->other), AL_OK);
	assert_int_equal(al_tree_new(&f->tree), AL_OK);
	start(f, true);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	ledger_close(f->ledger);
	al_tree_free(f->tree);
	(void)folder_remove(f->dir);
	free(f);
	return 0;
}

static struct al_slice entry_text(uint64_t index, char out[static 64])
{
	return al_slice_of(out, (size_t)snprintf(out, 64, "entry number %llu", (unsigned long long)index));
}

static enum al_err adopt(struct fixture *f, uint64_t index)
{
	char text[64];

	return ledger_adopt(f->ledger, index, entry_text(index, text));
}

/* The tree that has entries up to `size`. */
static void tree_to(struct fixture *f, uint64_t size)
{
	char text[64];

	for (uint64_t i = al_tree_size(f->tree); i < size; i++) {
		struct al_hash leaf = al_leaf_hash(entry_text(i, text));

		assert_int_equal(al_tree_push(f->tree, &leaf), AL_OK);
	}
}

/* A checkpoint, signed by `key`, goes into the ledger. */
static enum al_err head(struct fixture *f, const struct al_checkpoint *cp, const struct al_skey *key)
{
	struct al_buf text, note, shown;
	enum al_err err;

	al_buf_init(&text, AL_NOTE_MAX);
	al_buf_init(&note, AL_NOTE_MAX);
	al_buf_init(&shown, AL_NOTE_MAX);
	al_checkpoint_format(al_slice_str(key->pub.name), cp, &text);
	al_note_sign(al_buf_view(&text), key, &note);
	err = ledger_adopt_head(f->ledger, al_buf_view(&note));
	if (err == AL_OK) {
		assert_int_equal(ledger_head(f->ledger, &shown).size, cp->size);
		assert_true(al_slice_eq(al_buf_view(&shown), al_buf_view(&note)));
	}
	al_buf_release(&text);
	al_buf_release(&note);
	al_buf_release(&shown);
	return err;
}

static struct al_checkpoint checkpoint(struct fixture *f, uint64_t size)
{
	tree_to(f, size);
	return (struct al_checkpoint){ size, al_tree_root(f->tree, size) };
}

static void adopt_all(struct fixture *f, uint64_t from, uint64_t to)
{
	for (uint64_t i = from; i < to; i++)
		assert_int_equal(adopt(f, i), AL_OK);
}

/* Whatever happened: what is there goes up to `size`, and the rest can come. */
static void goes_on(struct fixture *f, uint64_t size)
{
	struct al_checkpoint cp = checkpoint(f, size + 2);

	assert_int_equal(ledger_head(f->ledger, NULL).size, size);
	adopt_all(f, size, size + 2);
	assert_int_equal(head(f, &cp, &f->key), AL_OK);
	ledger_close(f->ledger);
	start(f, false);
	assert_int_equal(ledger_head(f->ledger, NULL).size, size + 2);
}

static void not_its_own(void **state)
{
	struct fixture *f = *state;
	struct al_checkpoint cp;

	for (unsigned i = 0; i < 3; i++) {
		uint64_t size = ledger_head(f->ledger, NULL).size;

		adopt_all(f, size, size + 3);
		cp = checkpoint(f, size + 3); /* of another size, of another history, of another key */
		cp.size += i == 0;
		cp.root.b[31] ^= i == 1;
		assert_int_equal(head(f, &cp, i == 2 ? &f->other : &f->key), AL_EVERIFY);
		goes_on(f, size);
	}
}

/* An entry that is not the next; a checkpoint of what is there already. */
static void out_of_turn(void **state)
{
	struct fixture *f = *state;
	struct al_checkpoint cp = { .size = 9 };

	assert_int_equal(adopt(f, 1), AL_ESTALE);
	adopt_all(f, 0, 2);
	assert_int_equal(adopt(f, 1), AL_ESTALE);
	assert_int_equal(adopt(f, 3), AL_ESTALE);
	cp = checkpoint(f, 2);
	assert_int_equal(head(f, &cp, &f->key), AL_OK);
	assert_int_equal(ledger_adopt_head(f->ledger, AL_S("no checkpoint\n")), AL_OK);
	assert_int_equal(adopt(f, 0), AL_ESTALE);
	goes_on(f, 2);
}

static void tables(struct fixture *f, const char *sql)
{
	sqlite3 *db;

	ledger_close(f->ledger);
	assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
	start(f, false);
}

static void not_stored(void **state)
{
	struct fixture *f = *state;
	struct al_checkpoint cp = checkpoint(f, 4);
	struct said said;
	enum al_err err;

	goes_on(f, 0);
	tables(f,
	       "CREATE TRIGGER refusal BEFORE INSERT ON entry WHEN NEW.idx = 3 BEGIN SELECT RAISE(ABORT, 'no'); END");
	assert_int_equal(adopt(f, 2), AL_OK);
	said_begin(&said);
	err = adopt(f, 3);
	(void)said_end(&said);
	assert_int_equal(err, AL_EIO);
	assert_int_equal(adopt(f, 3), AL_ESTALE); /* the one before it is not there any more either */
	tables(f, "DROP TRIGGER refusal; CREATE TRIGGER refusal BEFORE INSERT ON checkpoint"
		  " BEGIN SELECT RAISE(ABORT, 'no'); END");
	adopt_all(f, 2, 4);
	said_begin(&said);
	err = head(f, &cp, &f->key);
	(void)said_end(&said);
	assert_int_equal(err, AL_EIO);
	tables(f, "DROP TRIGGER refusal");
	goes_on(f, 2);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = { TEST(not_its_own), TEST(out_of_turn), TEST(not_stored) };

	return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
