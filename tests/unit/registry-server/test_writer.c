/* SPDX-License-Identifier: MIT */
/*
 * test_writer.c -- the ledger's writer when something is not as it should be: a signer who lies, tables that refuse an
 * entry, more work than may wait, and a ledger that is not started.
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
#include <time.h>
#include <unistd.h>

#include "../folder.h"
#include "../locks.h"
#include "../said.h"
#include "../threads.h"

#include "ledger/ledger.h"
#include "ledger/ledger_side.h"
#include "sign/signer.h"

enum lie { NONE, ANOTHER_KEY, ANOTHER_SIZE, ANOTHER_ROOT, NO_NOTE, FAILURE };

struct fixture {
	char dir[40], path[64];
	struct al_skey key, other;
	struct al_loop *loop;
	struct ledger *ledger;
	_Atomic enum lie lie;
	_Atomic bool holding; /* the signer waits until this is false */
	unsigned kept;        /* what was told to be durable */
	size_t answers, wanted;
	enum al_err err; /* of the last answer */
	uint64_t size;   /* likewise: of its checkpoint */
	struct said said;
};

/* A note of the tree as this lie has it. */
static enum al_err sign(void *arg, const struct al_tree *tree, uint64_t base, struct al_buf *note)
{
	const struct timespec pause = { .tv_nsec = 1000000 };
	struct fixture *f = arg;
	uint64_t size = al_tree_size(tree);
	struct al_checkpoint cp = { size, al_tree_root(tree, size) };
	const struct al_skey *key = &f->key;
	enum lie lie = f->lie;
	struct al_buf text;

	(void)base;
	while (f->holding)
		(void)nanosleep(&pause, NULL);
	if (lie == NO_NOTE || lie == FAILURE)
		return lie == NO_NOTE ? AL_OK : AL_EIO;
	if (lie == ANOTHER_KEY)
		key = &f->other;
	else if (lie == ANOTHER_SIZE)
		cp.size++;
	else if (lie == ANOTHER_ROOT)
		cp.root.b[31] ^= 1;
	al_buf_init(&text, AL_NOTE_MAX);
	al_checkpoint_format(al_slice_str(f->key.pub.name), &cp, &text);
	al_note_sign(al_buf_view(&text), key, note);
	al_buf_release(&text);
	return AL_OK;
}

static enum al_err begin(void *arg, const struct al_tree *tree, struct al_slice note)
{
	(void)arg;
	(void)tree;
	(void)note;
	return AL_OK;
}

static void kept(void *arg)
{
	((struct fixture *)arg)->kept++;
}

static enum al_err date(void *arg, const struct al_checkpoint *cp, struct al_buf *note)
{
	(void)arg;
	(void)cp;
	al_buf_str(note, "dated\n");
	return AL_OK;
}

static void open_only(struct fixture *f, bool create)
{
	struct ledger_opts opts = { .path = f->path,
				    .key = &f->key.pub,
				    .signer = { .begin = begin, .sign = sign, .kept = kept, .date = date, .arg = f },
				    .create = create };

	assert_int_equal(ledger_open(&opts, &f->ledger), AL_OK);
}

static void start(struct fixture *f, bool create)
{
	open_only(f, create);
	assert_int_equal(ledger_start(f->ledger, f->loop, NULL, NULL), AL_OK);
}

static void stop(struct fixture *f)
{
	ledger_close(f->ledger);
	f->ledger = NULL;
	al_loop_stop(f->loop);
	al_loop_run(f->loop); /* what it has posted */
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	(void)strcpy(f->dir, "/tmp/test_writer.XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	(void)snprintf(f->path, sizeof(f->path), "%s/ledger.db", f->dir);
	assert_int_equal(al_loop_new(&f->loop), AL_OK);
	assert_int_equal(al_skey_generate(AL_S("registry.test/log"), &f->key), AL_OK);
	assert_int_equal(al_skey_generate(AL_S("registry.test/log"), &f->other), AL_OK);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	f->holding = false;
	stop(f);
	al_loop_free(f->loop);
	(void)folder_remove(f->dir);
	free(f);
	return 0;
}

static void answered(struct fixture *f, enum al_err err)
{
	f->err = err;
	if (++f->answers >= f->wanted)
		al_loop_stop(f->loop);
}

static void on_done(void *arg, enum al_err err, const struct ledger_receipt *receipt)
{
	struct fixture *f = arg;

	f->size = err == AL_OK ? receipt->checkpoint.size : 0;
	answered(f, err);
}

static void on_batch(void *arg, enum al_err err, const struct ledger_batch *batch)
{
	(void)batch;
	answered(arg, err);
}

static void wait_for(struct fixture *f, size_t answers)
{
	f->wanted = answers;
	if (f->answers < answers)
		al_loop_run(f->loop);
	assert_int_equal(f->answers, answers);
}

static enum al_err append(struct fixture *f, uint64_t index, const struct ledger_extra *extra)
{
	assert_int_equal(ledger_append_with(f->ledger, index, AL_S("entry"), extra, on_done, f), AL_OK);
	wait_for(f, f->answers + 1);
	return f->err;
}

/* ---- the signer ---- */

/* What is not signed as it should be is not stored, nor told to anybody; and it goes on when it is. */
static void a_signer_who_lies(void **state)
{
	static const enum lie lies[] = { ANOTHER_KEY, ANOTHER_SIZE, ANOTHER_ROOT, NO_NOTE, FAILURE };
	struct fixture *f = *state;

	start(f, true);
	for (size_t i = 0; i < AL_COUNT(lies); i++) {
		f->lie = lies[i];
		said_begin(&f->said);
		assert_int_equal(append(f, i, NULL), AL_EIO);
		(void)said_end(&f->said);
		assert_non_null(
			strstr(f->said.text, lies[i] == FAILURE ? " err=storage-failed\n" : " err=not-verified\n"));
		assert_int_equal(ledger_head(f->ledger, NULL).size, i);
		assert_int_equal(f->kept, i);
		/* Nothing is stored until somebody has looked at what there is. */
		f->lie = NONE;
		assert_int_equal(append(f, i, NULL), AL_ESTALE);
		ledger_resume(f->ledger);
		assert_int_equal(append(f, i, NULL), AL_OK);
		assert_int_equal(f->size, i + 1);
		assert_int_equal(f->kept, i + 1);
	}
	stop(f);
	start(f, false);
	assert_int_equal(ledger_head(f->ledger, NULL).size, AL_COUNT(lies));
}

/* ---- the store ---- */

static void tables(const struct fixture *f, const char *sql)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

/* Whichever part of an entry's transaction fails, nothing of it was done. */
static void a_store_that_refuses(void **state)
{
	static const char *const refusals[] = { "INSERT ON entry", "INSERT ON checkpoint", "INSERT ON side",
						"DELETE ON side", "DELETE ON queue" };
	const uint8_t queued[AL_HASH_LEN] = { 0 };
	const struct ledger_attachment sides[] = { { .object = AL_S("person A"), .text = AL_S("a") },
						   { .object = AL_S("person B") } };
	const struct ledger_extra extra = { sides, AL_COUNT(sides), queued };
	struct fixture *f = *state;
	char sql[600];

	start(f, true);
	assert_int_equal(append(f, 0, NULL), AL_OK);
	for (size_t i = 0; i < AL_COUNT(refusals); i++) {
		stop(f);
		(void)snprintf(sql, sizeof(sql),
			       "DELETE FROM side; DELETE FROM queue;"
			       "INSERT INTO side (object, hash, idx, text) VALUES ('person B', zeroblob(32), 0, x'62');"
			       "INSERT INTO queue (time, hash, label, text) VALUES (1, zeroblob(32), 'x', x'61');"
			       "CREATE TRIGGER refusal BEFORE %s BEGIN SELECT RAISE(ABORT, 'refused'); END;",
			       refusals[i]);
		tables(f, sql);
		start(f, false);
		said_begin(&f->said);
		assert_int_equal(append(f, i + 1, &extra), AL_EIO);
		assert_non_null(strstr(said_end(&f->said), "event=ledger-commit "));
		ledger_resume(f->ledger);
		assert_int_equal(ledger_head(f->ledger, NULL).size, i + 1);
		stop(f);
		tables(f, "DROP TRIGGER refusal;"
			  "CREATE TABLE there (n CHECK (n = 2));" /* neither has changed */
			  "INSERT INTO there SELECT count(*) FROM (SELECT 1 FROM side WHERE object = 'person B' AND "
			  "text = x'62' UNION ALL SELECT 1 FROM queue);"
			  "DROP TABLE there;");
		start(f, false);
		assert_int_equal(append(f, i + 1, &extra), AL_OK);
	}
}

/* ---- too much ---- */

static void lookups_that_wait(void **state)
{
	struct fixture *f = *state;
	size_t taken;

	start(f, true);
	assert_int_equal(append(f, 0, NULL), AL_OK);
	f->holding = true;
	assert_int_equal(ledger_append(f->ledger, 1, AL_S("entry"), on_done, f), AL_OK);
	for (taken = 0; taken < 10000 && ledger_prove(f->ledger, 0, on_done, f) == AL_OK; taken++)
		;
	assert_in_range(taken, 4096, 4096 + 16); /* some are in hand already */
	assert_int_equal(ledger_read(f->ledger, 0, 1, on_batch, f), AL_EAGAIN);
	assert_int_equal(ledger_date(f->ledger, on_batch, f), AL_EAGAIN);
	f->holding = false;
	wait_for(f, 2 + taken);
	assert_int_equal(f->err, AL_OK);
}

/* 64 MiB of entries wait; what fails takes all behind it along. */
static void entries_that_wait(void **state)
{
	static char large[65535];
	struct fixture *f = *state;
	uint64_t taken;

	start(f, true);
	f->holding = true;
	f->lie = FAILURE;
	memset(large, 'e', sizeof(large));
	for (taken = 0; taken < 3000; taken++)
		if (ledger_append(f->ledger, taken, al_slice_of(large, sizeof(large)), on_done, f) != AL_OK)
			break;
	assert_in_range(taken * sizeof(large), 64u << 20, (72u << 20) + 2 * sizeof(large));
	assert_int_equal(ledger_append(f->ledger, taken, AL_S("e"), on_done, f), AL_EAGAIN);
	said_begin(&f->said);
	f->holding = false;
	wait_for(f, taken);
	(void)said_end(&f->said);
	assert_int_equal(f->err, AL_ESTALE);
	/* There is room again, for as much. */
	f->lie = NONE;
	ledger_resume(f->ledger);
	for (uint64_t i = 0; i < 100; i++)
		assert_int_equal(ledger_append(f->ledger, i, al_slice_of(large, sizeof(large)), on_done, f), AL_OK);
	wait_for(f, taken + 100);
	assert_int_equal(f->err, AL_OK);
}

/* What goes with an entry counts as it does, and what is stored is given up. */
static void what_goes_with_entries_waits(void **state)
{
	static char large[65535];
	const struct ledger_attachment side = { .object = AL_S("person A"), .text = al_slice_of(large, sizeof(large)) };
	const struct ledger_extra extra = { &side, 1, NULL };
	struct fixture *f = *state;
	uint64_t taken;

	start(f, true);
	memset(large, 't', sizeof(large));
	for (unsigned i = 0; i < 2; i++) {
		f->answers = 0;
		f->holding = true;
		for (taken = 0; taken < 3000; taken++)
			if (ledger_append_with(f->ledger, ledger_head(f->ledger, NULL).size + taken, AL_S("e"), &extra,
					       on_done, f) != AL_OK)
				break;
		assert_in_range(taken * sizeof(large), 63u << 20, (72u << 20) + 2 * sizeof(large));
		f->holding = false;
		wait_for(f, taken);
		assert_int_equal(f->err, AL_OK);
	}
}

/* As short as can be. */
static void one_byte(void **state)
{
	struct fixture *f = *state;
	struct al_buf bytes;

	start(f, true);
	assert_int_equal(ledger_append(f->ledger, 0, AL_S("x"), on_done, f), AL_OK);
	wait_for(f, 1);
	al_buf_init(&bytes, 100);
	assert_int_equal(ledger_entry(f->ledger, 0, &bytes), AL_OK);
	assert_true(al_slice_is(al_buf_view(&bytes), "x"));
	al_buf_release(&bytes);
}

/* ---- not now ---- */

static void not_started(void **state)
{
	struct fixture *f = *state;

	open_only(f, true);
	assert_true(ledger_leads(f->ledger));
	assert_int_equal(ledger_append(f->ledger, 0, AL_S("entry"), on_done, f), AL_ECLOSED);
	assert_int_equal(ledger_prove(f->ledger, 0, on_done, f), AL_ECLOSED);
	assert_int_equal(ledger_read(f->ledger, 0, 1, on_batch, f), AL_ECLOSED);
	assert_int_equal(ledger_date(f->ledger, on_batch, f), AL_ECLOSED);
	assert_int_equal(ledger_take_over(f->ledger, 0, NULL, NULL), AL_OK); /* it leads already */
	stop(f);
	assert_int_equal(f->answers, 0);
}

static void without_a_thread(void **state)
{
	struct fixture *f = *state;
	enum al_err err;

	open_only(f, true);
	said_begin(&f->said);
	threads_left = 0;
	err = ledger_start(f->ledger, f->loop, NULL, NULL);
	threads_left = -1;
	(void)said_end(&f->said);
	assert_int_equal(err, AL_ESYS);
	assert_non_null(strstr(f->said.text, "error alamo event=thread-create name=ledger errno=11\n"));
	assert_int_equal(ledger_append(f->ledger, 0, AL_S("entry"), on_done, f), AL_ECLOSED);
	assert_int_equal(ledger_start(f->ledger, f->loop, NULL, NULL), AL_OK);
	assert_int_equal(append(f, 0, NULL), AL_OK);
}

static void an_empty_log(void **state)
{
	struct fixture *f = *state;

	start(f, true);
	assert_int_equal(ledger_date(f->ledger, on_batch, f), AL_OK);
	wait_for(f, 1);
	assert_int_equal(f->err, AL_ENOTFOUND);
	assert_int_equal(ledger_prove(f->ledger, 0, on_done, f), AL_OK);
	wait_for(f, 2);
	assert_int_equal(f->err, AL_ENOTFOUND);
	assert_int_equal(ledger_read(f->ledger, 0, 1, on_batch, f), AL_OK);
	wait_for(f, 3);
	assert_int_equal(f->err, AL_OK);
}

static void discarded(void **state)
{
	static const char *const left[] = { "", "-wal", "-shm" };
	struct fixture *f = *state;
	char path[128];

	start(f, true);
	assert_int_equal(append(f, 0, NULL), AL_OK);
	ledger_discard(f->ledger);
	f->ledger = NULL;
	for (size_t i = 0; i < AL_COUNT(left); i++) {
		(void)snprintf(path, sizeof(path), "%s%s", f->path, left[i]);
		assert_int_not_equal(access(path, F_OK), 0);
	}
	start(f, true);
	assert_int_equal(append(f, 0, NULL), AL_OK);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_signer_who_lies),
		TEST(a_store_that_refuses),
		TEST(lookups_that_wait),
		TEST(entries_that_wait),
		TEST(what_goes_with_entries_waits),
		TEST(one_byte),
		TEST(not_started),
		TEST(without_a_thread),
		TEST(an_empty_log),
		TEST(discarded),
	};

	return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
