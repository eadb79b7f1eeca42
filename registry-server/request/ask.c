/* SPDX-License-Identifier: MIT */
/*
 * ask.c -- a request that lacks nothing but somebody's consent waits in the
 * hostmaster's queue; and his own request gets from there what he was not shown.
 */
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "alamo/net/metrics.h"
#include "attach.h"
#include "reply.h"
#include "waiter.h"

static struct al_metric queued_total = { .name = "alamo_registry_requests_queued_total",
					 .help = "Requests that wait for the hostmaster" };

/* ---- into the queue ---- */

static void on_queued(void *arg, enum al_err err, const struct ledger_side_result *result)
{
	struct waiter *w = arg;
	struct pipeline *p = w->pipeline;

	switch (err) {
	case AL_OK:
		al_metric_add(&queued_total);
		al_metric_inc(&queued_total, 1);
		al_buf_reset(&p->reply);
		reply_queued(w->decision, &result->queued, &p->reply);
		w->answer(w->arg, al_buf_view(&p->reply));
		waiter_free(w);
		return;
	case AL_ELIMIT:
		waiter_fail(w, "the hostmaster's queue is full: send the same bytes again in a day");
		return;
	case AL_EDENIED:
		waiter_fail(w, "as much as you may have waits in the hostmaster's queue already: send the same bytes "
			       "again when some of it is decided");
		return;
	default:
		waiter_fail(w, "storage failed: the request was NOT queued; send the same bytes again later");
		return;
	}
}

/* What is asked, and by whom, whatever the header says: asking twice is asking once. */
static void same_of(const struct decision *d, uint8_t same[static AL_HASH_LEN])
{
	crypto_hash_sha256_state sha;

	(void)crypto_hash_sha256_init(&sha);
	for (size_t i = 0; i < d->request.object_count; i++) {
		const struct al_slice object = d->request.objects[i];

		(void)crypto_hash_sha256_update(&sha, (const unsigned char *)object.ptr, object.len);
		(void)crypto_hash_sha256_update(&sha, (const unsigned char *)"", 1);
	}
	for (size_t i = 0; i < d->key_count; i++)
		(void)crypto_hash_sha256_update(&sha, d->keys[i].pk, sizeof(d->keys[i].pk));
	(void)crypto_hash_sha256_final(&sha, same);
}

/* With its contact blocks: they are stored when it is approved. */
static enum al_err queue(struct pipeline *p, struct waiter *w)
{
	const struct decision *d = w->decision;
	uint8_t same[AL_HASH_LEN];
	char label[LEDGER_LABEL_MAX];
	struct al_buf text, who;
	enum al_err err;

	al_buf_init(&text, 2 * AL_ENTRY_MAX + AL_REQUEST_CONTACTS_MAX * AL_CONTACT_MAX);
	al_buf_init(&who, LEDGER_WHO_MAX - 1);
	al_buf_slice(&text, al_buf_view(&d->request.bytes));
	al_buf_slice(&text, al_buf_view(&d->request.attached));
	tariff_who(w->paid ? &w->source : NULL, w->decision, book_state(p->book), &who);
	attach_label(d, label);
	same_of(d, same);
	err = text.err != AL_OK ? text.err : who.err;
	if (err == AL_OK) {
		struct ledger_asking asking = {
			d->time, d->request.hash, same, al_slice_str(label), al_buf_view(&text), al_buf_view(&who)
		};

		err = ledger_queue_add(p->ledger, &asking, on_queued, w);
	}
	al_buf_release(&text);
	al_buf_release(&who);
	return err;
}

void ask_hostmaster(struct pipeline *p, struct waiter *w)
{
	if (p->full != NULL)
		waiter_fail(w, p->full);
	else if (queue(p, w) != AL_OK)
		waiter_fail(w, "the registry cannot queue requests now: send the same bytes again later");
}

/* ---- out of it ---- */

bool ask_lacks_contacts(const struct decision *d)
{
	size_t lacks = 0;

	for (size_t i = 0; i < d->report.count; i++)
		lacks += d->report.items[i].severity == AL_ERROR && d->report.items[i].clause != NULL &&
			 strcmp(d->report.items[i].clause, "POLICY-CONTACT") == 0;
	return lacks > 0 && lacks == d->report.errors && d->request.contact_count == 0;
}

static struct al_slice contact_blocks(struct al_slice text)
{
	struct al_slice rest = text, line, before = rest;

	while (al_slice_line(&rest, &line)) {
		if (al_slice_starts(line, "-----BEGIN CONTACT "))
			return before;
		before = rest;
	}
	return al_slice_of(NULL, 0);
}

/* The request as it came, and behind it the blocks of the one that waits. */
static enum al_err join(struct waiter *w, struct al_slice queued, struct decision **out)
{
	const struct al_request *r = &w->decision->request;
	struct decision *d = decision_new();
	struct al_buf raw;
	enum al_err err;

	if (d == NULL)
		return AL_ENOMEM;
	al_buf_init(&raw, 2 * AL_ENTRY_MAX + AL_REQUEST_CONTACTS_MAX * AL_CONTACT_MAX);
	al_buf_slice(&raw, al_buf_view(&r->bytes));
	al_buf_slice(&raw, contact_blocks(queued));
	err = raw.err;
	if (err == AL_OK)
		err = decision_read(d, al_buf_view(&raw), al_slice_str(w->pipeline->ns));
	al_buf_release(&raw);
	if (err == AL_OK)
		*out = d;
	else
		decision_free(d);
	return err;
}

static void on_found(void *arg, enum al_err err, const struct ledger_side_result *result)
{
	struct waiter *w = arg;
	struct decision *joined = NULL;

	if (err == AL_OK)
		err = join(w, result->text, &joined);
	if (err == AL_OK && !w->pipeline->broken) {
		decision_free(w->decision);
		w->decision = joined;
		pipeline_judge(w->pipeline, w);
	} else {
		decision_free(joined);
		waiter_answer(w, NULL); /* refused, as it was */
	}
}

void ask_for_contacts(struct pipeline *p, struct waiter *w)
{
	w->joined = true;
	if (ledger_queue_find(p->ledger, w->decision->request.hash, on_found, w) != AL_OK)
		waiter_answer(w, NULL);
}
