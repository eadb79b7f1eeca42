/* SPDX-License-Identifier: MIT */
/*
 * engine_sqlite.h -- the engine in an SQLite file (docs/formats.md, "Ledger
 * file"): all the SQL that there is. Private to engine*.c.
 *
 * engine_sqlite_file.c opens it; engine_sqlite.c has entries and checkpoints,
 * whose columns never change; engine_sqlite_side.c and _queue.c what may be forgotten, on the same connection.
 * PATH.lock beside the file carries the lock and stays.
 */
#ifndef REGISTRY_ENGINE_SQLITE_H
#define REGISTRY_ENGINE_SQLITE_H

#include <sqlite3.h>

#include "engine.h"

#define SQLITE_STATEMENTS 32 /* room for the prepared ones of each file */

struct sqlite_engine {
	struct engine face; /* first: an engine is one of these */
	sqlite3 *sql;
	sqlite3_stmt *stmt[SQLITE_STATEMENTS];  /* of engine_sqlite.c */
	sqlite3_stmt *side[SQLITE_STATEMENTS];  /* of engine_sqlite_side.c */
	sqlite3_stmt *queue[SQLITE_STATEMENTS]; /* of engine_sqlite_queue.c */
	uint64_t next;                          /* inside a transaction: the first index that is not stored */
	bool settled;                           /* what the WAL holds is known to be on the disk */
	int checkpoint_pages;                   /* of the WAL after which it is moved to the file */
	int lock_fd;
};

AL_MUST_USE enum al_err engine_sqlite_open(const char *path, bool create, struct engine **out);
/* All files of such a ledger, which nobody has open. */
void engine_sqlite_remove(const char *path);
/* Pages of the WAL after which a commit moves them to the file; tests want few. */
void engine_sqlite_checkpoint_pages(struct engine *engine, int pages);

/* ---- between the files ---- */

struct sqlite_engine *sqlite_of(struct engine *engine);
void sqlite_close(struct engine *engine);
void sqlite_discard(struct engine *engine);
/* What went wrong, logged where it was seen. */
enum al_err sqlite_fail(struct sqlite_engine *db, const char *what, int rc);
AL_MUST_USE enum al_err sqlite_prepare(struct sqlite_engine *db, const char *const *texts, size_t count,
				       sqlite3_stmt **out);
void sqlite_done(sqlite3_stmt *stmt); /* ready for the next use */
void sqlite_bind_text(sqlite3_stmt *stmt, int at, struct al_slice text);
void sqlite_bind_blob(sqlite3_stmt *stmt, int at, struct al_slice bytes);
void sqlite_bind_hash(sqlite3_stmt *stmt, int at, const uint8_t hash[static AL_HASH_LEN]);
void sqlite_bind_u64(sqlite3_stmt *stmt, int at, uint64_t value);
/* A statement without rows. */
AL_MUST_USE enum al_err sqlite_run(struct sqlite_engine *db, sqlite3_stmt *stmt);
/* A deletion: AL_ENOTFOUND when there was nothing to delete. */
AL_MUST_USE enum al_err sqlite_run_delete(struct sqlite_engine *db, sqlite3_stmt *stmt);
/* One row or AL_ENOTFOUND; the statement stays at it until sqlite_done(). */
AL_MUST_USE enum al_err sqlite_row(struct sqlite_engine *db, sqlite3_stmt *stmt);
/* Of the present row; lives until its statement moves on. */
struct al_slice sqlite_column(sqlite3_stmt *stmt, int at);
/* First column of the first row as a number or, with `word`, as a word to compare with (AL_EUNSUPPORTED: another). */
AL_MUST_USE enum al_err sqlite_ask(struct sqlite_engine *db, const char *query, int *number, const char *word);

extern const struct engine_ops sqlite_ops;
extern const struct engine_side_ops sqlite_side_ops;
AL_MUST_USE enum al_err sqlite_statements(struct sqlite_engine *db);
AL_MUST_USE enum al_err sqlite_side_statements(struct sqlite_engine *db);
/* Statements that make the side tables, in a transaction of the caller's. */
extern const char sqlite_side_schema[];
/* ---- engine_sqlite_copy.c: struct engine_side_ops has them ---- */
enum al_err sqlite_side_save(struct engine *engine, const char *path);
enum al_err sqlite_side_adopt(struct engine *engine, const char *path);
enum al_err sqlite_side_each(struct engine *engine, engine_row_fn visit, void *arg);
enum al_err sqlite_side_clear(struct engine *engine);
enum al_err sqlite_side_add(struct engine *engine, const struct engine_row *row);
extern const char sqlite_side_drop[]; /* of a file of version 1, whose `side` was never written to */

/* ---- engine_sqlite_queue.c: struct engine_queue_ops has them ---- */

AL_MUST_USE enum al_err sqlite_queue_statements(struct sqlite_engine *db);
extern const char sqlite_queue_schema[];
extern const char sqlite_queue_migration[]; /* of a file of version 2 */
extern const struct engine_queue_ops sqlite_queue_ops;

#endif
