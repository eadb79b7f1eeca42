/* SPDX-License-Identifier: MIT */
/*
 * locks.h -- who lets go of a mutex, or waits with it, is the thread that has it: else the test ends here. For tests only,
 * that are programs of their own.
 */
#ifndef TESTS_LOCKS_H
#define TESTS_LOCKS_H

#include <dlfcn.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LOCKS_MAX 32 /* held by one thread */

static _Thread_local pthread_mutex_t *locks_held[LOCKS_MAX];
static _Thread_local unsigned locks_count;

static inline int locks_next(const char *name, pthread_mutex_t *mutex)
{
	void *symbol = dlsym(RTLD_NEXT, name);
	int (*next)(pthread_mutex_t *);

	memcpy(&next, &symbol, sizeof(next)); /* ISO C has no cast between the two */
	return next(mutex);
}

static inline int locks_took(int rc, pthread_mutex_t *mutex)
{
	if (rc == 0 && locks_count == LOCKS_MAX)
		abort();
	if (rc == 0)
		locks_held[locks_count++] = mutex;
	return rc;
}

/* Where it stands among those that this thread has. */
static inline unsigned locks_find(const pthread_mutex_t *mutex)
{
	static const char words[] = "a mutex that this thread does not have\n";

	for (unsigned i = locks_count; i > 0; i--)
		if (locks_held[i - 1] == mutex)
			return i - 1;
	(void)!write(STDERR_FILENO, words, sizeof(words) - 1);
	abort();
}

int pthread_mutex_lock(pthread_mutex_t *mutex)
{
	return locks_took(locks_next("pthread_mutex_lock", mutex), mutex);
}

int pthread_mutex_trylock(pthread_mutex_t *mutex)
{
	return locks_took(locks_next("pthread_mutex_trylock", mutex), mutex);
}

int pthread_mutex_unlock(pthread_mutex_t *mutex)
{
	locks_held[locks_find(mutex)] = locks_held[locks_count - 1];
	locks_count--;
	return locks_next("pthread_mutex_unlock", mutex);
}

int pthread_cond_wait(pthread_cond_t *cond, pthread_mutex_t *mutex)
{
	void *symbol = dlsym(RTLD_NEXT, "pthread_cond_wait");
	int (*next)(pthread_cond_t *, pthread_mutex_t *);

	(void)locks_find(mutex);
	memcpy(&next, &symbol, sizeof(next));
	return next(cond, mutex);
}

int pthread_cond_timedwait(pthread_cond_t *cond, pthread_mutex_t *mutex, const struct timespec *until)
{
	void *symbol = dlsym(RTLD_NEXT, "pthread_cond_timedwait");
	int (*next)(pthread_cond_t *, pthread_mutex_t *, const struct timespec *);
	struct timespec now;

	(void)locks_find(mutex);
	(void)clock_gettime(CLOCK_REALTIME, &now);
	/* A moment that is none, or was over before, is not waited for: whoever asks for it goes round and round. */
	if (until->tv_nsec < 0 || until->tv_nsec > 999999999 || until->tv_sec < now.tv_sec - 1)
		abort();
	memcpy(&next, &symbol, sizeof(next));
	return next(cond, mutex, until);
}

#endif
