/*
 * engine_sqlite.h -- the engine in an SQLite file (docs/formats.md, "Ledger
 * file"): all the SQL that there is. Private to engine*.c.
 *
 * engine_sqlite_file.c opens it; engine_sqlite.c has entries and checkpoints,
 * whose columns never change; engine_sqlite_side.c what may be forgotten, on the same connection.
 * PATH.lock beside the file carries the lock and stays.
 */
#ifndef REGISTRY_ENGINE_SQLITE_H
#define REGISTRY_ENGINE_SQLITE_H

#include <sqlite3.h>

#include "engine.h"

#define SQLITE_STATEMENTS 32 /* room for the prepared ones of each half */

struct sqlite_engine {
	struct engine face; /* first: an engine is one of these */
	sqlite3 *sql;
	sqlite3_stmt *stmt[SQLITE_STATEMENTS]; /* of engine_sqlite.c */
	sqlite3_stmt *side[SQLITE_STATEMENTS]; /* of engine_sqlite_side.c */
	uint64_t next;                         /* inside a transaction: the first index that is not stored */
	bool settled;                          /* what the WAL holds is known to be on the disk */
	int checkpoint_pages;                  /* of the WAL after which it is moved to the file */
	int lock_fd;
};

AL_MUST_USE enum al_err engine_sqlite_open(const char *path, bool create, struct engine **out);
/* Pages of the WAL after which a commit moves them to the file; tests want few. */
void engine_sqlite_checkpoint_pages(struct engine *engine, int pages);

/* ---- between the three files ---- */

struct sqlite_engine *sqlite_of(struct engine *engine);
void sqlite_close(struct engine *engine);
/* What went wrong, logged where it was seen. */
enum al_err sqlite_fail(struct sqlite_engine *db, const char *what, int rc);
AL_MUST_USE enum al_err sqlite_prepare(struct sqlite_engine *db, const char *const *texts, size_t count,
				       sqlite3_stmt **out);
void sqlite_done(sqlite3_stmt *stmt); /* ready for the next use */
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
/* The same for a file of version 1, whose `side` was never written to. */
extern const char sqlite_side_migration[];

#endif
