/* SPDX-License-Identifier: MIT */
/*
 * ledger_check.h -- what opening a ledger proves. Private to ledger.c.
 */
#ifndef REGISTRY_LEDGER_CHECK_H
#define REGISTRY_LEDGER_CHECK_H

#include "alamo/tlog/note.h"
#include "engine.h"

/*
 * Fills the empty `tree` from the stored entries and checks it: the file's
 * structure, indexes without a gap, each leaf hash against its bytes, each
 * checkpoint's text against the root of that size, a checkpoint for exactly the
 * last entry, and the signatures of the newest 4,096 checkpoints. The newest one
 * commits to every entry, so older signatures add nothing to the proof; checking
 * a million of them would take a minute at each start. AL_EVERIFY with the place
 * in the log. *head and `note` (appended) get the newest checkpoint; size 0: none.
 */
AL_MUST_USE enum al_err ledger_check(struct engine *engine, const struct al_vkey *key, struct al_tree *tree,
				     struct al_checkpoint *head, struct al_buf *note);

#endif
