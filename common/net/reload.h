/* SPDX-License-Identifier: MIT */
/*
 * reload.h -- SIGHUP: alamo.conf is read again, checked, and what may change while the daemon runs is taken.
 *
 * A file that cannot be read, has a mistake, or that the daemon refuses changes nothing; the log has the line. Of a
 * good one, keys that need a restart stay as they are and are named. Private to service.c.
 */
#ifndef COMMON_RELOAD_H
#define COMMON_RELOAD_H

#include "alamo/net/service.h"

struct reload;

/*
 * Forks the opener (opener.h): before threads and the sandbox. From then on SIGHUP is heeded, in the loop. `conf` is
 * changed in place; `path` is the file's, as it was given; `self` points to where the daemon's own is, once it is up.
 */
AL_MUST_USE enum al_err reload_new(struct al_loop *loop, const struct al_service_def *def, struct al_conf *conf,
				   const char *path, void *const *self, struct reload **out);
void reload_free(struct reload *reload); /* NULL is allowed */
/* The daemon's other files, by ourselves: there is no sandbox yet. */
AL_MUST_USE enum al_err reload_read(struct reload *reload);

#endif
