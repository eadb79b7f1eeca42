/* SPDX-License-Identifier: MIT */
/* guard.h -- for how long a test waits for what has to come: only one that hangs ever sees it, on the slowest machine. */
#ifndef TESTS_GUARD_H
#define TESTS_GUARD_H

#define GUARD_S 240
#define GUARD_MS (GUARD_S * 1000)

#endif
