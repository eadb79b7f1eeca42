/* SPDX-License-Identifier: MIT */
/*
 * ledger_side_work.h -- what jobs carry for the tables that may forget, and
 * what the writer does with it. Private to ledger*.c.
 */
#ifndef REGISTRY_LEDGER_SIDE_WORK_H
#define REGISTRY_LEDGER_SIDE_WORK_H

#include "ledger_side.h"

struct job_list;
struct engine;
struct side_work;

/* A struct ledger_extra of one's own, in one allocation: free() ends it. */
struct side_extra {
	size_t bytes; /* held */
	bool forget;
	uint8_t queue_hash[AL_HASH_LEN];
	size_t count;
	struct ledger_attachment sides[];
};
struct side_extra *side_extra_new(const struct ledger_extra *extra); /* NULL: no memory */
/* In the transaction of entry `index`. */
AL_MUST_USE enum al_err side_extra_store(const struct side_extra *extra, struct engine *engine, uint64_t index);

void side_work_free(struct side_work *work); /* NULL is allowed */
void side_work_deliver(struct side_work *work, enum al_err err, void *arg);

/*
 * With `lock` held and the commit of this turn cut off the queue: the jobs
 * that may run once `durable` entries are. Those behind entries that still
 * wait stay, so that an erasure never overtakes the text that it is about.
 */
struct job_list ledger_side_ready(struct ledger *ledger, uint64_t durable);
/* One transaction; the results are in the outbox then. */
void ledger_side_turn(struct ledger *ledger, struct job_list *jobs);

#endif
