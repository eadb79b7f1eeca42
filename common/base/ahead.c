/* SPDX-License-Identifier: MIT */
/*
 * ahead.c -- one list of items, in order of arrival, under one lock.
 *
 *   first .... todo .... last
 *   done or in hand | nobody has looked at it
 *
 * A thread takes `todo`; the owner takes from `first` as long as that is done.
 */
#include "alamo/base/ahead.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

#include "alamo/base/log.h"

struct al_ahead {
	const struct al_ahead_ops *ops;
	void *arg;
	pthread_t threads[AL_AHEAD_THREADS_MAX];
	unsigned thread_count;

	pthread_mutex_t lock; /* guards what follows, and the items' own fields */
	pthread_cond_t wake;  /* there is something to do, or nothing any more */
	pthread_cond_t due;   /* the oldest is done */
	struct al_ahead_item *first, *last;
	struct al_ahead_item *todo; /* NULL: nothing to do */
	size_t waiting;             /* weight from todo on */
	bool stopping;
};

/* ---- work ---- */

/* With the lock held, which is let go meanwhile. */
static void work_next(struct al_ahead *ahead)
{
	struct al_ahead_item *item = ahead->todo;

	ahead->todo = item->next;
	ahead->waiting -= item->weight;
	pthread_mutex_unlock(&ahead->lock);
	ahead->ops->work(ahead->arg, item);
	pthread_mutex_lock(&ahead->lock);
	item->done = true;
	if (item == ahead->first)
		pthread_cond_signal(&ahead->due);
	if (ahead->first->done && ahead->ops->ready != NULL && !ahead->stopping)
		ahead->ops->ready(ahead->arg);
}

static void *worker(void *arg)
{
	struct al_ahead *ahead = arg;

	pthread_mutex_lock(&ahead->lock);
	while (!ahead->stopping) {
		if (ahead->todo != NULL)
			work_next(ahead);
		else
			pthread_cond_wait(&ahead->wake, &ahead->lock);
	}
	pthread_mutex_unlock(&ahead->lock);
	return NULL;
}

/* ---- in and out ---- */

void al_ahead_put(struct al_ahead *ahead, struct al_ahead_item *item, size_t weight)
{
	*item = (struct al_ahead_item){ .weight = weight };
	pthread_mutex_lock(&ahead->lock);
	if (ahead->first == NULL)
		ahead->first = item;
	else
		ahead->last->next = item;
	ahead->last = item;
	if (ahead->todo == NULL)
		ahead->todo = item;
	ahead->waiting += weight;
	while (ahead->waiting > ahead->ops->most && ahead->todo != NULL)
		work_next(ahead);
	pthread_cond_signal(&ahead->wake);
	pthread_mutex_unlock(&ahead->lock);
}

/* With the lock held. */
static struct al_ahead_item *first_take(struct al_ahead *ahead)
{
	struct al_ahead_item *item = ahead->first;

	ahead->first = item->next;
	if (ahead->todo == item) { /* after a stop */
		ahead->todo = item->next;
		ahead->waiting -= item->weight;
	}
	item->next = NULL;
	return item;
}

struct al_ahead_item *al_ahead_take(struct al_ahead *ahead)
{
	struct al_ahead_item *item = NULL;

	pthread_mutex_lock(&ahead->lock);
	if (ahead->first != NULL && (ahead->first->done || ahead->stopping))
		item = first_take(ahead);
	pthread_mutex_unlock(&ahead->lock);
	return item;
}

struct al_ahead_item *al_ahead_wait(struct al_ahead *ahead)
{
	struct al_ahead_item *item = NULL;

	pthread_mutex_lock(&ahead->lock);
	while (ahead->first != NULL && !ahead->first->done && !ahead->stopping) {
		if (ahead->todo != NULL)
			work_next(ahead);
		else
			pthread_cond_wait(&ahead->due, &ahead->lock);
	}
	if (ahead->first != NULL)
		item = first_take(ahead);
	pthread_mutex_unlock(&ahead->lock);
	return item;
}

/* ---- life ---- */

unsigned al_ahead_threads(long cores)
{
	if (cores <= 2)
		return 1;
	return cores - 1 < (long)AL_AHEAD_THREADS_MAX ? (unsigned)(cores - 1) : AL_AHEAD_THREADS_MAX;
}

static enum al_err threads_start(struct al_ahead *ahead, unsigned threads)
{
	sigset_t all, before;
	int rc = 0;

	/* Signals are for the main thread. */
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	while (rc == 0 && ahead->thread_count < threads && ahead->thread_count < AL_AHEAD_THREADS_MAX) {
		rc = pthread_create(&ahead->threads[ahead->thread_count], NULL, worker, ahead);
		if (rc == 0)
			(void)pthread_setname_np(ahead->threads[ahead->thread_count++], ahead->ops->name);
	}
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (rc == 0)
		return AL_OK;
	al_log(AL_LOG_ERROR, "thread-create", "name=%s errno=%d", ahead->ops->name, rc);
	return AL_ESYS;
}

enum al_err al_ahead_new(unsigned threads, const struct al_ahead_ops *ops, void *arg, struct al_ahead **out)
{
	struct al_ahead *ahead = calloc(1, sizeof(*ahead));
	enum al_err err;

	if (ahead == NULL)
		return AL_ENOMEM;
	ahead->ops = ops;
	ahead->arg = arg;
	/* These fail for want of memory only, and glibc's need none. */
	if (pthread_mutex_init(&ahead->lock, NULL) != 0 || pthread_cond_init(&ahead->wake, NULL) != 0 ||
	    pthread_cond_init(&ahead->due, NULL) != 0) {
		free(ahead);
		return AL_ENOMEM;
	}
	err = threads_start(ahead, threads);
	if (err != AL_OK) {
		al_ahead_free(ahead);
		return err;
	}
	*out = ahead;
	return AL_OK;
}

void al_ahead_stop(struct al_ahead *ahead)
{
	pthread_mutex_lock(&ahead->lock);
	ahead->stopping = true;
	pthread_cond_broadcast(&ahead->wake);
	pthread_mutex_unlock(&ahead->lock);
	while (ahead->thread_count > 0)
		(void)pthread_join(ahead->threads[--ahead->thread_count], NULL);
}

void al_ahead_free(struct al_ahead *ahead)
{
	if (ahead == NULL)
		return;
	al_ahead_stop(ahead);
	(void)pthread_cond_destroy(&ahead->due);
	(void)pthread_cond_destroy(&ahead->wake);
	(void)pthread_mutex_destroy(&ahead->lock);
	free(ahead);
}
