/*
 * ledger_side_db.c -- statements on the tables that may forget.
 *
 * PRAGMA secure_delete zeroes deleted cells and freed pages, but not what a
 * rebalanced page leaves in its free space. Hence the scrub: the few small
 * rows are lifted into memory, all pages of the tables are freed (and zeroed),
 * and the rows are written again.
 */
#include "ledger_side_db.h"

#include <sqlite3.h>
#include <stdlib.h>

#include "alamo/base/log.h"

#define REMEMBERED_MAX 100000 /* control requests of one day */

#define TABLE_SIDE                                       \
	"CREATE TABLE side ("                            \
	" object TEXT PRIMARY KEY,"                      \
	" hash BLOB NOT NULL CHECK (length(hash) = 32)," \
	" idx INTEGER NOT NULL,"                         \
	" text BLOB NOT NULL"                            \
	") STRICT, WITHOUT ROWID;"
/* AUTOINCREMENT: a number is never given again, so an old refusal can not meet a new request. */
#define TABLE_QUEUE                                             \
	"CREATE TABLE queue ("                                  \
	" id INTEGER PRIMARY KEY AUTOINCREMENT,"                \
	" time INTEGER NOT NULL,"                               \
	" hash BLOB NOT NULL UNIQUE CHECK (length(hash) = 32)," \
	" label TEXT NOT NULL,"                                 \
	" text BLOB NOT NULL"                                   \
	") STRICT;"
#define TABLE_CONTROL                                       \
	"CREATE TABLE control ("                            \
	" hash BLOB PRIMARY KEY CHECK (length(hash) = 32)," \
	" until INTEGER NOT NULL"                           \
	") STRICT, WITHOUT ROWID;"

const char side_db_schema[] = TABLE_SIDE TABLE_QUEUE TABLE_CONTROL;
const char side_db_migration[] = "DROP TABLE side;" TABLE_SIDE TABLE_QUEUE TABLE_CONTROL;

enum statement {
	PUT,
	REMOVE,
	GET,
	QUEUE_FIND,
	QUEUE_SIZE,
	QUEUE_ADD,
	QUEUE_GET,
	QUEUE_DROP,
	QUEUE_FORGET,
	QUEUE_LIST,
	ONCE_FIND,
	ONCE_EXPIRE,
	ONCE_SIZE,
	ONCE_ADD,
	STATEMENT_COUNT
};

static const char *const statements[STATEMENT_COUNT] = {
	[PUT] = "INSERT OR REPLACE INTO side (object, hash, idx, text) VALUES (?1, ?2, ?3, ?4)",
	[REMOVE] = "DELETE FROM side WHERE object = ?1",
	[GET] = "SELECT hash, text FROM side WHERE object = ?1",
	[QUEUE_FIND] = "SELECT id FROM queue WHERE hash = ?1",
	[QUEUE_SIZE] = "SELECT count(*), coalesce(sum(length(text)), 0) FROM queue",
	[QUEUE_ADD] = "INSERT INTO queue (time, hash, label, text) VALUES (?1, ?2, ?3, ?4)",
	[QUEUE_GET] = "SELECT id, time, label, text FROM queue WHERE id = ?1",
	[QUEUE_DROP] = "DELETE FROM queue WHERE id = ?1",
	[QUEUE_FORGET] = "DELETE FROM queue WHERE hash = ?1",
	[QUEUE_LIST] = "SELECT id, time, label FROM queue ORDER BY id LIMIT ?1",
	[ONCE_FIND] = "SELECT until FROM control WHERE hash = ?1",
	[ONCE_EXPIRE] = "DELETE FROM control WHERE until < ?1",
	[ONCE_SIZE] = "SELECT count(*) FROM control",
	[ONCE_ADD] = "INSERT INTO control (hash, until) VALUES (?1, ?2)",
};

struct side_db {
	sqlite3 *sql;
	sqlite3_stmt *stmt[STATEMENT_COUNT];
};

static enum al_err fail(struct side_db *db, const char *what, int rc)
{
	al_log(AL_LOG_ERROR, "ledger-sql", "what=\"%s\" code=%d reason=\"%s\"", what, sqlite3_extended_errcode(db->sql),
	       sqlite3_errmsg(db->sql));
	return (rc & 0xff) == SQLITE_NOMEM ? AL_ENOMEM : AL_EIO;
}

enum al_err side_db_open(sqlite3 *sql, struct side_db **out)
{
	struct side_db *db = calloc(1, sizeof(*db));

	if (db == NULL)
		return AL_ENOMEM;
	db->sql = sql;
	for (int i = 0; i < STATEMENT_COUNT; i++) {
		int rc = sqlite3_prepare_v3(sql, statements[i], -1, SQLITE_PREPARE_PERSISTENT, &db->stmt[i], NULL);

		if (rc != SQLITE_OK) {
			enum al_err err = fail(db, statements[i], rc);

			side_db_close(db);
			return err;
		}
	}
	*out = db;
	return AL_OK;
}

void side_db_close(struct side_db *db)
{
	if (db == NULL)
		return;
	for (int i = 0; i < STATEMENT_COUNT; i++)
		(void)sqlite3_finalize(db->stmt[i]);
	free(db);
}

/* ---- one statement ---- */

/* Nothing is copied: the bytes outlive the step. */
static void bind_text(struct side_db *db, enum statement which, int at, struct al_slice text)
{
	(void)sqlite3_bind_text64(db->stmt[which], at, text.len > 0 ? text.ptr : "", text.len, SQLITE_STATIC,
				  SQLITE_UTF8);
}

static void bind_blob(struct side_db *db, enum statement which, int at, struct al_slice bytes)
{
	(void)sqlite3_bind_blob64(db->stmt[which], at, bytes.len > 0 ? bytes.ptr : "", bytes.len, SQLITE_STATIC);
}

static void bind_hash(struct side_db *db, enum statement which, int at, const uint8_t hash[static AL_HASH_LEN])
{
	bind_blob(db, which, at, al_slice_of(hash, AL_HASH_LEN));
}

static void bind_u64(struct side_db *db, enum statement which, int at, uint64_t value)
{
	(void)sqlite3_bind_int64(db->stmt[which], at, value <= INT64_MAX ? (sqlite3_int64)value : INT64_MAX);
}

static void done_with(struct side_db *db, enum statement which)
{
	(void)sqlite3_reset(db->stmt[which]);
	(void)sqlite3_clear_bindings(db->stmt[which]);
}

/* A statement without rows. What could not be bound is NULL, which every column refuses. */
static enum al_err run(struct side_db *db, enum statement which)
{
	int rc = sqlite3_step(db->stmt[which]);
	enum al_err err = rc == SQLITE_DONE ? AL_OK : fail(db, statements[which], rc);

	done_with(db, which);
	return err;
}

/* A deletion: AL_ENOTFOUND when there was nothing to delete. */
static enum al_err run_delete(struct side_db *db, enum statement which)
{
	enum al_err err = run(db, which);

	return err == AL_OK && sqlite3_changes(db->sql) == 0 ? AL_ENOTFOUND : err;
}

/* One row or AL_ENOTFOUND; the statement stays at it until done_with(). */
static enum al_err row(struct side_db *db, enum statement which)
{
	int rc = sqlite3_step(db->stmt[which]);

	if (rc == SQLITE_ROW)
		return AL_OK;
	return rc == SQLITE_DONE ? AL_ENOTFOUND : fail(db, statements[which], rc);
}

static struct al_slice column(sqlite3_stmt *stmt, int at)
{
	const void *bytes = sqlite3_column_blob(stmt, at);

	return al_slice_of(bytes, bytes != NULL ? (size_t)sqlite3_column_bytes(stmt, at) : 0);
}

/* ---- contact texts ---- */

enum al_err side_db_put(struct side_db *db, const struct ledger_attachment *side, uint64_t index)
{
	bind_text(db, PUT, 1, side->object);
	bind_hash(db, PUT, 2, side->hash);
	bind_u64(db, PUT, 3, index);
	bind_blob(db, PUT, 4, side->text);
	return run(db, PUT);
}

enum al_err side_db_remove(struct side_db *db, struct al_slice object)
{
	bind_text(db, REMOVE, 1, object);
	return run_delete(db, REMOVE);
}

enum al_err side_db_get(struct side_db *db, struct al_slice object, uint8_t hash[static AL_HASH_LEN],
			struct al_buf *text)
{
	enum al_err err;

	bind_text(db, GET, 1, object);
	err = row(db, GET);
	if (err == AL_OK) {
		struct al_slice stored = column(db->stmt[GET], 0);

		for (size_t i = 0; i < AL_HASH_LEN && i < stored.len; i++)
			hash[i] = (uint8_t)stored.ptr[i];
		al_buf_slice(text, column(db->stmt[GET], 1));
		err = text->err;
	}
	done_with(db, GET);
	return err;
}

/* ---- the queue ---- */

static enum al_err queue_room(struct side_db *db, size_t bytes)
{
	enum al_err err = row(db, QUEUE_SIZE);

	if (err == AL_OK && (sqlite3_column_int64(db->stmt[QUEUE_SIZE], 0) >= LEDGER_QUEUE_ROWS ||
			     (uint64_t)sqlite3_column_int64(db->stmt[QUEUE_SIZE], 1) + bytes > LEDGER_QUEUE_BYTES))
		err = AL_ELIMIT;
	done_with(db, QUEUE_SIZE);
	return err;
}

enum al_err side_db_queue_add(struct side_db *db, uint64_t time, const uint8_t hash[static AL_HASH_LEN],
			      struct al_slice label, struct al_slice text, uint64_t *id)
{
	enum al_err err;

	bind_hash(db, QUEUE_FIND, 1, hash);
	err = row(db, QUEUE_FIND);
	if (err == AL_OK)
		*id = (uint64_t)sqlite3_column_int64(db->stmt[QUEUE_FIND], 0);
	done_with(db, QUEUE_FIND);
	if (err != AL_ENOTFOUND)
		return err;
	err = queue_room(db, text.len);
	if (err != AL_OK)
		return err;
	bind_u64(db, QUEUE_ADD, 1, time);
	bind_hash(db, QUEUE_ADD, 2, hash);
	bind_text(db, QUEUE_ADD, 3, label);
	bind_blob(db, QUEUE_ADD, 4, text);
	err = run(db, QUEUE_ADD);
	if (err == AL_OK)
		*id = (uint64_t)sqlite3_last_insert_rowid(db->sql);
	return err;
}

static void row_take(sqlite3_stmt *stmt, struct ledger_queued *out)
{
	struct al_slice label = al_slice_head(column(stmt, 2), LEDGER_LABEL_MAX - 1);

	*out = (struct ledger_queued){ .id = (uint64_t)sqlite3_column_int64(stmt, 0),
				       .time = (uint64_t)sqlite3_column_int64(stmt, 1) };
	if (al_slice_copy(label, out->label, sizeof(out->label)) != AL_OK)
		out->label[0] = '\0';
}

enum al_err side_db_queue_get(struct side_db *db, uint64_t id, struct ledger_queued *out, struct al_buf *text)
{
	enum al_err err;

	bind_u64(db, QUEUE_GET, 1, id);
	err = row(db, QUEUE_GET);
	if (err == AL_OK) {
		row_take(db->stmt[QUEUE_GET], out);
		al_buf_slice(text, column(db->stmt[QUEUE_GET], 3));
		err = text->err;
	}
	done_with(db, QUEUE_GET);
	return err;
}

enum al_err side_db_queue_drop(struct side_db *db, uint64_t id)
{
	bind_u64(db, QUEUE_DROP, 1, id);
	return run_delete(db, QUEUE_DROP);
}

enum al_err side_db_queue_forget(struct side_db *db, const uint8_t hash[static AL_HASH_LEN])
{
	bind_hash(db, QUEUE_FORGET, 1, hash);
	return run(db, QUEUE_FORGET);
}

enum al_err side_db_queue_list(struct side_db *db, struct ledger_queued *rows, size_t cap, size_t *count,
			       uint64_t *total)
{
	enum al_err err = row(db, QUEUE_SIZE);

	*count = 0;
	if (err == AL_OK)
		*total = (uint64_t)sqlite3_column_int64(db->stmt[QUEUE_SIZE], 0);
	done_with(db, QUEUE_SIZE);
	if (err != AL_OK)
		return err;
	bind_u64(db, QUEUE_LIST, 1, cap);
	while (*count < cap && (err = row(db, QUEUE_LIST)) == AL_OK)
		row_take(db->stmt[QUEUE_LIST], &rows[(*count)++]);
	done_with(db, QUEUE_LIST);
	return err == AL_ENOTFOUND ? AL_OK : err;
}

/* ---- control requests ---- */

enum al_err side_db_once(struct side_db *db, const struct ledger_once *once)
{
	enum al_err err;

	bind_u64(db, ONCE_EXPIRE, 1, once->now);
	err = run(db, ONCE_EXPIRE);
	if (err != AL_OK)
		return err;
	bind_hash(db, ONCE_FIND, 1, once->hash);
	err = row(db, ONCE_FIND);
	done_with(db, ONCE_FIND);
	if (err != AL_ENOTFOUND)
		return err == AL_OK ? AL_EEXIST : err;
	err = row(db, ONCE_SIZE);
	if (err == AL_OK && sqlite3_column_int64(db->stmt[ONCE_SIZE], 0) >= REMEMBERED_MAX)
		err = AL_EAGAIN;
	done_with(db, ONCE_SIZE);
	if (err != AL_OK)
		return err;
	bind_hash(db, ONCE_ADD, 1, once->hash);
	bind_u64(db, ONCE_ADD, 2, once->until);
	return run(db, ONCE_ADD);
}

/* ---- erasing for good ---- */

enum al_err side_db_scrub(struct side_db *db)
{
	/* temp_store is memory. A DELETE without WHERE frees whole pages, which secure_delete fills with zeros. */
	static const char text[] = "CREATE TEMP TABLE side_kept AS SELECT * FROM side;"
				   "CREATE TEMP TABLE queue_kept AS SELECT * FROM queue;"
				   "DELETE FROM side; DELETE FROM queue;"
				   "INSERT INTO side SELECT * FROM side_kept ORDER BY object;"
				   "INSERT INTO queue SELECT * FROM queue_kept ORDER BY id;"
				   "DROP TABLE side_kept; DROP TABLE queue_kept;";
	int rc = sqlite3_exec(db->sql, text, NULL, NULL, NULL);

	return rc == SQLITE_OK ? AL_OK : fail(db, "scrub", rc);
}

enum al_err side_db_truncate(struct side_db *db)
{
	int left = -1, rc = sqlite3_wal_checkpoint_v2(db->sql, "main", SQLITE_CHECKPOINT_TRUNCATE, &left, NULL);

	return rc == SQLITE_OK && left <= 0 ? AL_OK : fail(db, "wal_checkpoint", rc);
}
