/* SPDX-License-Identifier: MIT */
/*
 * age.c -- fresh.c with clocks, a timer and a voice: for everybody who follows a log.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "alamo/base/log.h"
#include "alamo/follow/follow.h"
#include "alamo/net/metrics.h"
#include "fresh.h"

#define TICK_MS 1000

struct al_age {
	struct fresh fresh;
	struct al_timer *tick;
	al_age_fn fn;
	void *arg;
	uint64_t size; /* of the log, for the message */
	bool stale;    /* and it was said */
};

static struct al_metric date_metric = {
	.name = "alamo_log_date_seconds",
	.help = "Unix time of the newest date that the log signed; 0: none",
	.gauge = true,
};
static struct al_metric age_metric = {
	.name = "alamo_log_age_seconds",
	.help = "Time since anything newer was heard of the log, or since its newest date if that is longer",
	.gauge = true,
};
static struct al_metric stale_metric = {
	.name = "alamo_log_stale",
	.help = "1 while that is more than [log] stale-seconds",
	.gauge = true,
};

struct al_freshness al_age_look(const struct al_age *age)
{
	uint64_t now_ms = al_now_ms(), now_s = al_now_s();

	return (struct al_freshness){
		.date = age->fresh.date,
		.age_s = fresh_age_s(&age->fresh, now_ms, now_s),
		.silent_s = fresh_silent_s(&age->fresh, now_ms),
		.stale = fresh_is_stale(&age->fresh, now_ms, now_s),
	};
}

static void age_tell(struct al_age *age)
{
	struct al_freshness f = al_age_look(age);

	al_metric_set(&date_metric, f.date);
	al_metric_set(&age_metric, f.age_s);
	al_metric_set(&stale_metric, f.stale ? 1 : 0);
	if (f.stale && !age->stale)
		al_log(AL_LOG_ERROR, "log-stale",
		       "size=%" PRIu64 " date=%" PRIu64 " age=%" PRIu64 " silent=%" PRIu64
		       " reason=\"the registry has stopped, somebody keeps the log from us, or a clock is wrong\"",
		       age->size, f.date, f.age_s, f.silent_s);
	else if (!f.stale && age->stale)
		al_log(AL_LOG_INFO, "log-fresh", "size=%" PRIu64 " date=%" PRIu64, age->size, f.date);
	age->stale = f.stale;
	if (age->fn != NULL)
		age->fn(age->arg, &f);
}

static void on_tick(void *arg)
{
	struct al_age *age = arg;

	age_tell(age);
	al_timer_set(age->tick, TICK_MS);
}

enum al_err al_age_new(struct al_loop *loop, uint64_t stale_s, al_age_fn fn, void *arg, struct al_age **out)
{
	struct al_age *age = calloc(1, sizeof(*age));
	enum al_err err;

	if (age == NULL)
		return AL_ENOMEM;
	age->fn = fn;
	age->arg = arg;
	fresh_init(&age->fresh, stale_s, al_now_ms());
	err = al_timer_new(loop, on_tick, age, &age->tick);
	if (err != AL_OK) {
		free(age);
		return err;
	}
	al_metric_add(&date_metric);
	al_metric_add(&age_metric);
	al_metric_add(&stale_metric);
	al_timer_set(age->tick, TICK_MS);
	*out = age;
	return AL_OK;
}

void al_age_free(struct al_age *age)
{
	if (age == NULL)
		return;
	al_timer_free(age->tick);
	free(age);
}

void al_age_limit(struct al_age *age, uint64_t stale_s)
{
	age->fresh.stale_ms = stale_s * 1000;
	age_tell(age);
}

void al_age_remember(struct al_age *age, uint64_t date, uint64_t age_s)
{
	fresh_remember(&age->fresh, date, age_s);
}

bool al_age_hear(struct al_age *age, uint64_t date)
{
	if (!fresh_hear(&age->fresh, date, al_now_ms(), al_now_s()))
		return false;
	age_tell(age);
	return true;
}

void al_age_grow(struct al_age *age, uint64_t size)
{
	age->size = size;
	fresh_grow(&age->fresh, al_now_ms());
}
