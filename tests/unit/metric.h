/* SPDX-License-Identifier: MIT */
/* metric.h -- what /metrics says. For tests only. */
#ifndef TESTS_METRIC_H
#define TESTS_METRIC_H

#include <string.h>

#include "alamo/net/metrics.h"

/* By its name with its labels; UINT64_MAX: there is none. */
static inline uint64_t metric(const char *name)
{
	struct al_slice rest, line;
	uint64_t value = UINT64_MAX;
	struct al_buf text;

	al_buf_init(&text, 1u << 20);
	al_metrics_text(&text);
	rest = al_buf_view(&text);
	while (al_slice_line(&rest, &line))
		if (al_slice_starts(line, name) && line.ptr[strlen(name)] == ' ')
			assert_int_equal(al_slice_u64(al_slice_from(line, strlen(name) + 1), UINT64_MAX, &value),
					 AL_OK);
	al_buf_release(&text);
	return value;
}

#endif
