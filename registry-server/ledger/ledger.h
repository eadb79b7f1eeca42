/* SPDX-License-Identifier: MIT */
/*
 * ledger.h -- the log on disk: one engine (engine.h), one writer thread,
 * group commit (docs/formats.md, "Ledger file").
 *
 * All jobs that arrive while one commit runs go into the next. In one
 * transaction: the entries, their leaf hashes, and the checkpoint, computed
 * and signed before the commit and released only after it.
 *
 * Life: ledger_open() verifies everything; ledger_load() replays into a
 * visitor; ledger_start() begins the writer thread; callbacks then come on
 * the given loop's thread.
 */
#ifndef REGISTRY_LEDGER_H
#define REGISTRY_LEDGER_H

#include "alamo/net/conf.h"
#include "alamo/net/loop.h"
#include "alamo/tlog/note.h"

struct ledger;

/* How much of the hostmaster's queue one may have, and for how long (ledger_side.h). */
struct ledger_queue_rule {
	uint64_t share; /* requests for each word of `who`; "network=" has more; 0: as many as there is room for */
	uint64_t age_s; /* then it is refused, as nobody has decided; 0: it waits for ever */
};

/*
 * Who signs (signer.h). All called by one thread at a time: begin() in
 * ledger_open() and ledger_take_over(), the others on the writer thread.
 */
struct ledger_signer {
	/*
	 * Is this, durable, whose newest checkpoint is `note` (empty: none), the log that was signed so far? It is
	 * remembered; one who follows asks again when it has grown.
	 */
	enum al_err (*begin)(void *arg, const struct al_tree *tree, struct al_slice note);
	/* Append the signed checkpoint of the whole tree; its first `base` entries are durable. */
	enum al_err (*sign)(void *arg, const struct al_tree *tree, uint64_t base, struct al_buf *note);
	/* What was signed last is durable, and about to be told. */
	void (*kept)(void *arg);
	/* Append the line that dates `cp`, the newest durable checkpoint, to its note (al_vkey_dating). */
	enum al_err (*date)(void *arg, const struct al_checkpoint *cp, struct al_buf *note);
	void *arg;
};

/* Where [registry] ledger says that it is: an absolute path, or the text of an engine that is none (engine.h). */
AL_MUST_USE enum al_err ledger_where(const struct al_conf *conf, char *out, size_t size);
/* The same for such a text from elsewhere; a path is taken as it is. A URL gets the certificates of keys/postgresql. */
AL_MUST_USE enum al_err ledger_place(const struct al_conf *conf, const char *where, char *out, size_t size);

/* So many of `total` entries are verified. */
typedef void (*ledger_seen_fn)(void *arg, uint64_t done, uint64_t total);

struct ledger_opts {
	const char *path;               /* ledger_where(); borrowed during the call */
	const struct al_vkey *key;      /* copied; verifies checkpoints */
	struct ledger_signer signer;    /* all NULL: the ledger is not started (ledger_adopt.h) */
	struct ledger_queue_rule queue; /* all 0: no bounds but the queue's own */
	bool create; /* make a new ledger; AL_EEXIST if there is one with entries, or another's file */
	/*
	 * Where another registry writes: open it all the same, to follow (ledger_leads() is false then). The signer
	 * hears of it if the store confirms it. An engine that has one owner only gives AL_EAGAIN as without.
	 */
	bool follow;
	ledger_seen_fn seen; /* while it is opened; NULL: nobody wants to know */
	void *seen_arg;
};

/*
 * Opens and re-verifies: the file's structure, no gap in the indexes, every leaf against its bytes,
 * every checkpoint's text against the root of its size, a checkpoint for the
 * last entry, and the signatures of the newest 4,096 checkpoints (the newest
 * commits to all entries; a million signatures would take a minute).
 * AL_EVERIFY names the place in the log output. AL_EAGAIN: another process has
 * it open. AL_EUNSUPPORTED: not a ledger, or of a newer program. Else what the
 * signer's begin() says.
 */
AL_MUST_USE enum al_err ledger_open(const struct ledger_opts *opts, struct ledger **out);
bool ledger_leads(const struct ledger *ledger);
/*
 * Finishes what is queued, calls all outstanding callbacks, and only then
 * returns: close the ledger before what their arguments point to. New calls
 * meanwhile get AL_ECLOSED. On the loop's thread, but not from a callback.
 * NULL is allowed.
 */
void ledger_close(struct ledger *ledger);
/* The same, and it is as if it had not been created. */
void ledger_discard(struct ledger *ledger);

/* Entries in order on the calling thread; not while jobs are queued. Another result than AL_OK stops it. */
typedef enum al_err (*ledger_visit_fn)(void *arg, uint64_t index, struct al_slice entry);
AL_MUST_USE enum al_err ledger_load(struct ledger *ledger, ledger_visit_fn visit, void *arg);
/* The entry at `index`, appended to `out`; likewise. AL_ENOTFOUND: there is none. */
AL_MUST_USE enum al_err ledger_entry(struct ledger *ledger, uint64_t index, struct al_buf *out);
/*
 * For a ledger that follows and is not started: what is new in the store, verified, to the visitor; and take over, from
 * where that ends, if nobody has written for `patience_ms`, as repeated calls have seen. AL_OK: it leads, and may be started.
 * What is new and confirmed by the store is in the signer's memory behind each call, so that the next process does not
 * take over a store that has lost it.
 * AL_EAGAIN: not now. AL_EIO: the store is away. AL_EFORK: what was visited before is not in the store any more, which a
 * crash of it may do to what it had confirmed to nobody: open it again from the beginning. Else what ledger_open() gives.
 */
AL_MUST_USE enum al_err ledger_take_over(struct ledger *ledger, uint64_t patience_ms, ledger_visit_fn visit, void *arg);
/* Newest durable checkpoint. The note is copied to `note` (appended). Size 0: no note yet. */
struct al_checkpoint ledger_head(struct ledger *ledger, struct al_buf *note);

/* One durable commit (at most 1,000 entries or 8 MiB), told on the loop before the done() of its jobs. Slices live during the call. */
struct ledger_batch {
	uint64_t first;
	size_t count;
	const struct al_slice *entries;
	struct al_checkpoint checkpoint;
	struct al_slice note;
};
typedef void (*ledger_commit_fn)(void *arg, const struct ledger_batch *batch);
AL_MUST_USE enum al_err ledger_start(struct ledger *ledger, struct al_loop *loop, ledger_commit_fn commit, void *arg);

/* Inclusion of one entry under a checkpoint, all of it durable. Lives during the call. */
struct ledger_receipt {
	uint64_t index;
	struct al_hash proof[AL_PROOF_MAX];
	size_t proof_count;
	struct al_checkpoint checkpoint;
	struct al_slice note;
};
typedef void (*ledger_done_fn)(void *arg, enum al_err err, const struct ledger_receipt *receipt);

/*
 * Queue one entry for index `index` (the next free one: compare-and-set).
 * On AL_OK done() (may be NULL) will be called, once, on the loop: AL_OK means
 * durable; AL_ECLOSED as ledger_on_fenced() says; AL_EIO that nothing was stored, in which case every job queued
 * behind it fails too (AL_ESTALE) until ledger_resume(). After an AL_EIO and a
 * crash before the next commit the entries may still be there: a disk that
 * reports a failed write may have written. The bytes are copied.
 * Otherwise nothing was queued: AL_ESTALE index is not the next one, AL_EAGAIN
 * over 64 MiB queued, AL_ECLOSED not started or closing.
 */
AL_MUST_USE enum al_err ledger_append(struct ledger *ledger, uint64_t index, struct al_slice entry, ledger_done_fn done,
				      void *arg);
/* After a failure: the size from which the caller, its state rebuilt, goes on. */
void ledger_resume(struct ledger *ledger);
/*
 * Called once, on the loop, when another registry has become the writer. What was under way then, or when the ledger
 * was closed while its store was away, has failed with AL_ECLOSED: nobody here can say whether it was stored.
 */
typedef void (*ledger_fenced_fn)(void *arg);
void ledger_on_fenced(struct ledger *ledger, ledger_fenced_fn fenced, void *arg); /* before ledger_start() */
bool ledger_is_fenced(struct ledger *ledger);
/* Receipt of a durable entry under the newest checkpoint. AL_ENOTFOUND through done(). */
AL_MUST_USE enum al_err ledger_prove(struct ledger *ledger, uint64_t index, ledger_done_fn done, void *arg);

/*
 * Read durable entries from `from`: as many as fit `max_bytes` (at least one,
 * at most 8 MiB, two bytes counted on top of each), but ending at the first
 * stored checkpoint that is 1,024 entries on, or else at the last stored one
 * inside: whoever reads on meets a checkpoint at least once a commit.
 * `checkpoint` is that of first + count, `note` the signed one when one is
 * stored there, else empty. count 0 when `from` is the present size; AL_EINVAL beyond it.
 */
typedef void (*ledger_read_fn)(void *arg, enum al_err err, const struct ledger_batch *batch);
AL_MUST_USE enum al_err ledger_read(struct ledger *ledger, uint64_t from, size_t max_bytes, ledger_read_fn done,
				    void *arg);
/*
 * Have the newest checkpoint dated: that nothing newer was signed until now. done() gets it in a batch without
 * entries, and ledger_head() from then on. Not stored. AL_ENOTFOUND through done(): an empty log.
 */
AL_MUST_USE enum al_err ledger_date(struct ledger *ledger, ledger_read_fn done, void *arg);

#endif
