/*
 * ledger_db.c -- the ledger file: opening, settings, statements.
 *
 * synchronous=EXTRA comes before journal_mode=WAL: else the removal of the
 * creation journal is not followed by a sync of its directory, and the journal
 * could come back after a power cut and undo everything. Only one connection
 * exists (SQLite before 3.51.3 can corrupt a WAL that two connections write),
 * so a lock file keeps a second registry away from the start.
 */
#include "ledger_db.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "alamo/base/log.h"
#include "ledger_side_db.h"

#define APPLICATION_ID 0x414c4d4f /* "ALMO" */
#define SCHEMA_VERSION 2
#define SCHEMA_VERSION_SQL "PRAGMA user_version = 2;"
#define SQLITE_SAFE_VERSION 3051003 /* fixes the WAL reset of two connections */
#define LOCK_SUFFIX ".lock"
#define CHECKPOINT_PAGES 1000

enum statement {
	BEGIN,
	COMMIT,
	ROLLBACK,
	ADD_ENTRY,
	ADD_CHECKPOINT,
	ENTRIES,
	NOTES,
	NOTE,
	FIRST_NOTE,
	LAST_NOTE,
	STATEMENT_COUNT
};

static const char *const statements[STATEMENT_COUNT] = {
	[BEGIN] = "BEGIN IMMEDIATE",
	[COMMIT] = "COMMIT",
	[ROLLBACK] = "ROLLBACK",
	[ADD_ENTRY] = "INSERT INTO entry (idx, leaf, body) VALUES (?1, ?2, ?3)",
	[ADD_CHECKPOINT] = "INSERT INTO checkpoint (size, note) VALUES (?1, ?2)",
	[ENTRIES] = "SELECT idx, leaf, body FROM entry WHERE idx >= ?1 ORDER BY idx",
	[NOTES] = "SELECT size, note FROM checkpoint ORDER BY size DESC",
	[NOTE] = "SELECT size, note FROM checkpoint WHERE size = ?1",
	[FIRST_NOTE] = "SELECT size FROM checkpoint WHERE size BETWEEN ?1 AND ?2 ORDER BY size LIMIT 1",
	[LAST_NOTE] = "SELECT size FROM checkpoint WHERE size BETWEEN ?1 AND ?2 ORDER BY size DESC LIMIT 1",
};

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
_Static_assert(APPLICATION_ID == 1095519567 && SCHEMA_VERSION == 2, "the schema text has them as literals");

struct ledger_db {
	sqlite3 *sql;
	sqlite3_stmt *stmt[STATEMENT_COUNT];
	struct side_db *side;
	bool settled;         /* what the WAL holds is known to be on the disk */
	int checkpoint_pages; /* of the WAL after which it is moved to the file */
	int lock_fd;
};

/* What went wrong, logged where it was seen. */
static enum al_err db_fail(struct ledger_db *db, const char *what, int rc)
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

static enum al_err lock_take(struct ledger_db *db, const char *path)
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
	return AL_OK;
}

static enum al_err run_text(struct ledger_db *db, const char *text)
{
	int rc = sqlite3_exec(db->sql, text, NULL, NULL, NULL);

	return rc == SQLITE_OK ? AL_OK : db_fail(db, text, rc);
}

/* First column of the first row as a number or, with `word`, as a word to compare with. */
static enum al_err ask(struct ledger_db *db, const char *query, int *number, const char *word)
{
	sqlite3_stmt *stmt = NULL;
	int rc = sqlite3_prepare_v2(db->sql, query, -1, &stmt, NULL);
	enum al_err err = AL_OK;

	if (rc == SQLITE_OK)
		rc = sqlite3_step(stmt);
	if (rc != SQLITE_ROW)
		err = db_fail(db, query, rc);
	else if (number != NULL)
		*number = sqlite3_column_int(stmt, 0);
	else if (sqlite3_column_text(stmt, 0) == NULL || strcmp((const char *)sqlite3_column_text(stmt, 0), word) != 0)
		err = AL_EUNSUPPORTED;
	(void)sqlite3_finalize(stmt);
	return err;
}

static enum al_err settings(struct ledger_db *db)
{
	enum al_err err = run_text(db, "PRAGMA synchronous = EXTRA");

	if (err == AL_OK)
		err = ask(db, "PRAGMA journal_mode = WAL", NULL, "wal");
	if (err == AL_OK)
		err = run_text(db, "PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON;"
				   "PRAGMA busy_timeout = 2000; PRAGMA mmap_size = 0;"
				   "PRAGMA secure_delete = ON; PRAGMA temp_store = MEMORY;");
	return err;
}

static enum al_err version_check(struct ledger_db *db, const char *path, int *version_out)
{
	int application = 0, version = 0;
	enum al_err err = ask(db, "PRAGMA application_id", &application, NULL);

	if (err == AL_OK)
		err = ask(db, "PRAGMA user_version", &version, NULL);
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

static enum al_err tables_make(struct ledger_db *db)
{
	enum al_err err = run_text(db, schema);

	if (err == AL_OK)
		err = run_text(db, side_db_schema);
	return err == AL_OK ? run_text(db, "COMMIT") : err;
}

/* A file of version 1: `entry` and `checkpoint` stay as they are. */
static enum al_err tables_migrate(struct ledger_db *db)
{
	enum al_err err = run_text(db, "BEGIN IMMEDIATE");

	if (err == AL_OK)
		err = run_text(db, side_db_migration);
	if (err == AL_OK)
		err = run_text(db, SCHEMA_VERSION_SQL "COMMIT");
	if (err == AL_OK)
		al_log(AL_LOG_INFO, "ledger-migrated", "version=%d", SCHEMA_VERSION);
	return err;
}

/*
 * After a commit. SQLite's own automatic checkpoint keeps to itself that a sync
 * failed, after which the next sync may succeed without having written.
 */
static int on_commit(void *arg, sqlite3 *sql, const char *name, int pages)
{
	struct ledger_db *db = arg;
	int rc = SQLITE_OK;

	if (pages >= db->checkpoint_pages)
		rc = sqlite3_wal_checkpoint_v2(sql, name, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
	if (rc != SQLITE_OK) {
		(void)db_fail(db, "checkpoint", rc);
		db->settled = false;
	}
	return SQLITE_OK; /* the commit itself is done */
}

/* The directory's entry for a new file is durable only after this. */
static enum al_err directory_sync(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *dir = slash == NULL ? strdup(".") : strndup(path, slash == path ? 1 : (size_t)(slash - path));
	int fd, rc;

	if (dir == NULL)
		return AL_ENOMEM;
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	rc = fd >= 0 ? fsync(fd) : -1;
	if (rc != 0)
		al_log(AL_LOG_ERROR, "ledger-directory", "path=%s errno=%d", dir, errno);
	if (fd >= 0)
		(void)close(fd);
	free(dir);
	return rc == 0 ? AL_OK : AL_EIO;
}

static enum al_err statements_prepare(struct ledger_db *db)
{
	for (int i = 0; i < STATEMENT_COUNT; i++) {
		int rc = sqlite3_prepare_v3(db->sql, statements[i], -1, SQLITE_PREPARE_PERSISTENT, &db->stmt[i], NULL);

		if (rc != SQLITE_OK)
			return db_fail(db, statements[i], rc);
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
static enum al_err vacancy_check(struct ledger_db *db, bool *made)
{
	int version = 0, application = 0, used = 0;
	enum al_err err = ask(db, "PRAGMA schema_version", &version, NULL);

	if (err == AL_OK && version != 0)
		err = ask(db, "PRAGMA application_id", &application, NULL);
	if (err == AL_OK && version != 0 && application == APPLICATION_ID)
		err = ask(db, "SELECT EXISTS (SELECT 1 FROM entry)", &used, NULL);
	if (err == AL_EIO || err == AL_ENOMEM)
		return err;
	*made = version != 0;
	return err == AL_OK && (version == 0 || (application == APPLICATION_ID && used == 0)) ? AL_OK : AL_EEXIST;
}

static enum al_err file_open(struct ledger_db *db, const char *path, bool create)
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
		return db_fail(db, "open", rc);
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
		err = tables_migrate(db);
	if (err == AL_OK)
		err = statements_prepare(db);
	return err == AL_OK ? side_db_open(db->sql, &db->side) : err;
}

enum al_err ledger_db_open(const char *path, bool create, struct ledger_db **out)
{
	struct ledger_db *db = calloc(1, sizeof(*db));
	enum al_err err;

	if (db == NULL)
		return AL_ENOMEM;
	db->lock_fd = -1;
	db->checkpoint_pages = CHECKPOINT_PAGES;
	err = lock_take(db, path);
	if (err == AL_OK)
		err = file_open(db, path, create);
	if (err != AL_OK) {
		ledger_db_close(db);
		return err;
	}
	if (sqlite3_libversion_number() < SQLITE_SAFE_VERSION)
		al_log(AL_LOG_WARN, "sqlite-version",
		       "version=%s reason=\"before 3.51.3 a second writing connection can corrupt the ledger: open it "
		       "with nothing else\"",
		       sqlite3_libversion());
	*out = db;
	return AL_OK;
}

void ledger_db_close(struct ledger_db *db)
{
	if (db == NULL)
		return;
	side_db_close(db->side);
	for (int i = 0; i < STATEMENT_COUNT; i++)
		(void)sqlite3_finalize(db->stmt[i]);
	(void)sqlite3_close(db->sql);
	/* Last: nobody else may come in while SQLite still cleans up. */
	if (db->lock_fd >= 0)
		(void)close(db->lock_fd);
	free(db);
}

enum al_err ledger_db_structure(struct ledger_db *db)
{
	enum al_err err = ask(db, "PRAGMA quick_check(1)", NULL, "ok");

	if (err != AL_EUNSUPPORTED)
		return err;
	al_log(AL_LOG_ERROR, "ledger-damaged", "what=structure");
	return AL_EVERIFY;
}

void ledger_db_checkpoint_pages(struct ledger_db *db, int pages)
{
	db->checkpoint_pages = pages;
}

enum al_err ledger_db_settle(struct ledger_db *db)
{
	int rc = sqlite3_wal_checkpoint_v2(db->sql, "main", SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);

	if (rc != SQLITE_OK)
		return db_fail(db, "settle", rc);
	db->settled = true;
	return AL_OK;
}

struct side_db *ledger_db_side(struct ledger_db *db)
{
	return db->side;
}

/* ---- writing ---- */

/* Run a bound statement that gives no rows. */
static enum al_err step_once(struct ledger_db *db, enum statement which)
{
	int rc = sqlite3_step(db->stmt[which]);
	enum al_err err = rc == SQLITE_DONE ? AL_OK : db_fail(db, statements[which], rc);

	(void)sqlite3_reset(db->stmt[which]);
	(void)sqlite3_clear_bindings(db->stmt[which]);
	return err;
}

static bool bind_u64(sqlite3_stmt *stmt, int at, uint64_t value)
{
	return value <= INT64_MAX && sqlite3_bind_int64(stmt, at, (sqlite3_int64)value) == SQLITE_OK;
}

enum al_err ledger_db_begin(struct ledger_db *db)
{
	enum al_err err = db->settled ? AL_OK : ledger_db_settle(db);

	return err == AL_OK ? step_once(db, BEGIN) : err;
}

enum al_err ledger_db_add_entry(struct ledger_db *db, uint64_t index, const struct al_hash *leaf, struct al_slice body)
{
	sqlite3_stmt *stmt = db->stmt[ADD_ENTRY];

	/* Not copied: the bytes outlive the step. */
	if (!bind_u64(stmt, 1, index) ||
	    sqlite3_bind_blob(stmt, 2, leaf->b, sizeof(leaf->b), SQLITE_STATIC) != SQLITE_OK ||
	    sqlite3_bind_blob64(stmt, 3, body.ptr, body.len, SQLITE_STATIC) != SQLITE_OK)
		return AL_EIO;
	return step_once(db, ADD_ENTRY);
}

enum al_err ledger_db_add_checkpoint(struct ledger_db *db, uint64_t size, struct al_slice note)
{
	sqlite3_stmt *stmt = db->stmt[ADD_CHECKPOINT];

	if (!bind_u64(stmt, 1, size) ||
	    sqlite3_bind_text64(stmt, 2, note.ptr, note.len, SQLITE_STATIC, SQLITE_UTF8) != SQLITE_OK)
		return AL_EIO;
	return step_once(db, ADD_CHECKPOINT);
}

enum al_err ledger_db_commit(struct ledger_db *db)
{
	return step_once(db, COMMIT);
}

void ledger_db_rollback(struct ledger_db *db)
{
	/* What a failed sync has not written, a later one does not either: not without a new WAL. */
	db->settled = false;
	/* Some failures have rolled back already. */
	if (sqlite3_get_autocommit(db->sql) == 0)
		(void)step_once(db, ROLLBACK);
	assert(sqlite3_get_autocommit(db->sql) != 0);
}

/* ---- reading ---- */

static struct al_slice column(sqlite3_stmt *stmt, int at)
{
	const void *bytes = sqlite3_column_blob(stmt, at);

	return al_slice_of(bytes, bytes != NULL ? (size_t)sqlite3_column_bytes(stmt, at) : 0);
}

static void done_with(struct ledger_db *db, enum statement which)
{
	(void)sqlite3_reset(db->stmt[which]);
	(void)sqlite3_clear_bindings(db->stmt[which]);
}

enum al_err ledger_db_each_entry(struct ledger_db *db, uint64_t from, ledger_db_entry_fn visit, void *arg)
{
	sqlite3_stmt *stmt = db->stmt[ENTRIES];
	enum al_err err = AL_OK;
	int rc;

	if (!bind_u64(stmt, 1, from))
		return AL_EIO;
	while (err == AL_OK && (rc = sqlite3_step(stmt)) != SQLITE_DONE)
		err = rc == SQLITE_ROW
			      ? visit(arg, (uint64_t)sqlite3_column_int64(stmt, 0), column(stmt, 1), column(stmt, 2))
			      : db_fail(db, statements[ENTRIES], rc);
	done_with(db, ENTRIES);
	return err;
}

enum al_err ledger_db_each_note(struct ledger_db *db, ledger_db_note_fn visit, void *arg)
{
	sqlite3_stmt *stmt = db->stmt[NOTES];
	enum al_err err = AL_OK;
	int rc;

	while (err == AL_OK && (rc = sqlite3_step(stmt)) != SQLITE_DONE)
		err = rc == SQLITE_ROW ? visit(arg, (uint64_t)sqlite3_column_int64(stmt, 0), column(stmt, 1))
				       : db_fail(db, statements[NOTES], rc);
	done_with(db, NOTES);
	return err;
}

/* One row or AL_ENOTFOUND; the statement stays at it until done_with(). */
static enum al_err step_row(struct ledger_db *db, enum statement which)
{
	int rc = sqlite3_step(db->stmt[which]);

	if (rc == SQLITE_ROW)
		return AL_OK;
	return rc == SQLITE_DONE ? AL_ENOTFOUND : db_fail(db, statements[which], rc);
}

enum al_err ledger_db_find_note(struct ledger_db *db, uint64_t least, uint64_t most, bool newest, uint64_t *size)
{
	enum statement which = newest ? LAST_NOTE : FIRST_NOTE;
	enum al_err err = AL_EIO;

	if (least > most)
		return AL_ENOTFOUND;
	if (bind_u64(db->stmt[which], 1, least) && bind_u64(db->stmt[which], 2, most))
		err = step_row(db, which);
	if (err == AL_OK)
		*size = (uint64_t)sqlite3_column_int64(db->stmt[which], 0);
	done_with(db, which);
	return err;
}

enum al_err ledger_db_note(struct ledger_db *db, uint64_t size, struct al_buf *note)
{
	enum al_err err = AL_EIO;

	if (bind_u64(db->stmt[NOTE], 1, size))
		err = step_row(db, NOTE);
	if (err == AL_OK) {
		al_buf_slice(note, column(db->stmt[NOTE], 1));
		err = note->err;
	}
	done_with(db, NOTE);
	return err;
}
