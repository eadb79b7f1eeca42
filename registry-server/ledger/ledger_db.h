/*
 * ledger_db.h -- the SQL of the ledger, and nothing but it. Private to ledger.c.
 *
 * One connection, guarded by its owner: no call here may run beside another.
 * Schema version 2 (docs/formats.md, "Ledger file"); `entry` and `checkpoint`
 * are sacred, their columns never change.
 */
#ifndef REGISTRY_LEDGER_DB_H
#define REGISTRY_LEDGER_DB_H

#include "alamo/base/buf.h"
#include "alamo/tlog/tree.h"

struct ledger_db;
struct side_db;

/*
 * AL_EEXIST (create; what an unfinished creation left is taken over) or AL_ENOTFOUND (not create), AL_EAGAIN when another
 * process has it open, AL_EUNSUPPORTED for a file that is not a ledger or is
 * of a newer version, AL_EVERIFY for a damaged one. The reason is in the log.
 * PATH.lock beside the file carries the lock and stays.
 */
AL_MUST_USE enum al_err ledger_db_open(const char *path, bool create, struct ledger_db **out);
void ledger_db_close(struct ledger_db *db); /* NULL is allowed */
/* The pages of the file, used and free, form what they should; what they say is ledger_check()'s. AL_EVERIFY. */
AL_MUST_USE enum al_err ledger_db_structure(struct ledger_db *db);
/*
 * Move what the WAL holds to the file, and begin a new WAL. For after opening:
 * what an earlier process left may end within a sector, whose loss under the
 * next write would take the last commit along, and may be in memory only, if
 * that process saw a sync fail. After a failure of a commit or a checkpoint, and
 * until it succeeds, ledger_db_begin() does it first.
 */
AL_MUST_USE enum al_err ledger_db_settle(struct ledger_db *db);
/* Pages of the WAL after which a commit moves them to the file; tests want few. */
void ledger_db_checkpoint_pages(struct ledger_db *db, int pages);
/* The tables that may forget, on the same connection (ledger_side_db.h). */
struct side_db *ledger_db_side(struct ledger_db *db);

/* One transaction: begin, adds, commit. After any failure: rollback, which cannot fail. */
AL_MUST_USE enum al_err ledger_db_begin(struct ledger_db *db);
AL_MUST_USE enum al_err ledger_db_add_entry(struct ledger_db *db, uint64_t index, const struct al_hash *leaf,
					    struct al_slice body);
AL_MUST_USE enum al_err ledger_db_add_checkpoint(struct ledger_db *db, uint64_t size, struct al_slice note);
AL_MUST_USE enum al_err ledger_db_commit(struct ledger_db *db); /* AL_OK: it is on the disk */
void ledger_db_rollback(struct ledger_db *db);

/* Entries from `from` on, in order. Anything but AL_OK from the visitor ends the walk and is its result. */
typedef enum al_err (*ledger_db_entry_fn)(void *arg, uint64_t index, struct al_slice leaf, struct al_slice body);
AL_MUST_USE enum al_err ledger_db_each_entry(struct ledger_db *db, uint64_t from, ledger_db_entry_fn visit, void *arg);
/* Checkpoints, newest first. */
typedef enum al_err (*ledger_db_note_fn)(void *arg, uint64_t size, struct al_slice note);
AL_MUST_USE enum al_err ledger_db_each_note(struct ledger_db *db, ledger_db_note_fn visit, void *arg);
/* Size of the smallest (or, with `newest`, the largest) stored checkpoint in [least, most]. AL_ENOTFOUND. */
AL_MUST_USE enum al_err ledger_db_find_note(struct ledger_db *db, uint64_t least, uint64_t most, bool newest,
					    uint64_t *size);
/* The checkpoint of exactly `size`, appended. AL_ENOTFOUND. */
AL_MUST_USE enum al_err ledger_db_note(struct ledger_db *db, uint64_t size, struct al_buf *note);

#endif
