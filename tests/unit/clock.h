/* SPDX-License-Identifier: MIT */
/*
 * clock.h -- clocks that the test turns. A program that includes this asks here for the time, from any of its threads.
 *
 * With `clock_ms` the steady clock stands at that many milliseconds; at 0 it runs. What is ahead is added to clocks that run.
 */
#ifndef TESTS_CLOCK_H
#define TESTS_CLOCK_H

#include <dlfcn.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

static _Atomic uint64_t clock_ms;
static _Atomic time_t clock_ahead_s, clock_date_ahead_s;

int clock_gettime(clockid_t which, struct timespec *out)
{
	void *symbol = dlsym(RTLD_NEXT, "clock_gettime");
	int (*next)(clockid_t, struct timespec *), err;
	bool steady = which == CLOCK_MONOTONIC || which == CLOCK_MONOTONIC_COARSE;
	uint64_t ms = clock_ms;

	if (steady && ms != 0) {
		*out = (struct timespec){ (time_t)(ms / 1000), (long)(ms % 1000 * 1000000) };
		return 0;
	}
	memcpy(&next, &symbol, sizeof(next)); /* ISO C has no cast between the two */
	err = next(which, out);
	if (steady)
		out->tv_sec += clock_ahead_s;
	else if (which == CLOCK_REALTIME)
		out->tv_sec += clock_date_ahead_s;
	return err;
}

#endif
