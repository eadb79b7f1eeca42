/* SPDX-License-Identifier: MIT */
/*
 * bind.h -- why an address could not be listened at, in words for whoever typed the command.
 */
#ifndef ALAMO_BIND_H
#define ALAMO_BIND_H

#include "alamo/base/slice.h"

#define AL_BIND_WHY_LEN 200

/* "port 53 needs root or CAP_NET_BIND_SERVICE"; `number` is an errno. */
void al_bind_why(int number, struct al_slice addr, uint16_t port, char out[static AL_BIND_WHY_LEN]);
/* Logs it as "listen-failed" of `what`, and remembers it for al_bind_report(). errno is kept. */
void al_bind_failed(const char *what, struct al_slice addr, uint16_t port, int number);
/* "error REASON\n", the last one of this process, for whoever started it (service.h, -r); empty: none. */
const char *al_bind_report(void);

#endif
