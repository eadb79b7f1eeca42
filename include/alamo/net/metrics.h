/* SPDX-License-Identifier: MIT */
/*
 * metrics.h -- counters and gauges, shown under /metrics in Prometheus' text form.
 *
 * Static metrics are registered once by al_metric_add() and live for ever.
 * Adding is atomic and relaxed: any thread may.
 */
#ifndef ALAMO_METRICS_H
#define ALAMO_METRICS_H

#include <stdatomic.h>

#include "alamo/base/buf.h"

struct al_metric {
	const char *name; /* alamo_registry_requests_total; labels inside braces allowed */
	const char *help;
	bool gauge;
	_Atomic uint64_t value;
	struct al_metric *next; /* private */
};

void al_metric_add(struct al_metric *metric); /* registers; idempotent; no other has its name */
static inline void al_metric_inc(struct al_metric *metric, uint64_t by)
{
	atomic_fetch_add_explicit(&metric->value, by, memory_order_relaxed);
}
static inline void al_metric_set(struct al_metric *metric, uint64_t value)
{
	atomic_store_explicit(&metric->value, value, memory_order_relaxed);
}
void al_metrics_text(struct al_buf *out);
/* Handler for al_http_route("/metrics"). */
struct al_http_answer;
void al_metrics_http(void *arg, struct al_slice rest, struct al_slice query, struct al_http_answer *answer);

#endif
