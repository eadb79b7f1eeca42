/* SPDX-License-Identifier: MIT */
/*
 * job.c -- a job's life; answer.c and irrd.c know what its pieces look like.
 */
#include "job.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "answer.h"
#include "history.h"
#include "irrd.h"
#include "nrtm.h"
#include "past.h"
#include "validity.h"

#define ORIGINS_MAX 4096u /* routes of one answer whose origin is looked at */

void whois_job_init(struct whois_job *job)
{
	memset(job, 0, offsetof(struct whois_job, name));
	job->name[0] = '\0';
	al_buf_init(&job->data, WHOIS_BODY_MAX);
}

void whois_job_release(struct whois_job *job)
{
	whois_past_leave(job->past, job);
	for (size_t i = 0; i < job->held; i++)
		al_object_unref((struct al_object *)(uintptr_t)job->result.items[i]);
	whois_result_release(&job->result);
	free(job->origins);
	whois_expansion_free(job->expansion);
	al_buf_release(&job->data);
	whois_job_init(job);
}

size_t whois_job_bytes(const struct whois_job *job)
{
	return job->data.cap + job->result.cap * sizeof(*job->result.items);
}

void whois_job_go_back(struct whois_job *job, const struct whois_view *view, uint64_t size)
{
	job->kind = WHOIS_JOB_PAST;
	job->view = *view;
	job->past = view->past;
	job->at = size;
}

void whois_job_arrive(struct whois_job *job, char line[static WHOIS_JOB_NAME_MAX])
{
	memcpy(line, job->name, sizeof(job->name));
	job->name[0] = '\0';
	job->kind = WHOIS_JOB_NONE;
	job->past = NULL;
	job->at = 0;
}

void whois_job_hold(struct whois_job *job)
{
	for (; job->held < job->result.count; job->held++)
		(void)al_object_ref(job->result.items[job->held]);
}

/* As many routes around one prefix as it has origins make this quadratic: there is a bound for all of an answer. */
void whois_job_origins(struct whois_job *job)
{
	if (job->result.count == 0)
		return;
	job->origins = calloc(job->result.count, sizeof(*job->origins));
	for (size_t i = 0; job->origins != NULL && i < job->result.count && i < ORIGINS_MAX; i++)
		job->origins[i] = (uint8_t)validity_of_route(job->view.state, job->result.items[i]);
}

bool whois_job_rests(const struct whois_job *job)
{
	return job->kind == WHOIS_JOB_NRTM && job->live && job->at > whois_history_last(job->view.history);
}

bool whois_job_run(struct whois_job *job, struct al_buf *out)
{
	bool done = true;

	if (job->kind == WHOIS_JOB_PAST)
		done = job->dialogue != NULL ? whois_irrd_past(job, out) : whois_answer_past(job, out);
	else if (job->kind == WHOIS_JOB_OBJECTS)
		done = whois_answer_more(job, out);
	else if (job->kind == WHOIS_JOB_NRTM)
		done = whois_nrtm_more(job, out);
	else if (job->kind != WHOIS_JOB_NONE)
		done = whois_irrd_more(job, out);
	if (done && job->kind != WHOIS_JOB_NONE)
		whois_job_release(job);
	else if (!done)
		whois_job_hold(job);
	return done;
}
