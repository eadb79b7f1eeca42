/* SPDX-License-Identifier: MIT */
/* threads.h -- so many threads can be made, and then no more. For tests only, that are programs of their own. */
#ifndef TESTS_THREADS_H
#define TESTS_THREADS_H

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <string.h>

static int threads_left = -1; /* below 0: any number */

int pthread_create(pthread_t *out, const pthread_attr_t *attr, void *(*run)(void *), void *arg)
{
	void *symbol = dlsym(RTLD_NEXT, "pthread_create");
	int (*next)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);

	if (threads_left == 0)
		return EAGAIN;
	threads_left -= threads_left > 0;
	memcpy(&next, &symbol, sizeof(next)); /* ISO C has no cast between the two */
	return next(out, attr, run, arg);
}

#endif
