/* SPDX-License-Identifier: MIT */
/*
 * sandbox.h -- the two halves of al_sandbox(). Private to sandbox*.c.
 */
#ifndef COMMON_SANDBOX_H
#define COMMON_SANDBOX_H

#include "alamo/net/sandbox.h"

/* System calls (sandbox_calls.c). */
AL_MUST_USE enum al_err sandbox_calls(void);

#endif
