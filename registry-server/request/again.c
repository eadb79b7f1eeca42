/* SPDX-License-Identifier: MIT */
/*
 * again.c -- the same bytes again: the first answer again, out of the entry,
 * under the newest checkpoint. Whoever sends them.
 */
#include "alamo/net/metrics.h"
#include "waiter.h"

static struct al_metric repeated_total = { .name = "alamo_registry_requests_repeated_total",
					   .help = "Requests that were answered again" };

static const char not_yet[] = "the entry is not durable yet: send the same bytes again later";

static void on_proved(void *arg, enum al_err err, const struct ledger_receipt *receipt)
{
	struct waiter *w = arg;
	struct pipeline *p = w->pipeline;

	if (err == AL_OK)
		waiter_answer(w, receipt);
	else
		waiter_fail(w, not_yet);
	pipeline_landed(p);
}

static void on_read(void *arg, enum al_err err, const struct ledger_batch *batch)
{
	struct waiter *w = arg;
	struct pipeline *p = w->pipeline;

	if (err == AL_OK && batch->count > 0 && batch->first == w->index)
		al_buf_slice(&w->stored, batch->entries[0]);
	if (w->stored.len > 0 && ledger_prove(p->ledger, w->index, on_proved, w) == AL_OK)
		return; /* still in flight */
	waiter_fail(w, not_yet);
	pipeline_landed(p);
}

void answer_again(struct pipeline *p, struct waiter *w, uint64_t index)
{
	al_metric_add(&repeated_total);
	al_metric_inc(&repeated_total, 1);
	decision_free(w->decision);
	w->decision = NULL;
	w->index = index;
	if (ledger_read(p->ledger, w->index, 1, on_read, w) == AL_OK)
		p->in_flight++;
	else
		waiter_fail(w, "out of memory");
}
