/* SPDX-License-Identifier: MIT */
/* pages_bench.h -- the registry of the whois cases behind the HTTP service, and one request to it. For tests only. */
#ifndef WHOIS_PAGES_BENCH_H
#define WHOIS_PAGES_BENCH_H

#include "golden.h"

#include "../common/loopback.h"
#include "explorer.h"
#include "growth.h"
#include "rdap.h"
#include "site.h"

#define FOLDER TEST_DATA "/golden/pages"
#define ANSWER_MAX (8u << 20)

static struct {
	struct al_conf *conf;
	struct al_vkey key;
	struct whois_site site;
	char answer[ANSWER_MAX];
} pages;

/* One request to a service of its own, on a loop of its own. The answer stays until the next. */
static inline const char *get(const struct whois_view *view, const char *host, struct al_slice path)
{
	struct whois_explorer *explorer;
	struct whois_rdap *rdap;
	struct al_loop *loop;
	struct al_http *http;
	pthread_t thread;
	char request[4096];
	uint16_t port;
	int fd;

	assert_int_equal(al_loop_new(&loop), AL_OK);
	assert_int_equal(al_http_new(loop, &http), AL_OK);
	assert_int_equal(whois_explorer_new(view, &explorer), AL_OK);
	assert_int_equal(whois_explorer_serve(explorer, http), AL_OK);
	assert_int_equal(whois_rdap_new(view, "", &rdap), AL_OK);
	assert_int_equal(whois_rdap_serve(rdap, http), AL_OK);
	assert_int_equal(al_http_listen(http, AL_S("127.0.0.1"), 0, &port), AL_OK);
	loop_thread_start(loop, &thread);
	fd = client_connect(port);
	(void)snprintf(request, sizeof(request), "GET %.*s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n",
		       AL_FMT(path), host);
	client_say(fd, request);
	assert_true(client_drain(fd, pages.answer, sizeof(pages.answer)) > 0);
	close(fd);
	loop_thread_stop(loop, thread);
	al_http_free(http);
	whois_rdap_free(rdap);
	whois_explorer_free(explorer);
	al_loop_free(loop);
	return pages.answer;
}

/* A field's value; empty when the answer has none. */
static inline struct al_slice field_of(const char *answer, const char *name)
{
	const char *end = strstr(answer, "\r\n\r\n"), *at = strstr(answer, name);

	return at != NULL && at < end ? al_slice_of(at + strlen(name), strcspn(at + strlen(name), "\r")) : AL_S("");
}

/* Three days: no change of the fourth, and the last one took something away. */
static struct whois_day days[] = { { 20000, 3, 4 }, { 20001, 40, 45 }, { 20004, 30, 12 } };
static const struct whois_growth growth = { days, AL_COUNT(days), AL_COUNT(days) };

static inline void write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "we");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static inline void conf_load(const char *path)
{
	char message[256];

	al_conf_free(pages.conf);
	assert_int_equal(al_conf_load(path, &pages.conf, message, sizeof(message)), AL_OK);
	pages.site.conf = pages.conf;
}

/* A configuration of one section. */
static inline void conf_of(const char *text)
{
	char path[] = "/tmp/alamo-pages-XXXXXX";
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	close(fd);
	write_file(path, text);
	conf_load(path);
	unlink(path);
}

static inline int setup(void **state)
{
	(void)state;
	golden_init();
	golden_put_file(FOLDER "/registry.rpsl");
	conf_of("[registry]\nhttp-port = 4345\n");
	assert_int_equal(
		al_vkey_parse(AL_S("registry.altnet/ledger+73b16e07+AaL6L0o1W6LpB6UwCenjfK3fesfmagi6B2MfVTBys/JM"),
			      &pages.key),
		AL_OK);
	pages.site.key = &pages.key;
	golden.f.view.site = &pages.site;
	golden.f.view.growth = &growth;
	return 0;
}

static inline int teardown(void **state)
{
	(void)state;
	golden_release();
	al_conf_free(pages.conf);
	return 0;
}

#endif
