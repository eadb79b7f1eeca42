/* SPDX-License-Identifier: MIT */
/*
 * ledger_side.c -- jobs on the tables that may forget.
 *
 * Queued on the loop's thread, done on the writer's: all that are ready share
 * one transaction, one scrub and one truncation of the write-ahead log.
 */
#include "ledger_side_work.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "alamo/base/log.h"
#include "clock_guard.h"
#include "engine.h"
#include "ledger_writer.h"
#include "queue.h"

#define SIDES_QUEUED_MAX 256
#define SIDE_TEXT_MAX (1u << 20)
#define EXPIRE_EVERY_S 60u

enum side_op {
	SIDE_GET,
	SIDE_ERASE,
	QUEUE_ADD,
	QUEUE_LIST,
	QUEUE_GET,
	QUEUE_FIND,
	QUEUE_STATUS,
	QUEUE_DROP,
	SIDE_SAVE
};

struct side_work {
	enum side_op op;
	ledger_side_fn done;
	uint64_t id;
	uint64_t time;
	uint8_t hash[AL_HASH_LEN];
	uint8_t same[AL_HASH_LEN];
	char who[LEDGER_WHO_MAX];
	char reason[LEDGER_REASON_MAX];
	char object[LEDGER_OBJECT_MAX];
	char label[LEDGER_LABEL_MAX];
	bool has_once;
	struct ledger_once once;
	struct al_buf text; /* in: to be queued; out: what was asked for */
	struct ledger_queued *rows;
	struct ledger_side_result result;
};

/* ---- what goes with an entry ---- */

struct side_extra *side_extra_new(const struct ledger_extra *extra)
{
	size_t bytes = sizeof(struct side_extra) + extra->side_count * sizeof(struct ledger_attachment);
	struct side_extra *out;
	char *at;

	for (size_t i = 0; i < extra->side_count; i++)
		bytes += extra->sides[i].object.len + extra->sides[i].text.len;
	out = calloc(1, bytes);
	if (out == NULL)
		return NULL;
	out->bytes = bytes;
	out->count = extra->side_count;
	at = (char *)(out->sides + out->count);
	for (size_t i = 0; i < out->count; i++) {
		struct ledger_attachment *to = &out->sides[i];

		*to = extra->sides[i];
		to->object = al_slice_of(at, to->object.len);
		memcpy(at, extra->sides[i].object.ptr, to->object.len);
		at += to->object.len;
		to->text = al_slice_of(at, to->text.len);
		if (to->text.len > 0)
			memcpy(at, extra->sides[i].text.ptr, to->text.len);
		at += to->text.len;
	}
	out->forget = extra->queue_hash != NULL;
	if (out->forget)
		memcpy(out->queue_hash, extra->queue_hash, AL_HASH_LEN);
	return out;
}

enum al_err side_extra_store(const struct side_extra *extra, struct engine *engine, uint64_t index)
{
	enum al_err err = extra->forget ? queue_forget(engine, extra->queue_hash) : AL_OK;

	if (extra->forget)
		queue_look(engine);
	for (size_t i = 0; err == AL_OK && i < extra->count; i++) {
		if (extra->sides[i].text.len > 0)
			err = engine->ops->side->put(engine, &extra->sides[i], index);
		else
			err = engine->ops->side->remove(engine, extra->sides[i].object);
		if (err == AL_ENOTFOUND)
			err = AL_OK;
	}
	return err;
}

/* ---- queueing ---- */

static struct side_work *work_new(enum side_op op, const struct ledger_once *once)
{
	struct side_work *work = calloc(1, sizeof(*work));

	if (work == NULL)
		return NULL;
	work->op = op;
	al_buf_init(&work->text, SIDE_TEXT_MAX);
	work->has_once = once != NULL;
	if (once != NULL)
		work->once = *once;
	return work;
}

void side_work_free(struct side_work *work)
{
	if (work == NULL)
		return;
	al_buf_release(&work->text);
	free(work->rows);
	free(work);
}

/* Takes over `work`, which may be NULL: no memory. */
static enum al_err work_queue(struct ledger *ledger, struct side_work *work, ledger_side_fn done, void *arg)
{
	struct job *job = work != NULL ? job_new(JOB_SIDE, 0, al_slice_of(NULL, 0), arg) : NULL;
	enum al_err err = AL_OK;

	if (job == NULL) {
		side_work_free(work);
		return AL_ENOMEM;
	}
	work->done = done;
	job->work = work;
	pthread_mutex_lock(&ledger->lock);
	if (!ledger->started || ledger->stopping) {
		err = AL_ECLOSED;
	} else if (ledger->sides.count >= SIDES_QUEUED_MAX) {
		err = AL_EAGAIN;
	} else {
		job->index = ledger->next; /* not before these entries: see ledger_side_ready() */
		job_list_push(&ledger->sides, job);
		pthread_cond_signal(&ledger->wake);
	}
	pthread_mutex_unlock(&ledger->lock);
	if (err != AL_OK)
		job_free(job);
	return err;
}

static enum al_err object_queue(struct ledger *ledger, enum side_op op, struct al_slice object,
				const struct ledger_once *once, ledger_side_fn done, void *arg)
{
	struct side_work *work = work_new(op, once);

	if (work != NULL && al_slice_copy(object, work->object, sizeof(work->object)) != AL_OK) {
		side_work_free(work);
		return AL_EINVAL;
	}
	return work_queue(ledger, work, done, arg);
}

static enum al_err id_queue(struct ledger *ledger, enum side_op op, uint64_t id, const struct ledger_once *once,
			    ledger_side_fn done, void *arg)
{
	struct side_work *work = work_new(op, once);

	if (work != NULL)
		work->id = id;
	return work_queue(ledger, work, done, arg);
}

enum al_err ledger_side_get(struct ledger *ledger, struct al_slice object, ledger_side_fn done, void *arg)
{
	return object_queue(ledger, SIDE_GET, object, NULL, done, arg);
}

enum al_err ledger_side_erase(struct ledger *ledger, struct al_slice object, const struct ledger_once *once,
			      ledger_side_fn done, void *arg)
{
	return object_queue(ledger, SIDE_ERASE, object, once, done, arg);
}

enum al_err ledger_side_save(struct ledger *ledger, struct al_slice path, ledger_side_fn done, void *arg)
{
	struct side_work *work = work_new(SIDE_SAVE, NULL);

	if (work != NULL) {
		al_buf_slice(&work->text, path);
		al_buf_printf(&work->text, "%c", '\0');
	}
	return work_queue(ledger, work, done, arg);
}

enum al_err ledger_queue_add(struct ledger *ledger, const struct ledger_asking *asking, ledger_side_fn done, void *arg)
{
	struct side_work *work = work_new(QUEUE_ADD, NULL);
	enum al_err err;

	if (work == NULL)
		return AL_ENOMEM;
	work->time = asking->time;
	memcpy(work->hash, asking->hash, AL_HASH_LEN);
	memcpy(work->same, asking->same, AL_HASH_LEN);
	err = al_slice_copy(al_slice_head(asking->label, LEDGER_LABEL_MAX - 1), work->label, sizeof(work->label));
	if (err == AL_OK)
		err = al_slice_copy(asking->who, work->who, sizeof(work->who));
	al_buf_slice(&work->text, asking->text);
	if (err == AL_OK)
		err = work->text.err;
	if (err != AL_OK) {
		side_work_free(work);
		return err;
	}
	return work_queue(ledger, work, done, arg);
}

enum al_err ledger_queue_list(struct ledger *ledger, ledger_side_fn done, void *arg)
{
	return work_queue(ledger, work_new(QUEUE_LIST, NULL), done, arg);
}

enum al_err ledger_queue_get(struct ledger *ledger, uint64_t id, ledger_side_fn done, void *arg)
{
	return id_queue(ledger, QUEUE_GET, id, NULL, done, arg);
}

static enum al_err hash_queue(struct ledger *ledger, enum side_op op, const uint8_t hash[static AL_HASH_LEN],
			      ledger_side_fn done, void *arg)
{
	struct side_work *work = work_new(op, NULL);

	if (work != NULL)
		memcpy(work->hash, hash, AL_HASH_LEN);
	return work_queue(ledger, work, done, arg);
}

enum al_err ledger_queue_status(struct ledger *ledger, const uint8_t hash[static AL_HASH_LEN], ledger_side_fn done,
				void *arg)
{
	return hash_queue(ledger, QUEUE_STATUS, hash, done, arg);
}

enum al_err ledger_queue_find(struct ledger *ledger, const uint8_t hash[static AL_HASH_LEN], ledger_side_fn done,
			      void *arg)
{
	return hash_queue(ledger, QUEUE_FIND, hash, done, arg);
}

static enum al_err drop_queue(struct ledger *ledger, uint64_t id, struct al_slice who, struct al_slice reason,
			      const struct ledger_once *once, ledger_side_fn done, void *arg)
{
	struct side_work *work = work_new(QUEUE_DROP, once);

	if (work == NULL)
		return AL_ENOMEM;
	work->id = id;
	if (al_slice_copy(who, work->who, sizeof(work->who)) != AL_OK ||
	    al_slice_copy(al_slice_head(reason, LEDGER_REASON_MAX - 1), work->reason, sizeof(work->reason)) != AL_OK) {
		side_work_free(work);
		return AL_EINVAL;
	}
	return work_queue(ledger, work, done, arg);
}

enum al_err ledger_queue_drop(struct ledger *ledger, uint64_t id, struct al_slice reason,
			      const struct ledger_once *once, ledger_side_fn done, void *arg)
{
	return drop_queue(ledger, id, al_slice_of(NULL, 0), reason, once, done, arg);
}

enum al_err ledger_queue_drop_all(struct ledger *ledger, struct al_slice who, struct al_slice reason,
				  const struct ledger_once *once, ledger_side_fn done, void *arg)
{
	return who.len == 0 ? AL_EINVAL : drop_queue(ledger, 0, who, reason, once, done, arg);
}

/* ---- on the writer thread ---- */

struct job_list ledger_side_ready(struct ledger *ledger, uint64_t durable)
{
	struct job_list ready = { NULL, NULL, 0 };

	while (ledger->sides.first != NULL && (ledger->appends.first == NULL || ledger->sides.first->index <= durable))
		job_list_push(&ready, job_list_pop(&ledger->sides));
	return ready;
}

static bool work_erases(const struct side_work *work)
{
	return work->op == SIDE_ERASE || work->op == QUEUE_DROP;
}

static bool work_writes(const struct side_work *work)
{
	return work_erases(work) || work->op == QUEUE_ADD;
}

static enum al_err list_rows(struct side_work *work, struct engine *engine)
{
	work->rows = calloc(LEDGER_QUEUE_LISTED, sizeof(*work->rows));
	if (work->rows == NULL)
		return AL_ENOMEM;
	work->result.rows = work->rows;
	return queue_list(engine, work->rows, LEDGER_QUEUE_LISTED, &work->result.row_count, &work->result.total);
}

static enum al_err work_run(struct side_work *work, const struct ledger *ledger)
{
	struct engine *engine = ledger->engine;
	const struct engine_side_ops *side = engine->ops->side;
	struct ledger_asking asking = { work->time,
					work->hash,
					work->same,
					al_slice_str(work->label),
					al_buf_view(&work->text),
					al_slice_str(work->who) };
	const struct engine_refusal refusal = { al_now_s(), al_slice_str(work->reason) };
	enum al_err err = work->has_once ? side->once(engine, &work->once) : AL_OK;

	if (err != AL_OK)
		return err;
	switch (work->op) {
	case SIDE_GET:
		return side->get(engine, al_slice_str(work->object), work->result.hash, &work->text);
	case SIDE_ERASE:
		return side->remove(engine, al_slice_str(work->object));
	case QUEUE_ADD:
		return queue_add(engine, &asking, ledger->queue.share, &work->result.queued);
	case QUEUE_LIST:
		return list_rows(work, engine);
	case QUEUE_GET:
		return engine->ops->queue->get(engine, work->id, &work->result.queued, &work->text);
	case QUEUE_FIND:
		return queue_find(engine, work->hash, &work->result.queued, &work->text);
	case QUEUE_STATUS:
		return queue_status(engine, work->hash, &work->result.status);
	case QUEUE_DROP:
		return queue_drop(engine, work->id, al_slice_str(work->who), &refusal, &work->result.dropped);
	case SIDE_SAVE: /* when this transaction is over */
		return AL_OK;
	}
	return AL_EINVAL;
}

static bool is_failure(enum al_err err)
{
	return err == AL_EIO || err == AL_ENOMEM;
}

/* What nobody has decided about in time goes, whoever looks next. */
static enum al_err expire(struct ledger *ledger, bool *erased)
{
	uint64_t now = al_now_s(), count = 0;
	enum al_err err;

	/* What nobody has decided about for weeks by a clock that has jumped came this morning. */
	if (!clock_guard_trusted())
		return AL_OK;
	if (ledger->queue.age_s == 0 || now <= ledger->queue.age_s || now - ledger->expired_s < EXPIRE_EVERY_S)
		return AL_OK;
	ledger->expired_s = now;
	err = queue_expire(ledger->engine, now - ledger->queue.age_s, now, &count);
	if (count > 0)
		al_log(AL_LOG_INFO, "queue-expired", "requests=%" PRIu64, count);
	*erased = *erased || count > 0;
	return err;
}

/* With db_lock held, in one transaction. */
static enum al_err run_all(struct ledger *ledger, struct job_list *jobs, bool *erased)
{
	struct engine *engine = ledger->engine;
	enum al_err err = engine->ops->begin(engine);
	bool added = false;

	*erased = false;
	if (err == AL_OK)
		err = expire(ledger, erased);
	for (struct job *job = jobs->first; err == AL_OK && job != NULL; job = job->next) {
		job->err = work_run(job->work, ledger);
		*erased = *erased || (work_erases(job->work) && job->err != AL_EEXIST);
		added = added || job->work->op == QUEUE_ADD;
		if (is_failure(job->err) && work_writes(job->work))
			err = job->err;
	}
	if (err == AL_OK && (*erased || added))
		queue_look(engine);
	if (err == AL_OK && *erased)
		err = engine->ops->side->scrub(engine);
	if (err == AL_OK)
		err = ledger_commit(ledger);
	if (err != AL_OK)
		engine->ops->rollback(engine);
	return err;
}

static void save_all(struct ledger *ledger, struct job_list *jobs)
{
	for (struct job *job = jobs->first; job != NULL; job = job->next)
		if (job->work->op == SIDE_SAVE)
			job->err = ledger->engine->ops->side->save(ledger->engine, al_buf_view(&job->work->text).ptr);
}

/* What was not stored failed; what is not off the write-ahead log is not erased. */
static void fail_all(struct job_list *jobs, bool (*which)(const struct side_work *work))
{
	for (struct job *job = jobs->first; job != NULL; job = job->next)
		if (which(job->work))
			job->err = AL_EIO;
}

static bool work_any(const struct side_work *work)
{
	return work != NULL;
}

void ledger_side_turn(struct ledger *ledger, struct job_list *jobs)
{
	bool erased;
	enum al_err err;

	pthread_mutex_lock(&ledger->db_lock);
	err = run_all(ledger, jobs, &erased);
	if (err != AL_OK) {
		al_log(AL_LOG_ERROR, "ledger-side", "err=%s", al_err_name(err));
		fail_all(jobs, work_any);
	} else if (erased && ledger->engine->ops->side->purge(ledger->engine) != AL_OK) {
		fail_all(jobs, work_erases);
	}
	if (err == AL_OK)
		save_all(ledger, jobs);
	pthread_mutex_unlock(&ledger->db_lock);
	pthread_mutex_lock(&ledger->lock);
	ledger_outbox_add(ledger, jobs);
	pthread_mutex_unlock(&ledger->lock);
}

/* ---- back on the loop ---- */

void side_work_deliver(struct side_work *work, enum al_err err, void *arg)
{
	work->result.text = work->op == QUEUE_ADD ? al_slice_of(NULL, 0) : al_buf_view(&work->text);
	if (work->done != NULL)
		work->done(arg, err, err == AL_OK ? &work->result : NULL);
}
