/* SPDX-License-Identifier: MIT */
/*
 * engine_sqlite.c -- entries and checkpoints: statements.
 */
#include "engine_sqlite.h"

#include <assert.h>

#include "alamo/base/log.h"

enum statement {
	BEGIN,
	COMMIT,
	ROLLBACK,
	ADD_ENTRY,
	SIZE,
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
	[SIZE] = "SELECT coalesce(max(idx) + 1, 0) FROM entry",
	[ADD_CHECKPOINT] = "INSERT INTO checkpoint (size, note) VALUES (?1, ?2)",
	[ENTRIES] = "SELECT idx, leaf, body FROM entry WHERE idx >= ?1 ORDER BY idx",
	[NOTES] = "SELECT size, note FROM checkpoint ORDER BY size DESC",
	[NOTE] = "SELECT size, note FROM checkpoint WHERE size = ?1",
	[FIRST_NOTE] = "SELECT size FROM checkpoint WHERE size BETWEEN ?1 AND ?2 ORDER BY size LIMIT 1",
	[LAST_NOTE] = "SELECT size FROM checkpoint WHERE size BETWEEN ?1 AND ?2 ORDER BY size DESC LIMIT 1",
};

_Static_assert(STATEMENT_COUNT <= SQLITE_STATEMENTS, "the engine has room for them");

struct sqlite_engine *sqlite_of(struct engine *engine)
{
	return (struct sqlite_engine *)engine;
}

enum al_err sqlite_statements(struct sqlite_engine *db)
{
	return sqlite_prepare(db, statements, STATEMENT_COUNT, db->stmt);
}

void sqlite_done(sqlite3_stmt *stmt)
{
	(void)sqlite3_reset(stmt);
	(void)sqlite3_clear_bindings(stmt);
}

/* Nothing is copied: the bytes outlive the step. What could not be bound is NULL, which every column refuses. */
void sqlite_bind_text(sqlite3_stmt *stmt, int at, struct al_slice text)
{
	(void)sqlite3_bind_text64(stmt, at, text.len > 0 ? text.ptr : "", text.len, SQLITE_STATIC, SQLITE_UTF8);
}

void sqlite_bind_blob(sqlite3_stmt *stmt, int at, struct al_slice bytes)
{
	(void)sqlite3_bind_blob64(stmt, at, bytes.len > 0 ? bytes.ptr : "", bytes.len, SQLITE_STATIC);
}

void sqlite_bind_hash(sqlite3_stmt *stmt, int at, const uint8_t hash[static AL_HASH_LEN])
{
	sqlite_bind_blob(stmt, at, al_slice_of(hash, AL_HASH_LEN));
}

void sqlite_bind_u64(sqlite3_stmt *stmt, int at, uint64_t value)
{
	(void)sqlite3_bind_int64(stmt, at, value <= INT64_MAX ? (sqlite3_int64)value : INT64_MAX);
}

enum al_err sqlite_run(struct sqlite_engine *db, sqlite3_stmt *stmt)
{
	int rc = sqlite3_step(stmt);
	enum al_err err = rc == SQLITE_DONE ? AL_OK : sqlite_fail(db, sqlite3_sql(stmt), rc);

	sqlite_done(stmt);
	return err;
}

enum al_err sqlite_run_delete(struct sqlite_engine *db, sqlite3_stmt *stmt)
{
	enum al_err err = sqlite_run(db, stmt);

	return err == AL_OK && sqlite3_changes(db->sql) == 0 ? AL_ENOTFOUND : err;
}

enum al_err sqlite_row(struct sqlite_engine *db, sqlite3_stmt *stmt)
{
	int rc = sqlite3_step(stmt);

	if (rc == SQLITE_ROW)
		return AL_OK;
	return rc == SQLITE_DONE ? AL_ENOTFOUND : sqlite_fail(db, sqlite3_sql(stmt), rc);
}

struct al_slice sqlite_column(sqlite3_stmt *stmt, int at)
{
	const void *bytes = sqlite3_column_blob(stmt, at);

	return al_slice_of(bytes, bytes != NULL ? (size_t)sqlite3_column_bytes(stmt, at) : 0);
}

/* Whoever has opened the file has locked it. */
static enum al_err sqlite_lead(struct engine *engine, uint64_t patience_ms)
{
	(void)engine;
	(void)patience_ms;
	return AL_OK;
}

static enum al_err sqlite_check(struct engine *engine)
{
	struct sqlite_engine *db = sqlite_of(engine);
	enum al_err err = sqlite_ask(db, "PRAGMA quick_check(1)", NULL, "ok");

	if (err != AL_EUNSUPPORTED)
		return err;
	al_log(AL_LOG_ERROR, "ledger-damaged", "what=structure");
	return AL_EVERIFY;
}

static enum al_err sqlite_settle(struct engine *engine)
{
	struct sqlite_engine *db = sqlite_of(engine);
	int rc = sqlite3_wal_checkpoint_v2(db->sql, "main", SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);

	if (rc != SQLITE_OK)
		return sqlite_fail(db, "settle", rc);
	db->settled = true;
	return AL_OK;
}

/* ---- writing ---- */

static enum al_err sqlite_size(struct engine *engine, uint64_t *size)
{
	struct sqlite_engine *db = sqlite_of(engine);
	enum al_err err = sqlite_row(db, db->stmt[SIZE]);

	if (err == AL_OK)
		*size = (uint64_t)sqlite3_column_int64(db->stmt[SIZE], 0);
	sqlite_done(db->stmt[SIZE]);
	return err;
}

static enum al_err sqlite_begin(struct engine *engine)
{
	struct sqlite_engine *db = sqlite_of(engine);
	enum al_err err = db->settled ? AL_OK : sqlite_settle(&db->face);

	if (err == AL_OK)
		err = sqlite_run(db, db->stmt[BEGIN]);
	return err == AL_OK ? sqlite_size(engine, &db->next) : err;
}

static enum al_err sqlite_append(struct engine *engine, uint64_t index, const struct al_hash *leaf,
				 struct al_slice body)
{
	struct sqlite_engine *db = sqlite_of(engine);
	sqlite3_stmt *stmt = db->stmt[ADD_ENTRY];
	enum al_err err;

	if (index != db->next)
		return AL_ESTALE;
	sqlite_bind_u64(stmt, 1, index);
	sqlite_bind_hash(stmt, 2, leaf->b);
	sqlite_bind_blob(stmt, 3, body);
	err = sqlite_run(db, stmt);
	if (err == AL_OK)
		db->next++;
	return err;
}

static enum al_err sqlite_add_note(struct engine *engine, uint64_t size, struct al_slice note)
{
	struct sqlite_engine *db = sqlite_of(engine);
	sqlite3_stmt *stmt = db->stmt[ADD_CHECKPOINT];

	if (size != db->next)
		return AL_ESTALE;
	sqlite_bind_u64(stmt, 1, size);
	sqlite_bind_text(stmt, 2, note);
	return sqlite_run(db, stmt);
}

static enum al_err sqlite_commit(struct engine *engine)
{
	struct sqlite_engine *db = sqlite_of(engine);
	return sqlite_run(db, db->stmt[COMMIT]);
}

static void sqlite_rollback(struct engine *engine)
{
	struct sqlite_engine *db = sqlite_of(engine);
	enum al_err err = AL_OK;
	/* What a failed sync has not written, a later one does not either: not without a new WAL. */
	db->settled = false;
	/* Some failures have rolled back already. */
	if (sqlite3_get_autocommit(db->sql) == 0)
		err = sqlite_run(db, db->stmt[ROLLBACK]);
	(void)err; /* logged; the transaction is gone all the same */
	assert(sqlite3_get_autocommit(db->sql) != 0);
}

/* ---- reading ---- */

static enum al_err sqlite_each_entry(struct engine *engine, uint64_t from, engine_entry_fn visit, void *arg)
{
	struct sqlite_engine *db = sqlite_of(engine);
	sqlite3_stmt *stmt = db->stmt[ENTRIES];
	enum al_err err = AL_OK;
	int rc;

	sqlite_bind_u64(stmt, 1, from);
	while (err == AL_OK && (rc = sqlite3_step(stmt)) != SQLITE_DONE)
		err = rc == SQLITE_ROW ? visit(arg, (uint64_t)sqlite3_column_int64(stmt, 0), sqlite_column(stmt, 1),
					       sqlite_column(stmt, 2))
				       : sqlite_fail(db, statements[ENTRIES], rc);
	sqlite_done(db->stmt[ENTRIES]);
	return err;
}

static enum al_err sqlite_each_note(struct engine *engine, engine_note_fn visit, void *arg)
{
	struct sqlite_engine *db = sqlite_of(engine);
	sqlite3_stmt *stmt = db->stmt[NOTES];
	enum al_err err = AL_OK;
	int rc;

	while (err == AL_OK && (rc = sqlite3_step(stmt)) != SQLITE_DONE)
		err = rc == SQLITE_ROW ? visit(arg, (uint64_t)sqlite3_column_int64(stmt, 0), sqlite_column(stmt, 1))
				       : sqlite_fail(db, statements[NOTES], rc);
	sqlite_done(db->stmt[NOTES]);
	return err;
}

static enum al_err sqlite_find_note(struct engine *engine, uint64_t least, uint64_t most, bool newest, uint64_t *size)
{
	struct sqlite_engine *db = sqlite_of(engine);
	sqlite3_stmt *stmt = db->stmt[newest ? LAST_NOTE : FIRST_NOTE];
	enum al_err err;

	sqlite_bind_u64(stmt, 1, least);
	sqlite_bind_u64(stmt, 2, most);
	err = sqlite_row(db, stmt);
	if (err == AL_OK)
		*size = (uint64_t)sqlite3_column_int64(stmt, 0);
	sqlite_done(stmt);
	return err;
}

static enum al_err sqlite_note(struct engine *engine, uint64_t size, struct al_buf *note)
{
	struct sqlite_engine *db = sqlite_of(engine);
	sqlite3_stmt *stmt = db->stmt[NOTE];
	enum al_err err;

	sqlite_bind_u64(stmt, 1, size);
	err = sqlite_row(db, stmt);
	if (err == AL_OK) {
		al_buf_slice(note, sqlite_column(stmt, 1));
		err = note->err;
	}
	sqlite_done(stmt);
	return err;
}

const struct engine_ops sqlite_ops = {
	.close = sqlite_close,
	.discard = sqlite_discard,
	.lead = sqlite_lead,
	.check = sqlite_check,
	.settle = sqlite_settle,
	.size = sqlite_size,
	.begin = sqlite_begin,
	.append = sqlite_append,
	.add_note = sqlite_add_note,
	.commit = sqlite_commit,
	.rollback = sqlite_rollback,
	.each_entry = sqlite_each_entry,
	.each_note = sqlite_each_note,
	.find_note = sqlite_find_note,
	.note = sqlite_note,
	.side = &sqlite_side_ops,
	.queue = &sqlite_queue_ops,
};
