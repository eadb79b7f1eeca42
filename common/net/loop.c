/* SPDX-License-Identifier: MIT */
/*
 * loop.c -- libevent bases, their mailboxes, timers and worker threads.
 *
 * A base is made without locks: only its own thread touches it. Other threads
 * reach it through the mailbox, a list under a mutex and an eventfd that the
 * loop watches. The eventfd is written only when the list was empty before.
 */
#include "alamo/net/loop.h"

#include "alamo/base/log.h"

#include <errno.h>
#include <event2/event.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

struct post {
	struct post *next;
	void (*fn)(void *arg);
	void *arg;
};

struct al_loop {
	struct event_base *base;
	struct event *wakeup; /* readable eventfd */
	int wakeup_fd;
	bool stopping;        /* loop's thread only */
	pthread_mutex_t lock; /* guards first and last */
	struct post *first;
	struct post *last;
};

struct al_timer {
	struct event *event;
	void (*fn)(void *arg);
	void *arg;
};

struct al_worker {
	struct al_loop *loop;
	pthread_t thread;
	bool running;  /* main thread's: it is to be joined */
	char name[16]; /* the kernel's limit, with NUL */
};

/* ---- mailbox ---- */

static struct post *mailbox_take(struct al_loop *loop)
{
	pthread_mutex_lock(&loop->lock);
	struct post *first = loop->first;
	loop->first = NULL;
	loop->last = NULL;
	pthread_mutex_unlock(&loop->lock);
	return first;
}

/* What is posted while this runs waits for the next round, so a post that posts cannot hold the loop. */
static void mailbox_deliver(struct al_loop *loop)
{
	struct post *post = mailbox_take(loop);
	while (post != NULL) {
		struct post *next = post->next;
		post->fn(post->arg);
		free(post);
		post = next;
	}
}

static void mailbox_readable(evutil_socket_t fd, short what, void *arg)
{
	struct al_loop *loop = arg;
	uint64_t count;
	(void)what;
	/* Before the list is taken: a later post then finds the list empty and writes again. */
	ssize_t got = read(fd, &count, sizeof(count));
	(void)got;
	mailbox_deliver(loop);
}

enum al_err al_loop_post(struct al_loop *loop, void (*fn)(void *arg), void *arg)
{
	struct post *post = malloc(sizeof(*post));
	if (post == NULL)
		return AL_ENOMEM;
	*post = (struct post){ .fn = fn, .arg = arg };

	pthread_mutex_lock(&loop->lock);
	bool was_empty = loop->first == NULL;
	if (was_empty)
		loop->first = post;
	else
		loop->last->next = post;
	loop->last = post;
	/* Under the lock, so that the loop cannot be freed by this very post before the write. */
	if (was_empty) {
		uint64_t one = 1;
		ssize_t put = write(loop->wakeup_fd, &one, sizeof(one));
		(void)put; /* fails only when the counter is full, and then the loop is awake */
	}
	pthread_mutex_unlock(&loop->lock);
	return AL_OK;
}

bool al_loop_unpost(struct al_loop *loop, void (*fn)(void *arg), const void *arg)
{
	struct post *before = NULL, *post;
	pthread_mutex_lock(&loop->lock);
	for (post = loop->first; post != NULL && (post->fn != fn || post->arg != arg); post = post->next)
		before = post;
	if (post != NULL) {
		if (before == NULL)
			loop->first = post->next;
		else
			before->next = post->next;
		if (loop->last == post)
			loop->last = before;
	}
	pthread_mutex_unlock(&loop->lock);
	free(post);
	return post != NULL;
}

/* ---- loop ---- */

static struct event_base *base_new(void)
{
	struct event_config *config = event_config_new();
	if (config == NULL)
		return NULL;
	/* Uncached time: a timer set after a long callback must not run early. */
	int flags = EVENT_BASE_FLAG_NOLOCK | EVENT_BASE_FLAG_IGNORE_ENV | EVENT_BASE_FLAG_NO_CACHE_TIME;
	struct event_base *base = NULL;
	if (event_config_set_flag(config, flags) == 0)
		base = event_base_new_with_config(config);
	event_config_free(config);
	return base;
}

enum al_err al_loop_new(struct al_loop **out)
{
	struct al_loop *loop = calloc(1, sizeof(*loop));
	if (loop == NULL)
		return AL_ENOMEM;
	if (pthread_mutex_init(&loop->lock, NULL) != 0) {
		free(loop);
		return AL_ENOMEM;
	}
	enum al_err err = AL_ESYS;
	loop->wakeup_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (loop->wakeup_fd < 0) {
		al_log(AL_LOG_ERROR, "eventfd", "errno=%d", errno);
		goto fail;
	}
	err = AL_ENOMEM;
	loop->base = base_new();
	if (loop->base == NULL)
		goto fail;
	loop->wakeup = event_new(loop->base, loop->wakeup_fd, EV_READ | EV_PERSIST, mailbox_readable, loop);
	if (loop->wakeup == NULL || event_add(loop->wakeup, NULL) != 0)
		goto fail;
	*out = loop;
	return AL_OK;
fail:
	al_loop_free(loop);
	return err;
}

void al_loop_free(struct al_loop *loop)
{
	if (loop == NULL)
		return;
	struct post *post = mailbox_take(loop);
	while (post != NULL) {
		struct post *next = post->next;
		free(post);
		post = next;
	}
	if (loop->wakeup != NULL)
		event_free(loop->wakeup);
	if (loop->base != NULL)
		event_base_free(loop->base);
	if (loop->wakeup_fd >= 0)
		close(loop->wakeup_fd);
	pthread_mutex_destroy(&loop->lock);
	free(loop);
}

struct event_base *al_loop_base(struct al_loop *loop)
{
	return loop->base;
}

void al_loop_run(struct al_loop *loop)
{
	while (!loop->stopping)
		if (event_base_loop(loop->base, EVLOOP_ONCE | EVLOOP_NO_EXIT_ON_EMPTY) < 0)
			break;
	/* What was posted before the stop still runs: its senders count on it. */
	mailbox_deliver(loop);
	loop->stopping = false;
}

void al_loop_stop(struct al_loop *loop)
{
	loop->stopping = true; /* also counts before the run */
	event_base_loopbreak(loop->base);
}

/* ---- timers ---- */

static void timer_fired(evutil_socket_t fd, short what, void *arg)
{
	struct al_timer *timer = arg;
	(void)fd;
	(void)what;
	timer->fn(timer->arg);
}

enum al_err al_timer_new(struct al_loop *loop, void (*fn)(void *arg), void *arg, struct al_timer **out)
{
	struct al_timer *timer = malloc(sizeof(*timer));
	if (timer == NULL)
		return AL_ENOMEM;
	*timer = (struct al_timer){ .fn = fn, .arg = arg };
	timer->event = event_new(loop->base, -1, 0, timer_fired, timer);
	if (timer->event == NULL) {
		free(timer);
		return AL_ENOMEM;
	}
	*out = timer;
	return AL_OK;
}

void al_timer_free(struct al_timer *timer)
{
	if (timer == NULL)
		return;
	event_free(timer->event);
	free(timer);
}

void al_timer_set(struct al_timer *timer, uint64_t ms)
{
	struct timeval tv = { .tv_sec = (time_t)(ms / 1000), .tv_usec = (suseconds_t)(ms % 1000 * 1000) };
	if (event_add(timer->event, &tv) != 0)
		al_log(AL_LOG_ERROR, "timer-lost", "ms=%llu", (unsigned long long)ms);
}

void al_timer_clear(struct al_timer *timer)
{
	event_del(timer->event);
}

/* ---- clocks ---- */

uint64_t al_now_ms(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

uint64_t al_now_s(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_REALTIME, &ts);
	return (uint64_t)ts.tv_sec;
}

/* ---- workers ---- */

static void *worker_main(void *arg)
{
	struct al_worker *worker = arg;
	/* From inside: another's name is set through a file, which a sandbox may keep us from. */
	pthread_setname_np(pthread_self(), worker->name);
	al_loop_run(worker->loop);
	return NULL;
}

/* The new thread inherits the caller's mask: block everything around its creation. */
static int thread_create_masked(struct al_worker *worker)
{
	sigset_t all;
	sigset_t before;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	int rc = pthread_create(&worker->thread, NULL, worker_main, worker);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return rc;
}

enum al_err al_worker_new(struct al_worker **out)
{
	struct al_worker *worker = calloc(1, sizeof(*worker));
	if (worker == NULL)
		return AL_ENOMEM;
	enum al_err err = al_loop_new(&worker->loop);
	if (err != AL_OK)
		free(worker);
	else
		*out = worker;
	return err;
}

enum al_err al_worker_run(struct al_worker *worker, const char *name)
{
	if (al_slice_copy(al_slice_head(al_slice_str(name), sizeof(worker->name) - 1), worker->name,
			  sizeof(worker->name)) != AL_OK)
		return AL_EINVAL;
	int rc = thread_create_masked(worker);
	if (rc != 0) {
		al_log(AL_LOG_ERROR, "thread-create", "name=%s errno=%d", name, rc);
		return AL_ESYS;
	}
	worker->running = true;
	return AL_OK;
}

enum al_err al_worker_start(const char *name, struct al_worker **out)
{
	struct al_worker *worker = NULL;
	enum al_err err = al_worker_new(&worker);
	if (err == AL_OK)
		err = al_worker_run(worker, name);
	if (err == AL_OK)
		*out = worker;
	else
		al_worker_free(worker);
	return err;
}

struct al_loop *al_worker_loop(struct al_worker *worker)
{
	return worker->loop;
}

static void worker_stop_posted(void *arg)
{
	al_loop_stop(arg);
}

void al_worker_halt(struct al_worker *worker)
{
	if (worker == NULL || !worker->running)
		return;
	/* Joining without the message would hang for ever; memory comes back when other threads move on. */
	while (al_loop_post(worker->loop, worker_stop_posted, worker->loop) != AL_OK)
		nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
	pthread_join(worker->thread, NULL);
	worker->running = false;
}

void al_worker_free(struct al_worker *worker)
{
	if (worker == NULL)
		return;
	al_loop_free(worker->loop);
	free(worker);
}

void al_worker_stop(struct al_worker *worker)
{
	al_worker_halt(worker);
	al_worker_free(worker);
}
