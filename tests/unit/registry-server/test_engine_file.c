/* SPDX-License-Identifier: MIT */
/*
 * test_engine_file.c -- the engine that is a file: which files it takes for a
 * new ledger, and the lock beside it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "ledger/engine.h"

static void files_drop(const char *path)
{
	static const char *const endings[] = { "", "-wal", "-shm", ".lock" };
	char name[80];

	for (size_t i = 0; i < AL_COUNT(endings); i++) {
		(void)snprintf(name, sizeof(name), "%s%s", path, endings[i]);
		(void)unlink(name);
	}
}

/* A creation that failed may be tried again; what somebody else made is left as it is. */
static void test_what_may_be_taken(void **state)
{
	static const struct {
		const char *sql; /* of the file before; NULL: these bytes */
		enum al_err err;
	} rows[] = {
		{ "", AL_OK },
		{ "PRAGMA user_version = 7", AL_OK }, /* a file, and no table in it */
		{ "CREATE TABLE entry (idx INTEGER)", AL_EEXIST },
		{ "PRAGMA application_id = 7; CREATE TABLE entry (idx INTEGER)", AL_EEXIST },
		{ "PRAGMA application_id = 1095519567; CREATE TABLE entry (idx INTEGER)", AL_EUNSUPPORTED },
		{ "PRAGMA application_id = 1095519567; CREATE TABLE entry (idx INTEGER); INSERT INTO entry VALUES (0)",
		  AL_EEXIST },
		{ NULL, AL_EEXIST },
	};
	char dir[] = "/tmp/alamo-engine-XXXXXX", path[64];

	(void)state;
	assert_non_null(mkdtemp(dir));
	(void)snprintf(path, sizeof(path), "%s/ledger.db", dir);
	for (size_t i = 0; i < AL_COUNT(rows); i++) {
		struct engine *engine = NULL;
		sqlite3 *db;
		FILE *file;

		if (rows[i].sql != NULL) {
			assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
			assert_int_equal(sqlite3_exec(db, rows[i].sql, NULL, NULL, NULL), SQLITE_OK);
			assert_int_equal(sqlite3_close(db), SQLITE_OK);
		} else {
			file = fopen(path, "we");
			assert_non_null(file);
			assert_true(fputs("A letter, and no ledger at all.\n", file) >= 0);
			assert_int_equal(fclose(file), 0);
		}
		assert_int_equal(engine_open(path, true, &engine), rows[i].err);
		engine_close(engine);
		files_drop(path);
	}
	assert_int_equal(rmdir(dir), 0);
}

/* A daemon that was started without standard input: the lock may be descriptor 0, and is given back as any other. */
static void test_lock_is_given_back(void **state)
{
	char dir[] = "/tmp/alamo-engine-XXXXXX", path[64];
	int input = dup(STDIN_FILENO);
	struct engine *engine;

	(void)state;
	assert_non_null(mkdtemp(dir));
	(void)snprintf(path, sizeof(path), "%s/ledger.db", dir);
	(void)close(STDIN_FILENO);
	assert_int_equal(engine_open(path, true, &engine), AL_OK);
	engine_close(engine);
	assert_int_equal(fcntl(STDIN_FILENO, F_GETFD), -1);
	assert_int_equal(engine_open(path, false, &engine), AL_OK);
	engine_close(engine);
	if (input >= 0) {
		assert_int_equal(dup2(input, STDIN_FILENO), STDIN_FILENO);
		(void)close(input);
	}
	files_drop(path);
	assert_int_equal(rmdir(dir), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_may_be_taken),
		cmocka_unit_test(test_lock_is_given_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
