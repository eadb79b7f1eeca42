/* SPDX-License-Identifier: MIT */
/*
 * queue.h -- what waits for the hostmaster: who may add how much, what goes,
 * and what is remembered of it. The same for all engines, which have the rows.
 *
 * On the writer's thread, in its transaction. All give AL_EIO when storage fails, AL_ENOMEM, and what stands beside them.
 */
#ifndef REGISTRY_QUEUE_H
#define REGISTRY_QUEUE_H

#include "engine.h"

/* The same again gives the same row: its id and hash. AL_ELIMIT: full. AL_EDENIED: a share, of `share` rows, is. */
AL_MUST_USE enum al_err queue_add(struct engine *engine, const struct ledger_asking *asking, uint64_t share,
				  struct ledger_queued *row);
/* The request of that hash, its text appended. AL_ENOTFOUND. */
AL_MUST_USE enum al_err queue_find(struct engine *engine, const uint8_t hash[static AL_HASH_LEN],
				   struct ledger_queued *row, struct al_buf *text);
AL_MUST_USE enum al_err queue_status(struct engine *engine, const uint8_t hash[static AL_HASH_LEN],
				     struct ledger_queue_status *status); /* AL_ENOTFOUND */
/* Oldest first; *count rows, at most `cap`; *total: how many there are. */
AL_MUST_USE enum al_err queue_list(struct engine *engine, struct ledger_queued *rows, size_t cap, size_t *count,
				   uint64_t *total);
/* By `who`, a word or "from=ID"; empty: by `id`. *count of them; AL_ENOTFOUND. */
AL_MUST_USE enum al_err queue_drop(struct engine *engine, uint64_t id, struct al_slice who,
				   const struct engine_refusal *refusal, uint64_t *count);
/* Refuses what is older than `before`; *count of them, which may be 0. */
AL_MUST_USE enum al_err queue_expire(struct engine *engine, uint64_t before, uint64_t now, uint64_t *count);
/* It was decided: the request of that hash goes, if it is there, and nothing of it stays. */
AL_MUST_USE enum al_err queue_forget(struct engine *engine, const uint8_t hash[static AL_HASH_LEN]);

/* How much waits and since when, as /metrics shows it: to be called when rows came or went. */
void queue_look(struct engine *engine);

#endif
