/* SPDX-License-Identifier: MIT */
/*
 * thread.c -- see thread.h.
 */
#include "thread.h"

#include <signal.h>

#include "alamo/base/log.h"

enum al_err thread_start(const char *name, void *(*run)(void *arg), void *arg, pthread_t *out)
{
	sigset_t all, before;
	int failed;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	failed = pthread_create(out, NULL, run, arg);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (failed != 0) {
		al_log(AL_LOG_ERROR, "thread-create", "name=%s errno=%d", name, failed);
		return AL_ESYS;
	}
	(void)pthread_setname_np(*out, name);
	return AL_OK;
}
