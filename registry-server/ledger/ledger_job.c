/* SPDX-License-Identifier: MIT */
/*
 * ledger_job.c -- jobs, queues of jobs, and the reading of a span of entries.
 */
#include "ledger_job.h"

#include <stdlib.h>
#include <string.h>

#include "alamo/base/wire.h"

#define READ_MOST (8u << 20) /* bytes of one read */
#define READ_STRIDE 1024     /* entries after which a read ends at a checkpoint */
#define PREFIX_LEN 2         /* u16 length before each entry */

/* ---- jobs ---- */

struct job *job_new(enum job_kind kind, uint64_t index, struct al_slice entry, void *arg)
{
	struct job *job = calloc(1, sizeof(*job) + entry.len);

	if (job == NULL)
		return NULL;
	job->kind = kind;
	job->index = index;
	job->arg = arg;
	job->len = entry.len;
	if (entry.len > 0)
		memcpy(job->bytes, entry.ptr, entry.len);
	return job;
}

struct al_slice job_entry(const struct job *job)
{
	return al_slice_of(job->bytes, job->len);
}

size_t job_weight(const struct job *job)
{
	return job->len + (job->extra != NULL ? job->extra->bytes : 0);
}

static void batch_unref(struct job_batch *batch)
{
	if (batch == NULL || --batch->refs > 0)
		return;
	free(batch->entries);
	al_buf_release(&batch->note);
	al_buf_release(&batch->bytes);
	free(batch);
}

/* Slices of a commit lie in its jobs, so these go last. */
void job_free(struct job *job)
{
	batch_unref(job->batch);
	side_work_free(job->work);
	free(job->extra);
	free(job);
}

void job_share(struct job *job, struct job_batch *batch)
{
	job->batch = batch;
}

struct job_batch *job_batch_new(struct job_list *jobs)
{
	struct job_batch *batch = calloc(1, sizeof(*batch));
	size_t i = 0;

	if (batch == NULL)
		return NULL;
	al_buf_init(&batch->note, AL_NOTE_MAX);
	al_buf_init(&batch->bytes, READ_MOST);
	batch->refs = 1;
	if (jobs == NULL || jobs->first == NULL)
		return batch;
	batch->entries = calloc(jobs->count, sizeof(*batch->entries));
	if (batch->entries == NULL) {
		batch_unref(batch);
		return NULL;
	}
	for (struct job *job = jobs->first; job != NULL; job = job->next) {
		batch->entries[i++] = job_entry(job);
		job->batch = batch;
	}
	batch->refs = jobs->count;
	batch->committed = jobs->first;
	batch->batch.first = jobs->first->index;
	batch->batch.count = jobs->count;
	batch->batch.entries = batch->entries;
	return batch;
}

/* ---- queues ---- */

void job_list_push(struct job_list *list, struct job *job)
{
	job->next = NULL;
	if (list->first == NULL)
		list->first = job;
	else
		list->last->next = job;
	list->last = job;
	list->count++;
}

struct job *job_list_pop(struct job_list *list)
{
	struct job *job = list->first;

	if (job == NULL)
		return NULL;
	list->first = job->next;
	if (list->first == NULL)
		list->last = NULL;
	list->count--;
	job->next = NULL;
	return job;
}

struct job_list job_list_take(struct job_list *list)
{
	struct job_list all = *list;

	*list = (struct job_list){ NULL, NULL, 0 };
	return all;
}

void job_list_join(struct job_list *list, struct job_list *more)
{
	struct job_list tail = job_list_take(more);

	if (tail.first == NULL)
		return;
	if (list->first == NULL)
		list->first = tail.first;
	else
		list->last->next = tail.first;
	list->last = tail.last;
	list->count += tail.count;
}

struct job_list job_list_cut(struct job_list *list, size_t count, size_t bytes, size_t *queued)
{
	struct job_list cut = { NULL, NULL, 0 };
	size_t total = 0;

	while (list->first != NULL && cut.count < count &&
	       (cut.first == NULL || job_weight(list->first) <= bytes - total)) {
		total += job_weight(list->first);
		job_list_push(&cut, job_list_pop(list));
		if (total >= bytes)
			break;
	}
	if (queued != NULL)
		*queued -= total;
	return cut;
}

/* ---- reads ---- */

struct span {
	struct al_buf *bytes; /* u16 length and bytes of each entry */
	size_t max;
	uint64_t count;
	bool full;
};

static enum al_err span_add(void *arg, uint64_t index, struct al_slice leaf, struct al_slice body)
{
	struct span *span = arg;

	(void)index;
	(void)leaf;
	if (span->count > 0 && span->bytes->len + PREFIX_LEN + body.len > span->max) {
		span->full = true;
		return AL_ELIMIT;
	}
	al_buf_u16(span->bytes, (uint16_t)body.len);
	al_buf_slice(span->bytes, body);
	span->count++;
	return span->bytes->err;
}

/*
 * Where a read of [from, from + fits) ends: at the first checkpoint a stride
 * on, else at the last one inside, else (in the middle of a large commit) where
 * it must.
 */
static enum al_err span_end(struct engine *engine, uint64_t from, uint64_t fits, uint64_t *end)
{
	enum al_err err = engine->ops->find_note(engine, from + READ_STRIDE, from + fits, false, end);

	if (err == AL_ENOTFOUND)
		err = engine->ops->find_note(engine, from + 1, from + fits, true, end);
	if (err == AL_ENOTFOUND) {
		*end = from + fits;
		err = AL_OK;
	}
	return err;
}

/* Slices of the first `count` entries in batch->bytes. */
static enum al_err batch_index(struct job_batch *batch, size_t count)
{
	struct al_reader r = al_reader_of(batch->bytes.ptr, batch->bytes.len);

	if (count == 0)
		return AL_OK;
	batch->entries = calloc(count, sizeof(*batch->entries));
	if (batch->entries == NULL)
		return AL_ENOMEM;
	for (size_t i = 0; i < count; i++)
		batch->entries[i] = al_read_bytes(&r, al_read_u16(&r));
	return r.err;
}

enum al_err job_read(struct job *job, struct engine *engine, uint64_t size)
{
	struct job_batch *batch = job->batch;
	struct span span = { .bytes = &batch->bytes };
	uint64_t end = job->index;
	enum al_err err = AL_OK;

	if (job->index > size)
		return AL_EINVAL;
	span.max = job->max_bytes < READ_MOST ? job->max_bytes : READ_MOST;
	if (job->index < size)
		err = engine->ops->each_entry(engine, job->index, span_add, &span);
	if (err == AL_ELIMIT && span.full)
		err = AL_OK;
	if (err == AL_OK && span.count > 0)
		err = span_end(engine, job->index, span.count, &end);
	if (err == AL_OK)
		err = batch_index(batch, (size_t)(end - job->index));
	if (err == AL_OK && end > 0)
		err = engine->ops->note(engine, end, &batch->note);
	if (err == AL_ENOTFOUND)
		err = AL_OK;
	if (err != AL_OK)
		return err;
	batch->batch.first = job->index;
	batch->batch.count = (size_t)(end - job->index);
	batch->batch.entries = batch->entries;
	batch->batch.checkpoint.size = end;
	batch->batch.note = al_buf_view(&batch->note);
	return AL_OK;
}
