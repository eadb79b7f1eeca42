/* SPDX-License-Identifier: MIT */
/*
 * keeper.c -- see keeper.h. While `busy`, `kept` and `job` belong to the worker; the set's counter never does: the
 * reference is taken before and given back after, on the loop's thread.
 */
#include "keeper.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "alamo/base/log.h"

#define REST 20 /* times as long as a write took */

struct keeper {
	struct al_loop *loop;
	struct al_worker *worker;
	struct kept kept;
	struct keep job;
	bool busy;
	enum al_err err; /* how the job ended */
	int sys;         /* errno then */
	uint64_t began_ms, ready_ms;
};

enum al_err keeper_new(struct al_loop *loop, const char *dir, const struct al_vkey *log, struct keeper **out)
{
	struct keeper *self = calloc(1, sizeof(*self));
	enum al_err err;

	if (self == NULL)
		return AL_ENOMEM;
	self->loop = loop;
	self->kept.log = *log;
	al_buf_init(&self->job.note, AL_NOTE_MAX);
	err = al_slice_copy(al_slice_str(dir), self->kept.dir, sizeof(self->kept.dir));
	if (err == AL_OK)
		err = al_worker_start("keeper", &self->worker);
	if (err != AL_OK)
		keeper_free(self);
	else
		*out = self;
	return err;
}

static void job_release(struct keeper *self)
{
	vrp_set_unref(self->job.set);
	self->job.set = NULL;
}

/* Nothing that was posted to the loop may find us gone: its owner stops turning it before this. */
void keeper_free(struct keeper *self)
{
	if (self == NULL)
		return;
	if (self->worker != NULL)
		al_worker_stop(self->worker);
	job_release(self);
	al_buf_release(&self->job.note);
	free(self);
}

enum al_err keeper_load(struct keeper *self, struct origin_head *head, struct vrp_set **out)
{
	return kept_load(&self->kept, head, out);
}

bool keeper_ready(const struct keeper *self)
{
	return !self->busy && al_now_ms() >= self->ready_ms;
}

static void job_fill(struct keeper *self, const struct moment *moment, uint64_t expires)
{
	struct keep *job = &self->job;

	job->set = vrp_set_ref(moment->set);
	job->cp = moment->cp;
	al_buf_reset(&job->note);
	al_buf_slice(&job->note, al_buf_view(&moment->note));
	job->fresh_s = moment->fresh_s;
	job->expires = expires;
}

static void job_run(struct keeper *self)
{
	self->err = kept_save(&self->kept, &self->job);
	self->sys = errno;
}

static void job_end(struct keeper *self)
{
	if (self->err != AL_OK)
		al_log(AL_LOG_WARN, "set-not-kept", "dir=%s errno=%d", self->kept.dir, self->sys);
	job_release(self);
	self->busy = false;
}

static void on_written(void *arg)
{
	struct keeper *self = arg;
	uint64_t now_ms = al_now_ms();

	self->ready_ms = now_ms + REST * (now_ms - self->began_ms);
	job_end(self);
}

static void on_worker(void *arg)
{
	struct keeper *self = arg;

	job_run(self);
	if (al_loop_post(self->loop, on_written, self) != AL_OK)
		al_log(AL_LOG_ERROR, "keeper-stuck", "error=nomem");
}

void keeper_save(struct keeper *self, const struct moment *moment, uint64_t expires)
{
	job_fill(self, moment, expires);
	self->busy = true;
	self->began_ms = al_now_ms();
	if (al_loop_post(al_worker_loop(self->worker), on_worker, self) != AL_OK) {
		self->err = AL_ENOMEM;
		self->sys = ENOMEM;
		job_end(self);
	}
}

void keeper_finish(struct keeper *self, const struct moment *moment, uint64_t expires)
{
	al_worker_stop(self->worker);
	self->worker = NULL;
	job_release(self);
	job_fill(self, moment, expires);
	job_run(self);
	job_end(self);
}
