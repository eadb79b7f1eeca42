/* SPDX-License-Identifier: MIT */
/*
 * test_metrics.c -- the Prometheus text: families together, each described once.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dlfcn.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "alamo/net/http.h"
#include "alamo/net/metrics.h"

#define EACH 100000

/* What is unlocked was locked: every unlock of this program comes through here. */
static _Atomic unsigned not_held;

int pthread_mutex_unlock(pthread_mutex_t *mutex)
{
	void *symbol = dlsym(RTLD_NEXT, "pthread_mutex_unlock");
	int (*next)(pthread_mutex_t *);

	memcpy(&next, &symbol, sizeof(next)); /* ISO C has no cast between the two */
	if (pthread_mutex_trylock(mutex) == 0)
		not_held++;
	return next(mutex);
}

static struct al_metric udp = { .name = "t_queries_total{over=\"udp\"}", .help = "Queries." };
static struct al_metric tcp = { .name = "t_queries_total{over=\"tcp\"}", .help = "Queries." };
/* Sorts between "t_queries_total" and "t_queries_total{" byte by byte. */
static struct al_metric other = { .name = "t_queries_total_seconds", .help = "Something else.", .gauge = true };
static struct al_metric size = { .name = "t_log_size", .help = "Entries.", .gauge = true };

static int setup(void **state)
{
	(void)state;
	al_metric_add(&udp);
	al_metric_add(&other);
	al_metric_add(&size);
	al_metric_add(&tcp);
	al_metric_add(&udp);
	return 0;
}

static char *text_now(void)
{
	struct al_buf text;
	al_buf_init(&text, 65536);
	al_metrics_text(&text);
	char *taken = al_buf_take(&text, NULL);
	assert_non_null(taken);
	return taken;
}

static void test_families_are_together(void **state)
{
	(void)state;
	al_metric_set(&size, 17);
	al_metric_set(&udp, 0);
	al_metric_inc(&udp, 3);
	al_metric_inc(&udp, 2);
	char *text = text_now();
	const char *want = "# HELP t_log_size Entries.\n"
			   "# TYPE t_log_size gauge\n"
			   "t_log_size 17\n"
			   "# HELP t_queries_total Queries.\n"
			   "# TYPE t_queries_total counter\n"
			   "t_queries_total{over=\"tcp\"} 0\n"
			   "t_queries_total{over=\"udp\"} 5\n"
			   "# HELP t_queries_total_seconds Something else.\n"
			   "# TYPE t_queries_total_seconds gauge\n"
			   "t_queries_total_seconds 0\n";
	assert_int_equal(strncmp(text, want, strlen(want)), 0);
	free(text);
}

static void test_process_basics(void **state)
{
	char *text = text_now();
	(void)state;
	const char *rss = strstr(text, "\nprocess_resident_memory_bytes ");
	const char *start = strstr(text, "\nprocess_start_time_seconds ");
	assert_non_null(rss);
	assert_non_null(start);
	assert_true(strtoull(rss + strlen("\nprocess_resident_memory_bytes "), NULL, 10) > 100000);
	assert_true(strtoull(start + strlen("\nprocess_start_time_seconds "), NULL, 10) > 1700000000);
	assert_int_equal(text[strlen(text) - 1], '\n');
	free(text);
}

/* What the kernel says before and after, in its own two halves. */
static uint64_t cpu_us(void)
{
	struct rusage usage;

	assert_int_equal(getrusage(RUSAGE_SELF, &usage), 0);
	return (uint64_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000 +
	       (uint64_t)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

static void test_processor_time(void **state)
{
	static const char name[] = "\nprocess_cpu_seconds_total ";
	uint64_t before, after, seconds, micros;
	char *text, *at;

	(void)state;
	while (cpu_us() < 20000) { /* of work, so that there is something in both */
		text = text_now();
		free(text);
	}
	before = cpu_us();
	text = text_now();
	after = cpu_us();
	at = strstr(text, name);
	assert_non_null(at);
	seconds = strtoull(at + strlen(name), &at, 10);
	assert_int_equal(*at, '.');
	micros = strtoull(at + 1, &at, 10);
	assert_int_equal(*at, '\n');
	assert_in_range(seconds * 1000000 + micros, before, after);
	free(text);
}

/* The list is one for all threads: whoever reads or changes it has its lock. */
static void test_the_list_has_a_lock(void **state)
{
	static struct al_metric late = { .name = "t_late", .help = "Added last.", .gauge = true };

	(void)state;
	not_held = 0;
	al_metric_add(&late);
	free(text_now());
	assert_int_equal(not_held, 0);
}

static void *add_many(void *arg)
{
	for (int i = 0; i < EACH; i++)
		al_metric_inc(arg, 1);
	return NULL;
}

static void test_threads_lose_nothing(void **state)
{
	pthread_t threads[3];
	(void)state;
	al_metric_set(&tcp, 0);
	for (size_t i = 0; i < AL_COUNT(threads); i++)
		assert_int_equal(pthread_create(&threads[i], NULL, add_many, &tcp), 0);
	for (size_t i = 0; i < AL_COUNT(threads); i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(tcp.value, AL_COUNT(threads) * EACH);
}

static void test_answer(void **state)
{
	struct al_http_answer answer = { .status = 200 };
	(void)state;
	al_buf_init(&answer.body, 65536);
	al_metrics_http(NULL, AL_S(""), AL_S(""), &answer);
	assert_int_equal(answer.status, 200);
	assert_string_equal(answer.type, "text/plain; version=0.0.4; charset=utf-8");
	assert_true(answer.body.len > 0);
	al_buf_release(&answer.body);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_families_are_together),
		cmocka_unit_test(test_process_basics),
		cmocka_unit_test(test_processor_time),
		cmocka_unit_test(test_threads_lose_nothing),
		cmocka_unit_test(test_answer),
		cmocka_unit_test(test_the_list_has_a_lock),
	};
	return cmocka_run_group_tests(tests, setup, NULL);
}
