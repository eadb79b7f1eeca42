/* SPDX-License-Identifier: MIT */
/*
 * sandbox.h -- give up what a daemon never needs, before the first byte from the network.
 *
 * seccomp: system calls of a server and no others (no new programs, no processes, no tracing, no packet or kernel
 * sockets, no memory that is written and executed); what else is called gets EPERM. Landlock (where the kernel has
 * it): files below the given paths only, and no signals or abstract sockets to processes outside. And no memory dumps.
 */
#ifndef ALAMO_SANDBOX_H
#define ALAMO_SANDBOX_H

#include "alamo/net/conf.h"

enum al_sandbox_access {
	AL_SANDBOX_READ,
	AL_SANDBOX_WRITE,  /* read too; a directory that is not there is made (0755) */
	AL_SANDBOX_BESIDE, /* its directory is written: it is made and replaced by rename, or has others beside it */
};

struct al_sandbox_path {
	const char *section, *key; /* whose value is the path, empty: none; section NULL: key is the path itself */
	enum al_sandbox_access access;
};

/*
 * For this thread and all that it starts: call it before there are others. Relative paths are below the
 * configuration's directory. Says in the log what is in force. AL_ESYS: seccomp could not be had, or
 * Landlock failed where it exists.
 */
AL_MUST_USE enum al_err al_sandbox(const struct al_conf *conf, const struct al_sandbox_path *paths, size_t count);

#endif
