/* SPDX-License-Identifier: MIT */
/*
 * ledger_writer.h -- the inside of a ledger: its state, its writer thread, and
 * the outbox between that thread and the loop. Private to ledger.c.
 *
 * Two locks. `db_lock` guards the store and the tree; the writer holds it for a
 * whole commit, but not through an outage of the store. `lock` guards the queues and the head and is held for moments
 * only, so the loop never waits for the disk. `db_lock` is taken first.
 */
#ifndef REGISTRY_LEDGER_WRITER_H
#define REGISTRY_LEDGER_WRITER_H

#include <pthread.h>

#include "ledger_job.h"

/* What is posted to the loop. It outlives the ledger if the ledger is closed before it is delivered. */
struct mailbox {
	struct ledger *ledger;
};

struct ledger {
	struct al_vkey key;
	struct ledger_signer signer;
	struct al_loop *loop;
	ledger_commit_fn commit;
	void *arg;
	pthread_t thread;
	bool started;
	bool leads;      /* ours is the one that writes */
	bool remembered; /* while it follows: the signer has heard of `head` */

	pthread_mutex_t db_lock;
	struct engine *engine;
	struct ledger_queue_rule queue;
	uint64_t expired_s; /* when it was last looked for what is too old */
	struct al_tree *tree;

	pthread_mutex_t lock;
	pthread_cond_t wake;
	struct al_checkpoint head; /* newest durable one */
	struct al_buf note;        /* its note, dated or not */
	struct al_buf undated;     /* as it is stored; the writer's thread alone has it */
	struct job_list appends;
	struct job_list lookups;
	struct job_list sides;
	struct job_list outbox;
	size_t queued_bytes;
	uint64_t next; /* index of the next append */
	bool failed;   /* until ledger_resume() */
	bool fenced;   /* another registry writes, for good */
	bool told;     /* fenced_fn was called */
	ledger_fenced_fn fenced_fn;
	void *fenced_arg;
	bool stopping;
	bool posted; /* `mailbox` is on its way to the loop */
	struct mailbox *mailbox;
};

void *ledger_writer(void *ledger); /* the thread's main; returns once `stopping` is set */
/* With `lock` held, which is let go meanwhile: one commit of what is queued, then some look-ups. Tests call it too. */
void ledger_writer_turn(struct ledger *ledger);

/*
 * With `db_lock` held, which is let go while the store cannot say whether it has the commit; what can be answered without
 * the store is answered meanwhile. AL_EIO: it was not stored. AL_ESTALE: another registry writes. AL_ECLOSED: the ledger
 * is being closed, and nobody knows.
 */
AL_MUST_USE enum al_err ledger_commit(struct ledger *ledger);

/* With `lock` held: results for the loop, in this order. `list` is empty then. */
void ledger_outbox_add(struct ledger *ledger, struct job_list *list);
/* The mailbox ends; on the loop's thread, when nobody adds any more. */
void ledger_outbox_end(struct ledger *ledger);
/* The same with all of them failed. */
void ledger_outbox_fail(struct ledger *ledger, struct job_list *list, enum al_err err);
/* On the loop: the callbacks of one job, which is freed. */
void ledger_deliver(struct ledger *ledger, struct job *job);

#endif
