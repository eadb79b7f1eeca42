/* SPDX-License-Identifier: MIT */
/*
 * engine.h -- what the ledger needs of a store: entries and checkpoints, which
 * only grow, and the tables that may forget. Private to ledger*.c.
 *
 * One engine is one open store with one owner, who lets no two calls run beside each other. Nothing above this
 * line knows what the store is; engine_open() chooses it by the text of the configuration.
 */
#ifndef REGISTRY_ENGINE_H
#define REGISTRY_ENGINE_H

#include "alamo/base/buf.h"
#include "alamo/tlog/tree.h"
#include "ledger_side.h"

/* Entries in order. Anything but AL_OK from the visitor ends the walk and is its result. */
typedef enum al_err (*engine_entry_fn)(void *arg, uint64_t index, struct al_slice leaf, struct al_slice body);
/* Checkpoints, newest first. */
typedef enum al_err (*engine_note_fn)(void *arg, uint64_t size, struct al_slice note);

struct engine {
	const struct engine_ops *ops;
};

/* The tables that may forget; inside a transaction but for purge(), save() and adopt(). */
struct engine_side_ops {
	/* ---- contact texts; at most one for each object ---- */
	enum al_err (*put)(struct engine *engine, const struct ledger_attachment *side, uint64_t index);
	enum al_err (*remove)(struct engine *engine, struct al_slice object); /* AL_ENOTFOUND */
	enum al_err (*get)(struct engine *engine, struct al_slice object, uint8_t hash[static AL_HASH_LEN],
			   struct al_buf *text); /* appended; AL_ENOTFOUND */

	/* ---- the queue ---- */
	/* Refuses what is older than `before`; *count of them. */
	enum al_err (*queue_expire)(struct engine *engine, uint64_t before, uint64_t now, uint64_t *count);
	/* The same again gives the same row: its id and hash. AL_ELIMIT: full. AL_EDENIED: a share is. */
	enum al_err (*queue_add)(struct engine *engine, const struct ledger_asking *asking, uint64_t share,
				 struct ledger_queued *row);
	enum al_err (*queue_get)(struct engine *engine, uint64_t id, struct ledger_queued *row,
				 struct al_buf *text); /* appended; AL_ENOTFOUND */
	enum al_err (*queue_find)(struct engine *engine, const uint8_t hash[static AL_HASH_LEN],
				  uint64_t *id); /* AL_ENOTFOUND */
	/* By `who`, a word or "from=ID"; NULL pointer: by `id`. *count of them; AL_ENOTFOUND. */
	enum al_err (*queue_drop)(struct engine *engine, uint64_t id, struct al_slice who, uint64_t now,
				  struct al_slice reason, uint64_t *count);
	enum al_err (*queue_status)(struct engine *engine, const uint8_t hash[static AL_HASH_LEN],
				    struct ledger_queue_status *status); /* AL_ENOTFOUND */
	enum al_err (*queue_forget)(struct engine *engine, const uint8_t hash[static AL_HASH_LEN]);
	/* Oldest first; *count rows, at most `cap`; *total: how many there are. */
	enum al_err (*queue_list)(struct engine *engine, struct ledger_queued *rows, size_t cap, size_t *count,
				  uint64_t *total);

	/* ---- control requests ---- */
	/* AL_EEXIST: taken before. AL_EAGAIN: too many are remembered. */
	enum al_err (*once)(struct engine *engine, const struct ledger_once *once);

	/* ---- erasing for good (docs/formats.md, "Erasing") ---- */
	/* In the transaction: of what was deleted no copy is left in what the store keeps. */
	enum al_err (*scrub)(struct engine *engine);
	/* Behind the commit: nor in what it has written before. */
	enum al_err (*purge)(struct engine *engine);

	/* ---- for backups; outside of transactions ---- */
	/* All of these tables into a file of the engine's own form; it appears whole, in place of what was there. */
	enum al_err (*save)(struct engine *engine, const char *path);
	/* What such a file has, in place of what is here. AL_ENOTFOUND; AL_EUNSUPPORTED: of another version. */
	enum al_err (*adopt)(struct engine *engine, const char *path);
};

/* All but close() and rollback() give AL_EIO when storage fails, AL_ENOMEM, and what stands beside them. */
struct engine_ops {
	void (*close)(struct engine *engine);
	/* The store's own structure is sound; what its entries say is ledger_check()'s. AL_EVERIFY. */
	enum al_err (*check)(struct engine *engine);
	/*
	 * All that an earlier process, or a failed commit, may have left half written is on the disk. For after
	 * opening; until it succeeds begin() does it first.
	 */
	enum al_err (*settle)(struct engine *engine);
	/* Entries stored; inside a transaction with those that it adds. */
	enum al_err (*size)(struct engine *engine, uint64_t *size);

	/* One transaction: begin, adds, commit. After any failure: rollback, which cannot fail. */
	enum al_err (*begin)(struct engine *engine);
	/* AL_ESTALE: `index` is not size(), as the store itself has it (compare-and-set). */
	enum al_err (*append)(struct engine *engine, uint64_t index, const struct al_hash *leaf, struct al_slice body);
	/* The checkpoint of all entries. AL_ESTALE: `size` is not size(). */
	enum al_err (*add_note)(struct engine *engine, uint64_t size, struct al_slice note);
	enum al_err (*commit)(struct engine *engine); /* AL_OK: it is on the disk */
	void (*rollback)(struct engine *engine);

	enum al_err (*each_entry)(struct engine *engine, uint64_t from, engine_entry_fn visit, void *arg);
	enum al_err (*each_note)(struct engine *engine, engine_note_fn visit, void *arg);
	/* Size of the smallest (or, with `newest`, the largest) stored checkpoint in [least, most]. AL_ENOTFOUND. */
	enum al_err (*find_note)(struct engine *engine, uint64_t least, uint64_t most, bool newest, uint64_t *size);
	/* The checkpoint of exactly `size`, appended. AL_ENOTFOUND. */
	enum al_err (*note)(struct engine *engine, uint64_t size, struct al_buf *note);

	const struct engine_side_ops *side;
};

/*
 * `where`: a path (SQLite). AL_EEXIST (create; what an unfinished creation left is taken over) or AL_ENOTFOUND
 * (not create), AL_EAGAIN when another process has it open, AL_EUNSUPPORTED for what is not a ledger, is of a newer
 * version, or needs an engine that is not built in, AL_EVERIFY for a damaged one. The reason is in the log.
 */
AL_MUST_USE enum al_err engine_open(const char *where, bool create, struct engine **out);
void engine_close(struct engine *engine); /* NULL is allowed */
/* Is it a path, which configuration may give relative to its own place? */
bool engine_is_path(const char *where);

#endif
