/* SPDX-License-Identifier: MIT */
/*
 * bind.h -- why an address could not be listened at, in words for whoever typed the command.
 */
#ifndef ALAMO_BIND_H
#define ALAMO_BIND_H

#include "alamo/base/slice.h"

#define AL_BIND_WHY_LEN 200
#define AL_BIND_HOLDER_LEN 64

/* "port 53 needs CAP_NET_BIND_SERVICE: ..."; `number` is an errno. */
void al_bind_why(int number, struct al_slice addr, uint16_t port, char out[static AL_BIND_WHY_LEN]);
/* Logs it as "listen-failed" of `what`, and remembers it for al_bind_report(). errno is kept. */
void al_bind_failed(const char *what, struct al_slice addr, uint16_t port, int number);
/* "PID 812 (nginx)": who listens at the port, TCP or UDP. false: nobody, or this process may not see it (another user's, sandbox). */
bool al_bind_holder(uint16_t port, char out[static AL_BIND_HOLDER_LEN]);
/* "error REASON\n", the last one of this process, and "taken PORT\n" before it if that is why: for whoever started it
 * (service.h, -r), who may see more. Empty: none. */
const char *al_bind_report(void);

#endif
