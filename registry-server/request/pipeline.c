/*
 * pipeline.c -- the flow of a request: pipeline_submit(), and, once it is
 * decoded and its signatures are verified, judge().
 *
 * The book knows every text that became an entry: the same bytes again get the
 * first answer again, whoever sends them.
 */
#include "pipeline.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "alamo/base/log.h"
#include "alamo/net/metrics.h"
#include "attach.h"
#include "budget.h"
#include "control.h"
#include "readers.h"
#include "reply.h"

#define NAMESPACE_MAX 96

static const char cannot[] = "the registry cannot take requests now: send the same bytes again later";

struct pipeline {
	struct ledger *ledger;
	struct book *book;       /* NULL: it could not be rebuilt */
	bool broken;             /* a commit failed; rebuild before the next decision */
	size_t in_flight;        /* jobs in the ledger */
	struct readers *readers; /* NULL: requests are read in place */
	struct budget *keys;     /* borrowed, or NULL */
	struct budget *sources;  /* borrowed, or NULL */
	struct al_buf reply;     /* scratch */
	struct al_buf entry;     /* scratch */
	char ns[NAMESPACE_MAX];
};

/* One submission that waits for the readers or the ledger. */
struct waiter {
	struct pipeline *pipeline;
	struct decision *decision; /* NULL: a control request, or a stored answer is asked for again */
	struct al_buf stored;      /* its text, or the entry's bytes */
	uint64_t index;
	struct budget_key source;
	bool paid; /* by `source` */
	pipeline_answer_fn answer;
	void *arg;
};

static struct al_metric accepted_total = { .name = "alamo_registry_requests_accepted_total",
					   .help = "Requests that became log entries" };
static struct al_metric refused_total = { .name = "alamo_registry_requests_refused_total",
					  .help = "Requests that were refused" };
static struct al_metric repeated_total = { .name = "alamo_registry_requests_repeated_total",
					   .help = "Requests that were answered again" };
static struct al_metric queued_total = { .name = "alamo_registry_requests_queued_total",
					 .help = "Requests that wait for the hostmaster" };
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
	if (err != AL_OK)
		state_drop(p); /* a part of the log is no state to answer from */
	else
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
	al_buf_init(&p->reply, REPLY_MAX);
	al_buf_init(&p->entry, AL_ENTRY_MAX);
	al_metric_add(&accepted_total);
	al_metric_add(&refused_total);
	al_metric_add(&repeated_total);
	al_metric_add(&queued_total);
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

const struct al_state *pipeline_state(const struct pipeline *p)
{
	return p->book != NULL ? book_state(p->book) : NULL;
}

struct space *pipeline_space(struct pipeline *p)
{
	return p->book != NULL ? book_space(p->book) : NULL;
}

struct al_slice pipeline_namespace(const struct pipeline *p)
{
	return al_slice_str(p->ns);
}

void pipeline_limit(struct pipeline *p, struct budget *keys, struct budget *sources)
{
	p->keys = keys;
	p->sources = sources;
}

enum al_err pipeline_start(struct pipeline *p, struct al_loop *loop)
{
	return readers_new(loop, readers_default(), al_slice_str(p->ns), &p->readers);
}

/* ---- answers ---- */

static void answer_error(struct pipeline *p, pipeline_answer_fn answer, void *arg, const char *text)
{
	al_buf_reset(&p->reply);
	reply_error(&p->reply, "%s", text);
	answer(arg, al_buf_view(&p->reply));
}

static void waiter_free(struct waiter *w)
{
	decision_free(w->decision);
	al_buf_release(&w->stored);
	free(w);
}

static void waiter_answer(struct waiter *w, const struct ledger_receipt *receipt)
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

static void waiter_fail(struct waiter *w, const char *text)
{
	answer_error(w->pipeline, w->answer, w->arg, text);
	waiter_free(w);
}

static struct waiter *waiter_new(struct pipeline *p, struct decision *decision, pipeline_answer_fn answer, void *arg)
{
	struct waiter *w = calloc(1, sizeof(*w));

	if (w == NULL)
		return NULL;
	*w = (struct waiter){ .pipeline = p, .decision = decision, .answer = answer, .arg = arg };
	al_buf_init(&w->stored, AL_ENTRY_MAX);
	return w;
}

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

/* A job is back from the ledger. The last one after a failure lets the pipeline go on. */
static void landed(struct pipeline *p)
{
	if (--p->in_flight == 0 && p->broken)
		rebuild(p);
}

static void on_stored(void *arg, enum al_err err, const struct ledger_receipt *receipt)
{
	struct waiter *w = arg;
	struct pipeline *p = w->pipeline;

	if (err == AL_OK) {
		al_metric_inc(&accepted_total, 1);
		waiter_answer(w, receipt);
	} else {
		p->broken = true;
		waiter_fail(w, "storage failed: the request was NOT stored; send the same bytes again later");
	}
	landed(p);
}

/* ---- the same bytes again ---- */

static void on_proved(void *arg, enum al_err err, const struct ledger_receipt *receipt)
{
	struct waiter *w = arg;
	struct pipeline *p = w->pipeline;

	if (err == AL_OK)
		waiter_answer(w, receipt);
	else
		waiter_fail(w, "the entry is not durable yet: send the same bytes again later");
	landed(p);
}

static void on_read(void *arg, enum al_err err, const struct ledger_batch *batch)
{
	struct waiter *w = arg;
	struct pipeline *p = w->pipeline;

	if (err == AL_OK && batch->count > 0 && batch->first == w->index)
		al_buf_slice(&w->stored, batch->entries[0]);
	if (w->stored.len > 0 && ledger_prove(p->ledger, w->index, on_proved, w) == AL_OK)
		return; /* still in flight */
	waiter_fail(w, "the entry is not durable yet: send the same bytes again later");
	landed(p);
}

static void answer_again(struct pipeline *p, struct waiter *w, uint64_t index)
{
	al_metric_inc(&repeated_total, 1);
	decision_free(w->decision);
	w->decision = NULL;
	w->index = index;
	if (ledger_read(p->ledger, w->index, 1, on_read, w) == AL_OK)
		p->in_flight++;
	else
		waiter_fail(w, "out of memory");
}

/* ---- waiting for the hostmaster ---- */

static void on_queued(void *arg, enum al_err err, const struct ledger_side_result *result)
{
	struct waiter *w = arg;
	struct pipeline *p = w->pipeline;

	if (err == AL_OK) {
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

/* With its contact blocks: whoever approves has nothing but this. */
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

/* ---- the flow ---- */

static enum al_err append(struct pipeline *p, struct waiter *w)
{
	const struct decision *d = w->decision;
	struct attach attach;
	struct ledger_extra extra;
	enum al_err err = attach_collect(d, book_state(p->book), &attach);

	if (err != AL_OK)
		return err;
	extra = (struct ledger_extra){ attach.sides, attach.count, d->request.hash };
	err = ledger_append_with(p->ledger, d->index, al_buf_view(&p->entry), &extra, on_stored, w);
	attach_release(&attach);
	return err;
}

/* Accepted: the state moves on now, the answer comes with the commit. */
static enum al_err store(struct pipeline *p, struct waiter *w)
{
	struct decision *d = w->decision;
	enum al_err err;

	al_buf_reset(&p->entry);
	err = decision_encode(d, &p->entry);
	if (err == AL_OK)
		err = append(p, w);
	if (err != AL_OK)
		return err;
	p->in_flight++;
	if (book_put(p->book, d) != AL_OK)
		p->broken = true; /* memory ran out: what is durable decides, see rebuild() */
	al_metric_set(&log_size, al_state_size(book_state(p->book)));
	return AL_OK;
}

/* All signers pay, or none. False: one cannot; w is answered. */
static bool keys_pay(struct pipeline *p, struct waiter *w)
{
	const struct decision *d = w->decision;
	char fingerprint[AL_SSH_FINGERPRINT_LEN], text[160];
	const struct al_sshkey *poor;
	uint64_t wait_s = 1;

	poor = p->keys != NULL ? budget_take_keys(p->keys, d->keys, d->key_count, al_now_ms(), &wait_s) : NULL;
	if (poor == NULL)
		return true;
	al_sshkey_fingerprint(poor, fingerprint);
	(void)snprintf(text, sizeof(text), "budget of key %s used up: try again in %" PRIu64 " s", fingerprint, wait_s);
	waiter_fail(w, text);
	return false;
}

static void store_or_fail(struct pipeline *p, struct waiter *w)
{
	bool hostmaster = control_by_hostmaster(w->decision, book_state(p->book));
	enum al_err err;

	if (!hostmaster && !keys_pay(p, w))
		return;
	err = store(p, w);
	if (err != AL_OK)
		waiter_fail(w, err == AL_ELIMIT ? "the log entry would be too large"
						: "out of memory: nothing was stored");
	else if (hostmaster && w->paid && p->sources != NULL)
		budget_fill(p->sources, &w->source);
}

/* Decoded and verified; everything that came before is decided. */
static void judge(struct pipeline *p, struct waiter *w)
{
	struct decision *d = w->decision;
	uint64_t index;

	if (book_decide(p->book, d, al_now_s()) != AL_OK) {
		waiter_fail(w, "out of memory: nothing was stored");
		return;
	}
	if (d->decoded && book_find_text(p->book, d->request.hash, &index)) {
		answer_again(p, w, index);
	} else if (!d->accepted && !d->request.dry_run && attach_asks(d)) {
		if (queue(p, w) != AL_OK)
			waiter_fail(w, "the registry cannot queue requests now: send the same bytes again later");
	} else if (!d->accepted || d->request.dry_run || !d->changes) {
		al_metric_inc(&refused_total, d->accepted ? 0 : 1);
		waiter_answer(w, NULL);
	} else {
		store_or_fail(p, w);
	}
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
		judge(p, w);
}

static void on_control(void *arg)
{
	struct waiter *w = arg;
	struct pipeline *p = w->pipeline;

	if (p->broken || w->stored.err != AL_OK) {
		waiter_fail(w, cannot);
		return;
	}
	control_submit(p->ledger, book_state(p->book), al_slice_str(p->ns), al_buf_view(&w->stored), w->answer, w->arg);
	waiter_free(w);
}

void pipeline_submit(struct pipeline *p, struct al_slice raw, const struct budget_key *source,
		     pipeline_answer_fn answer, void *arg)
{
	bool control = al_request_is_control(raw);
	struct decision *d = control ? NULL : decision_new();
	struct waiter *w = control || d != NULL ? waiter_new(p, d, answer, arg) : NULL;
	enum al_err err = AL_OK;

	if (w == NULL) {
		decision_free(d);
		answer_error(p, answer, arg, cannot);
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
