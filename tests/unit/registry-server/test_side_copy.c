/* SPDX-License-Identifier: MIT */
/*
 * test_side_copy.c -- what may be forgotten, saved to a file and taken from one, by SQLite's engine: what cannot be written or
 * read leaves no half of it, and the engine goes on.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <limits.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../folder.h"
#include "../said.h"
#include "ledger/engine.h"

struct fixture {
	char dir[40], path[64], copy[64];
	struct engine *engine;
	struct said said;
};

static void tables(const char *path, const char *text)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	if (sqlite3_exec(db, text, NULL, NULL, NULL) != SQLITE_OK)
		fail_msg("%s", sqlite3_errmsg(db));
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static enum al_err put(struct fixture *f, const char *object, const char *text)
{
	const struct ledger_attachment side = { al_slice_str(object), { 1 }, al_slice_str(text) };
	enum al_err err = f->engine->ops->begin(f->engine);

	if (err == AL_OK)
		err = f->engine->ops->side->put(f->engine, &side, 0);
	return err == AL_OK ? f->engine->ops->commit(f->engine) : err;
}

static bool has(struct fixture *f, const char *object)
{
	uint8_t hash[AL_HASH_LEN];
	struct al_buf text;
	enum al_err err;

	al_buf_init(&text, 1000);
	err = f->engine->ops->side->get(f->engine, al_slice_str(object), hash, &text);
	al_buf_release(&text);
	return err == AL_OK;
}

static bool is_there(const struct fixture *f, const char *suffix)
{
	char name[80];

	(void)snprintf(name, sizeof(name), "%s%s", f->copy, suffix);
	return access(name, F_OK) == 0;
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	(void)strcpy(f->dir, "/tmp/test_side_copy.XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	(void)snprintf(f->path, sizeof(f->path), "%s/ledger.db", f->dir);
	(void)snprintf(f->copy, sizeof(f->copy), "%s/copy", f->dir);
	assert_int_equal(engine_open(f->path, true, &f->engine), AL_OK);
	assert_int_equal(put(f, "person A", "one"), AL_OK);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	engine_close(f->engine);
	(void)folder_remove(f->dir);
	free(f);
	return 0;
}

static enum al_err save(struct fixture *f, const char *path)
{
	enum al_err err;

	said_begin(&f->said);
	err = f->engine->ops->side->save(f->engine, path);
	(void)said_end(&f->said);
	return err;
}

static enum al_err adopt(struct fixture *f)
{
	enum al_err err;

	said_begin(&f->said);
	err = f->engine->ops->side->adopt(f->engine, f->copy);
	(void)said_end(&f->said);
	return err;
}

/* ---- saved ---- */

static void there_and_back(void **state)
{
	struct fixture *f = *state;
	struct stat st;

	assert_int_equal(save(f, f->copy), AL_OK);
	assert_string_equal(f->said.text, "");
	assert_int_equal(stat(f->copy, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_false(is_there(f, ".new"));
	assert_int_equal(put(f, "person B", "two"), AL_OK);
	assert_int_equal(adopt(f), AL_OK);
	assert_true(has(f, "person A"));
	assert_false(has(f, "person B"));
	assert_int_equal(put(f, "person B", "two"), AL_OK);
}

/* A file that cannot be made is named. */
static void nowhere(void **state)
{
	struct fixture *f = *state;
	char path[PATH_MAX + 16];

	assert_int_equal(save(f, "/nowhere/copy"), AL_EIO);
	assert_non_null(strstr(f->said.text, "error alamo event=side-copy path=/nowhere/copy.new errno=2\n"));
	memset(path, 'p', sizeof(path));
	path[0] = '/';
	path[PATH_MAX - 4] = '\0'; /* with its suffix one byte too long */
	assert_int_equal(save(f, path), AL_ELIMIT);
	path[PATH_MAX - 5] = '\0';
	assert_int_equal(save(f, path), AL_EIO);
	assert_int_equal(save(f, f->copy), AL_OK);
}

/* A table that cannot be read, and a folder in the place of the file: no half of a copy stays. */
static void not_by_halves(void **state)
{
	struct fixture *f = *state;
	char inner[80];

	assert_int_equal(save(f, f->copy), AL_OK);
	tables(f->path, "ALTER TABLE queue_done RENAME TO away");
	assert_int_equal(save(f, f->copy), AL_EIO);
	assert_true(is_there(f, ""));
	assert_false(is_there(f, ".new"));
	tables(f->path, "ALTER TABLE away RENAME TO queue_done");
	assert_int_equal(save(f, f->copy), AL_OK);
	assert_int_equal(unlink(f->copy), 0);
	(void)snprintf(inner, sizeof(inner), "%s/inner", f->copy);
	assert_int_equal(mkdir(f->copy, 0700), 0);
	assert_int_equal(mkdir(inner, 0700), 0);
	assert_int_equal(save(f, f->copy), AL_EIO);
	assert_false(is_there(f, ".new"));
	assert_int_equal(put(f, "person B", "two"), AL_OK);
}

/* ---- adopted ---- */

static void of_another_version(void **state)
{
	struct fixture *f = *state;
	char line[200];

	assert_int_equal(adopt(f), AL_ENOTFOUND);
	assert_int_equal(save(f, f->copy), AL_OK);
	tables(f->copy, "PRAGMA user_version = 2");
	assert_int_equal(put(f, "person B", "two"), AL_OK);
	assert_int_equal(adopt(f), AL_EUNSUPPORTED);
	(void)snprintf(line, sizeof(line), "event=side-copy path=%s version=2 reason=\"of version 3 here: ", f->copy);
	assert_non_null(strstr(f->said.text, line));
	assert_true(has(f, "person B"));
	/* And it goes on, with another file too. */
	tables(f->copy, "PRAGMA user_version = 3");
	assert_int_equal(adopt(f), AL_OK);
	assert_false(has(f, "person B"));
}

/* A copy that lacks something takes nothing away. */
static void not_whole(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(save(f, f->copy), AL_OK);
	tables(f->copy, "DROP TABLE queue_done");
	assert_int_equal(put(f, "person B", "two"), AL_OK);
	assert_int_equal(adopt(f), AL_EIO);
	assert_true(has(f, "person A") && has(f, "person B"));
	assert_int_equal(put(f, "person C", "three"), AL_OK);
	assert_int_equal(save(f, f->copy), AL_OK);
	assert_int_equal(adopt(f), AL_OK);
	assert_true(has(f, "person B") && has(f, "person C"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(there_and_back), TEST(nowhere), TEST(not_by_halves), TEST(of_another_version), TEST(not_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
