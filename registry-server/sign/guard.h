/* SPDX-License-Identifier: MIT */
/*
 * guard.h -- what a signer remembers, so that it never signs two histories.
 * Private to the signer's process.
 *
 * Two checkpoints are held: `kept`, which the ledger has on its disk, and
 * `last`, the newest one signed; `last` is `kept` or extends it. One who follows
 * signs nothing: `kept` and `last` are what another has signed and the store
 * has confirmed, by guard_begin() again and again. The rule:
 *
 *   A new checkpoint extends `last`, by a consistency proof (RFC 9162 section
 *   2.1.4): never a smaller size, never an equal size with another root, never
 *   another history. One exception: a commit is signed before it is written, and
 *   may fail. The ledger then builds on `kept` again, and `last`, which nobody
 *   was shown, is replaced. Once the ledger has said that `last` is durable
 *   (guard_keep()), it cannot be replaced any more.
 *
 * The file holds both. It is written before a signature is given (guard_write(),
 * a page of the system's memory) and reaches the disk a few milliseconds later
 * (guard_sync()), so a commit costs no second flush of the disk. Two slots are
 * used in turn, each with a sum over itself, and the one that is on the disk is
 * not touched before the other one is. Why that is enough:
 *
 *   - When the process dies, or the whole registry, the file knows all that was
 *     ever signed.
 *   - A crash between signature and commit leaves a ledger at `kept`; one after
 *     the commit, at `last`. When the power fails, the ledger may also be ahead
 *     of the guard, by entries that a proof connects and a note of our own.
 *     guard_begin() takes these three.
 *   - Any other ledger is behind `kept`, or of another history: a restored
 *     backup, another machine's file. It is refused, and `alamo recover` brings
 *     it forward.
 *   - What is not noticed: a backup made in the last milliseconds before the
 *     power failed; and a guard that was restored together with its ledger.
 *     Leave the guard out of backups: a ledger without one is refused.
 */
#ifndef REGISTRY_GUARD_H
#define REGISTRY_GUARD_H

#include "alamo/tlog/note.h"

#define GUARD_SLOT 1024   /* bytes of one state */
#define GUARD_STRIDE 4096 /* from slot to slot; the file is two of these */

struct guard {
	int fd;
	bool blank;      /* GUARD_ADOPT, and no file: guard_begin() takes any ledger */
	bool unsynced;   /* the file is ahead of the disk */
	unsigned slot;   /* where the next state goes */
	uint64_t serial; /* of the newest state */
	struct al_vkey key;
	struct al_checkpoint kept;
	struct al_checkpoint last;
	struct al_buf slot_text; /* grown at the start: writing allocates nothing */
};

enum guard_mode {
	GUARD_USE,    /* AL_ENOTFOUND without a file */
	GUARD_CREATE, /* for an empty ledger; AL_EEXIST */
	GUARD_ADOPT,  /* like USE; without a file, make one for whatever ledger there is */
};

/* AL_EVERIFY: damaged, or of another key. AL_EIO. The file stays open; nothing here opens another one later. */
AL_MUST_USE enum al_err guard_open(const char *path, const struct al_vkey *key, enum guard_mode mode,
				   struct guard *out);
/* Into the file: it outlives this process. AL_EIO. */
AL_MUST_USE enum al_err guard_write(struct guard *guard);
/* What was written is on the disk: it outlives the machine's power. AL_EIO: not so; write again first. */
AL_MUST_USE enum al_err guard_sync(struct guard *guard);
void guard_close(struct guard *guard);

/* A checkpoint and its proof of consistency with another one before it. */
struct guard_step {
	uint64_t base; /* size of the one before */
	struct al_checkpoint next;
	const struct al_hash *proof;
	size_t proof_count;
};
/*
 * The ledger's newest checkpoint, signed by this key, with its proof from
 * `kept` (base). AL_ESTALE: smaller than `kept`. AL_EFORK: not its history.
 */
AL_MUST_USE enum al_err guard_begin(struct guard *guard, const struct guard_step *head);
/* May `step` be signed? AL_ESTALE: smaller. AL_EFORK: another history. AL_EINVAL: base is neither last nor kept. */
AL_MUST_USE enum al_err guard_advance(struct guard *guard, const struct guard_step *step);
void guard_keep(struct guard *guard); /* `last` is durable in the ledger */

#endif
