/*
 * ledger_side_db.h -- the SQL of what may be erased: contact texts, the
 * hostmaster's queue, and which control requests were taken. Private to
 * ledger_db.c and ledger_side.c.
 *
 * Works on ledger_db.c's connection and inside its owner's transactions.
 */
#ifndef REGISTRY_LEDGER_SIDE_DB_H
#define REGISTRY_LEDGER_SIDE_DB_H

#include "ledger_side.h"

struct sqlite3;
struct side_db;

/* Statements that make the tables, in a transaction of the caller's. */
extern const char side_db_schema[];
/* The same for a file of version 1, whose `side` was never written to. */
extern const char side_db_migration[];

AL_MUST_USE enum al_err side_db_open(struct sqlite3 *sql, struct side_db **out);
void side_db_close(struct side_db *db); /* NULL is allowed */

/* ---- contact texts; at most one for each object ---- */
AL_MUST_USE enum al_err side_db_put(struct side_db *db, const struct ledger_attachment *side, uint64_t index);
AL_MUST_USE enum al_err side_db_remove(struct side_db *db, struct al_slice object); /* AL_ENOTFOUND */
AL_MUST_USE enum al_err side_db_get(struct side_db *db, struct al_slice object, uint8_t hash[static AL_HASH_LEN],
				    struct al_buf *text); /* appended; AL_ENOTFOUND */

/* ---- the queue ---- */
/* The same hash again gives the same id. AL_ELIMIT: full. */
AL_MUST_USE enum al_err side_db_queue_add(struct side_db *db, uint64_t time, const uint8_t hash[static AL_HASH_LEN],
					  struct al_slice label, struct al_slice text, uint64_t *id);
AL_MUST_USE enum al_err side_db_queue_get(struct side_db *db, uint64_t id, struct ledger_queued *row,
					  struct al_buf *text);              /* appended; AL_ENOTFOUND */
AL_MUST_USE enum al_err side_db_queue_drop(struct side_db *db, uint64_t id); /* AL_ENOTFOUND */
AL_MUST_USE enum al_err side_db_queue_forget(struct side_db *db, const uint8_t hash[static AL_HASH_LEN]);
/* Oldest first; *count rows, at most `cap`; *total: how many there are. */
AL_MUST_USE enum al_err side_db_queue_list(struct side_db *db, struct ledger_queued *rows, size_t cap, size_t *count,
					   uint64_t *total);

/* ---- control requests ---- */
/* AL_EEXIST: taken before. AL_EAGAIN: too many are remembered. */
AL_MUST_USE enum al_err side_db_once(struct side_db *db, const struct ledger_once *once);

/* ---- erasing for good (docs/formats.md, "Erasing") ---- */
/* Inside the transaction: rewrites both tables, so that no page of the file keeps a copy in its free space. */
AL_MUST_USE enum al_err side_db_scrub(struct side_db *db);
/* Behind the commit: everything into the file, and the write-ahead log to length 0. */
AL_MUST_USE enum al_err side_db_truncate(struct side_db *db);

#endif
