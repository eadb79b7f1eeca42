/* SPDX-License-Identifier: MIT */
/*
 * engine_sqlite_queue.c -- what waits for the hostmaster, who sent it, and what
 * became of it.
 *
 * What has to go is marked in a temporary table first, by whatever it is chosen, and then leaves all tables at once.
 */
#include "engine_sqlite.h"

/* AUTOINCREMENT: a number is never given again, so an old refusal can not meet a new request. */
#define TABLE_QUEUE                                             \
	"CREATE TABLE queue ("                                  \
	" id INTEGER PRIMARY KEY AUTOINCREMENT,"                \
	" time INTEGER NOT NULL,"                               \
	" hash BLOB NOT NULL UNIQUE CHECK (length(hash) = 32)," \
	" label TEXT NOT NULL,"                                 \
	" text BLOB NOT NULL,"                                  \
	" same BLOB"                                            \
	") STRICT;"
#define TABLE_WHO                                      \
	"CREATE TABLE queue_who ("                     \
	" who TEXT NOT NULL,"                          \
	" id INTEGER NOT NULL,"                        \
	" bytes INTEGER NOT NULL,"                     \
	" PRIMARY KEY (who, id)"                       \
	") STRICT, WITHOUT ROWID;"                     \
	"CREATE INDEX queue_who_id ON queue_who (id);" \
	"CREATE INDEX queue_same ON queue (same);"
#define TABLE_DONE                                          \
	"CREATE TABLE queue_done ("                         \
	" hash BLOB PRIMARY KEY CHECK (length(hash) = 32)," \
	" time INTEGER NOT NULL,"                           \
	" reason TEXT NOT NULL"                             \
	") STRICT, WITHOUT ROWID;"

const char sqlite_queue_schema[] = TABLE_QUEUE TABLE_WHO TABLE_DONE;
const char sqlite_queue_migration[] = "ALTER TABLE queue ADD COLUMN same BLOB;" TABLE_WHO TABLE_DONE;

enum statement {
	FIND,
	SAME,
	SIZE,
	SHARE,
	ADD,
	ADD_WHO,
	GET,
	LIST,
	MARK_ID,
	MARK_HASH,
	MARK_OLD,
	MARK_WHO,
	MARK_FROM,
	MARKED,
	DONE,
	DROP,
	DROP_WHO,
	UNMARK,
	DONE_FIND,
	DONE_OLD,
	DONE_MANY,
	STATEMENT_COUNT
};

static const char *const statements[STATEMENT_COUNT] = {
	[FIND] = "SELECT id, time, label, hash FROM queue WHERE hash = ?1",
	[SAME] = "SELECT id, time, label, hash FROM queue WHERE same = ?1",
	[SIZE] = "SELECT count(*), coalesce(sum(length(text)), 0) FROM queue",
	[SHARE] = "SELECT count(*), coalesce(sum(bytes), 0) FROM queue_who WHERE who = ?1",
	[ADD] = "INSERT INTO queue (time, hash, label, text, same) VALUES (?1, ?2, ?3, ?4, ?5)",
	[ADD_WHO] = "INSERT OR IGNORE INTO queue_who (who, id, bytes) VALUES (?1, ?2, ?3)",
	[GET] = "SELECT id, time, label, hash, text FROM queue WHERE id = ?1",
	[LIST] = "SELECT id, time, label, hash FROM queue ORDER BY id LIMIT ?1",
	[MARK_ID] = "INSERT INTO doomed SELECT id FROM queue WHERE id = ?1",
	[MARK_HASH] = "INSERT INTO doomed SELECT id FROM queue WHERE hash = ?1",
	[MARK_OLD] = "INSERT INTO doomed SELECT id FROM queue WHERE time < ?1",
	[MARK_WHO] = "INSERT INTO doomed SELECT id FROM queue_who WHERE who = ?1",
	[MARK_FROM] = ("INSERT INTO doomed SELECT DISTINCT id FROM queue_who WHERE who IN "
		       "(SELECT who FROM queue_who WHERE id = ?1 AND who NOT LIKE 'network=%')"),
	[MARKED] = "SELECT count(*) FROM doomed",
	[DONE] = ("INSERT OR REPLACE INTO queue_done (hash, time, reason) "
		  "SELECT hash, ?1, ?2 FROM queue WHERE id IN doomed"),
	[DROP] = "DELETE FROM queue WHERE id IN doomed",
	[DROP_WHO] = "DELETE FROM queue_who WHERE id IN doomed",
	[UNMARK] = "DELETE FROM doomed",
	[DONE_FIND] = "SELECT time, reason FROM queue_done WHERE hash = ?1",
	[DONE_OLD] = "DELETE FROM queue_done WHERE time < ?1",
	[DONE_MANY] = ("DELETE FROM queue_done WHERE hash IN "
		       "(SELECT hash FROM queue_done ORDER BY time DESC LIMIT -1 OFFSET ?1)"),
};

_Static_assert(STATEMENT_COUNT <= SQLITE_STATEMENTS, "the engine has room for them");

enum al_err sqlite_queue_statements(struct sqlite_engine *db)
{
	static const char doomed[] = "CREATE TEMP TABLE doomed (id INTEGER PRIMARY KEY)";
	int rc = sqlite3_exec(db->sql, doomed, NULL, NULL, NULL);

	if (rc != SQLITE_OK)
		return sqlite_fail(db, doomed, rc);
	return sqlite_prepare(db, statements, STATEMENT_COUNT, db->queue);
}

static enum al_err run(struct sqlite_engine *db, enum statement which)
{
	return sqlite_run(db, db->queue[which]);
}

/* ---- looking ---- */

static void row_take(sqlite3_stmt *stmt, struct ledger_queued *out)
{
	engine_queued(out, (uint64_t)sqlite3_column_int64(stmt, 0), (uint64_t)sqlite3_column_int64(stmt, 1),
		      sqlite_column(stmt, 2), sqlite_column(stmt, 3));
}

static enum al_err queue_row(struct engine *engine, enum engine_by by, const uint8_t hash[static AL_HASH_LEN],
			     struct ledger_queued *row)
{
	struct sqlite_engine *db = sqlite_of(engine);
	sqlite3_stmt *find = db->queue[by == ENGINE_SAME ? SAME : FIND];
	enum al_err err;

	sqlite_bind_hash(find, 1, hash);
	err = sqlite_row(db, find);
	if (err == AL_OK)
		row_take(find, row);
	sqlite_done(find);
	return err;
}

static enum al_err queue_get(struct engine *engine, uint64_t id, struct ledger_queued *out, struct al_buf *text)
{
	struct sqlite_engine *db = sqlite_of(engine);
	enum al_err err;

	sqlite_bind_u64(db->queue[GET], 1, id);
	err = sqlite_row(db, db->queue[GET]);
	if (err == AL_OK) {
		row_take(db->queue[GET], out);
		al_buf_slice(text, sqlite_column(db->queue[GET], 4));
		err = text->err;
	}
	sqlite_done(db->queue[GET]);
	return err;
}

static enum al_err queue_sums(struct engine *engine, struct al_slice who, uint64_t *rows, uint64_t *bytes)
{
	struct sqlite_engine *db = sqlite_of(engine);
	sqlite3_stmt *sums = db->queue[who.len > 0 ? SHARE : SIZE];
	enum al_err err;

	if (who.len > 0)
		sqlite_bind_text(sums, 1, who);
	err = sqlite_row(db, sums);
	if (err == AL_OK) {
		*rows = (uint64_t)sqlite3_column_int64(sums, 0);
		*bytes = (uint64_t)sqlite3_column_int64(sums, 1);
	}
	sqlite_done(sums);
	return err;
}

static enum al_err queue_list(struct engine *engine, struct ledger_queued *rows, size_t cap, size_t *count)
{
	struct sqlite_engine *db = sqlite_of(engine);
	enum al_err err = AL_OK;

	*count = 0;
	sqlite_bind_u64(db->queue[LIST], 1, cap);
	while (*count < cap && (err = sqlite_row(db, db->queue[LIST])) == AL_OK)
		row_take(db->queue[LIST], &rows[(*count)++]);
	sqlite_done(db->queue[LIST]);
	return err == AL_ENOTFOUND ? AL_OK : err;
}

static enum al_err queue_refusal(struct engine *engine, const uint8_t hash[static AL_HASH_LEN], uint64_t *time,
				 char reason[static LEDGER_REASON_MAX])
{
	struct sqlite_engine *db = sqlite_of(engine);
	sqlite3_stmt *find = db->queue[DONE_FIND];
	enum al_err err;

	sqlite_bind_hash(find, 1, hash);
	err = sqlite_row(db, find);
	if (err == AL_OK) {
		*time = (uint64_t)sqlite3_column_int64(find, 0);
		err = al_slice_copy(al_slice_head(sqlite_column(find, 1), LEDGER_REASON_MAX - 1), reason,
				    LEDGER_REASON_MAX);
	}
	sqlite_done(find);
	return err;
}

/* ---- adding ---- */

static enum al_err queue_insert(struct engine *engine, const struct ledger_asking *asking, uint64_t *id)
{
	struct sqlite_engine *db = sqlite_of(engine);
	sqlite3_stmt *add = db->queue[ADD];
	enum al_err err;

	sqlite_bind_u64(add, 1, asking->time);
	sqlite_bind_hash(add, 2, asking->hash);
	sqlite_bind_text(add, 3, asking->label);
	sqlite_bind_blob(add, 4, asking->text);
	sqlite_bind_hash(add, 5, asking->same);
	err = run(db, ADD);
	*id = (uint64_t)sqlite3_last_insert_rowid(db->sql);
	return err;
}

static enum al_err queue_count(struct engine *engine, struct al_slice who, uint64_t id, uint64_t bytes)
{
	struct sqlite_engine *db = sqlite_of(engine);

	sqlite_bind_text(db->queue[ADD_WHO], 1, who);
	sqlite_bind_u64(db->queue[ADD_WHO], 2, id);
	sqlite_bind_u64(db->queue[ADD_WHO], 3, bytes);
	return run(db, ADD_WHO);
}

/* ---- taking away ---- */

/* What is marked goes; its hash stays with the refusal, when there is one. AL_ENOTFOUND: nothing is marked. */
static enum al_err doom(struct sqlite_engine *db, const struct engine_refusal *refusal, uint64_t *count)
{
	enum al_err err = sqlite_row(db, db->queue[MARKED]);

	*count = err == AL_OK ? (uint64_t)sqlite3_column_int64(db->queue[MARKED], 0) : 0;
	sqlite_done(db->queue[MARKED]);
	if (err != AL_OK || *count == 0)
		return err == AL_OK ? AL_ENOTFOUND : err;
	if (refusal != NULL) {
		sqlite_bind_u64(db->queue[DONE], 1, refusal->time);
		sqlite_bind_text(db->queue[DONE], 2, refusal->reason);
		err = run(db, DONE);
	}
	if (err == AL_OK)
		err = run(db, DROP);
	if (err == AL_OK)
		err = run(db, DROP_WHO);
	return err == AL_OK ? run(db, UNMARK) : err;
}

static enum al_err queue_remove(struct engine *engine, const struct engine_rows *which,
				const struct engine_refusal *refusal, uint64_t *count)
{
	static const enum statement marks[] = { [ENGINE_ID] = MARK_ID,
						[ENGINE_BEFORE] = MARK_OLD,
						[ENGINE_HASH] = MARK_HASH,
						[ENGINE_WHO] = MARK_WHO,
						[ENGINE_SENDER] = MARK_FROM };
	struct sqlite_engine *db = sqlite_of(engine);
	sqlite3_stmt *mark = db->queue[marks[which->by]];
	/* A statement that failed may have left marks, which are no part of a transaction that is rolled back. */
	enum al_err err = run(db, UNMARK);

	*count = 0;
	if (err != AL_OK)
		return err;
	if (which->by == ENGINE_HASH)
		sqlite_bind_hash(mark, 1, which->hash);
	else if (which->by == ENGINE_WHO)
		sqlite_bind_text(mark, 1, which->who);
	else
		sqlite_bind_u64(mark, 1, which->number);
	err = sqlite_run(db, mark);
	return err == AL_OK ? doom(db, refusal, count) : err;
}

static enum al_err queue_trim(struct engine *engine, uint64_t before, uint64_t most)
{
	struct sqlite_engine *db = sqlite_of(engine);
	enum al_err err;

	sqlite_bind_u64(db->queue[DONE_OLD], 1, before);
	err = run(db, DONE_OLD);
	sqlite_bind_u64(db->queue[DONE_MANY], 1, most);
	return err == AL_OK ? run(db, DONE_MANY) : err;
}

const struct engine_queue_ops sqlite_queue_ops = {
	.row = queue_row,
	.get = queue_get,
	.list = queue_list,
	.sums = queue_sums,
	.insert = queue_insert,
	.count = queue_count,
	.remove = queue_remove,
	.refusal = queue_refusal,
	.trim = queue_trim,
};
