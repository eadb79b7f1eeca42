/* SPDX-License-Identifier: MIT */
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
#define TABLE_CONTROL                                       \
	"CREATE TABLE control ("                            \
	" hash BLOB PRIMARY KEY CHECK (length(hash) = 32)," \
	" until INTEGER NOT NULL"                           \
	") STRICT, WITHOUT ROWID;"

const char sqlite_side_schema[] = TABLE_SIDE TABLE_CONTROL;
const char sqlite_side_drop[] = "DROP TABLE side;";

enum statement { PUT, REMOVE, GET, ONCE_FIND, ONCE_EXPIRE, ONCE_SIZE, ONCE_ADD, STATEMENT_COUNT };

static const char *const statements[STATEMENT_COUNT] = {
	[PUT] = "INSERT OR REPLACE INTO side (object, hash, idx, text) VALUES (?1, ?2, ?3, ?4)",
	[REMOVE] = "DELETE FROM side WHERE object = ?1",
	[GET] = "SELECT hash, text FROM side WHERE object = ?1",
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

/* ---- contact texts ---- */

static enum al_err side_put(struct engine *engine, const struct ledger_attachment *side, uint64_t index)
{
	struct sqlite_engine *db = sqlite_of(engine);
	sqlite_bind_text(db->side[PUT], 1, side->object);
	sqlite_bind_hash(db->side[PUT], 2, side->hash);
	sqlite_bind_u64(db->side[PUT], 3, index);
	sqlite_bind_blob(db->side[PUT], 4, side->text);
	return sqlite_run(db, db->side[PUT]);
}

static enum al_err side_remove(struct engine *engine, struct al_slice object)
{
	struct sqlite_engine *db = sqlite_of(engine);
	sqlite_bind_text(db->side[REMOVE], 1, object);
	return sqlite_run_delete(db, db->side[REMOVE]);
}

static enum al_err side_get(struct engine *engine, struct al_slice object, uint8_t hash[static AL_HASH_LEN],
			    struct al_buf *text)
{
	struct sqlite_engine *db = sqlite_of(engine);
	enum al_err err;

	sqlite_bind_text(db->side[GET], 1, object);
	err = sqlite_row(db, db->side[GET]);
	if (err == AL_OK) {
		engine_hash(sqlite_column(db->side[GET], 0), hash);
		al_buf_slice(text, sqlite_column(db->side[GET], 1));
		err = text->err;
	}
	sqlite_done(db->side[GET]);
	return err;
}

/* ---- control requests ---- */

static enum al_err side_once(struct engine *engine, const struct ledger_once *once)
{
	struct sqlite_engine *db = sqlite_of(engine);
	enum al_err err;

	sqlite_bind_u64(db->side[ONCE_EXPIRE], 1, once->now);
	err = sqlite_run(db, db->side[ONCE_EXPIRE]);
	if (err != AL_OK)
		return err;
	sqlite_bind_hash(db->side[ONCE_FIND], 1, once->hash);
	err = sqlite_row(db, db->side[ONCE_FIND]);
	sqlite_done(db->side[ONCE_FIND]);
	if (err != AL_ENOTFOUND)
		return err == AL_OK ? AL_EEXIST : err;
	err = sqlite_row(db, db->side[ONCE_SIZE]);
	if (err == AL_OK && sqlite3_column_int64(db->side[ONCE_SIZE], 0) >= REMEMBERED_MAX)
		err = AL_EAGAIN;
	sqlite_done(db->side[ONCE_SIZE]);
	if (err != AL_OK)
		return err;
	sqlite_bind_hash(db->side[ONCE_ADD], 1, once->hash);
	sqlite_bind_u64(db->side[ONCE_ADD], 2, once->until);
	return sqlite_run(db, db->side[ONCE_ADD]);
}

/* ---- erasing for good ---- */

static enum al_err side_scrub(struct engine *engine)
{
	struct sqlite_engine *db = sqlite_of(engine);
	/* temp_store is memory. A DELETE without WHERE frees whole pages, which secure_delete fills with zeros. */
	static const char text[] = "CREATE TEMP TABLE side_kept AS SELECT * FROM side;"
				   "CREATE TEMP TABLE queue_kept AS SELECT * FROM queue;"
				   "CREATE TEMP TABLE queue_who_kept AS SELECT * FROM queue_who;"
				   "DELETE FROM side; DELETE FROM queue; DELETE FROM queue_who;"
				   "INSERT INTO side SELECT * FROM side_kept ORDER BY object;"
				   "INSERT INTO queue SELECT * FROM queue_kept ORDER BY id;"
				   "INSERT INTO queue_who SELECT * FROM queue_who_kept ORDER BY who, id;"
				   "DROP TABLE side_kept; DROP TABLE queue_kept; DROP TABLE queue_who_kept;";
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
	.once = side_once,
	.scrub = side_scrub,
	.purge = side_purge,
	.each = sqlite_side_each,
	.clear = sqlite_side_clear,
	.add = sqlite_side_add,
	.save = sqlite_side_save,
	.adopt = sqlite_side_adopt,
};
