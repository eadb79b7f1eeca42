/*
 * engine_sqlite_side.c -- statements on the tables that may forget.
 *
 * PRAGMA secure_delete zeroes deleted cells and freed pages, but not what a
 * rebalanced page leaves in its free space. Hence the scrub: the few small
 * rows are lifted into memory, all pages of the tables are freed (and zeroed),
 * and the rows are written again.
 */
#include "engine_sqlite.h"

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

const char sqlite_side_schema[] = TABLE_SIDE TABLE_QUEUE TABLE_CONTROL;
const char sqlite_side_migration[] = "DROP TABLE side;" TABLE_SIDE TABLE_QUEUE TABLE_CONTROL;

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

_Static_assert(STATEMENT_COUNT <= SQLITE_STATEMENTS, "the engine has room for them");

enum al_err sqlite_side_statements(struct sqlite_engine *db)
{
	return sqlite_prepare(db, statements, STATEMENT_COUNT, db->side);
}

/* ---- one statement ---- */

/* Nothing is copied: the bytes outlive the step. */
static void bind_text(struct sqlite_engine *db, enum statement which, int at, struct al_slice text)
{
	(void)sqlite3_bind_text64(db->side[which], at, text.len > 0 ? text.ptr : "", text.len, SQLITE_STATIC,
				  SQLITE_UTF8);
}

static void bind_blob(struct sqlite_engine *db, enum statement which, int at, struct al_slice bytes)
{
	(void)sqlite3_bind_blob64(db->side[which], at, bytes.len > 0 ? bytes.ptr : "", bytes.len, SQLITE_STATIC);
}

static void bind_hash(struct sqlite_engine *db, enum statement which, int at, const uint8_t hash[static AL_HASH_LEN])
{
	bind_blob(db, which, at, al_slice_of(hash, AL_HASH_LEN));
}

static void bind_u64(struct sqlite_engine *db, enum statement which, int at, uint64_t value)
{
	(void)sqlite3_bind_int64(db->side[which], at, value <= INT64_MAX ? (sqlite3_int64)value : INT64_MAX);
}

/* A statement without rows. What could not be bound is NULL, which every column refuses. */
static enum al_err run(struct sqlite_engine *db, enum statement which)
{
	int rc = sqlite3_step(db->side[which]);
	enum al_err err = rc == SQLITE_DONE ? AL_OK : sqlite_fail(db, statements[which], rc);

	sqlite_done(db->side[which]);
	return err;
}

/* A deletion: AL_ENOTFOUND when there was nothing to delete. */
static enum al_err run_delete(struct sqlite_engine *db, enum statement which)
{
	enum al_err err = run(db, which);

	return err == AL_OK && sqlite3_changes(db->sql) == 0 ? AL_ENOTFOUND : err;
}

/* One row or AL_ENOTFOUND; the statement stays at it until done_with(). */
static enum al_err row(struct sqlite_engine *db, enum statement which)
{
	int rc = sqlite3_step(db->side[which]);

	if (rc == SQLITE_ROW)
		return AL_OK;
	return rc == SQLITE_DONE ? AL_ENOTFOUND : sqlite_fail(db, statements[which], rc);
}

/* ---- contact texts ---- */

static enum al_err side_put(struct engine *engine, const struct ledger_attachment *side, uint64_t index)
{
	struct sqlite_engine *db = sqlite_of(engine);
	bind_text(db, PUT, 1, side->object);
	bind_hash(db, PUT, 2, side->hash);
	bind_u64(db, PUT, 3, index);
	bind_blob(db, PUT, 4, side->text);
	return run(db, PUT);
}

static enum al_err side_remove(struct engine *engine, struct al_slice object)
{
	struct sqlite_engine *db = sqlite_of(engine);
	bind_text(db, REMOVE, 1, object);
	return run_delete(db, REMOVE);
}

static enum al_err side_get(struct engine *engine, struct al_slice object, uint8_t hash[static AL_HASH_LEN],
			    struct al_buf *text)
{
	struct sqlite_engine *db = sqlite_of(engine);
	enum al_err err;

	bind_text(db, GET, 1, object);
	err = row(db, GET);
	if (err == AL_OK) {
		struct al_slice stored = sqlite_column(db->side[GET], 0);

		for (size_t i = 0; i < AL_HASH_LEN && i < stored.len; i++)
			hash[i] = (uint8_t)stored.ptr[i];
		al_buf_slice(text, sqlite_column(db->side[GET], 1));
		err = text->err;
	}
	sqlite_done(db->side[GET]);
	return err;
}

/* ---- the queue ---- */

static enum al_err queue_room(struct sqlite_engine *db, size_t bytes)
{
	enum al_err err = row(db, QUEUE_SIZE);

	if (err == AL_OK && (sqlite3_column_int64(db->side[QUEUE_SIZE], 0) >= LEDGER_QUEUE_ROWS ||
			     (uint64_t)sqlite3_column_int64(db->side[QUEUE_SIZE], 1) + bytes > LEDGER_QUEUE_BYTES))
		err = AL_ELIMIT;
	sqlite_done(db->side[QUEUE_SIZE]);
	return err;
}

static enum al_err side_queue_add(struct engine *engine, uint64_t time, const uint8_t hash[static AL_HASH_LEN],
				  struct al_slice label, struct al_slice text, uint64_t *id)
{
	struct sqlite_engine *db = sqlite_of(engine);
	enum al_err err;

	bind_hash(db, QUEUE_FIND, 1, hash);
	err = row(db, QUEUE_FIND);
	if (err == AL_OK)
		*id = (uint64_t)sqlite3_column_int64(db->side[QUEUE_FIND], 0);
	sqlite_done(db->side[QUEUE_FIND]);
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
	struct al_slice label = al_slice_head(sqlite_column(stmt, 2), LEDGER_LABEL_MAX - 1);

	*out = (struct ledger_queued){ .id = (uint64_t)sqlite3_column_int64(stmt, 0),
				       .time = (uint64_t)sqlite3_column_int64(stmt, 1) };
	if (al_slice_copy(label, out->label, sizeof(out->label)) != AL_OK)
		out->label[0] = '\0';
}

static enum al_err side_queue_get(struct engine *engine, uint64_t id, struct ledger_queued *out, struct al_buf *text)
{
	struct sqlite_engine *db = sqlite_of(engine);
	enum al_err err;

	bind_u64(db, QUEUE_GET, 1, id);
	err = row(db, QUEUE_GET);
	if (err == AL_OK) {
		row_take(db->side[QUEUE_GET], out);
		al_buf_slice(text, sqlite_column(db->side[QUEUE_GET], 3));
		err = text->err;
	}
	sqlite_done(db->side[QUEUE_GET]);
	return err;
}

static enum al_err side_queue_drop(struct engine *engine, uint64_t id)
{
	struct sqlite_engine *db = sqlite_of(engine);
	bind_u64(db, QUEUE_DROP, 1, id);
	return run_delete(db, QUEUE_DROP);
}

static enum al_err side_queue_forget(struct engine *engine, const uint8_t hash[static AL_HASH_LEN])
{
	struct sqlite_engine *db = sqlite_of(engine);
	bind_hash(db, QUEUE_FORGET, 1, hash);
	return run(db, QUEUE_FORGET);
}

static enum al_err side_queue_list(struct engine *engine, struct ledger_queued *rows, size_t cap, size_t *count,
				   uint64_t *total)
{
	struct sqlite_engine *db = sqlite_of(engine);
	enum al_err err = row(db, QUEUE_SIZE);

	*count = 0;
	if (err == AL_OK)
		*total = (uint64_t)sqlite3_column_int64(db->side[QUEUE_SIZE], 0);
	sqlite_done(db->side[QUEUE_SIZE]);
	if (err != AL_OK)
		return err;
	bind_u64(db, QUEUE_LIST, 1, cap);
	while (*count < cap && (err = row(db, QUEUE_LIST)) == AL_OK)
		row_take(db->side[QUEUE_LIST], &rows[(*count)++]);
	sqlite_done(db->side[QUEUE_LIST]);
	return err == AL_ENOTFOUND ? AL_OK : err;
}

/* ---- control requests ---- */

static enum al_err side_once(struct engine *engine, const struct ledger_once *once)
{
	struct sqlite_engine *db = sqlite_of(engine);
	enum al_err err;

	bind_u64(db, ONCE_EXPIRE, 1, once->now);
	err = run(db, ONCE_EXPIRE);
	if (err != AL_OK)
		return err;
	bind_hash(db, ONCE_FIND, 1, once->hash);
	err = row(db, ONCE_FIND);
	sqlite_done(db->side[ONCE_FIND]);
	if (err != AL_ENOTFOUND)
		return err == AL_OK ? AL_EEXIST : err;
	err = row(db, ONCE_SIZE);
	if (err == AL_OK && sqlite3_column_int64(db->side[ONCE_SIZE], 0) >= REMEMBERED_MAX)
		err = AL_EAGAIN;
	sqlite_done(db->side[ONCE_SIZE]);
	if (err != AL_OK)
		return err;
	bind_hash(db, ONCE_ADD, 1, once->hash);
	bind_u64(db, ONCE_ADD, 2, once->until);
	return run(db, ONCE_ADD);
}

/* ---- erasing for good ---- */

static enum al_err side_scrub(struct engine *engine)
{
	struct sqlite_engine *db = sqlite_of(engine);
	/* temp_store is memory. A DELETE without WHERE frees whole pages, which secure_delete fills with zeros. */
	static const char text[] = "CREATE TEMP TABLE side_kept AS SELECT * FROM side;"
				   "CREATE TEMP TABLE queue_kept AS SELECT * FROM queue;"
				   "DELETE FROM side; DELETE FROM queue;"
				   "INSERT INTO side SELECT * FROM side_kept ORDER BY object;"
				   "INSERT INTO queue SELECT * FROM queue_kept ORDER BY id;"
				   "DROP TABLE side_kept; DROP TABLE queue_kept;";
	int rc = sqlite3_exec(db->sql, text, NULL, NULL, NULL);

	return rc == SQLITE_OK ? AL_OK : sqlite_fail(db, "scrub", rc);
}

static enum al_err side_purge(struct engine *engine)
{
	struct sqlite_engine *db = sqlite_of(engine);
	int left = -1, rc = sqlite3_wal_checkpoint_v2(db->sql, "main", SQLITE_CHECKPOINT_TRUNCATE, &left, NULL);

	return rc == SQLITE_OK && left <= 0 ? AL_OK : sqlite_fail(db, "wal_checkpoint", rc);
}

const struct engine_side_ops sqlite_side_ops = {
	.put = side_put,
	.remove = side_remove,
	.get = side_get,
	.queue_add = side_queue_add,
	.queue_get = side_queue_get,
	.queue_drop = side_queue_drop,
	.queue_forget = side_queue_forget,
	.queue_list = side_queue_list,
	.once = side_once,
	.scrub = side_scrub,
	.purge = side_purge,
};
