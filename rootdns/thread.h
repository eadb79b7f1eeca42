/* SPDX-License-Identifier: MIT */
/*
 * thread.h -- a thread that answers, without a loop of events: no signal is for it.
 */
#ifndef ROOTDNS_THREAD_H
#define ROOTDNS_THREAD_H

#include <pthread.h>

#include "alamo/base/base.h"

/* `name`: up to 15 bytes. AL_ESYS: logged. */
AL_MUST_USE enum al_err thread_start(const char *name, void *(*run)(void *arg), void *arg, pthread_t *out);

#endif
