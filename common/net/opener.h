/* SPDX-License-Identifier: MIT */
/*
 * opener.h -- a process that opens the configuration file for a daemon that may not any more, and what is renewed beside it.
 *
 * Behind al_sandbox() a daemon reads the files that were there when it went in; an editor replaces alamo.conf by another
 * file. The opener is forked before that. It opens these few paths for reading each time it is asked, hands the
 * descriptors over (SCM_RIGHTS), and can do nothing else (seccomp): it reads no byte of the files and none of the network.
 * docs/decisions/reload.md.
 */
#ifndef COMMON_OPENER_H
#define COMMON_OPENER_H

#include "alamo/base/base.h"

struct opener;

/* Before there are threads. The paths are absolute; one that is empty is not there. Copied. */
AL_MUST_USE enum al_err opener_start(const char *const *paths, size_t count, struct opener **out);
void opener_stop(struct opener *opener);        /* NULL is allowed */
int opener_socket(const struct opener *opener); /* readable: an answer is there, or the process is gone */
/* For an answer for each path, in their order. Never waits. AL_ECLOSED: the process is gone; AL_EAGAIN: it does not keep up. */
AL_MUST_USE enum al_err opener_ask(struct opener *opener);
/* One answer: *fd is the caller's. AL_ESYS: errno is open(2)'s. AL_EAGAIN: none yet. AL_ECLOSED. */
AL_MUST_USE enum al_err opener_take(struct opener *opener, int *fd);

#endif
