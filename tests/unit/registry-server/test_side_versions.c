/* SPDX-License-Identifier: MIT */
/*
 * test_side_versions.c -- ledgers of older versions are brought forward, and what they were is kept.
 */
#include "side_bench.h"

/* ---- files of older versions ---- */

static int number_of(sqlite3 *db, const char *query)
{
	sqlite3_stmt *stmt;
	int number;

	assert_int_equal(sqlite3_prepare_v2(db, query, -1, &stmt, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
	number = sqlite3_column_int(stmt, 0);
	(void)sqlite3_finalize(stmt);
	return number;
}

/* The file of before is beside the new one, whole, and its owner's alone. Takes it away. */
static void kept_has(const struct fixture *f, int version, int entries)
{
	char kept[128];
	struct stat st;
	sqlite3 *db;

	snprintf(kept, sizeof(kept), "%s.v%d", f->path, version);
	assert_int_equal(stat(kept, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(sqlite3_open_v2(kept, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
	assert_int_equal(number_of(db, "PRAGMA user_version"), version);
	assert_int_equal(number_of(db, "SELECT count(*) FROM entry"), entries);
	(void)sqlite3_close(db);
	assert_int_equal(unlink(kept), 0);
}

static void from_version_1(void **state)
{
	static const char back[] = "DROP TABLE side; DROP TABLE queue; DROP TABLE queue_who; DROP TABLE queue_done;"
				   "DROP TABLE control;"
				   "CREATE TABLE side (hash BLOB PRIMARY KEY CHECK (length(hash) = 32),"
				   " idx INTEGER NOT NULL, text BLOB NOT NULL) STRICT, WITHOUT ROWID;"
				   "PRAGMA user_version = 1;";
	struct fixture *f = *state;
	struct said said;
	char line[200];
	sqlite3 *db;

	start(f, true);
	for (unsigned i = 0; i < 5; i++)
		append(f, NULL, "", NULL);
	stop(f);
	assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, back, NULL, NULL, NULL), SQLITE_OK);
	(void)sqlite3_close(db);
	(void)snprintf(line, sizeof(line), "event=ledger-migrated from=1 version=3 kept=%s.v1\n", f->path);
	said_begin(&said);
	start(f, false);
	(void)said_end(&said);
	assert_non_null(strstr(said.text, line));
	assert_int_equal(ledger_head(f->ledger, NULL).size, 5);
	kept_has(f, 1, 5);
	append(f, "person A", "salt: 1\nphone: one\n", NULL);
	assert_int_equal(add(f, 1, "request: a\n"), AL_OK);
	stop(f);
	start(f, false);
	assert_int_equal(get(f, "person A"), AL_OK);
	assert_int_equal(ledger_head(f->ledger, NULL).size, 6);
}

/* Without a copy of what was there nothing is changed: here a folder is in its place. */
static void not_without_a_copy(void **state)
{
	struct fixture *f = *state;
	struct engine *engine;
	char kept[128];
	sqlite3 *db;

	start(f, true);
	append(f, NULL, "", NULL);
	stop(f);
	assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "PRAGMA user_version = 2", NULL, NULL, NULL), SQLITE_OK);
	(void)sqlite3_close(db);
	snprintf(kept, sizeof(kept), "%s.v2", f->path);
	assert_int_equal(mkdir(kept, 0700), 0);
	assert_int_equal(engine_open(f->path, false, &engine), AL_EIO);
	assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
	assert_int_equal(number_of(db, "PRAGMA user_version"), 2);
	(void)sqlite3_close(db);
	assert_int_equal(rmdir(kept), 0);
	snprintf(kept, sizeof(kept), "%s.v2.new", f->path);
	assert_int_equal(unlink(kept), 0);
}

/* What waited goes on waiting. */
static void from_version_2(void **state)
{
	static const char back[] = "DROP INDEX queue_same; ALTER TABLE queue DROP COLUMN same; DROP TABLE queue_who;"
				   "DROP TABLE queue_done; PRAGMA user_version = 2;";
	struct fixture *f = *state;
	sqlite3 *db;

	start(f, true);
	assert_int_equal(add(f, 1, "request: a\n"), AL_OK);
	append(f, "person A", "salt: 1\nphone: one\n", NULL);
	stop(f);
	assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, back, NULL, NULL, NULL), SQLITE_OK);
	(void)sqlite3_close(db);
	start(f, false);
	kept_has(f, 2, 1);
	assert_int_equal(add(f, 1, "request: a\n"), AL_OK);
	assert_int_equal(f->id, 1);
	assert_int_equal(add(f, 2, "request: b\n"), AL_OK);
	assert_int_equal(f->id, 2);
	assert_int_equal(get(f, "person A"), AL_OK);
	assert_int_equal(answer_of(f, ledger_queue_drop(f->ledger, 1, AL_S("no"), NULL, on_side, f)), AL_OK);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(from_version_1),
		TEST(from_version_2),
		TEST(not_without_a_copy),
	};

	return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
