/* SPDX-License-Identifier: MIT */
/*
 * waiter.c -- one answer each, and the end.
 */
#include "waiter.h"

#include <stdlib.h>

#include "reply.h"

void waiter_refuse(struct pipeline *p, pipeline_answer_fn answer, void *arg, const char *text)
{
	al_buf_reset(&p->reply);
	reply_error(&p->reply, "%s", text);
	answer(arg, al_buf_view(&p->reply));
}

void waiter_free(struct waiter *w)
{
	decision_free(w->decision);
	al_buf_release(&w->stored);
	free(w);
}

void waiter_answer(struct waiter *w, const struct ledger_receipt *receipt)
{
	struct pipeline *p = w->pipeline;

	al_buf_reset(&p->reply);
	if (w->decision != NULL)
		reply_decision(w->decision, receipt, &p->reply);
	else
		reply_again(al_buf_view(&w->stored), receipt, &p->reply);
	w->answer(w->arg, al_buf_view(&p->reply));
	waiter_free(w);
}

void waiter_fail(struct waiter *w, const char *text)
{
	waiter_refuse(w->pipeline, w->answer, w->arg, text);
	waiter_free(w);
}

struct waiter *waiter_new(struct pipeline *p, struct decision *decision, pipeline_answer_fn answer, void *arg)
{
	struct waiter *w = calloc(1, sizeof(*w));

	if (w == NULL)
		return NULL;
	*w = (struct waiter){ .pipeline = p, .decision = decision, .answer = answer, .arg = arg };
	al_buf_init(&w->stored, AL_ENTRY_MAX);
	return w;
}
