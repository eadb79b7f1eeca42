/* SPDX-License-Identifier: MIT */
/*
 * pipeline.c -- the flow of a request: pipeline_submit(), and, once it is
 * decoded and its signatures are verified, pipeline_judge().
 *
 * The book knows every text that became an entry: the same bytes again get the
 * first answer again, whoever sends them.
 */
#include "pipeline.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "alamo/base/ahead.h"
#include "alamo/base/log.h"
#include "alamo/net/metrics.h"
#include "attach.h"
#include "clock_guard.h"
#include "control.h"
#include "readers.h"
#include "reply.h"
#include "waiter.h"

static const char cannot[] = "the registry cannot take requests now: send the same bytes again later";

static struct al_metric accepted_total = { .name = "alamo_registry_requests_accepted_total",
					   .help = "Requests that became log entries" };
static struct al_metric refused_total = { .name = "alamo_registry_requests_refused_total",
					  .help = "Requests that were refused" };
static struct al_metric log_size = { .name = "alamo_registry_log_entries", .help = "Entries decided", .gauge = true };

/* ---- state ---- */

static enum al_err load_entry(void *arg, uint64_t index, struct al_slice bytes)
{
	enum al_err err = book_load(arg, bytes);

	if (err != AL_OK)
		al_log(AL_LOG_ERROR, "ledger-apply", "index=%" PRIu64 " error=%s", index, al_err_name(err));
	return err;
}

static void state_drop(struct pipeline *p)
{
	book_free(p->book);
	p->book = NULL;
}

/* The state as the durable log gives it. */
static enum al_err state_build(struct pipeline *p)
{
	enum al_err err = book_new(&p->book);

	if (err == AL_OK)
		err = ledger_load(p->ledger, load_entry, p->book);
	if (err == AL_OK)
		al_metric_set(&log_size, al_state_size(book_state(p->book)));
	else
		state_drop(p); /* a part of the log is no state to answer from */
	return err;
}

enum al_err pipeline_load(void *pipeline, uint64_t index, struct al_slice entry)
{
	struct pipeline *p = pipeline;
	enum al_err err = load_entry(p->book, index, entry);

	al_metric_set(&log_size, al_state_size(book_state(p->book)));
	return err;
}

enum al_err pipeline_new(struct ledger *ledger, struct al_slice ns, struct pipeline **out)
{
	struct pipeline *p = calloc(1, sizeof(*p));
	enum al_err err;

	if (p == NULL)
		return AL_ENOMEM;
	p->ledger = ledger;
	judged_init(&p->judged);
	al_buf_init(&p->reply, REPLY_MAX);
	al_buf_init(&p->entry, AL_ENTRY_MAX);
	al_metric_add(&accepted_total);
	al_metric_add(&refused_total);
	al_metric_add(&log_size);
	err = al_slice_copy(ns, p->ns, sizeof(p->ns));
	if (err == AL_OK)
		err = state_build(p);
	if (err != AL_OK) {
		pipeline_free(p);
		return err;
	}
	*out = p;
	return AL_OK;
}

void pipeline_free(struct pipeline *p)
{
	if (p == NULL)
		return;
	p->broken = true; /* whom the readers give back is told no */
	readers_free(p->readers);
	state_drop(p);
	al_buf_release(&p->reply);
	al_buf_release(&p->entry);
	free(p);
}

struct book *pipeline_book(struct pipeline *p)
{
	return p->book;
}

struct al_slice pipeline_namespace(const struct pipeline *p)
{
	return al_slice_str(p->ns);
}

void pipeline_limit(struct pipeline *p, const struct tariff *tariff)
{
	p->tariff = *tariff;
}

void pipeline_full(struct pipeline *p, const char *why)
{
	p->full = why;
}

enum al_err pipeline_start(struct pipeline *p, struct al_loop *loop)
{
	return readers_new(loop, al_ahead_threads(sysconf(_SC_NPROCESSORS_ONLN)), al_slice_str(p->ns), &p->readers);
}

/* ---- after a failure ---- */

/* Once nobody waits for the failed ledger any more, go on from what is durable. */
static void rebuild(struct pipeline *p)
{
	state_drop(p);
	if (state_build(p) != AL_OK) {
		al_log(AL_LOG_ERROR, "rebuild", "the ledger cannot be read back: every request is refused");
		return;
	}
	p->broken = false;
	ledger_resume(p->ledger);
	al_log(AL_LOG_WARN, "rebuild", "size=%" PRIu64, al_state_size(book_state(p->book)));
}

void pipeline_landed(struct pipeline *p)
{
	if (--p->in_flight == 0 && p->broken && !ledger_is_fenced(p->ledger))
		rebuild(p);
}

static void on_stored(void *arg, enum al_err err, const struct ledger_receipt *receipt)
{
	struct waiter *w = arg;
	struct pipeline *p = w->pipeline;

	if (err == AL_OK) {
		al_metric_inc(&accepted_total, 1);
		waiter_answer(w, receipt);
	} else if (err == AL_ECLOSED) {
		p->broken = true;
		waiter_fail(
			w,
			"the registry ended while the request was being stored: send the same bytes again, to it or to "
			"the one that has taken over");
	} else {
		p->broken = true;
		waiter_fail(w, "storage failed: the request was NOT stored; send the same bytes again later");
	}
	pipeline_landed(p);
}

/* ---- the flow ---- */

/* Accepted: the state moves on now, the answer comes with the commit. */
static enum al_err store(struct pipeline *p, struct waiter *w)
{
	struct decision *d = w->decision;
	enum al_err err;

	al_buf_reset(&p->entry);
	err = decision_encode(d, &p->entry);
	if (err == AL_OK)
		err = attach_append(d, book_state(p->book), p->ledger, al_buf_view(&p->entry), on_stored, w);
	if (err != AL_OK)
		return err;
	p->in_flight++;
	if (book_put(p->book, d) != AL_OK)
		p->broken = true; /* memory ran out: what is durable decides, see rebuild() */
	al_metric_set(&log_size, al_state_size(book_state(p->book)));
	return AL_OK;
}

/* Accepted, and paid for. */
static void store_or_fail(struct pipeline *p, struct waiter *w, bool hostmaster)
{
	enum al_err err = p->full == NULL ? store(p, w) : AL_EAGAIN;

	if (err != AL_OK)
		waiter_fail(w, p->full != NULL    ? p->full
			       : err == AL_ELIMIT ? "the log entry would be too large"
						  : "out of memory: nothing was stored");
	else if (hostmaster && w->paid)
		tariff_refund(&p->tariff, &w->source);
}

/* What becomes of a request that was judged. */
static void outcome(struct pipeline *p, struct waiter *w, bool hostmaster)
{
	const struct decision *d = w->decision;

	if (!d->accepted && !d->request.dry_run && attach_asks(d)) {
		ask_hostmaster(p, w);
	} else if (!d->accepted && hostmaster && !w->joined && ask_lacks_contacts(d)) {
		ask_for_contacts(p, w);
	} else if (!d->accepted || d->request.dry_run || !d->changes) {
		al_metric_inc(&refused_total, d->accepted ? 0 : 1);
		waiter_answer(w, NULL);
	} else {
		store_or_fail(p, w, hostmaster);
	}
}

/*
 * Decoded and verified; everything that came before is decided. A text that anybody can have, because it is in the log or
 * was judged before, costs its signers nothing: only who sends it.
 */
void pipeline_judge(struct pipeline *p, struct waiter *w)
{
	struct decision *d = w->decision;
	const struct al_state *state = book_state(p->book);
	bool hostmaster = control_by_hostmaster(d, state), pays;
	char words[TARIFF_WORDS];
	uint64_t index;

	if (d->decoded && book_find_text(p->book, d->request.hash, &index)) {
		answer_again(p, w, index);
		return;
	}
	pays = !hostmaster && !(d->decoded && judged_again(&p->judged, d->request.hash));
	if (pays && !tariff_keys(&p->tariff, d, BUDGET_REQUEST, al_now_ms(), words))
		waiter_fail(w, words);
	else if (!clock_guard_trusted()) /* before it is dated, and refused for a time that is not */
		waiter_fail(w, clock_guard_words);
	else if (book_decide(p->book, d, al_now_s()) != AL_OK)
		waiter_fail(w, "out of memory: nothing was stored");
	else if (!hostmaster &&
		 !tariff_judged(&p->tariff, w->paid ? &w->source : NULL, pays, d, state, al_now_ms(), words))
		waiter_fail(w, words);
	else
		outcome(p, w, hostmaster);
}

static void on_decoded(void *arg, struct decision *d, enum al_err err)
{
	struct waiter *w = arg;
	struct pipeline *p = w->pipeline;

	(void)d; /* it is w's */
	if (p->broken)
		waiter_fail(w, cannot);
	else if (err != AL_OK)
		waiter_fail(w, "out of memory: nothing was stored");
	else
		pipeline_judge(p, w);
}

static void on_control(void *arg)
{
	struct waiter *w = arg;
	struct pipeline *p = w->pipeline;

	if (p->broken || w->stored.err != AL_OK) {
		waiter_fail(w, cannot);
		return;
	}
	control_submit(p->ledger, p->book, &p->tariff, al_slice_str(p->ns), al_buf_view(&w->stored), w->answer, w->arg);
	waiter_free(w);
}

void pipeline_submit(struct pipeline *p, struct al_slice raw, const struct payer *source, pipeline_answer_fn answer,
		     void *arg)
{
	bool control = al_request_is_control(raw);
	struct decision *d = control ? NULL : decision_new();
	struct waiter *w = control || d != NULL ? waiter_new(p, d, answer, arg) : NULL;
	enum al_err err = AL_OK;

	if (w == NULL) {
		decision_free(d);
		waiter_refuse(p, answer, arg, cannot);
		return;
	}
	w->paid = source != NULL;
	if (source != NULL)
		w->source = *source;
	if (control) {
		al_buf_slice(&w->stored, raw);
		pipeline_after(p, on_control, w);
		return;
	}
	if (p->readers != NULL)
		err = readers_put(p->readers, d, raw, on_decoded, w);
	else
		err = decision_read(d, raw, al_slice_str(p->ns));
	if (p->readers == NULL || err != AL_OK)
		on_decoded(w, d, err);
}

void pipeline_after(struct pipeline *p, void (*fn)(void *arg), void *arg)
{
	if (p->readers == NULL || !readers_after(p->readers, fn, arg))
		fn(arg);
}
