/* SPDX-License-Identifier: MIT */
/*
 * engine_sqlite_queue.c -- what waits for the hostmaster, who sent it, and what
 * became of it.
 *
 * What has to go is marked in a temporary table first, by whatever it is chosen, and then leaves all tables at once.
 */
#include "engine_sqlite.h"

#include <inttypes.h>
#include <stdio.h>

#define TEXT(value) #value
#define NUMBER(value) TEXT(value)

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
	[MARK_FROM] = "INSERT INTO doomed SELECT DISTINCT id FROM queue_who WHERE who IN "
		      "(SELECT who FROM queue_who WHERE id = ?1 AND who NOT LIKE 'network=%')",
	[MARKED] = "SELECT count(*) FROM doomed",
	[DONE] = "INSERT OR REPLACE INTO queue_done (hash, time, reason) "
		 "SELECT hash, ?1, ?2 FROM queue WHERE id IN doomed",
	[DROP] = "DELETE FROM queue WHERE id IN doomed",
	[DROP_WHO] = "DELETE FROM queue_who WHERE id IN doomed",
	[UNMARK] = "DELETE FROM doomed",
	[DONE_FIND] = "SELECT time, reason FROM queue_done WHERE hash = ?1",
	[DONE_OLD] = "DELETE FROM queue_done WHERE time < ?1",
	[DONE_MANY] = "DELETE FROM queue_done WHERE hash IN "
		      "(SELECT hash FROM queue_done ORDER BY time DESC LIMIT -1 OFFSET " NUMBER(LEDGER_QUEUE_DONE) ")",
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
	struct al_slice label = al_slice_head(sqlite_column(stmt, 2), LEDGER_LABEL_MAX - 1),
			hash = sqlite_column(stmt, 3);

	*out = (struct ledger_queued){ .id = (uint64_t)sqlite3_column_int64(stmt, 0),
				       .time = (uint64_t)sqlite3_column_int64(stmt, 1) };
	if (al_slice_copy(label, out->label, sizeof(out->label)) != AL_OK)
		out->label[0] = '\0';
	for (size_t i = 0; i < AL_HASH_LEN && i < hash.len; i++)
		out->hash[i] = (uint8_t)hash.ptr[i];
}

static enum al_err row_by(struct sqlite_engine *db, enum statement which, const uint8_t hash[static AL_HASH_LEN],
			  struct ledger_queued *row)
{
	enum al_err err;

	sqlite_bind_hash(db->queue[which], 1, hash);
	err = sqlite_row(db, db->queue[which]);
	if (err == AL_OK)
		row_take(db->queue[which], row);
	sqlite_done(db->queue[which]);
	return err;
}

enum al_err sqlite_queue_find(struct engine *engine, const uint8_t hash[static AL_HASH_LEN], uint64_t *id)
{
	struct ledger_queued row;
	enum al_err err = row_by(sqlite_of(engine), FIND, hash, &row);

	if (err == AL_OK)
		*id = row.id;
	return err;
}

enum al_err sqlite_queue_get(struct engine *engine, uint64_t id, struct ledger_queued *out, struct al_buf *text)
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

/* Two numbers of one row: how many, how many bytes. */
static enum al_err sums(struct sqlite_engine *db, enum statement which, uint64_t *rows, uint64_t *bytes)
{
	enum al_err err = sqlite_row(db, db->queue[which]);

	if (err == AL_OK) {
		*rows = (uint64_t)sqlite3_column_int64(db->queue[which], 0);
		*bytes = (uint64_t)sqlite3_column_int64(db->queue[which], 1);
	}
	sqlite_done(db->queue[which]);
	return err;
}

enum al_err sqlite_queue_list(struct engine *engine, struct ledger_queued *rows, size_t cap, size_t *count,
			      uint64_t *total)
{
	struct sqlite_engine *db = sqlite_of(engine);
	uint64_t bytes;
	enum al_err err = sums(db, SIZE, total, &bytes);

	*count = 0;
	if (err != AL_OK)
		return err;
	sqlite_bind_u64(db->queue[LIST], 1, cap);
	while (*count < cap && (err = sqlite_row(db, db->queue[LIST])) == AL_OK)
		row_take(db->queue[LIST], &rows[(*count)++]);
	sqlite_done(db->queue[LIST]);
	return err == AL_ENOTFOUND ? AL_OK : err;
}

enum al_err sqlite_queue_status(struct engine *engine, const uint8_t hash[static AL_HASH_LEN],
				struct ledger_queue_status *status)
{
	struct sqlite_engine *db = sqlite_of(engine);
	struct ledger_queued row;
	enum al_err err = row_by(db, FIND, hash, &row);

	*status = (struct ledger_queue_status){ .waiting = err == AL_OK };
	if (err == AL_OK) {
		status->id = row.id;
		status->time = row.time;
	}
	if (err != AL_ENOTFOUND)
		return err;
	sqlite_bind_hash(db->queue[DONE_FIND], 1, hash);
	err = sqlite_row(db, db->queue[DONE_FIND]);
	if (err == AL_OK) {
		status->time = (uint64_t)sqlite3_column_int64(db->queue[DONE_FIND], 0);
		err = al_slice_copy(al_slice_head(sqlite_column(db->queue[DONE_FIND], 1), LEDGER_REASON_MAX - 1),
				    status->reason, sizeof(status->reason));
	}
	sqlite_done(db->queue[DONE_FIND]);
	return err;
}

/* ---- adding ---- */

/* Is there room for so much more, of everybody's and of each one's share? */
static enum al_err room(struct sqlite_engine *db, const struct ledger_asking *asking, uint64_t share)
{
	struct al_slice rest = asking->who, who;
	uint64_t rows, bytes;
	enum al_err err = sums(db, SIZE, &rows, &bytes);

	if (err == AL_OK && (rows >= LEDGER_QUEUE_ROWS || bytes + asking->text.len > LEDGER_QUEUE_BYTES))
		err = AL_ELIMIT;
	while (err == AL_OK && al_slice_word(&rest, "", &who)) {
		uint64_t most = al_slice_starts(who, "network=") ? share * LEDGER_QUEUE_NETWORK : share;

		sqlite_bind_text(db->queue[SHARE], 1, who);
		err = sums(db, SHARE, &rows, &bytes);
		if (err == AL_OK && (rows >= most || bytes + asking->text.len > most * LEDGER_QUEUE_ROW_BYTES))
			err = AL_EDENIED;
	}
	return err;
}

static enum al_err insert(struct sqlite_engine *db, const struct ledger_asking *asking, uint64_t *id)
{
	sqlite3_stmt *add = db->queue[ADD];
	struct al_slice rest = asking->who, who;
	enum al_err err;

	sqlite_bind_u64(add, 1, asking->time);
	sqlite_bind_hash(add, 2, asking->hash);
	sqlite_bind_text(add, 3, asking->label);
	sqlite_bind_blob(add, 4, asking->text);
	sqlite_bind_hash(add, 5, asking->same);
	err = run(db, ADD);
	*id = (uint64_t)sqlite3_last_insert_rowid(db->sql);
	while (err == AL_OK && al_slice_word(&rest, "", &who)) {
		sqlite_bind_text(db->queue[ADD_WHO], 1, who);
		sqlite_bind_u64(db->queue[ADD_WHO], 2, *id);
		sqlite_bind_u64(db->queue[ADD_WHO], 3, asking->text.len);
		err = run(db, ADD_WHO);
	}
	return err;
}

enum al_err sqlite_queue_add(struct engine *engine, const struct ledger_asking *asking, uint64_t share,
			     struct ledger_queued *row)
{
	struct sqlite_engine *db = sqlite_of(engine);
	enum al_err err = row_by(db, FIND, asking->hash, row);

	if (err == AL_ENOTFOUND)
		err = row_by(db, SAME, asking->same, row);
	if (err != AL_ENOTFOUND)
		return err;
	err = room(db, asking, share);
	if (err == AL_OK)
		err = insert(db, asking, &row->id);
	for (size_t i = 0; i < AL_HASH_LEN; i++)
		row->hash[i] = asking->hash[i];
	return err;
}

/* ---- taking away ---- */

/* What is marked goes; its hash stays with the reason, when there is one. AL_ENOTFOUND: nothing is marked. */
static enum al_err doom(struct sqlite_engine *db, uint64_t now, const struct al_slice *reason, uint64_t *count)
{
	enum al_err err = sqlite_row(db, db->queue[MARKED]);

	*count = err == AL_OK ? (uint64_t)sqlite3_column_int64(db->queue[MARKED], 0) : 0;
	sqlite_done(db->queue[MARKED]);
	if (err != AL_OK || *count == 0)
		return err == AL_OK ? AL_ENOTFOUND : err;
	if (reason != NULL) {
		sqlite_bind_u64(db->queue[DONE], 1, now);
		sqlite_bind_text(db->queue[DONE], 2, *reason);
		err = run(db, DONE);
		sqlite_bind_u64(db->queue[DONE_OLD], 1, now > LEDGER_QUEUE_DONE_S ? now - LEDGER_QUEUE_DONE_S : 0);
		if (err == AL_OK)
			err = run(db, DONE_OLD);
		if (err == AL_OK)
			err = run(db, DONE_MANY);
	}
	if (err == AL_OK)
		err = run(db, DROP);
	if (err == AL_OK)
		err = run(db, DROP_WHO);
	return err == AL_OK ? run(db, UNMARK) : err;
}

/* A statement that failed may have left marks, which are no part of a transaction that is rolled back. */
static enum al_err mark(struct sqlite_engine *db, enum statement which)
{
	enum al_err err = run(db, UNMARK);

	return err == AL_OK ? run(db, which) : err;
}

enum al_err sqlite_queue_expire(struct engine *engine, uint64_t before, uint64_t now, uint64_t *count)
{
	const struct al_slice reason = AL_S("nobody has decided in time");
	struct sqlite_engine *db = sqlite_of(engine);
	enum al_err err;

	sqlite_bind_u64(db->queue[MARK_OLD], 1, before);
	err = mark(db, MARK_OLD);
	if (err == AL_OK)
		err = doom(db, now, &reason, count);
	return err == AL_ENOTFOUND ? AL_OK : err;
}

enum al_err sqlite_queue_drop(struct engine *engine, uint64_t id, struct al_slice who, uint64_t now,
			      struct al_slice reason, uint64_t *count)
{
	struct sqlite_engine *db = sqlite_of(engine);
	enum statement which = who.len == 0 ? MARK_ID : al_slice_starts(who, "from=") ? MARK_FROM : MARK_WHO;
	enum al_err err;

	if (which == MARK_FROM && al_slice_u64(al_slice_from(who, sizeof("from=") - 1), INT64_MAX, &id) != AL_OK)
		return AL_ENOTFOUND;
	if (which == MARK_WHO)
		sqlite_bind_text(db->queue[which], 1, who);
	else
		sqlite_bind_u64(db->queue[which], 1, id);
	err = mark(db, which);
	return err == AL_OK ? doom(db, now, &reason, count) : err;
}

enum al_err sqlite_queue_forget(struct engine *engine, const uint8_t hash[static AL_HASH_LEN])
{
	struct sqlite_engine *db = sqlite_of(engine);
	uint64_t count;
	enum al_err err;

	sqlite_bind_hash(db->queue[MARK_HASH], 1, hash);
	err = mark(db, MARK_HASH);
	if (err == AL_OK)
		err = doom(db, 0, NULL, &count);
	return err == AL_ENOTFOUND ? AL_OK : err;
}
