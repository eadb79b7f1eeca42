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

/* A row of the tables that may forget, in no engine's form. Columns that its table has not are empty and 0. */
enum engine_table { ENGINE_SIDE, ENGINE_CONTROL, ENGINE_QUEUE, ENGINE_QUEUE_WHO, ENGINE_QUEUE_DONE, ENGINE_TABLES };
struct engine_row {
	enum engine_table table;
	struct al_slice key;      /* object, hash, hash, who, hash */
	struct al_slice texts[3]; /* side: hash, text; queue: label, text, same; queue_done: reason */
	uint64_t numbers[2]; /* side: idx; control: until; queue: id, time; queue_who: id, bytes; queue_done: time */
};
typedef enum al_err (*engine_row_fn)(void *arg, const struct engine_row *row);

/* Which rows of the queue: of `number` as its id, of before `number` as time, of a hash, of a word, or of whoever sent
   the row `number` by any word but a network's. */
enum engine_by { ENGINE_ID, ENGINE_BEFORE, ENGINE_HASH, ENGINE_SAME, ENGINE_WHO, ENGINE_SENDER };
struct engine_rows {
	enum engine_by by; /* not ENGINE_SAME */
	uint64_t number;
	const uint8_t *hash;
	struct al_slice who;
};
struct engine_refusal {
	uint64_t time; /* Unix seconds */
	struct al_slice reason;
};

struct engine {
	const struct engine_ops *ops;
};

/* The rows of the queue; inside a transaction. Who may add, and what is remembered, is queue.h's. */
struct engine_queue_ops {
	enum al_err (*row)(struct engine *engine, enum engine_by by, const uint8_t hash[static AL_HASH_LEN],
			   struct ledger_queued *row); /* ENGINE_HASH or ENGINE_SAME; AL_ENOTFOUND */
	enum al_err (*get)(struct engine *engine, uint64_t id, struct ledger_queued *row,
			   struct al_buf *text); /* appended; AL_ENOTFOUND */
	/* Oldest first; *count rows, at most `cap`. */
	enum al_err (*list)(struct engine *engine, struct ledger_queued *rows, size_t cap, size_t *count);
	/* Rows and bytes of text that wait: of that word's, or (empty) of everybody's. */
	enum al_err (*sums)(struct engine *engine, struct al_slice who, uint64_t *rows, uint64_t *bytes);
	/* Neither hash is there. *id is new: none is ever given again. */
	enum al_err (*insert)(struct engine *engine, const struct ledger_asking *asking, uint64_t *id);
	/* Counts row `id` for that word; twice is once. */
	enum al_err (*count)(struct engine *engine, struct al_slice who, uint64_t id, uint64_t bytes);
	/* *count rows leave; with `refusal` their hashes stay with it (may be NULL). AL_ENOTFOUND: none. */
	enum al_err (*remove)(struct engine *engine, const struct engine_rows *which,
			      const struct engine_refusal *refusal, uint64_t *count);
	enum al_err (*refusal)(struct engine *engine, const uint8_t hash[static AL_HASH_LEN], uint64_t *time,
			       char reason[static LEDGER_REASON_MAX]); /* AL_ENOTFOUND */
	/* Forgets refusals before that time, and all but the newest `most`. */
	enum al_err (*trim)(struct engine *engine, uint64_t before, uint64_t most);
};

/* The other tables that may forget, and what is done with all; inside a transaction but for purge(), save() and adopt(). */
struct engine_side_ops {
	/* ---- contact texts; at most one for each object ---- */
	enum al_err (*put)(struct engine *engine, const struct ledger_attachment *side, uint64_t index);
	enum al_err (*remove)(struct engine *engine, struct al_slice object); /* AL_ENOTFOUND */
	enum al_err (*get)(struct engine *engine, struct al_slice object, uint8_t hash[static AL_HASH_LEN],
			   struct al_buf *text); /* appended; AL_ENOTFOUND */

	/* ---- control requests ---- */
	/* AL_EEXIST: taken before. AL_EAGAIN: too many are remembered. */
	enum al_err (*once)(struct engine *engine, const struct ledger_once *once);

	/* ---- erasing for good (docs/formats.md, "Erasing") ---- */
	/* In the transaction: of what was deleted no copy is left in what the store keeps. */
	enum al_err (*scrub)(struct engine *engine);
	/* Behind the commit: nor in what it has written before. */
	enum al_err (*purge)(struct engine *engine);

	/* ---- from engine to engine ---- */
	/* All rows, table by table; the slices live during the call. */
	enum al_err (*each)(struct engine *engine, engine_row_fn visit, void *arg);
	/* In a transaction: none is left; and one more, as each() gave it. */
	enum al_err (*clear)(struct engine *engine);
	enum al_err (*add)(struct engine *engine, const struct engine_row *row);

	/* ---- for backups; outside of transactions ---- */
	/* All of these tables into a file of SQLite's, of the same form for all engines; it appears whole, in place of
	   what was there. */
	enum al_err (*save)(struct engine *engine, const char *path);
	/* What such a file has, in place of what is here. AL_ENOTFOUND; AL_EUNSUPPORTED: of another version. */
	enum al_err (*adopt)(struct engine *engine, const char *path);
};

/* All but close(), discard() and rollback() give AL_EIO when storage fails, AL_ENOMEM, and what stands beside them. */
struct engine_ops {
	void (*close)(struct engine *engine);
	/* close(), and the store is as if it had never been created. Of whoever leads it, outside of transactions. */
	void (*discard)(struct engine *engine);
	/*
	 * Become the one who writes, if nobody was for `patience_ms`, as repeated calls have seen. AL_EAGAIN: another
	 * does, or not for so long. Whoever wrote before is refused from then on. AL_OK again once it is done.
	 */
	enum al_err (*lead)(struct engine *engine, uint64_t patience_ms);
	/* Once a second, when there is nothing else to do: still the one? AL_ESTALE: another is, for good. NULL: always. */
	enum al_err (*beat)(struct engine *engine);
	/* The store's own structure is sound; what its entries say is ledger_check()'s. AL_EVERIFY. */
	enum al_err (*check)(struct engine *engine);
	/*
	 * All that an earlier process, or a failed commit, may have left half written is on the disk. For after
	 * opening; until it succeeds begin() does it first. Of one who follows: the store has for good what was read
	 * last; AL_EIO: it does not say so now.
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
	/*
	 * AL_OK: it is on the disk. AL_EAGAIN: whether it is cannot be known now: call again, as long as it takes, and
	 * begin nothing else. AL_ESTALE: another writes; what was begun is not there, or is there as his.
	 */
	enum al_err (*commit)(struct engine *engine);
	void (*rollback)(struct engine *engine);

	enum al_err (*each_entry)(struct engine *engine, uint64_t from, engine_entry_fn visit, void *arg);
	enum al_err (*each_note)(struct engine *engine, engine_note_fn visit, void *arg);
	/* Size of the smallest (or, with `newest`, the largest) stored checkpoint in [least, most]. AL_ENOTFOUND. */
	enum al_err (*find_note)(struct engine *engine, uint64_t least, uint64_t most, bool newest, uint64_t *size);
	/* The checkpoint of exactly `size`, appended. AL_ENOTFOUND. */
	enum al_err (*note)(struct engine *engine, uint64_t size, struct al_buf *note);

	const struct engine_side_ops *side;
	const struct engine_queue_ops *queue;
};

/*
 * `where`: a path (SQLite) or postgresql://... AL_EEXIST (create; what an unfinished creation left is taken over) or AL_ENOTFOUND
 * (not create), AL_EAGAIN when another process has it open, AL_EUNSUPPORTED for what is not a ledger, is of a newer
 * version, or needs an engine that is not built in, AL_EVERIFY for a damaged one. The reason is in the log.
 */
AL_MUST_USE enum al_err engine_open(const char *where, bool create, struct engine **out);
/* The same to read, beside the one who writes, until lead(). An engine that has one owner only is opened by him. */
AL_MUST_USE enum al_err engine_follow(const char *where, struct engine **out);
void engine_close(struct engine *engine); /* NULL is allowed */
/*
 * commit(), until it is known whether it is on the disk, for some 30 s: for those who have only a person waiting. AL_EIO:
 * it cannot be known.
 */
AL_MUST_USE enum al_err engine_commit_soon(struct engine *engine);
/* Is it a path, which configuration may give relative to its own place? */
bool engine_is_path(const char *where);
/* For logs and people: without a password, or what else is in a URL's user and options. */
#define ENGINE_LABEL_MAX 256
const char *engine_label(const char *where, char out[static ENGINE_LABEL_MAX]);

/* A hash as a store has it, whose own check has it that it is of this length: else `out` stays. */
void engine_hash(struct al_slice stored, uint8_t out[static AL_HASH_LEN]);
/* One row of the queue as a store's columns have it; what is too long is cut. */
void engine_queued(struct ledger_queued *out, uint64_t id, uint64_t time, struct al_slice label, struct al_slice hash);

/* ---- engine_rows.c: what engines other than SQLite's do for save() and adopt() ---- */
enum al_err engine_rows_save(struct engine *engine, const char *path);
enum al_err engine_rows_adopt(struct engine *engine, const char *path);
/* All rows of one engine into another one, in place of what is there. */
AL_MUST_USE enum al_err engine_rows_copy(struct engine *from, struct engine *to);

#endif
