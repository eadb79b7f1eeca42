/* SPDX-License-Identifier: MIT */
/*
 * supervise.h -- keep a set of daemons running until a signal says stop.
 *
 * The first program starts alone; the others once it is ready. One that dies
 * is started again after 50 ms, doubling to 5 s while it keeps dying. One that
 * exits by itself before it was ever ready ends everything: its configuration
 * is wrong and starting it again would not mend that.
 */
#ifndef CLI_SUPERVISE_H
#define CLI_SUPERVISE_H

#include "alamo/base/base.h"

#define SUPERVISE_MAX 8

/* The daemons of an authority, in the order in which they start. */
#define SUPERVISE_PROGRAMS 4
extern const char *const supervise_programs[SUPERVISE_PROGRAMS];

struct supervise_opts {
	int log_fd;               /* standard error of the daemons; -1: ours */
	const char *log_path;     /* what it is called; NULL */
	void (*ready)(void *arg); /* everything is up for the first time; may be NULL */
	void *arg;
};

/*
 * `dir` has alamo.conf and run/. Writes run/PROGRAM.pid, run/reload.PROGRAM (notified.h) and run/endpoints;
 * prints one line a service and "ready" on standard output when all are up.
 * Returns an exit code of the program.
 */
int supervise(const struct supervise_opts *opts, const char *dir, const char *const programs[], size_t count);

#endif
