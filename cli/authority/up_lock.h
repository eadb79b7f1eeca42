/* SPDX-License-Identifier: MIT */
/*
 * up_lock.h -- run/alamo.pid: who runs an authority, and that somebody does.
 *
 * The file holds the process id of `alamo up` and a lock (flock), which ends
 * with the process, whatever ends it; the file stays.
 */
#ifndef CLI_UP_LOCK_H
#define CLI_UP_LOCK_H

#include <sys/types.h>

#include "alamo/base/slice.h"

/* The locked descriptor, with our process id in the file; -1: said. */
int up_lock_take(const char *dir);
/* Who holds the lock of a file of this form; AL_ENOTFOUND: nobody. AL_ESYS with errno. */
AL_MUST_USE enum al_err up_lock_pid(const char *path, pid_t *pid);
/* That of run/alamo.pid. */
AL_MUST_USE enum al_err up_lock_holder(const char *dir, pid_t *pid);

#endif
