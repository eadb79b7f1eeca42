/* SPDX-License-Identifier: MIT */
/*
 * notify.h -- what the service manager is told, if it asked to be (sd_notify(3)).
 *
 * One datagram a message, to $NOTIFY_SOCKET. libsystemd would be a library for that alone. `alamo up` gives a connection
 * instead of a name: "fd:N", open since the start (SOCK_SEQPACKET).
 */
#ifndef ALAMO_NOTIFY_H
#define ALAMO_NOTIFY_H

#include <stdint.h>

/* Connects, and takes the variables out of the environment. Before the sandbox. Nobody asked: all of this does nothing. */
void al_notify_open(void);
/* "READY=1\nSTATUS=..."; never waits, and what cannot be told is not. */
void al_notify(const char *lines);
/* How often "WATCHDOG=1" is due: half of what $WATCHDOG_USEC grants. 0: nobody waits for it. */
uint64_t al_notify_watchdog_ms(void);
void al_notify_close(void);

#endif
