/* SPDX-License-Identifier: MIT */
/*
 * ledger_writer.c -- the thread that owns the disk, and the way back.
 *
 * A job travels: ledger_append() -> queue -> writer -> outbox -> drain() on the
 * loop -> its callback. Results leave in the order in which they were decided.
 */
#include "ledger_writer.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <time.h>

#include "alamo/base/log.h"

#define LOOKUPS_A_TURN 16 /* reads and proofs between two commits */
#define POST_RETRY_MS 10
#define BEAT_MS 1000
#define OUTAGE_PAUSE_MS 100 /* between two questions whether the store is back */

/* ---- results, to the loop ---- */

void ledger_deliver(struct ledger *ledger, struct job *job)
{
	struct job_batch *batch = job->batch;

	if (job->err == AL_OK && batch != NULL && batch->committed == job && ledger->commit != NULL)
		ledger->commit(ledger->arg, &batch->batch);
	if (job->kind == JOB_SIDE) {
		side_work_deliver(job->work, job->err, job->arg);
	} else if (job->kind == JOB_READ || job->kind == JOB_DATE) {
		job->read(job->arg, job->err, job->err == AL_OK ? &batch->batch : NULL);
	} else if (job->done != NULL) {
		if (job->err == AL_OK) {
			assert(batch != NULL);
			job->receipt.checkpoint = batch->batch.checkpoint;
			job->receipt.note = batch->batch.note;
		}
		job->done(job->arg, job->err, job->err == AL_OK ? &job->receipt : NULL);
	}
	job_free(job);
}

static void drain(void *arg)
{
	struct mailbox *mailbox = arg;
	struct ledger *ledger = mailbox->ledger;
	struct job_list list;
	struct job *job;

	if (ledger == NULL) {
		free(mailbox);
		return;
	}
	pthread_mutex_lock(&ledger->lock);
	ledger->posted = false;
	list = job_list_take(&ledger->outbox);
	pthread_mutex_unlock(&ledger->lock);
	while ((job = job_list_pop(&list)) != NULL)
		ledger_deliver(ledger, job);
	if (ledger->fenced && !ledger->told && ledger->fenced_fn != NULL) {
		ledger->told = true;
		ledger->fenced_fn(ledger->fenced_arg);
	}
}

/* With `lock` held. When memory is short the writer tries again. */
static void outbox_post(struct ledger *ledger)
{
	/* ledger_close() delivers itself. */
	if (!ledger->posted && !ledger->stopping && (ledger->outbox.first != NULL || (ledger->fenced && !ledger->told)))
		ledger->posted = al_loop_post(ledger->loop, drain, ledger->mailbox) == AL_OK;
}

void ledger_outbox_end(struct ledger *ledger)
{
	/* Posted behind the loop's end it would never run. */
	if (ledger->posted && !al_loop_unpost(ledger->loop, drain, ledger->mailbox))
		ledger->mailbox->ledger = NULL; /* it is about to: drain() frees it */
	else
		free(ledger->mailbox);
}

void ledger_outbox_add(struct ledger *ledger, struct job_list *list)
{
	job_list_join(&ledger->outbox, list);
	outbox_post(ledger);
}

void ledger_outbox_fail(struct ledger *ledger, struct job_list *list, enum al_err err)
{
	for (struct job *job = list->first; job != NULL; job = job->next)
		job->err = err;
	ledger_outbox_add(ledger, list);
}

/* ---- commit, on the writer thread ---- */

/* Have the tree's head signed and look at what was signed, before anybody else can. */
static enum al_err sign_head(const struct ledger *ledger, uint64_t base, struct job_batch *batch)
{
	struct al_checkpoint cp = { .size = al_tree_size(ledger->tree) }, check;
	enum al_err err = ledger->signer.sign(ledger->signer.arg, ledger->tree, base, &batch->note);

	if (err != AL_OK)
		return err;
	cp.root = al_tree_root(ledger->tree, cp.size);
	err = al_checkpoint_open(al_buf_view(&batch->note), &ledger->key, &check);
	if (err != AL_OK || check.size != cp.size || !al_hash_eq(&check.root, &cp.root))
		return AL_EVERIFY;
	batch->batch.checkpoint = cp;
	batch->batch.note = al_buf_view(&batch->note);
	return AL_OK;
}

static enum al_err store_entries(struct ledger *ledger, const struct job_list *jobs)
{
	enum al_err err = AL_OK;

	for (const struct job *job = jobs->first; err == AL_OK && job != NULL; job = job->next) {
		struct al_hash leaf = al_leaf_hash(job_entry(job));

		assert(job->index == al_tree_size(ledger->tree));
		err = ledger->engine->ops->append(ledger->engine, job->index, &leaf, job_entry(job));
		if (err == AL_OK && job->extra != NULL)
			err = side_extra_store(job->extra, ledger->engine, job->index);
		if (err == AL_OK)
			err = al_tree_push(ledger->tree, &leaf);
	}
	return err;
}

/* All or nothing; on failure the tree is as before. */
static enum al_err store(struct ledger *ledger, struct job_list *jobs, struct job_batch *batch)
{
	uint64_t size = al_tree_size(ledger->tree);
	enum al_err err = ledger->engine->ops->begin(ledger->engine);

	if (err == AL_OK)
		err = store_entries(ledger, jobs);
	if (err == AL_OK)
		err = sign_head(ledger, size, batch);
	if (err == AL_OK)
		err = ledger->engine->ops->add_note(ledger->engine, batch->batch.checkpoint.size, batch->batch.note);
	if (err == AL_OK)
		err = ledger_commit(ledger);
	if (err != AL_OK) {
		ledger->engine->ops->rollback(ledger->engine);
		al_tree_truncate(ledger->tree, size);
		return err;
	}
	al_buf_reset(&ledger->undated);
	al_buf_slice(&ledger->undated, batch->batch.note);
	ledger->signer.kept(ledger->signer.arg);
	return AL_OK;
}

static void prove_jobs(const struct ledger *ledger, struct job_list *jobs)
{
	uint64_t size = al_tree_size(ledger->tree);

	for (struct job *job = jobs->first; job != NULL; job = job->next) {
		job->err = AL_OK;
		job->receipt.index = job->index;
		job->receipt.proof_count = al_tree_inclusion(ledger->tree, job->index, size, job->receipt.proof);
	}
}

static void commit_turn(struct ledger *ledger, struct job_list *jobs)
{
	struct job_batch *batch = job_batch_new(jobs);
	enum al_err err = AL_ENOMEM;

	pthread_mutex_lock(&ledger->db_lock);
	if (batch != NULL)
		err = store(ledger, jobs, batch);
	if (err == AL_OK)
		prove_jobs(ledger, jobs);
	pthread_mutex_unlock(&ledger->db_lock);

	pthread_mutex_lock(&ledger->lock);
	if (err == AL_OK) {
		al_buf_reset(&ledger->note);
		al_buf_slice(&ledger->note, batch->batch.note);
		ledger->head = batch->batch.checkpoint;
		ledger_outbox_add(ledger, jobs);
	} else {
		al_log(AL_LOG_ERROR, "ledger-commit", "first=%" PRIu64 " err=%s", jobs->first->index, al_err_name(err));
		ledger->failed = true;
		ledger->fenced = ledger->fenced || err == AL_ESTALE;
		ledger_outbox_fail(ledger, jobs, err == AL_ESTALE || err == AL_ECLOSED ? AL_ECLOSED : AL_EIO);
		ledger->queued_bytes = 0;
		ledger_outbox_fail(ledger, &ledger->appends, AL_ESTALE);
	}
	pthread_mutex_unlock(&ledger->lock);
}

/* ---- look-ups, on the writer thread ---- */

/* With db_lock held: only this thread changes head and note. */
static enum al_err date_head(struct ledger *ledger, struct job_batch *batch)
{
	enum al_err err = ledger->head.size > 0 ? AL_OK : AL_ENOTFOUND;

	if (err == AL_OK)
		al_buf_slice(&batch->note, al_buf_view(&ledger->undated));
	if (err == AL_OK)
		err = batch->note.err;
	if (err == AL_OK)
		err = ledger->signer.date(ledger->signer.arg, &ledger->head, &batch->note);
	if (err != AL_OK)
		return err;
	batch->batch.first = ledger->head.size;
	batch->batch.checkpoint = ledger->head;
	batch->batch.note = al_buf_view(&batch->note);
	pthread_mutex_lock(&ledger->lock);
	al_buf_reset(&ledger->note);
	al_buf_slice(&ledger->note, batch->batch.note);
	pthread_mutex_unlock(&ledger->lock);
	return AL_OK;
}

/* With db_lock held. */
static enum al_err look_up(struct ledger *ledger, struct job *job)
{
	struct job_batch *batch = job_batch_new(NULL);
	uint64_t size = ledger->head.size; /* while a commit is not settled the tree is ahead of it */
	enum al_err err;

	if (batch == NULL)
		return AL_ENOMEM;
	job_share(job, batch);
	if (job->kind == JOB_DATE)
		return date_head(ledger, batch);
	if (job->kind == JOB_READ) {
		err = job_read(job, ledger->engine, size);
		if (err == AL_OK)
			batch->batch.checkpoint.root = al_tree_root(ledger->tree, batch->batch.checkpoint.size);
		return err;
	}
	if (job->index >= size)
		return AL_ENOTFOUND;
	job->receipt.index = job->index;
	job->receipt.proof_count = al_tree_inclusion(ledger->tree, job->index, size, job->receipt.proof);
	batch->batch.checkpoint = ledger->head; /* only this thread changes it */
	al_buf_slice(&batch->note, al_buf_view(&ledger->note));
	batch->batch.note = al_buf_view(&batch->note);
	return batch->note.err;
}

static void lookup_turn(struct ledger *ledger, struct job_list *jobs)
{
	pthread_mutex_lock(&ledger->db_lock);
	for (struct job *job = jobs->first; job != NULL; job = job->next)
		job->err = look_up(ledger, job);
	pthread_mutex_unlock(&ledger->db_lock);
	pthread_mutex_lock(&ledger->lock);
	ledger_outbox_add(ledger, jobs);
	pthread_mutex_unlock(&ledger->lock);
}

/* With `lock` held: until something is queued, or so long. */
static void pause_on(struct ledger *ledger, long ms)
{
	struct timespec until;

	(void)clock_gettime(CLOCK_REALTIME, &until);
	until.tv_nsec += ms % 1000 * 1000000L;
	until.tv_sec += ms / 1000 + until.tv_nsec / 1000000000L;
	until.tv_nsec %= 1000000000L;
	(void)pthread_cond_timedwait(&ledger->wake, &ledger->lock, &until);
}

/* ---- while the store is away ---- */

/* With `lock` held: those that need no store. */
static struct job_list storeless_take(struct ledger *ledger)
{
	struct job_list all = job_list_take(&ledger->lookups), taken = { NULL, NULL, 0 };
	struct job *job;

	while ((job = job_list_pop(&all)) != NULL)
		job_list_push(job->kind == JOB_READ ? &ledger->lookups : &taken, job);
	return taken;
}

/* False: the ledger is being closed. */
static bool outage_turn(struct ledger *ledger)
{
	struct job_list lookups;
	bool stopping;

	pthread_mutex_lock(&ledger->lock);
	pause_on(ledger, OUTAGE_PAUSE_MS);
	lookups = storeless_take(ledger);
	stopping = ledger->stopping;
	pthread_mutex_unlock(&ledger->lock);
	if (lookups.first != NULL)
		lookup_turn(ledger, &lookups);
	return !stopping;
}

enum al_err ledger_commit(struct ledger *ledger)
{
	enum al_err err = ledger->engine->ops->commit(ledger->engine);
	bool going = true;

	if (err != AL_EAGAIN)
		return err;
	al_log(AL_LOG_WARN, "ledger-away", "size=%" PRIu64 " reason=\"nothing is stored meanwhile\"",
	       ledger->head.size);
	while (err == AL_EAGAIN && going) {
		pthread_mutex_unlock(&ledger->db_lock);
		going = outage_turn(ledger);
		pthread_mutex_lock(&ledger->db_lock);
		if (going)
			err = ledger->engine->ops->commit(ledger->engine);
	}
	if (err == AL_EAGAIN)
		return AL_ECLOSED;
	al_log(AL_LOG_WARN, "ledger-back", "result=%s", al_err_name(err));
	return err;
}

/* ---- the writer thread ---- */

/* Nothing else was said to the store lately. */
static void beat(struct ledger *ledger)
{
	enum al_err err;

	pthread_mutex_unlock(&ledger->lock);
	pthread_mutex_lock(&ledger->db_lock);
	err = ledger->engine->ops->beat(ledger->engine);
	pthread_mutex_unlock(&ledger->db_lock);
	pthread_mutex_lock(&ledger->lock);
	if (err != AL_ESTALE)
		return;
	ledger->failed = ledger->fenced = true;
	outbox_post(ledger);
}

static bool work_waits(const struct ledger *ledger)
{
	return ledger->appends.first != NULL || ledger->lookups.first != NULL || ledger->sides.first != NULL;
}

/* With `lock` held: sleep until there is something to do. */
static void wait_for_work(struct ledger *ledger)
{
	while (!ledger->stopping && !work_waits(ledger)) {
		bool unposted = !ledger->posted && ledger->outbox.first != NULL;

		if (unposted || (ledger->engine->ops->beat != NULL && !ledger->fenced)) {
			pause_on(ledger, unposted ? POST_RETRY_MS : BEAT_MS);
			outbox_post(ledger);
			if (!unposted && !ledger->stopping && !work_waits(ledger))
				beat(ledger);
		} else {
			pthread_cond_wait(&ledger->wake, &ledger->lock);
		}
	}
}

void ledger_writer_turn(struct ledger *ledger)
{
	struct job_list appends, lookups, sides;

	appends = job_list_cut(&ledger->appends, JOB_COMMIT_ENTRIES, JOB_COMMIT_BYTES, &ledger->queued_bytes);
	lookups = job_list_cut(&ledger->lookups, LOOKUPS_A_TURN, SIZE_MAX, NULL);
	sides = ledger_side_ready(ledger, ledger->head.size + appends.count);
	pthread_mutex_unlock(&ledger->lock);
	if (appends.first != NULL)
		commit_turn(ledger, &appends);
	if (lookups.first != NULL)
		lookup_turn(ledger, &lookups);
	if (sides.first != NULL)
		ledger_side_turn(ledger, &sides);
	pthread_mutex_lock(&ledger->lock);
}

void *ledger_writer(void *arg)
{
	struct ledger *ledger = arg;

	pthread_mutex_lock(&ledger->lock);
	for (;;) {
		wait_for_work(ledger);
		/* What was queued before the stop is still done; nothing comes after it. */
		if (!work_waits(ledger))
			break;
		ledger_writer_turn(ledger);
	}
	pthread_mutex_unlock(&ledger->lock);
	return NULL;
}
