/* SPDX-License-Identifier: MIT */
/*
 * ledger_check.h -- what opening a ledger proves. Private to ledger.c.
 */
#ifndef REGISTRY_LEDGER_CHECK_H
#define REGISTRY_LEDGER_CHECK_H

#include "alamo/tlog/note.h"
#include "engine.h"
#include "ledger.h"

/*
 * What the store has beyond `tree` and *head, which are of its beginning: checked likewise, pushed, and told to `visit`.
 * AL_EFORK: the store has less. After a failure tree and head do not belong together.
 */
typedef enum al_err (*ledger_check_fn)(void *arg, uint64_t index, struct al_slice body);
AL_MUST_USE enum al_err ledger_check_more(struct engine *engine, const struct al_vkey *key, struct al_tree *tree,
					  struct al_checkpoint *head, struct al_buf *note, ledger_check_fn visit,
					  void *arg);
/* AL_EFORK: `note`, of our head, is not what the store has. */
AL_MUST_USE enum al_err ledger_check_same(struct engine *engine, const struct al_checkpoint *head,
					  struct al_slice note);

/*
 * Fills the empty `tree` from the stored entries and checks it: the file's
 * structure, indexes without a gap, each leaf hash against its bytes, each
 * checkpoint's text against the root of that size, a checkpoint for exactly the
 * last entry, and the signatures of the newest 4,096 checkpoints. The newest one
 * commits to every entry, so older signatures add nothing to the proof; checking
 * a million of them would take a minute at each start. AL_EVERIFY with the place
 * in the log. *head and `note` (appended) get the newest checkpoint; size 0: none. `seen` (may be NULL) hears of each
 * entry.
 */
AL_MUST_USE enum al_err ledger_check(struct engine *engine, const struct al_vkey *key, struct al_tree *tree,
				     struct al_checkpoint *head, struct al_buf *note, ledger_seen_fn seen, void *arg);

#endif
