/* SPDX-License-Identifier: MIT */
/*
 * test_copy.c -- a ledger from one engine into another: all of it is there, checkpoint by checkpoint, or nothing was done
 * and the reason is said.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sodium.h>
#include <sqlite3.h>
#include <unistd.h>

#include "copy_rig.h"
#include "engines.h"

/* ---- the same ---- */

static void on_side(void *arg, enum al_err err, const struct ledger_side_result *result)
{
	struct fixture *f = arg;

	f->has_side = err == AL_OK && al_slice_is(result->text, "contact");
	al_loop_stop(f->loop);
}

struct reading {
	struct fixture *f;
	uint64_t at;
	size_t note;
};

/* A checkpoint stands where one was signed, and nowhere else. */
static void on_read(void *arg, enum al_err err, const struct ledger_batch *batch)
{
	struct reading *r = arg;
	struct al_checkpoint cp;
	struct fixture *f = r->f;

	assert_int_equal(err, AL_OK);
	assert_true(batch->count > 0);
	r->at = batch->first + batch->count;
	while (r->note < f->note_count && f->notes[r->note] < r->at)
		r->note++;
	assert_true(r->note < f->note_count);
	assert_int_equal(batch->note.len > 0, f->notes[r->note] == r->at);
	if (batch->note.len > 0) {
		assert_int_equal(al_checkpoint_open(batch->note, &f->key.pub, &cp), AL_OK);
		assert_int_equal(cp.size, r->at);
	}
	al_loop_stop(f->loop);
}

static void holds_all(struct fixture *f, const char *path)
{
	struct reading reading = { .f = f };
	uint64_t count = 0;

	ledger_up(f, path, false);
	assert_int_equal(f->durable, ENTRIES + 1);
	assert_int_equal(ledger_load(f->ledger, on_entry, &count), AL_OK);
	assert_int_equal(count, ENTRIES + 1);
	/* Byte by byte, so that each read ends where no checkpoint need be. */
	while (reading.at < 12) {
		assert_int_equal(ledger_read(f->ledger, reading.at, 1, on_read, &reading), AL_OK);
		al_loop_run(f->loop);
	}
	assert_int_equal(ledger_side_get(f->ledger, AL_S("person A"), on_side, f), AL_OK);
	al_loop_run(f->loop);
	assert_true(f->has_side);
	ledger_down(f);
}

/* ---- copies ---- */

static void through_each_engine(void **state)
{
	struct fixture *f = *state;
	char where[ENGINE_WHERE_MAX], folder[96];

	for (size_t i = 0; i < engine_kind_count; i++) {
		(void)strcpy(folder, path_of(f, "place"));
		assert_int_equal(mkdir(folder, 0700), 0);
		engine_place_make(engine_kinds[i], folder, where);
		assert_int_equal(copy(f, f->from, where), 0);
		assert_int_equal(copy(f, where, f->to), 0);
		engine_place_drop(engine_kinds[i], where);
		(void)folder_remove(folder);
		holds_all(f, f->to);
		assert_int_equal(unlink(f->to), 0);
	}
	holds_all(f, f->from);
}

static void not_copied(void **state)
{
	struct fixture *f = *state;
	char none[96];

	(void)strcpy(none, path_of(f, "none.db"));
	assert_int_equal(copy(f, none, f->to), 1);
	assert_true(has_said(f, "not copied: not-found"));
	assert_int_not_equal(access(f->to, F_OK), 0);
	assert_int_equal(copy(f, f->from, f->to), 0);
	assert_int_equal(copy(f, f->from, f->to), 1);
	assert_true(has_said(f, "(there is a ledger with entries at the second place)"));
	ledger_up(f, f->from, false);
	assert_int_equal(copy(f, f->from, none), 1);
	assert_true(has_said(f, "(a registry has one of them open: stop it first)"));
	ledger_down(f);
	/* A ledger is of one key. */
	log_key_write(f->dir, &f->key);
	assert_int_equal(copy(f, f->from, none), 1);
	assert_true(has_said(f, "not copied: not-verified"));
	assert_int_equal(unlink(path_of(f, "keys/log.pub")), 0);
	assert_int_equal(copy(f, f->from, none), 1);
	folder_write(f->dir, "alamo.conf", AL_S("no configuration\n"));
	assert_int_equal(copy(f, f->from, none), 2);
	assert_true(has_said(f, "alamo.conf"));
}

/* A place that keeps another thing than it is given: the copy is read again. */
static void a_place_that_lies(void **state)
{
	static const char *const lies[] = {
		"entry WHEN NEW.idx = 5 BEGIN UPDATE entry SET body = x'00' WHERE idx = 5; END",
		/* It proves itself, and not the other. */
		"checkpoint WHEN NEW.size = 3001 BEGIN DELETE FROM checkpoint WHERE size = 3001;"
		" DELETE FROM entry WHERE idx = 3000; END",
	};
	struct fixture *f = *state;
	char sql[300];
	sqlite3 *db;

	for (size_t i = 0; i < AL_COUNT(lies); i++) {
		ledger_up(f, f->to, true);
		ledger_down(f);
		(void)snprintf(sql, sizeof(sql), "CREATE TRIGGER lie AFTER INSERT ON %s", lies[i]);
		assert_int_equal(sqlite3_open(f->to, &db), SQLITE_OK);
		assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
		assert_int_equal(sqlite3_close(db), SQLITE_OK);
		assert_int_equal(copy(f, f->from, f->to), 1);
		assert_true(has_said(f, "not copied: not-verified"));
		assert_int_equal(unlink(f->to), 0);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(through_each_engine),
		TEST(not_copied),
		TEST(a_place_that_lies),
	};
	int failed;

	if (sodium_init() < 0)
		return 1;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	engines_stop();
	return failed;
}
