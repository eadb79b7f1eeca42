/* SPDX-License-Identifier: MIT */
/*
 * engine_sqlite_file.c -- the ledger file: opening, settings, tables.
 *
 * synchronous=EXTRA comes before journal_mode=WAL: else the removal of the
 * creation journal is not followed by a sync of its directory, and the journal
 * could come back after a power cut and undo everything. Only one connection
 * exists (SQLite before 3.51.3 can corrupt a WAL that two connections write),
 * so a lock file keeps a second registry away from the start.
 */
#include "engine_sqlite.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alamo/base/log.h"
#include "name_sync.h"

#define APPLICATION_ID 0x414c4d4f /* "ALMO" */
#define SCHEMA_VERSION 3
#define SCHEMA_VERSION_SQL "PRAGMA user_version = 3;"
#define SQLITE_SAFE_VERSION 3051003 /* fixes the WAL reset of two connections */
#define LOCK_SUFFIX ".lock"
#define CHECKPOINT_PAGES 1000

static const char schema[] = "BEGIN IMMEDIATE;"
			     "CREATE TABLE entry ("
			     " idx INTEGER PRIMARY KEY CHECK (idx >= 0),"
			     " leaf BLOB NOT NULL CHECK (length(leaf) = 32),"
			     " body BLOB NOT NULL CHECK (length(body) BETWEEN 1 AND 65535)"
			     ") STRICT;"
			     "CREATE TABLE checkpoint ("
			     " size INTEGER PRIMARY KEY CHECK (size > 0),"
			     " note TEXT NOT NULL"
			     ") STRICT;"
			     "PRAGMA application_id = 1095519567;" SCHEMA_VERSION_SQL;
_Static_assert(APPLICATION_ID == 1095519567 && SCHEMA_VERSION == 3, "the schema text has them as literals");

enum al_err sqlite_fail(struct sqlite_engine *db, const char *what, int rc)
{
	al_log(AL_LOG_ERROR, "ledger-sql", "what=%s code=%d reason=\"%s\"", what,
	       db->sql != NULL ? sqlite3_extended_errcode(db->sql) : rc,
	       db->sql != NULL ? sqlite3_errmsg(db->sql) : sqlite3_errstr(rc));
	switch (rc & 0xff) {
	case SQLITE_NOMEM:
		return AL_ENOMEM;
	case SQLITE_NOTADB:
		return AL_EUNSUPPORTED;
	case SQLITE_CORRUPT:
		return AL_EVERIFY;
	default:
		return AL_EIO;
	}
}

/* ---- opening ---- */

/* Who has it: for those who want to send a signal. */
static void pid_write(int fd)
{
	char text[32];
	int length = snprintf(text, sizeof(text), "%ld\n", (long)getpid());

	if (ftruncate(fd, 0) != 0 || pwrite(fd, text, (size_t)length, 0) != length)
		al_log(AL_LOG_WARN, "ledger-lock", "errno=%d", errno);
}

static enum al_err lock_take(struct sqlite_engine *db, const char *path)
{
	char name[PATH_MAX];
	struct al_buf text;
	enum al_err err;

	al_buf_init(&text, sizeof(name));
	al_buf_str(&text, path);
	al_buf_str(&text, LOCK_SUFFIX);
	err = text.err != AL_OK ? text.err : al_slice_copy(al_buf_view(&text), name, sizeof(name));
	al_buf_release(&text);
	if (err != AL_OK)
		return err;
	db->lock_fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
	if (db->lock_fd < 0) {
		al_log(AL_LOG_ERROR, "ledger-lock", "path=%s errno=%d", name, errno);
		return AL_ESYS;
	}
	if (flock(db->lock_fd, LOCK_EX | LOCK_NB) != 0) {
		al_log(AL_LOG_ERROR, "ledger-locked", "path=%s reason=\"another process has this ledger open\"", name);
		return errno == EWOULDBLOCK ? AL_EAGAIN : AL_ESYS;
	}
	pid_write(db->lock_fd);
	return AL_OK;
}

static enum al_err run_text(struct sqlite_engine *db, const char *text)
{
	int rc = sqlite3_exec(db->sql, text, NULL, NULL, NULL);

	return rc == SQLITE_OK ? AL_OK : sqlite_fail(db, text, rc);
}

enum al_err sqlite_ask(struct sqlite_engine *db, const char *query, int *number, const char *word)
{
	sqlite3_stmt *stmt = NULL;
	int rc = sqlite3_prepare_v2(db->sql, query, -1, &stmt, NULL);
	enum al_err err = AL_OK;

	if (rc == SQLITE_OK)
		rc = sqlite3_step(stmt);
	if (rc != SQLITE_ROW)
		err = sqlite_fail(db, query, rc);
	else if (number != NULL)
		*number = sqlite3_column_int(stmt, 0);
	else if (sqlite3_column_text(stmt, 0) == NULL || strcmp((const char *)sqlite3_column_text(stmt, 0), word) != 0)
		err = AL_EUNSUPPORTED;
	(void)sqlite3_finalize(stmt);
	return err;
}

static enum al_err settings(struct sqlite_engine *db)
{
	enum al_err err = run_text(db, "PRAGMA synchronous = EXTRA");

	if (err == AL_OK)
		err = sqlite_ask(db, "PRAGMA journal_mode = WAL", NULL, "wal");
	if (err == AL_OK)
		err = run_text(db, "PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON;"
				   "PRAGMA busy_timeout = 2000; PRAGMA mmap_size = 0;"
				   "PRAGMA secure_delete = ON; PRAGMA temp_store = MEMORY;");
	return err;
}

static enum al_err version_check(struct sqlite_engine *db, const char *path, int *version_out)
{
	int application = 0, version = 0;
	enum al_err err = sqlite_ask(db, "PRAGMA application_id", &application, NULL);

	if (err == AL_OK)
		err = sqlite_ask(db, "PRAGMA user_version", &version, NULL);
	if (err != AL_OK)
		return err;
	if (application != APPLICATION_ID || version < 1) {
		al_log(AL_LOG_ERROR, "ledger-open", "path=%s reason=\"not a ledger\"", path);
		return AL_EUNSUPPORTED;
	}
	if (version > SCHEMA_VERSION) {
		al_log(AL_LOG_ERROR, "ledger-open", "path=%s version=%d known=%d", path, version, SCHEMA_VERSION);
		return AL_EUNSUPPORTED;
	}
	*version_out = version;
	return AL_OK;
}

static enum al_err tables_make(struct sqlite_engine *db)
{
	enum al_err err = run_text(db, schema);

	if (err == AL_OK)
		err = run_text(db, sqlite_side_schema);
	if (err == AL_OK)
		err = run_text(db, sqlite_queue_schema);
	return err == AL_OK ? run_text(db, "COMMIT") : err;
}

static enum al_err directory_sync(const char *path)
{
	enum al_err err = name_sync(path);

	if (err != AL_OK)
		al_log(AL_LOG_ERROR, "ledger-directory", "path=%s errno=%d", path, errno);
	return err;
}

/* The way back: all of the older file beside the new one, PATH.vN, complete on the disk before anything is changed. */
static enum al_err old_keep(struct sqlite_engine *db, const char *path, int version)
{
	char kept[PATH_MAX], aside[PATH_MAX];
	char *text;
	enum al_err err;
	int fd;

	if (snprintf(kept, sizeof(kept), "%s.v%d", path, version) >= (int)sizeof(kept) ||
	    snprintf(aside, sizeof(aside), "%s.new", kept) >= (int)sizeof(aside))
		return AL_ELIMIT;
	(void)unlink(aside); /* of a start that was cut off */
	text = sqlite3_mprintf("VACUUM INTO %Q", aside);
	err = text != NULL ? run_text(db, text) : AL_ENOMEM;
	sqlite3_free(text);
	fd = err == AL_OK ? open(aside, O_RDONLY | O_CLOEXEC) : -1;
	if (err == AL_OK && (fd < 0 || fchmod(fd, 0600) != 0 || fsync(fd) != 0 || rename(aside, kept) != 0))
		err = AL_EIO;
	if (fd >= 0)
		(void)close(fd);
	if (err == AL_OK)
		err = directory_sync(path);
	if (err != AL_OK)
		al_log(AL_LOG_ERROR, "ledger-keep", "path=%s errno=%d reason=\"not migrated without a copy\"", kept,
		       errno);
	return err;
}

/* A file of an older version: `entry` and `checkpoint` stay as they are. */
static enum al_err tables_migrate(struct sqlite_engine *db, const char *path, int version)
{
	enum al_err err = old_keep(db, path, version);

	if (err == AL_OK)
		err = run_text(db, "BEGIN IMMEDIATE");

	if (err == AL_OK && version < 2)
		err = run_text(db, sqlite_side_drop);
	if (err == AL_OK && version < 2)
		err = run_text(db, sqlite_side_schema);
	if (err == AL_OK)
		err = run_text(db, version < 2 ? sqlite_queue_schema : sqlite_queue_migration);
	if (err == AL_OK)
		err = run_text(db, SCHEMA_VERSION_SQL "COMMIT");
	if (err == AL_OK)
		al_log(AL_LOG_INFO, "ledger-migrated", "from=%d version=%d kept=%s.v%d", version, SCHEMA_VERSION, path,
		       version);
	return err;
}

/*
 * After a commit. SQLite's own automatic checkpoint keeps to itself that a sync
 * failed, after which the next sync may succeed without having written.
 */
static int on_commit(void *arg, sqlite3 *sql, const char *name, int pages)
{
	struct sqlite_engine *db = arg;
	int rc = SQLITE_OK;

	if (pages >= db->checkpoint_pages)
		rc = sqlite3_wal_checkpoint_v2(sql, name, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
	if (rc != SQLITE_OK) {
		(void)sqlite_fail(db, "checkpoint", rc);
		db->settled = false;
	}
	return SQLITE_OK; /* the commit itself is done */
}

enum al_err sqlite_prepare(struct sqlite_engine *db, const char *const *texts, size_t count, sqlite3_stmt **out)
{
	for (size_t i = 0; i < count; i++) {
		int rc = sqlite3_prepare_v3(db->sql, texts[i], -1, SQLITE_PREPARE_PERSISTENT, &out[i], NULL);

		if (rc != SQLITE_OK)
			return sqlite_fail(db, texts[i], rc);
	}
	return AL_OK;
}

/* As SQLite sees it, to whom an empty file is none. */
static bool file_exists(const char *path)
{
	sqlite3_vfs *vfs = sqlite3_vfs_find(NULL);
	int found = 0;

	return vfs->xAccess(vfs, path, SQLITE_ACCESS_EXISTS, &found) == SQLITE_OK && found != 0;
}

/*
 * What a creation that failed has left may be taken: a file without any table,
 * or a ledger without any entry, whose tables are there (*made).
 */
static enum al_err vacancy_check(struct sqlite_engine *db, bool *made)
{
	int version = 0, application = 0, used = 0;
	enum al_err err = sqlite_ask(db, "PRAGMA schema_version", &version, NULL);

	if (err == AL_OK && version != 0)
		err = sqlite_ask(db, "PRAGMA application_id", &application, NULL);
	if (err == AL_OK && version != 0 && application == APPLICATION_ID)
		err = sqlite_ask(db, "SELECT EXISTS (SELECT 1 FROM entry)", &used, NULL);
	if (err == AL_EIO || err == AL_ENOMEM)
		return err;
	*made = version != 0;
	return err == AL_OK && (version == 0 || (application == APPLICATION_ID && used == 0)) ? AL_OK : AL_EEXIST;
}

/* Contact texts and who waits are in them: nobody but the owner's group reads them, whoever made them, and when. */
static void files_close(const char *path)
{
	static const char *const suffixes[] = { "", "-wal", "-shm", LOCK_SUFFIX };
	char name[PATH_MAX];
	struct stat st;

	for (size_t i = 0; i < AL_COUNT(suffixes); i++) {
		if (snprintf(name, sizeof(name), "%s%s", path, suffixes[i]) >= (int)sizeof(name) ||
		    stat(name, &st) != 0)
			continue;
		if ((st.st_mode & 0137) != 0 && chmod(name, st.st_mode & 0640) != 0)
			al_log(AL_LOG_WARN, "ledger-mode", "path=%s errno=%d", name, errno);
	}
}

static enum al_err file_open(struct sqlite_engine *db, const char *path, bool create)
{
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | (create ? SQLITE_OPEN_CREATE : 0);
	bool exists = file_exists(path);
	int distrust = 0; /* a disk may damage all of a sector of which a part is written: commits begin a new one */
	int version = SCHEMA_VERSION;
	bool made = !create;
	enum al_err err = AL_OK;
	int rc;

	if (!create && !exists)
		return AL_ENOTFOUND;
	rc = sqlite3_open_v2(path, &db->sql, flags, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_file_control(db->sql, "main", SQLITE_FCNTL_POWERSAFE_OVERWRITE, &distrust);
	if (rc != SQLITE_OK)
		return sqlite_fail(db, "open", rc);
	/* A stranger's file is left as it is: looked at before any setting is written to it. */
	if (create && exists)
		err = vacancy_check(db, &made);
	if (err == AL_OK && made)
		err = version_check(db, path, &version);
	if (err == AL_OK)
		err = settings(db);
	(void)sqlite3_wal_hook(db->sql, on_commit, db);
	if (err == AL_OK && !made)
		err = tables_make(db);
	if (err == AL_OK && create)
		err = directory_sync(path);
	if (err == AL_OK && version < SCHEMA_VERSION)
		err = tables_migrate(db, path, version);
	files_close(path);
	if (err == AL_OK)
		err = sqlite_statements(db);
	if (err == AL_OK)
		err = sqlite_side_statements(db);
	return err == AL_OK ? sqlite_queue_statements(db) : err;
}

enum al_err engine_sqlite_open(const char *path, bool create, struct engine **out)
{
	struct sqlite_engine *db = calloc(1, sizeof(*db));
	enum al_err err;

	if (db == NULL)
		return AL_ENOMEM;
	db->face.ops = &sqlite_ops;
	db->lock_fd = -1;
	db->checkpoint_pages = CHECKPOINT_PAGES;
	err = lock_take(db, path);
	if (err == AL_OK)
		err = file_open(db, path, create);
	if (err != AL_OK) {
		sqlite_close(&db->face);
		return err;
	}
	if (sqlite3_libversion_number() < SQLITE_SAFE_VERSION)
		al_log(AL_LOG_INFO, "sqlite-version",
		       "version=%s reason=\"before 3.51.3 a second writing connection can corrupt the ledger: open it "
		       "with nothing else\"",
		       sqlite3_libversion());
	*out = &db->face;
	return AL_OK;
}

void sqlite_close(struct engine *engine)
{
	struct sqlite_engine *db = sqlite_of(engine);

	for (size_t i = 0; i < SQLITE_STATEMENTS; i++) {
		(void)sqlite3_finalize(db->stmt[i]);
		(void)sqlite3_finalize(db->side[i]);
		(void)sqlite3_finalize(db->queue[i]);
	}
	(void)sqlite3_close(db->sql);
	/* Last: nobody else may come in while SQLite still cleans up. */
	if (db->lock_fd >= 0)
		(void)close(db->lock_fd);
	free(db);
}

void engine_sqlite_remove(const char *path)
{
	static const char *const suffixes[] = { "", "-wal", "-shm", "-journal", LOCK_SUFFIX };
	char name[PATH_MAX];

	for (size_t i = 0; i < AL_COUNT(suffixes); i++)
		if (snprintf(name, sizeof(name), "%s%s", path, suffixes[i]) < (int)sizeof(name))
			(void)unlink(name);
}

void sqlite_discard(struct engine *engine)
{
	const char *path = sqlite3_db_filename(sqlite_of(engine)->sql, "main");
	char name[PATH_MAX];

	(void)snprintf(name, sizeof(name), "%s", path);
	sqlite_close(engine);
	engine_sqlite_remove(name);
}

void engine_sqlite_checkpoint_pages(struct engine *engine, int pages)
{
	sqlite_of(engine)->checkpoint_pages = pages;
}
