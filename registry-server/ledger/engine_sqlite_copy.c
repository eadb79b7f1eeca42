/* SPDX-License-Identifier: MIT */
/*
 * engine_sqlite_copy.c -- the tables that may forget, out into a file of their
 * own and back: what a backup needs beside the log.
 *
 * The copy is SQLite's file, too, with the same tables and the ledger's schema version.
 */
#include "engine_sqlite.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#include "alamo/base/log.h"

#define NEW_SUFFIX ".new"

static const char *const tables[] = { "side", "control", "queue", "queue_who", "queue_done" };

static enum al_err run(struct sqlite_engine *db, const char *text)
{
	int rc = sqlite3_exec(db->sql, text, NULL, NULL, NULL);

	return rc == SQLITE_OK ? AL_OK : sqlite_fail(db, text, rc);
}

/* `form` has a table's name in it twice. */
static enum al_err each_table(struct sqlite_engine *db, const char *form)
{
	enum al_err err = AL_OK;

	for (size_t i = 0; err == AL_OK && i < AL_COUNT(tables); i++) {
		char *text = sqlite3_mprintf(form, tables[i], tables[i]);

		err = text != NULL ? run(db, text) : AL_ENOMEM;
		sqlite3_free(text);
	}
	return err;
}

static enum al_err attach(struct sqlite_engine *db, const char *path)
{
	char *text = sqlite3_mprintf("ATTACH %Q AS copy", path);
	enum al_err err = text != NULL ? run(db, text) : AL_ENOMEM;

	sqlite3_free(text);
	return err;
}

/* In one transaction over both files. */
static enum al_err transfer(struct sqlite_engine *db, const char *first, const char *form)
{
	enum al_err err = run(db, "BEGIN");

	if (err == AL_OK && first != NULL)
		err = run(db, first);
	if (err == AL_OK)
		err = each_table(db, form);
	if (err == AL_OK)
		return run(db, "COMMIT");
	(void)sqlite3_exec(db->sql, "ROLLBACK", NULL, NULL, NULL);
	return err;
}

/* SQLite makes no attached file where it may not make the first one; an empty one is a database. */
static enum al_err empty_file(const char *path)
{
	int fd;

	(void)unlink(path);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0) {
		al_log(AL_LOG_ERROR, "side-copy", "path=%s errno=%d", path, errno);
		return AL_EIO;
	}
	(void)close(fd);
	return AL_OK;
}

static enum al_err versions(struct sqlite_engine *db, int *ours, int *copy)
{
	enum al_err err = sqlite_ask(db, "PRAGMA main.user_version", ours, NULL);

	return err == AL_OK ? sqlite_ask(db, "PRAGMA copy.user_version", copy, NULL) : err;
}

static enum al_err version_write(struct sqlite_engine *db)
{
	int ours, copy;
	char *text;
	enum al_err err = versions(db, &ours, &copy);

	if (err != AL_OK)
		return err;
	text = sqlite3_mprintf("PRAGMA copy.user_version = %d", ours);
	err = text != NULL ? run(db, text) : AL_ENOMEM;
	sqlite3_free(text);
	return err;
}

enum al_err sqlite_side_save(struct engine *engine, const char *path)
{
	struct sqlite_engine *db = sqlite_of(engine);
	char aside[PATH_MAX];
	enum al_err err;

	if (snprintf(aside, sizeof(aside), "%s" NEW_SUFFIX, path) >= (int)sizeof(aside))
		return AL_ELIMIT;
	err = empty_file(aside);
	if (err == AL_OK)
		err = attach(db, aside);
	if (err != AL_OK)
		return err;
	err = transfer(db, NULL, "CREATE TABLE copy.%s AS SELECT * FROM main.%s");
	if (err == AL_OK)
		err = version_write(db);
	if (run(db, "DETACH copy") != AL_OK && err == AL_OK)
		err = AL_EIO;
	if (err == AL_OK && rename(aside, path) != 0)
		err = AL_EIO;
	if (err != AL_OK)
		(void)unlink(aside);
	return err;
}

enum al_err sqlite_side_adopt(struct engine *engine, const char *path)
{
	struct sqlite_engine *db = sqlite_of(engine);
	int ours = 0, copy = 0;
	enum al_err err;

	if (access(path, R_OK) != 0)
		return AL_ENOTFOUND;
	err = attach(db, path);
	if (err != AL_OK)
		return err;
	err = versions(db, &ours, &copy);
	if (err == AL_OK && ours != copy) {
		al_log(AL_LOG_ERROR, "side-copy",
		       "path=%s version=%d reason=\"of version %d here: restore with the program that made it\"", path,
		       copy, ours);
		err = AL_EUNSUPPORTED;
	}
	if (err == AL_OK)
		err = transfer(db,
			       "DELETE FROM side; DELETE FROM control; DELETE FROM queue; DELETE FROM queue_who; "
			       "DELETE FROM queue_done",
			       "INSERT INTO main.%s SELECT * FROM copy.%s");
	if (run(db, "DETACH copy") != AL_OK && err == AL_OK)
		err = AL_EIO;
	return err;
}
