/* SPDX-License-Identifier: MIT */
/*
 * metrics.c -- the list of metrics, and its Prometheus text (version 0.0.4).
 *
 * The list is kept sorted by family (the name without labels), because the
 * format wants a family's lines together. A mutex guards the list; values are
 * atomics of their own and are read as they stand.
 */
#include "alamo/net/metrics.h"

#include "alamo/net/http.h"

#include <assert.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct al_metric *first;
static uint64_t start_seconds; /* of the first registration, which in a daemon is its start */

static struct al_slice family_of(const struct al_metric *metric)
{
	struct al_slice rest = al_slice_str(metric->name);
	struct al_slice family;
	al_slice_cut(&rest, '{', &family);
	return family;
}

/* By the family first: a plain comparison would put "a_b" between "a" and "a{x=...}". */
static int metric_cmp(const struct al_metric *a, const struct al_metric *b)
{
	int by_family = al_slice_cmp(family_of(a), family_of(b));
	return by_family != 0 ? by_family : al_slice_cmp(al_slice_str(a->name), al_slice_str(b->name));
}

void al_metric_add(struct al_metric *metric)
{
	/* As Prometheus's users have it: what only grows ends in _total. */
	assert(metric->gauge == !al_slice_ends(family_of(metric), "_total"));
	pthread_mutex_lock(&lock);
	struct al_metric **at = &first;
	if (first == NULL)
		start_seconds = al_now_s();
	while (*at != NULL && metric_cmp(*at, metric) < 0)
		at = &(*at)->next;
	if (*at != metric) {
		assert(*at == NULL || metric_cmp(*at, metric) > 0); /* no other has its name */
		metric->next = *at;
		*at = metric;
	}
	pthread_mutex_unlock(&lock);
}

static void head_put(struct al_buf *out, struct al_slice family, const char *help, bool gauge)
{
	al_buf_printf(out, "# HELP %.*s %s\n# TYPE %.*s %s\n", AL_FMT(family), help, AL_FMT(family),
		      gauge ? "gauge" : "counter");
}

/* Resident pages stand second in statm; 0 when it cannot be read. */
static uint64_t resident_bytes(void)
{
	char text[128];
	struct al_slice word;
	uint64_t pages = 0;
	FILE *file = fopen("/proc/self/statm", "re");
	if (file == NULL)
		return 0;
	struct al_slice rest = al_slice_of(text, fread(text, 1, sizeof(text), file));
	fclose(file);
	(void)al_slice_word(&rest, "", &word);
	if (!al_slice_word(&rest, "", &word) || al_slice_u64(word, UINT64_MAX, &pages) != AL_OK)
		return 0;
	return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

static void process_put(struct al_buf *out)
{
	struct rusage usage;
	head_put(out, AL_S("process_resident_memory_bytes"), "Memory in use.", true);
	al_buf_printf(out, "process_resident_memory_bytes %" PRIu64 "\n", resident_bytes());
	head_put(out, AL_S("process_start_time_seconds"), "Start, Unix time.", true);
	al_buf_printf(out, "process_start_time_seconds %" PRIu64 "\n", start_seconds);
	if (getrusage(RUSAGE_SELF, &usage) != 0)
		return;
	long micros = usage.ru_utime.tv_usec + usage.ru_stime.tv_usec;
	long seconds = usage.ru_utime.tv_sec + usage.ru_stime.tv_sec + micros / 1000000;
	head_put(out, AL_S("process_cpu_seconds_total"), "Processor time, user and system.", false);
	al_buf_printf(out, "process_cpu_seconds_total %ld.%06ld\n", seconds, micros % 1000000);
}

void al_metrics_text(struct al_buf *out)
{
	struct al_slice family = AL_S("");
	pthread_mutex_lock(&lock);
	for (const struct al_metric *m = first; m != NULL; m = m->next) {
		if (!al_slice_eq(family_of(m), family))
			head_put(out, family_of(m), m->help, m->gauge);
		family = family_of(m);
		al_buf_printf(out, "%s %" PRIu64 "\n", m->name, atomic_load_explicit(&m->value, memory_order_relaxed));
	}
	pthread_mutex_unlock(&lock);
	process_put(out);
}

void al_metrics_http(void *arg, struct al_slice rest, struct al_slice query, struct al_http_answer *answer)
{
	(void)arg;
	(void)rest;
	(void)query;
	answer->type = "text/plain; version=0.0.4; charset=utf-8";
	al_metrics_text(&answer->body);
}
