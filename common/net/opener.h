/* SPDX-License-Identifier: MIT */
/*
 * opener.h -- a process that opens the configuration file for a daemon that may not any more.
 *
 * Behind al_sandbox() a daemon reads the files that were there when it went in; an editor replaces alamo.conf by another
 * file. The opener is forked before that. It opens this one path for reading each time it is asked, hands the
 * descriptor over (SCM_RIGHTS), and can do nothing else (seccomp): it reads no byte of the file and none of the network.
 * docs/decisions/reload.md.
 */
#ifndef COMMON_OPENER_H
#define COMMON_OPENER_H

#include "alamo/base/base.h"

struct opener;

/* Before there are threads. `path` is absolute, up to PATH_MAX - 1 bytes. */
AL_MUST_USE enum al_err opener_start(const char *path, struct opener **out);
void opener_stop(struct opener *opener);        /* NULL is allowed */
int opener_socket(const struct opener *opener); /* readable: an answer is there, or the process is gone */
/* Never waits. AL_ECLOSED: the process is gone; AL_EAGAIN: it does not keep up. */
AL_MUST_USE enum al_err opener_ask(struct opener *opener);
/* The answer to one question: *fd is the caller's. AL_ESYS: errno is open(2)'s. AL_EAGAIN: none yet. AL_ECLOSED. */
AL_MUST_USE enum al_err opener_take(struct opener *opener, int *fd);

#endif
