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
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../said.h"
#include "../syncs.h"

#include "ledger/engine.h"
#include "ledger/engine_sqlite.h"

static void files_drop(const char *path)
{
	static const char *const endings[] = { "", "-wal", "-shm", ".lock" };
	char name[80];

	for (size_t i = 0; i < AL_COUNT(endings); i++) {
		(void)snprintf(name, sizeof(name), "%s%s", path, endings[i]);
		(void)unlink(name);
	}
}

/* Opening fails like this, and says so. */
static void opens_not(const char *path, bool create, enum al_err err, const char *what)
{
	struct engine *engine = NULL;
	struct said said;
	enum al_err got;

	said_begin(&said);
	got = engine_open(path, create, &engine);
	(void)said_end(&said);
	assert_int_equal(got, err);
	assert_null(engine);
	if (strstr(said.text, what) == NULL)
		fail_msg("\"%s\" is not said: %s", what, said.text);
}

static void sql_run(const char *path, const char *sql)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
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

/* The name of a new ledger is on the disk, however its path is written; of one that is there it was before. */
static void test_name_on_the_disk(void **state)
{
	char dir[] = "/tmp/alamo-engine-XXXXXX", path[64], here[256];
	struct engine *engine;

	(void)state;
	assert_non_null(mkdtemp(dir));
	(void)snprintf(path, sizeof(path), "%s/ledger.db", dir);
	assert_non_null(getcwd(here, sizeof(here)));
	assert_int_equal(chdir(dir), 0);
	for (unsigned i = 0; i < 4; i++) {
		syncs->count = 0;
		assert_int_equal(engine_open(i % 2 == 0 ? path : "ledger.db", i < 2, &engine), AL_OK);
		assert_int_equal(syncs_has(dir), i < 2);
		engine_close(engine);
		if (i == 0)
			files_drop(path);
	}
	assert_int_equal(chdir(here), 0);
	files_drop(path);
	assert_int_equal(rmdir(dir), 0);
}

/* A commit is on the disk before it is said, whatever sector the power cut meets; what is deleted is gone. */
static void test_how_it_is_kept(void **state)
{
	static const struct {
		const char *query;
		int number;
	} rows[] = {
		{ "PRAGMA synchronous", 3 },     { "PRAGMA foreign_keys", 1 },    { "PRAGMA trusted_schema", 0 },
		{ "PRAGMA cell_size_check", 1 }, { "PRAGMA busy_timeout", 2000 }, { "PRAGMA secure_delete", 1 },
		{ "PRAGMA temp_store", 2 },
	};
	char dir[] = "/tmp/alamo-engine-XXXXXX", path[64];
	struct engine *engine;

	(void)state;
	assert_non_null(mkdtemp(dir));
	(void)snprintf(path, sizeof(path), "%s/ledger.db", dir);
	for (unsigned create = 2; create-- > 0;) {
		int number = -1;

		assert_int_equal(engine_open(path, create == 1, &engine), AL_OK);
		assert_int_equal(sqlite_ask(sqlite_of(engine), "PRAGMA journal_mode", NULL, "wal"), AL_OK);
		assert_int_equal(
			sqlite3_file_control(sqlite_of(engine)->sql, "main", SQLITE_FCNTL_POWERSAFE_OVERWRITE, &number),
			SQLITE_OK);
		assert_int_equal(number, 0);
		for (size_t i = 0; i < AL_COUNT(rows); i++) {
			assert_int_equal(sqlite_ask(sqlite_of(engine), rows[i].query, &number, NULL), AL_OK);
			assert_int_equal(number, rows[i].number);
		}
		engine_close(engine);
	}
	files_drop(path);
	assert_int_equal(rmdir(dir), 0);
}

/* What a file of an older version was is kept, and its name on the disk, before anything is changed. */
static void test_kept_on_the_disk(void **state)
{
	char dir[] = "/tmp/alamo-engine-XXXXXX", path[64], kept[80];
	struct engine *engine;
	unsigned at = 0;

	(void)state;
	assert_non_null(mkdtemp(dir));
	(void)snprintf(path, sizeof(path), "%s/ledger.db", dir);
	assert_int_equal(engine_open(path, true, &engine), AL_OK);
	engine_close(engine);
	sql_run(path, "DROP INDEX queue_same; ALTER TABLE queue DROP COLUMN same; DROP TABLE queue_who;"
		      "DROP TABLE queue_done; PRAGMA user_version = 2;");
	syncs->count = 0;
	assert_int_equal(engine_open(path, false, &engine), AL_OK);
	engine_close(engine);
	(void)snprintf(kept, sizeof(kept), "%s.v2.new", path);
	for (unsigned i = 0; i < syncs->count && i + 1 < SYNCS_MAX; i++)
		if (strcmp(syncs->path[i], kept) == 0)
			at = i + 1;
	assert_true(at > 0);
	assert_string_equal(syncs->path[at], dir);
	(void)snprintf(kept, sizeof(kept), "%s.v2", path);
	assert_int_equal(unlink(kept), 0);
	files_drop(path);
	assert_int_equal(rmdir(dir), 0);
}

/* A folder that cannot be synced may lose the new file: there is none. */
static void test_name_not_on_the_disk(void **state)
{
	char dir[] = "/tmp/alamo-engine-XXXXXX", path[64], line[128];

	(void)state;
	assert_non_null(mkdtemp(dir));
	(void)snprintf(path, sizeof(path), "%s/ledger.db", dir);
	(void)snprintf(line, sizeof(line), "event=ledger-directory path=%s errno=5\n", path);
	(void)strcpy(syncs->fails, dir);
	opens_not(path, true, AL_EIO, line);
	syncs->fails[0] = '\0';
	files_drop(path);
	assert_int_equal(rmdir(dir), 0);
}

/* What could not be brought from the journal into the file may be in neither: nothing is begun until it is. */
static void test_a_checkpoint_that_fails(void **state)
{
	char dir[] = "/tmp/alamo-engine-XXXXXX", path[64];
	const struct al_slice body = AL_S("body");
	const struct al_hash leaf = al_leaf_hash(body);
	struct engine *engine;
	struct said said;
	uint64_t size = 0;

	(void)state;
	assert_non_null(mkdtemp(dir));
	(void)snprintf(path, sizeof(path), "%s/ledger.db", dir);
	assert_int_equal(engine_open(path, true, &engine), AL_OK);
	assert_int_equal(engine->ops->settle(engine), AL_OK);
	engine_sqlite_checkpoint_pages(engine, 1);
	assert_int_equal(engine->ops->begin(engine), AL_OK);
	assert_int_equal(engine->ops->append(engine, 0, &leaf, body), AL_OK);
	assert_int_equal(engine->ops->add_note(engine, 1, AL_S("note")), AL_OK);
	syncs->count = 0;
	(void)strcpy(syncs->fails, path);
	said_begin(&said);
	assert_int_equal(engine->ops->commit(engine), AL_OK); /* which the journal has */
	assert_int_equal(engine->ops->begin(engine), AL_EIO);
	(void)said_end(&said);
	assert_non_null(strstr(said.text, "event=ledger-sql what=checkpoint "));
	assert_non_null(strstr(said.text, "event=ledger-sql what=settle "));
	syncs->count = 0;
	syncs->fails[0] = '\0';
	assert_int_equal(engine->ops->begin(engine), AL_OK);
	assert_int_equal(engine->ops->size(engine, &size), AL_OK);
	assert_int_equal(size, 1);
	engine->ops->rollback(engine);
	engine_close(engine);
	files_drop(path);
	assert_int_equal(rmdir(dir), 0);
}

/* Why a file is not opened; and what is not opened is neither changed nor locked. */
static void test_why_not(void **state)
{
	char dir[] = "/tmp/alamo-engine-XXXXXX", path[64], other[96], line[256];
	struct engine *engine, *again = NULL;
	FILE *lock;
	long pid = 0;

	(void)state;
	assert_non_null(mkdtemp(dir));
	(void)snprintf(path, sizeof(path), "%s/ledger.db", dir);
	opens_not(path, false, AL_ENOTFOUND, "");
	(void)snprintf(other, sizeof(other), "%s/none/ledger.db", dir);
	(void)snprintf(line, sizeof(line), "error alamo event=ledger-lock path=%s.lock errno=2\n", other);
	opens_not(other, false, AL_ESYS, line);
	assert_int_equal(engine_open(path, true, &engine), AL_OK);
	/* Who has it stands in the lock. */
	(void)snprintf(other, sizeof(other), "%s.lock", path);
	lock = fopen(other, "re");
	assert_non_null(lock);
	assert_int_equal(fscanf(lock, "%ld", &pid), 1);
	assert_int_equal(fclose(lock), 0);
	assert_int_equal(pid, getpid());
	(void)snprintf(line, sizeof(line),
		       "event=ledger-locked path=%s.lock reason=\"another process has this ledger open\"\n", path);
	opens_not(path, false, AL_EAGAIN, line);
	engine_close(engine);
	sql_run(path, "PRAGMA user_version = 4");
	(void)snprintf(line, sizeof(line), "event=ledger-open path=%s version=4 known=3\n", path);
	opens_not(path, false, AL_EUNSUPPORTED, line);
	(void)snprintf(line, sizeof(line), "event=ledger-open path=%s reason=\"not a ledger\"\n", path);
	sql_run(path, "PRAGMA user_version = 0");
	opens_not(path, false, AL_EUNSUPPORTED, line);
	sql_run(path, "PRAGMA user_version = 3; PRAGMA application_id = 1");
	opens_not(path, false, AL_EUNSUPPORTED, line);
	sql_run(path, "PRAGMA application_id = 1095519567");
	assert_int_equal(engine_open(path, false, &again), AL_OK);
	engine_close(again);
	files_drop(path);
	assert_int_equal(rmdir(dir), 0);
}

/* Contact texts are in them: whoever made them, and with whatever mode, others do not read them afterwards. */
static void test_nobody_else_reads_them(void **state)
{
	static const char *const endings[] = { "", "-wal", "-shm", ".lock" };
	char dir[] = "/tmp/alamo-engine-XXXXXX", path[64], name[80];
	mode_t mask = umask(0);
	struct engine *engine;
	struct stat st;

	(void)state;
	assert_non_null(mkdtemp(dir));
	(void)snprintf(path, sizeof(path), "%s/ledger.db", dir);
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(engine_open(path, i == 0, &engine), AL_OK);
		for (size_t k = 0; k < AL_COUNT(endings); k++) {
			(void)snprintf(name, sizeof(name), "%s%s", path, endings[k]);
			assert_int_equal(stat(name, &st), 0);
			assert_int_equal(st.st_mode & 0137, 0);
			assert_int_equal(st.st_mode & 0600, 0600);
		}
		engine_close(engine);
		assert_int_equal(chmod(path, 0666), 0);
	}
	(void)umask(mask);
	files_drop(path);
	assert_int_equal(rmdir(dir), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_may_be_taken),       cmocka_unit_test(test_lock_is_given_back),
		cmocka_unit_test(test_name_on_the_disk),        cmocka_unit_test(test_why_not),
		cmocka_unit_test(test_nobody_else_reads_them),  cmocka_unit_test(test_kept_on_the_disk),
		cmocka_unit_test(test_how_it_is_kept),          cmocka_unit_test(test_name_not_on_the_disk),
		cmocka_unit_test(test_a_checkpoint_that_fails),
	};

	syncs_begin();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
