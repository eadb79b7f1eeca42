/* SPDX-License-Identifier: MIT */
/*
 * sandbox.h -- the two halves of al_sandbox(), and what an opener is left with. Private to sandbox*.c and opener.c.
 */
#ifndef COMMON_SANDBOX_H
#define COMMON_SANDBOX_H

#include "alamo/net/sandbox.h"

/* System calls (sandbox_calls.c). */
AL_MUST_USE enum al_err sandbox_calls(void);
/* Likewise, of a process that opens files for reading, hands them over and does nothing else; the rest ends it. */
AL_MUST_USE enum al_err sandbox_opener(void);

#endif
