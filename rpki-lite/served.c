/* SPDX-License-Identifier: MIT */
/*
 * served.c -- keeps the moment: shows sets, ages them, keeps them on the disk. Thread: the loop's.
 *
 * Invariant: `history` leads to moment.set, and `held` leads on from there to `newest`.
 */
#include "served.h"

#include <inttypes.h>
#include <stdlib.h>

#include "alamo/base/log.h"
#include "alamo/net/metrics.h"

#include "gate.h"
#include "keeper.h"
#include "vrp_fold.h"

#define TICK_MS 1000
#define KEEP_MS 60000 /* between two writes to the disk while nothing changes */

struct served {
	char dir[4096]; /* of what is kept */
	struct al_timer *timer;
	struct served_ops ops;
	struct moment moment;
	struct gate *gate;
	struct keeper *keeper;
	struct vrp_history *history;
	struct vrp_history *held;
	const struct vrp_set *newest; /* counted; offered last, served or not */
	struct al_checkpoint cp;      /* of it */
	struct al_buf note;
	struct rtr_server *rtr;
	struct export *export;
	uint64_t stale_s; /* after so long without the log nothing is served */
	uint64_t keep_at_ms;
	bool shown; /* ever */
};

static struct al_metric metric_vrps4 = { .name = "alamo_rpki_vrps{family=\"ipv4\"}",
					 .help = "Validated ROA payloads served",
					 .gauge = true };
static struct al_metric metric_vrps6 = { .name = "alamo_rpki_vrps{family=\"ipv6\"}",
					 .help = "Validated ROA payloads served",
					 .gauge = true };
static struct al_metric metric_aspas = { .name = "alamo_rpki_aspas",
					 .help = "ASs whose providers are served",
					 .gauge = true };
static struct al_metric metric_serial = { .name = "alamo_rpki_serial",
					  .help = "RTR serial of the set served",
					  .gauge = true };
static struct al_metric metric_history = { .name = "alamo_rpki_history",
					   .help = "Differences kept for routers",
					   .gauge = true };
static struct al_metric metric_sets = { .name = "alamo_rpki_sets_total", .help = "Sets published" };
static struct al_metric metric_age = { .name = "alamo_rpki_age_seconds",
				       .help = "Since when the set served is not known to be the newest",
				       .gauge = true };
static struct al_metric metric_stale = { .name = "alamo_rpki_stale",
					 .help = "1 when the last set grew too old, and nothing is served",
					 .gauge = true };

static void served_metrics(void)
{
	static struct al_metric *const all[] = { &metric_vrps4,   &metric_vrps6, &metric_aspas, &metric_serial,
						 &metric_history, &metric_sets,  &metric_age,   &metric_stale };

	for (size_t i = 0; i < AL_COUNT(all); i++)
		al_metric_add(all[i]);
}

static void served_count(const struct vrp_set *set, const struct vrp_history *history)
{
	al_metric_set(&metric_vrps4, set != NULL ? set->count4 : 0);
	al_metric_set(&metric_vrps6, set != NULL ? set->vrps - set->count4 : 0);
	al_metric_set(&metric_aspas, set != NULL ? set->customers : 0);
	al_metric_set(&metric_serial, set != NULL ? set->serial : 0);
	al_metric_set(&metric_history, vrp_history_count(history));
}

/* ---- showing ---- */

static void served_show(struct served *self, const struct vrp_set *set, const struct al_checkpoint *cp,
			struct al_slice note, uint64_t fresh_s)
{
	bool other = set != self->moment.set, first = !self->shown;

	moment_show(&self->moment, set, self->history, cp, note, fresh_s);
	if (!other)
		return;
	self->moment.expired = false;
	al_metric_set(&metric_stale, 0);
	rtr_server_publish(self->rtr, set, self->history);
	export_forget(self->export);
	served_count(set, self->history);
	al_metric_inc(&metric_sets, 1);
	al_log(AL_LOG_INFO, "set", "serial=%" PRIu32 " vrps=%zu aspas=%zu history=%zu", set->serial, set->vrps,
	       set->customers, vrp_history_count(self->history));
	self->shown = true;
	self->keep_at_ms = 0;
	if (first)
		self->ops.first(self->ops.arg);
}

/* What is too old is not shown as what is: routers that ask are held and refused, and go by their own expiry. */
static void served_expire(struct served *self, bool expired, uint64_t age_s)
{
	const struct vrp_set *set = self->moment.set;

	if (expired == self->moment.expired)
		return;
	self->moment.expired = expired;
	al_metric_set(&metric_stale, expired ? 1 : 0);
	al_log(expired ? AL_LOG_ERROR : AL_LOG_INFO, expired ? "expired" : "valid-again",
	       "serial=%" PRIu32 " age=%" PRIu64, set->serial, age_s);
	rtr_server_publish(self->rtr, expired ? NULL : set, self->history);
	export_forget(self->export);
	served_count(expired ? NULL : set, self->history);
}

/* Lets the newest set out, if the gate does. */
static void served_try(struct served *self, uint64_t fresh_s)
{
	if (!gate_pass(self->gate, self->moment.set, self->newest, al_now_ms() / 1000))
		return;
	vrp_history_move(self->held, self->history, vrp_fold_records_max(self->newest->count));
	served_show(self, self->newest, &self->cp, al_buf_view(&self->note), fresh_s);
}

void served_offer(struct served *self, const struct vrp_set *newest, struct vrp_history *coming,
		  const struct al_checkpoint *cp, struct al_slice note, uint64_t fresh_s)
{
	const struct vrp_set *old = self->newest;

	vrp_history_move(coming, self->held, vrp_fold_records_max(newest->count));
	self->newest = vrp_set_ref(newest);
	vrp_set_unref(old);
	self->cp = *cp;
	al_buf_reset(&self->note);
	al_buf_slice(&self->note, note);
	served_try(self, fresh_s);
}

void served_link(struct served *self, bool up)
{
	if (!up && self->moment.set != NULL)
		al_log(AL_LOG_WARN, "serving-last-known", "serial=%" PRIu32 " vrps=%zu", self->moment.set->serial,
		       self->moment.set->vrps);
}

void served_age(struct served *self, const struct al_freshness *freshness)
{
	moment_heard(&self->moment, al_now_s(), freshness->silent_s);
}

void served_heard(struct served *self, uint64_t at_s)
{
	moment_heard(&self->moment, at_s, 0);
}

/* ---- time ---- */

static void served_keep(struct served *self, uint64_t now_ms)
{
	if (now_ms < self->keep_at_ms || !keeper_ready(self->keeper))
		return;
	self->keep_at_ms = now_ms + KEEP_MS;
	keeper_save(self->keeper, &self->moment, self->moment.fresh_s + self->stale_s);
}

static void served_tick(void *arg)
{
	struct served *self = arg;
	uint64_t now_s = al_now_s(), now_ms = al_now_ms(), fresh_s, age_s;

	al_timer_set(self->timer, TICK_MS);
	moment_clock(&self->moment, now_s, now_ms);
	fresh_s = self->moment.fresh_s;
	age_s = now_s > fresh_s ? now_s - fresh_s : 0;
	if (gate_holds(self->gate))
		served_try(self, fresh_s);
	if (self->moment.set == NULL)
		return;
	al_metric_set(&metric_age, age_s);
	served_keep(self, now_ms);
	served_expire(self, age_s >= self->stale_s, age_s);
}

void served_restore(struct served *self)
{
	struct origin_head head;
	struct vrp_set *set = NULL;
	uint64_t now_s = al_now_s();
	enum al_err err;

	origin_head_init(&head);
	err = keeper_load(self->keeper, &head, &set);
	/* A clock that was not set yet says nothing about age. */
	if (err == AL_OK && now_s >= head.generated && now_s - head.generated >= self->stale_s)
		err = AL_ESTALE;
	if (err == AL_OK) {
		al_log(AL_LOG_WARN, "set-restored", "serial=%" PRIu32 " vrps=%zu size=%" PRIu64 " age=%" PRIu64,
		       set->serial, set->vrps, head.cp.size, now_s > head.generated ? now_s - head.generated : 0);
		served_show(self, set, &head.cp, al_buf_view(&head.checkpoint), head.generated);
	} else if (err != AL_ENOTFOUND) {
		al_log(AL_LOG_WARN, "set-not-restored", "dir=%s err=%s", self->dir, al_err_name(err));
	}
	vrp_set_unref(set);
	origin_head_release(&head);
	served_tick(self);
}

/* ---- life ---- */

static enum al_err served_open(struct served *self, struct al_loop *loop, const struct al_conf *conf)
{
	struct gate_conf gate = { .percent = (unsigned)al_conf_u64(conf, "rpki", "brake-percent"),
				  .release_s = al_conf_u64(conf, "rpki", "brake-seconds") };
	size_t history = (size_t)al_conf_u64(conf, "rpki", "history");
	enum al_err err = al_conf_path(conf, "run", self->dir, sizeof(self->dir));

	if (err == AL_OK)
		err = al_conf_path(conf, "run", gate.dir, sizeof(gate.dir));
	if (err == AL_OK)
		err = gate_new(&gate, &self->gate);
	if (err == AL_OK)
		err = vrp_history_new(history, &self->history);
	if (err == AL_OK)
		err = vrp_history_new(history, &self->held);
	if (err == AL_OK)
		err = al_timer_new(loop, served_tick, self, &self->timer);
	return err;
}

void served_limit(struct served *self, const struct al_conf *conf)
{
	self->stale_s = al_conf_u64(conf, "rpki", "stale-seconds");
	gate_limit(self->gate, (unsigned)al_conf_u64(conf, "rpki", "brake-percent"),
		   al_conf_u64(conf, "rpki", "brake-seconds"));
}

enum al_err served_new(struct al_loop *loop, const struct al_conf *conf, const struct al_vkey *log,
		       const struct served_ops *ops, struct served **out)
{
	struct served *self = calloc(1, sizeof(*self));
	enum al_err err;

	if (self == NULL)
		return AL_ENOMEM;
	self->ops = *ops;
	self->stale_s = al_conf_u64(conf, "rpki", "stale-seconds");
	moment_init(&self->moment);
	al_buf_init(&self->note, AL_NOTE_MAX);
	served_metrics();
	err = served_open(self, loop, conf);
	if (err == AL_OK)
		err = keeper_new(loop, self->dir, log, &self->keeper);
	if (err != AL_OK)
		served_free(self);
	else
		*out = self;
	return err;
}

void served_free(struct served *self)
{
	if (self == NULL)
		return;
	if (self->moment.set != NULL)
		keeper_finish(self->keeper, &self->moment, self->moment.fresh_s + self->stale_s);
	keeper_free(self->keeper);
	al_timer_free(self->timer);
	gate_free(self->gate);
	moment_release(&self->moment);
	vrp_set_unref(self->newest);
	vrp_history_free(self->history);
	vrp_history_free(self->held);
	al_buf_release(&self->note);
	free(self);
}

struct moment *served_moment(struct served *self)
{
	return &self->moment;
}

void served_attach(struct served *self, struct rtr_server *rtr, struct export *export)
{
	self->rtr = rtr;
	self->export = export;
}
