/* SPDX-License-Identifier: MIT */
/*
 * notified.h -- what daemons say to who runs them (sd_notify(3)), and what became of alamo.conf, in files.
 *
 * A daemon that read alamo.conf again says so in one message: the fields of systemd, and ours, which begin with
 * X_ALAMO_ and which systemd passes over. run/reload.PROGRAM has the last one, for `alamo reload`.
 */
#ifndef CLI_AUTHORITY_NOTIFIED_H
#define CLI_AUTHORITY_NOTIFIED_H

#include "alamo/base/buf.h"

#define NOTIFIED_MAX (48u << 10) /* bytes of a message, or of a file */

/* A connection to a daemon that is about to start: ours, and the daemon's (notify.h, "fd:N"). AL_ESYS with errno. */
AL_MUST_USE enum al_err notified_open(int *ours, int *daemons);
/* The next message into `text` (reset first). AL_EAGAIN: none is there. AL_ECLOSED. */
AL_MUST_USE enum al_err notified_next(int fd, struct al_buf *text);
/* The value of the first line NAME=VALUE. False: there is none. */
bool notified_field(struct al_slice text, const char *name, struct al_slice *value);

/* "DIR/run/reload.PROGRAM"; AL_ELIMIT. */
AL_MUST_USE enum al_err notified_path(const char *dir, const char *program, char *out, size_t cap);

#endif
