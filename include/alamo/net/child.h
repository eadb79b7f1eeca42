/* SPDX-License-Identifier: MIT */
/*
 * child.h -- a process of one's own for one task, that shares nothing with its parent but a socket.
 */
#ifndef ALAMO_CHILD_H
#define ALAMO_CHILD_H

#include <stdbool.h>
#include <sys/types.h>

#define AL_CHILD_SOCKET 3

/*
 * In the child, right behind fork(): it dies with `parent`, and is in no memory dump; all signals that can be are
 * ignored, for a terminal's Ctrl-C and a stopping service reach the whole group, and the parent says when it is over
 * (by closing its end). `socket` becomes AL_CHILD_SOCKET, standard error stays, all else is closed. `name`: as ps(1)
 * shows it, up to 15 bytes. False: it could not be closed off, and must not go on.
 */
bool al_child_alone(int socket, pid_t parent, const char *name);

#endif
