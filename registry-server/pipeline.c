/*
 * pipeline.c -- the flow of a request as one function, pipeline_submit().
 *
 * requests_seen maps the SHA-256 of every accepted text to its entry: the same
 * bytes again get the first answer again, whoever sends them.
 */
#include "pipeline.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define HASH_NONFATAL_OOM 1
#define uthash_nonfatal_oom(item) ((item)->lost = true)
#include <uthash.h>

#include "alamo/log.h"
#include "alamo/metrics.h"
#include "reply.h"

#define NAMESPACE_MAX 96

struct seen {
	UT_hash_handle hh;
	uint8_t hash[AL_HASH_LEN];
	uint64_t index;
	bool lost;
};

struct pipeline {
	struct ledger *ledger;
	struct al_state *state;
	struct space *space;
	struct seen *requests_seen;
	enum al_err follow_err;          /* first failure of the space index */
	bool broken;                     /* a commit failed; rebuild before the next decision */
	size_t in_flight;                /* jobs in the ledger */
	struct al_buf reply;             /* scratch */
	struct al_buf entry;             /* scratch */
	char ns[NAMESPACE_MAX];
};

/* One submission that waits for the ledger. */
struct waiter {
	struct pipeline *pipeline;
	struct decision *decision;       /* NULL when a stored answer is asked for again */
	struct al_buf stored;            /* entry bytes, for that case */
	uint64_t index;
	pipeline_answer_fn answer;
	void *arg;
};

static struct al_metric accepted_total = { .name = "alamo_registry_requests_accepted_total",
					   .help = "Requests that became log entries" };
static struct al_metric refused_total = { .name = "alamo_registry_requests_refused_total",
					  .help = "Requests that were refused" };
static struct al_metric repeated_total = { .name = "alamo_registry_requests_repeated_total",
					   .help = "Requests that were answered again" };
static struct al_metric log_size = { .name = "alamo_registry_log_entries", .help = "Entries decided", .gauge = true };

/* ---- state ---- */

static void on_change(void *arg, const struct al_object *old, const struct al_object *now)
{
	struct pipeline *p = arg;
	enum al_err err = space_change(p->space, old, now);

	if (p->follow_err == AL_OK)
		p->follow_err = err;
}

static enum al_err seen_add(struct pipeline *p, const uint8_t hash[static AL_HASH_LEN], uint64_t index)
{
	struct seen *seen = calloc(1, sizeof(*seen));

	if (seen == NULL)
		return AL_ENOMEM;
	memcpy(seen->hash, hash, AL_HASH_LEN);
	seen->index = index;
	HASH_ADD(hh, p->requests_seen, hash, AL_HASH_LEN, seen);
	if (seen->lost) {
		free(seen);
		return AL_ENOMEM;
	}
	return AL_OK;
}

static enum al_err load_entry(void *arg, uint64_t index, struct al_slice bytes)
{
	struct pipeline *p = arg;
	uint8_t hash[AL_HASH_LEN];
	struct al_entry entry;
	enum al_err err = al_state_apply(p->state, bytes);

	if (err == AL_OK)
		err = p->follow_err;
	if (err == AL_OK)
		err = al_entry_decode(bytes, &entry);
	if (err != AL_OK) {
		al_log(AL_LOG_ERROR, "ledger-apply", "index=%" PRIu64 " error=%s", index, al_err_name(err));
		return err;
	}
	if (!al_slice_is(entry.kind, "request"))
		return AL_OK;
	al_request_identity(entry.body, hash);
	return seen_add(p, hash, index);
}

static void state_drop(struct pipeline *p)
{
	struct seen *seen, *next;

	HASH_ITER(hh, p->requests_seen, seen, next) {
		HASH_DEL(p->requests_seen, seen);
		free(seen);
	}
	al_state_free(p->state);
	space_free(p->space);
	p->state = NULL;
	p->space = NULL;
}

/* The state as the durable log gives it. */
static enum al_err state_build(struct pipeline *p)
{
	enum al_err err = al_state_new(&p->state);

	if (err == AL_OK)
		err = space_new(&p->space);
	if (err != AL_OK)
		return err;
	p->follow_err = AL_OK;
	al_state_observe(p->state, on_change, p);
	err = ledger_load(p->ledger, load_entry, p);
	al_metric_set(&log_size, al_state_size(p->state));
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
	state_drop(p);
	al_buf_release(&p->reply);
	al_buf_release(&p->entry);
	free(p);
}

const struct al_state *pipeline_state(const struct pipeline *p)
{
	return p->state;
}

struct space *pipeline_space(struct pipeline *p)
{
	return p->space;
}

struct al_slice pipeline_namespace(const struct pipeline *p)
{
	return al_slice_str(p->ns);
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
	al_log(AL_LOG_WARN, "rebuild", "size=%" PRIu64, al_state_size(p->state));
}

static void on_stored(void *arg, enum al_err err, const struct ledger_receipt *receipt)
{
	struct waiter *w = arg;
	struct pipeline *p = w->pipeline;

	p->in_flight--;
	if (err == AL_OK) {
		al_metric_inc(&accepted_total, 1);
		waiter_answer(w, receipt);
	} else {
		p->broken = true;
		waiter_fail(w, "storage failed: the request was NOT stored; send the same bytes again later");
	}
	if (p->broken && p->in_flight == 0)
		rebuild(p);
}

/* ---- the same bytes again ---- */

static void on_proved(void *arg, enum al_err err, const struct ledger_receipt *receipt)
{
	struct waiter *w = arg;

	w->pipeline->in_flight--;
	if (err == AL_OK)
		waiter_answer(w, receipt);
	else
		waiter_fail(w, "the entry is not durable yet: send the same bytes again later");
}

static void on_read(void *arg, enum al_err err, const struct ledger_batch *batch)
{
	struct waiter *w = arg;
	struct pipeline *p = w->pipeline;

	if (err == AL_OK && batch->count > 0 && batch->first == w->index)
		al_buf_slice(&w->stored, batch->entries[0]);
	if (w->stored.len > 0 && ledger_prove(p->ledger, w->index, on_proved, w) == AL_OK)
		return;                          /* still in flight */
	p->in_flight--;
	waiter_fail(w, "the entry is not durable yet: send the same bytes again later");
}

static void answer_again(struct pipeline *p, const struct seen *seen, pipeline_answer_fn answer, void *arg)
{
	struct waiter *w = waiter_new(p, NULL, answer, arg);

	al_metric_inc(&repeated_total, 1);
	if (w == NULL) {
		answer_error(p, answer, arg, "out of memory");
		return;
	}
	w->index = seen->index;
	if (ledger_read(p->ledger, w->index, 1, on_read, w) == AL_OK)
		p->in_flight++;
	else
		waiter_fail(w, "out of memory");
}

/* ---- the flow ---- */

/* Accepted: the state moves on now, the answer comes with the commit. */
static enum al_err store(struct pipeline *p, struct waiter *w)
{
	struct decision *d = w->decision;
	enum al_err err;

	al_buf_reset(&p->entry);
	err = decision_encode(d, &p->entry);
	if (err != AL_OK)
		return err;
	err = ledger_append(p->ledger, d->index, al_buf_view(&p->entry), on_stored, w);
	if (err != AL_OK)
		return err;
	p->in_flight++;
	err = al_state_put(p->state, d->objects, d->request.object_count, d->time);
	if (err == AL_OK)
		err = seen_add(p, d->request.hash, d->index);
	if (err != AL_OK || p->follow_err != AL_OK)
		p->broken = true;                /* memory ran out: what is durable decides, see rebuild() */
	al_metric_set(&log_size, al_state_size(p->state));
	return AL_OK;
}

static void answer_now(struct waiter *w)
{
	if (!w->decision->accepted)
		al_metric_inc(&refused_total, 1);
	waiter_answer(w, NULL);
}

void pipeline_submit(struct pipeline *p, struct al_slice raw, pipeline_answer_fn answer, void *arg)
{
	struct decision *d = decision_new();
	struct waiter *w = d != NULL ? waiter_new(p, d, answer, arg) : NULL;
	struct seen *seen = NULL;
	enum al_err err;

	if (w == NULL || p->broken) {
		decision_free(w == NULL ? d : NULL);
		if (w != NULL)
			waiter_free(w);
		answer_error(p, answer, arg, "the registry cannot take requests now: send the same bytes again later");
		return;
	}
	err = decision_make(d, raw, p->state, p->space, al_slice_str(p->ns), al_now_s());
	HASH_FIND(hh, p->requests_seen, d->request.hash, AL_HASH_LEN, seen);
	if (err == AL_OK && seen != NULL) {
		waiter_free(w);
		answer_again(p, seen, answer, arg);
	} else if (err == AL_OK && (!d->accepted || d->request.dry_run || !d->changes)) {
		answer_now(w);
	} else if (err != AL_OK || (err = store(p, w)) != AL_OK) {
		waiter_fail(w, err == AL_ELIMIT ? "the log entry would be too large" : "out of memory: nothing was stored");
	}
}
