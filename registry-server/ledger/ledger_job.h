/* SPDX-License-Identifier: MIT */
/*
 * ledger_job.h -- what waits for the writer thread, and what comes back.
 * Private to ledger.c. Nothing here locks.
 */
#ifndef REGISTRY_LEDGER_JOB_H
#define REGISTRY_LEDGER_JOB_H

#include "ledger.h"
#include "engine.h"
#include "ledger_side_work.h"

#define JOB_COMMIT_ENTRIES 1000 /* in one transaction */
#define JOB_COMMIT_BYTES (8u << 20)

enum job_kind { JOB_APPEND, JOB_PROVE, JOB_READ, JOB_DATE, JOB_SIDE };

/* What several jobs' results point into; freed with the last of them. */
struct job_batch {
	size_t refs;
	const struct job *committed; /* the job whose delivery tells of the commit; NULL: a look-up */
	struct ledger_batch batch;
	struct al_slice *entries;
	struct al_buf note;
	struct al_buf bytes; /* of a read */
};

struct job {
	struct job *next;
	enum job_kind kind;
	enum al_err err;
	uint64_t index;      /* JOB_READ: where from; JOB_SIDE: behind which entries */
	size_t max_bytes;    /* JOB_READ */
	ledger_done_fn done; /* JOB_APPEND, JOB_PROVE */
	ledger_read_fn read; /* JOB_READ, JOB_DATE */
	void *arg;
	struct job_batch *batch; /* one reference, or NULL */
	struct ledger_receipt receipt;
	struct side_extra *extra; /* JOB_APPEND: owned, or NULL */
	struct side_work *work;   /* JOB_SIDE: owned */
	size_t len;
	char bytes[]; /* JOB_APPEND: the entry */
};

/* A queue, by the jobs' own links. All zero: empty. */
struct job_list {
	struct job *first;
	struct job *last;
	size_t count;
};

struct job *job_new(enum job_kind kind, uint64_t index, struct al_slice entry, void *arg); /* NULL: no memory */
void job_free(struct job *job);
struct al_slice job_entry(const struct job *job);
size_t job_weight(const struct job *job);                 /* bytes that an append holds */
void job_share(struct job *job, struct job_batch *batch); /* takes over one reference */

void job_list_push(struct job_list *list, struct job *job);
struct job *job_list_pop(struct job_list *list); /* NULL: empty */
struct job_list job_list_take(struct job_list *list);
void job_list_join(struct job_list *list, struct job_list *more); /* moves; `more` is empty then */
/* The first jobs, at most `count` and (but for the first) `bytes`, which are taken off *queued (may be NULL). */
struct job_list job_list_cut(struct job_list *list, size_t count, size_t bytes, size_t *queued);

/*
 * With jobs (appends, not empty): first, count and entries are theirs, and each
 * holds a reference. Without: empty, and one reference, for job_share().
 */
struct job_batch *job_batch_new(struct job_list *jobs); /* NULL: no memory */
/* Fill the batch of a JOB_READ from the file, whose size is `size`. */
AL_MUST_USE enum al_err job_read(struct job *job, struct engine *engine, uint64_t size);

#endif
