/* SPDX-License-Identifier: MIT */
/*
 * clock_guard.c -- see clock_guard.h.
 */
#include "clock_guard.h"

#include <inttypes.h>
#include <pthread.h>
#include <time.h>

#include "alamo/base/log.h"
#include "alamo/net/loop.h"
#include "alamo/net/metrics.h"

#define DAY 86400u

const char clock_guard_words[] =
	"the registry's clock has jumped ahead: nothing was stored; its hostmaster has to look at "
	"it, send the same bytes again in an hour";

static struct al_metric ahead_seconds = {
	.name = "alamo_registry_clock_ahead_seconds",
	.help = "How far the system's clock has jumped ahead, while nothing is stored for "
		"that; 0: it is right",
	.gauge = true
};

/* ---- the judgement ---- */

/* Towards where the clock is, as far as a day's share of the bound allows for the time that has gone by. */
static void follow(struct clock_sight *sight, int64_t offset_s, uint64_t bound_s, uint64_t counted_s)
{
	uint64_t gone = counted_s > sight->moved_s ? counted_s - sight->moved_s : 0;
	uint64_t most = gone > UINT64_MAX / bound_s ? bound_s : gone * bound_s / DAY;
	int64_t off = offset_s - sight->offset_s;
	uint64_t size = off < 0 ? (uint64_t)-off : (uint64_t)off;

	if (most == 0 && size != 0)
		return; /* the time that has gone by goes on to count */
	if (size > most)
		size = most;
	sight->offset_s += off < 0 ? -(int64_t)size : (int64_t)size;
	sight->moved_s = counted_s;
}

uint64_t clock_sight_step(struct clock_sight *sight, uint64_t bound_s, uint64_t wall_s, uint64_t counted_s)
{
	int64_t offset = (int64_t)wall_s - (int64_t)counted_s, off = offset - sight->offset_s;

	/* A clock that is set back is as good as any: log time does not follow it. */
	if (!sight->begun || bound_s == 0 || off < -(int64_t)bound_s) {
		*sight = (struct clock_sight){ .begun = true, .offset_s = offset, .moved_s = counted_s };
		return 0;
	}
	if (off > (int64_t)bound_s)
		return (uint64_t)off;
	follow(sight, offset, bound_s, counted_s);
	return 0;
}

/* ---- of this process ---- */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct clock_sight sight;
static uint64_t bound, ahead;
static bool looks;

static uint64_t counted(void)
{
	struct timespec now = { 0 };

	(void)clock_gettime(CLOCK_BOOTTIME, &now);
	return (uint64_t)now.tv_sec;
}

/* With the lock. */
static void look(void)
{
	uint64_t was = ahead;

	ahead = clock_sight_step(&sight, bound, al_now_s(), counted());
	al_metric_set(&ahead_seconds, ahead);
	if (ahead != 0 && was == 0)
		al_log(AL_LOG_ERROR, "clock-jumped",
		       "ahead_s=%" PRIu64 " reason=\"nothing is dated by it: mend the clock, or say that it is right "
		       "(clock-jump-seconds)\"",
		       ahead);
	else if (ahead == 0 && was != 0)
		al_log(AL_LOG_INFO, "clock-right", "was_ahead_s=%" PRIu64, was);
}

void clock_guard_bound(uint64_t seconds)
{
	al_metric_add(&ahead_seconds);
	(void)pthread_mutex_lock(&lock);
	bound = seconds;
	looks = true;
	look();
	(void)pthread_mutex_unlock(&lock);
}

bool clock_guard_trusted(void)
{
	bool trusted;

	(void)pthread_mutex_lock(&lock);
	if (looks)
		look();
	trusted = ahead == 0;
	(void)pthread_mutex_unlock(&lock);
	return trusted;
}
