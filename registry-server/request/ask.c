/*
 * ask.c -- a request that lacks nothing but somebody's consent waits in the
 * hostmaster's queue. With its contact blocks: they are stored when it is approved.
 */
#include <stdio.h>

#include "alamo/net/metrics.h"
#include "attach.h"
#include "reply.h"
#include "waiter.h"

static struct al_metric queued_total = { .name = "alamo_registry_requests_queued_total",
					 .help = "Requests that wait for the hostmaster" };

static void on_queued(void *arg, enum al_err err, const struct ledger_side_result *result)
{
	struct waiter *w = arg;
	struct pipeline *p = w->pipeline;

	if (err == AL_OK) {
		al_metric_add(&queued_total);
		al_metric_inc(&queued_total, 1);
		al_buf_reset(&p->reply);
		reply_queued(w->decision, result->queued.id, &p->reply);
		w->answer(w->arg, al_buf_view(&p->reply));
		waiter_free(w);
	} else if (err == AL_ELIMIT) {
		waiter_fail(w, "the hostmaster's queue is full: send the same bytes again later");
	} else {
		waiter_fail(w, "storage failed: the request was NOT queued; send the same bytes again later");
	}
}

static enum al_err queue(struct pipeline *p, struct waiter *w)
{
	const struct decision *d = w->decision;
	char label[LEDGER_LABEL_MAX];
	struct al_buf text;
	enum al_err err;

	al_buf_init(&text, 2 * AL_ENTRY_MAX + AL_REQUEST_CONTACTS_MAX * AL_CONTACT_MAX);
	al_buf_slice(&text, al_buf_view(&d->request.bytes));
	al_buf_slice(&text, al_buf_view(&d->request.attached));
	attach_label(d, label);
	err = text.err;
	if (err == AL_OK)
		err = ledger_queue_add(p->ledger, d->time, d->request.hash, al_slice_str(label), al_buf_view(&text),
				       on_queued, w);
	al_buf_release(&text);
	return err;
}

void ask_hostmaster(struct pipeline *p, struct waiter *w)
{
	if (p->full != NULL)
		waiter_fail(w, p->full);
	else if (queue(p, w) != AL_OK)
		waiter_fail(w, "the registry cannot queue requests now: send the same bytes again later");
}
