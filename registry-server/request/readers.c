/* SPDX-License-Identifier: MIT */
/*
 * readers.c -- one list of readings, in order of arrival, under one lock.
 *
 *   first .... todo .... last
 *   read or in hand | nobody has looked at it
 *
 * A thread takes `todo`; the loop takes from `first` as long as that is read.
 * A reading's decision belongs to the thread that has it in hand, and to the
 * loop before and after.
 */
#include "readers.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "alamo/base/log.h"

#define THREADS_MAX 8u
#define QUEUED_MAX (8u << 20) /* bytes that nobody has looked at */

struct reading {
	struct reading *next;
	struct decision *decision; /* NULL: it only waits for its turn */
	readers_done_fn done;
	void (*after)(void *arg); /* then instead of done */
	void *arg;
	enum al_err err;
	bool read;
	size_t len;
	char raw[];
};

struct readers {
	struct al_loop *loop;
	struct al_slice ns;
	pthread_t threads[THREADS_MAX];
	unsigned thread_count;
	size_t out; /* readings that have not come back; the loop's */

	pthread_mutex_t lock; /* guards what follows */
	pthread_cond_t wake;
	struct reading *first, *last;
	struct reading *todo; /* NULL: nothing to do */
	size_t queued;        /* bytes from todo on */
	unsigned asleep;
	bool posted; /* drain() is on its way to the loop */
	bool stopping;
};

/* ---- back on the loop ---- */

static void reading_done(struct readers *readers, struct reading *reading)
{
	readers->out--;
	if (reading->decision != NULL)
		reading->done(reading->arg, reading->decision, reading->err);
	else
		reading->after(reading->arg);
	free(reading);
}

/* With the lock held: the readings at the head that are read, cut off the list. */
static struct reading *finished_take(struct readers *readers)
{
	struct reading *list = readers->first, *end = NULL;

	for (struct reading *r = list; r != NULL && r->read; r = r->next)
		end = r;
	if (end == NULL)
		return NULL;
	readers->first = end->next;
	if (readers->first == NULL)
		readers->last = NULL;
	end->next = NULL;
	return list;
}

static void drain(void *arg)
{
	struct readers *readers = arg;
	struct reading *list, *next;

	pthread_mutex_lock(&readers->lock);
	readers->posted = false;
	list = finished_take(readers);
	pthread_mutex_unlock(&readers->lock);
	for (; list != NULL; list = next) {
		next = list->next;
		reading_done(readers, list);
	}
}

/* With the lock held. */
static void drain_post(struct readers *readers)
{
	if (readers->posted || readers->stopping || readers->first == NULL || !readers->first->read)
		return;
	/* Without the post nobody would ever be answered; memory comes back when other threads move on. */
	while (al_loop_post(readers->loop, drain, readers) != AL_OK)
		(void)nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
	readers->posted = true;
}

/* ---- threads ---- */

/* With the lock held, which is let go meanwhile. */
static void read_next(struct readers *readers)
{
	struct reading *reading = readers->todo;

	readers->todo = reading->next;
	readers->queued -= reading->len;
	pthread_mutex_unlock(&readers->lock);
	if (reading->decision != NULL)
		reading->err = decision_read(reading->decision, al_slice_of(reading->raw, reading->len), readers->ns);
	pthread_mutex_lock(&readers->lock);
	reading->read = true;
	drain_post(readers);
}

static void *reader(void *arg)
{
	struct readers *readers = arg;

	pthread_mutex_lock(&readers->lock);
	while (!readers->stopping) {
		if (readers->todo != NULL) {
			read_next(readers);
			continue;
		}
		readers->asleep++;
		pthread_cond_wait(&readers->wake, &readers->lock);
		readers->asleep--;
	}
	pthread_mutex_unlock(&readers->lock);
	return NULL;
}

/* ---- putting in ---- */

/* With the lock held. */
static void reading_queue(struct readers *readers, struct reading *reading)
{
	if (readers->first == NULL)
		readers->first = reading;
	else
		readers->last->next = reading;
	readers->last = reading;
	if (readers->todo == NULL)
		readers->todo = reading;
	readers->queued += reading->len;
}

static void reading_put(struct readers *readers, struct reading *reading)
{
	readers->out++;
	pthread_mutex_lock(&readers->lock);
	reading_queue(readers, reading);
	while (readers->queued > QUEUED_MAX && readers->todo != NULL)
		read_next(readers);
	if (readers->asleep > 0 && readers->todo != NULL)
		pthread_cond_signal(&readers->wake);
	pthread_mutex_unlock(&readers->lock);
}

enum al_err readers_put(struct readers *readers, struct decision *decision, struct al_slice raw, readers_done_fn done,
			void *arg)
{
	struct reading *reading = malloc(sizeof(*reading) + raw.len);

	if (reading == NULL)
		return AL_ENOMEM;
	*reading = (struct reading){ .decision = decision, .done = done, .arg = arg, .len = raw.len };
	if (raw.len > 0)
		memcpy(reading->raw, raw.ptr, raw.len);
	reading_put(readers, reading);
	return AL_OK;
}

bool readers_after(struct readers *readers, void (*fn)(void *arg), void *arg)
{
	struct reading *reading = readers->out > 0 ? malloc(sizeof(*reading)) : NULL;

	if (reading == NULL)
		return false;
	*reading = (struct reading){ .after = fn, .arg = arg };
	reading_put(readers, reading);
	return true;
}

/* ---- life ---- */

unsigned readers_default(void)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);

	if (cores <= 2)
		return 1;
	return cores - 1 < (long)THREADS_MAX ? (unsigned)(cores - 1) : THREADS_MAX;
}

static enum al_err threads_start(struct readers *readers, unsigned threads)
{
	sigset_t all, before;
	int rc = 0;

	/* Signals are for the main thread. */
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	while (rc == 0 && readers->thread_count < threads && readers->thread_count < THREADS_MAX) {
		rc = pthread_create(&readers->threads[readers->thread_count], NULL, reader, readers);
		if (rc == 0)
			(void)pthread_setname_np(readers->threads[readers->thread_count++], "reader");
	}
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (rc == 0)
		return AL_OK;
	al_log(AL_LOG_ERROR, "thread-create", "name=reader errno=%d", rc);
	return AL_ESYS;
}

enum al_err readers_new(struct al_loop *loop, unsigned threads, struct al_slice ns, struct readers **out)
{
	struct readers *readers = calloc(1, sizeof(*readers));
	enum al_err err;

	if (readers == NULL)
		return AL_ENOMEM;
	readers->loop = loop;
	readers->ns = ns;
	/* These fail for want of memory only, and glibc's need none. */
	if (pthread_mutex_init(&readers->lock, NULL) != 0 || pthread_cond_init(&readers->wake, NULL) != 0) {
		free(readers);
		return AL_ENOMEM;
	}
	err = threads_start(readers, threads);
	if (err != AL_OK) {
		readers_free(readers);
		return err;
	}
	*out = readers;
	return AL_OK;
}

void readers_free(struct readers *readers)
{
	struct reading *reading, *next;

	if (readers == NULL)
		return;
	pthread_mutex_lock(&readers->lock);
	readers->stopping = true;
	pthread_cond_broadcast(&readers->wake);
	pthread_mutex_unlock(&readers->lock);
	for (unsigned i = 0; i < readers->thread_count; i++)
		(void)pthread_join(readers->threads[i], NULL);
	for (reading = readers->first; reading != NULL; reading = next) {
		next = reading->next;
		reading->err = AL_ECLOSED;
		reading_done(readers, reading);
	}
	(void)pthread_cond_destroy(&readers->wake);
	(void)pthread_mutex_destroy(&readers->lock);
	free(readers);
}
