/* SPDX-License-Identifier: MIT */
/*
 * outlet.c -- see outlet.h.
 */
#include "outlet.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "command.h"
#include "file.h"
#include "outlet_memory.h"

struct event {
	uint64_t index;                   /* of an entry */
	char request[OUTLET_REQUEST_LEN]; /* not empty: of this request, and of no entry */
	char *bytes;
	size_t len;
};

struct outlet {
	struct outlet_conf conf;
	pthread_t thread;
	pthread_mutex_t lock; /* all below */
	pthread_cond_t news, room;
	struct event ring[OUTLET_EVENTS];
	size_t first, count, bytes;
	struct outlet_memory memory; /* taken */
	uint64_t seen;               /* the first entry that was not put here yet */
	char asked[OUTLET_ASKED_MAX][OUTLET_REQUEST_LEN];
	size_t asked_count;      /* put here */
	uint64_t passed, failed; /* for want of room; not taken */
	bool trouble;            /* the last one was not taken */
	bool closing, over;      /* asked to end; ended */
};

/* ---- the thread ---- */

static void pop(struct outlet *o)
{
	struct event *event = &o->ring[o->first];

	o->bytes -= event->len;
	free(event->bytes);
	o->first = (o->first + 1) % OUTLET_EVENTS;
	o->count--;
	(void)pthread_cond_broadcast(&o->room);
}

static void taken(struct outlet *o)
{
	const struct event *event = &o->ring[o->first];

	if (event->request[0] != '\0')
		outlet_memory_add(&o->memory, event->request);
	else
		o->memory.next = event->index + 1;
	if (o->conf.dir != NULL)
		outlet_memory_save(&o->memory, &o->conf);
	pop(o);
}

static void rest(struct outlet *o, unsigned ms)
{
	struct timespec until;

	(void)clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += ms / 1000;
	until.tv_nsec += (long)(ms % 1000) * 1000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000;
	}
	while (!o->closing && pthread_cond_timedwait(&o->news, &o->lock, &until) != ETIMEDOUT)
		;
}

/* The first one, with the lock given back meanwhile: only this thread takes from the ring. */
static bool give(struct outlet *o)
{
	struct al_slice bytes = al_slice_of(o->ring[o->first].bytes, o->ring[o->first].len);
	bool ok;

	(void)pthread_mutex_unlock(&o->lock);
	ok = o->conf.give(o->conf.arg, bytes);
	(void)pthread_mutex_lock(&o->lock);
	return ok;
}

static void *outlet_thread(void *arg)
{
	struct outlet *o = arg;
	unsigned wait_ms = OUTLET_BACKOFF_MS;

	(void)pthread_mutex_lock(&o->lock);
	for (;;) {
		while (o->count == 0 && !o->closing)
			(void)pthread_cond_wait(&o->news, &o->lock);
		if (o->count == 0)
			break;
		o->trouble = !give(o);
		if (!o->trouble) {
			wait_ms = OUTLET_BACKOFF_MS;
			taken(o);
		} else if (!o->conf.once && !o->closing) {
			(void)pthread_cond_broadcast(&o->room);
			rest(o, wait_ms);
			wait_ms = wait_ms * 2 < OUTLET_BACKOFF_MAX ? wait_ms * 2 : OUTLET_BACKOFF_MAX;
		} else if (o->conf.dir == NULL) {
			o->failed++;
			pop(o);
		} else {
			break; /* in their order, or not at all */
		}
	}
	o->over = true;
	(void)pthread_cond_broadcast(&o->room);
	(void)pthread_mutex_unlock(&o->lock);
	return NULL;
}

/* ---- whoever tells ---- */

static bool full(const struct outlet *o, size_t len)
{
	return o->count == OUTLET_EVENTS || (o->count > 0 && o->bytes + len > OUTLET_BYTES);
}

/* With the lock. False: there is no room, or no memory. */
static bool push(struct outlet *o, const struct event *what, struct al_slice bytes)
{
	struct event event = *what;

	while (full(o, bytes.len) && !o->over && (!o->trouble || o->conf.once))
		(void)pthread_cond_wait(&o->room, &o->lock);
	if (full(o, bytes.len) || o->over)
		return false;
	event.bytes = al_slice_dup(bytes);
	event.len = bytes.len;
	if (event.bytes == NULL)
		return false;
	o->ring[(o->first + o->count) % OUTLET_EVENTS] = event;
	o->count++;
	o->bytes += event.len;
	(void)pthread_cond_signal(&o->news);
	return true;
}

void outlet_put(struct outlet *o, uint64_t index, struct al_slice bytes)
{
	const struct event event = { .index = index };

	(void)pthread_mutex_lock(&o->lock);
	if (index >= o->seen) {
		/* None behind one that was passed over, so that they keep their order. */
		if (o->passed == 0 && push(o, &event, bytes))
			o->seen = index + 1;
		else
			o->passed++;
	}
	(void)pthread_mutex_unlock(&o->lock);
}

static bool has_request(const struct outlet *o, const char *hash)
{
	for (size_t i = 0; i < o->asked_count; i++)
		if (strcmp(o->asked[i], hash) == 0)
			return true;
	return outlet_memory_has(&o->memory, hash);
}

bool outlet_has_request(struct outlet *o, const char *hash)
{
	bool has;

	(void)pthread_mutex_lock(&o->lock);
	has = has_request(o, hash);
	(void)pthread_mutex_unlock(&o->lock);
	return has;
}

void outlet_put_request(struct outlet *o, const char *hash, struct al_slice bytes)
{
	struct event event = { .index = 0 };

	(void)snprintf(event.request, sizeof(event.request), "%s", hash);
	(void)pthread_mutex_lock(&o->lock);
	if (!has_request(o, hash) && o->asked_count < OUTLET_ASKED_MAX && push(o, &event, bytes))
		memcpy(o->asked[o->asked_count++], event.request, sizeof(event.request));
	(void)pthread_mutex_unlock(&o->lock);
}

uint64_t outlet_next(struct outlet *o)
{
	uint64_t next;

	(void)pthread_mutex_lock(&o->lock);
	next = o->seen;
	(void)pthread_mutex_unlock(&o->lock);
	return next;
}

bool outlet_behind(struct outlet *o)
{
	bool behind;

	(void)pthread_mutex_lock(&o->lock);
	behind = o->passed > 0 && o->count == 0;
	(void)pthread_mutex_unlock(&o->lock);
	return behind;
}

void outlet_again(struct outlet *o)
{
	(void)pthread_mutex_lock(&o->lock);
	o->passed = 0;
	(void)pthread_mutex_unlock(&o->lock);
}

/* ---- from open to close ---- */

static bool outlet_start(struct outlet *o)
{
	pthread_condattr_t attr;
	bool ok;

	(void)pthread_condattr_init(&attr);
	(void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	(void)pthread_mutex_init(&o->lock, NULL);
	(void)pthread_cond_init(&o->news, &attr);
	(void)pthread_cond_init(&o->room, NULL);
	(void)pthread_condattr_destroy(&attr);
	ok = pthread_create(&o->thread, NULL, outlet_thread, o) == 0;
	return ok;
}

int outlet_open(const struct outlet_conf *conf, struct outlet **out)
{
	struct outlet *o = calloc(1, sizeof(*o));
	int code = CLI_DONE;

	if (o == NULL)
		return command_fail(CLI_REFUSED, "out of memory");
	o->conf = *conf;
	o->memory.next = conf->since;
	if (conf->dir != NULL)
		code = outlet_memory_load(&o->memory, conf);
	o->seen = o->memory.next;
	if (code == CLI_DONE && !outlet_start(o))
		code = command_fail(CLI_REFUSED, "no thread for %s", conf->whom);
	if (code == CLI_DONE)
		*out = o;
	else
		free(o);
	return code;
}

uint64_t outlet_close(struct outlet *o)
{
	uint64_t failed;

	if (o == NULL)
		return 0;
	(void)pthread_mutex_lock(&o->lock);
	o->closing = true;
	(void)pthread_cond_signal(&o->news);
	(void)pthread_mutex_unlock(&o->lock);
	(void)pthread_join(o->thread, NULL);
	failed = o->failed + o->passed + o->count;
	while (o->count > 0)
		pop(o);
	(void)pthread_cond_destroy(&o->news);
	(void)pthread_cond_destroy(&o->room);
	(void)pthread_mutex_destroy(&o->lock);
	if (failed > 0)
		(void)command_fail(CLI_REFUSED, "%llu of them were not taken by %s", (unsigned long long)failed,
				   o->conf.whom);
	free(o);
	return failed;
}
