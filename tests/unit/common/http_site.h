/* SPDX-License-Identifier: MIT */
/* http_site.h -- an HTTP service of small routes on a loop of its own thread, and what asks it. For tests only. */
#ifndef TESTS_HTTP_SITE_H
#define TESTS_HTTP_SITE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "loopback.h"

#include <stdio.h>
#include <stdlib.h>

#include "alamo/net/http.h"
#include "alamo/base/log.h"

#define LARGE (5u * 1024u * 1024u)
#define ANSWER_CAP 16384

struct site {
	struct al_loop *loop;
	struct al_http *http;
	pthread_t thread;
	uint16_t port;
};

/* Shows what it was given. */
static inline void show(void *arg, struct al_slice rest, struct al_slice query, struct al_http_answer *answer)
{
	al_buf_printf(&answer->body, "%s[%.*s][%.*s]", (const char *)arg, AL_FMT(rest), AL_FMT(query));
}

static inline void tagged(void *arg, struct al_slice rest, struct al_slice query, struct al_http_answer *answer)
{
	(void)arg;
	(void)query;
	answer->etag = al_slice_is(rest, "evil") ? "a\r\nX-Evil: 1" : "v17";
	answer->modified_s = al_slice_is(rest, "dated") ? 784111777 : 0;
	answer->max_age_s = 60;
	answer->type = "application/json";
	answer->policy = al_slice_is(rest, "shown") ? "default-src 'none'" : NULL;
	al_buf_str(&answer->body, "{}");
}

static inline void large(void *arg, struct al_slice rest, struct al_slice query, struct al_http_answer *answer)
{
	(void)arg;
	(void)rest;
	(void)query;
	for (unsigned i = 0; i < LARGE / 16; i++)
		al_buf_str(&answer->body, "0123456789abcdef");
}

static inline void missing(void *arg, struct al_slice rest, struct al_slice query, struct al_http_answer *answer)
{
	(void)arg;
	(void)rest;
	(void)query;
	answer->status = 404;
}

static inline void broken(void *arg, struct al_slice rest, struct al_slice query, struct al_http_answer *answer)
{
	(void)arg;
	(void)rest;
	(void)query;
	al_buf_str(&answer->body, "half");
	answer->body.err = AL_ENOMEM;
}

/* Says whether it may be packed, and is "packed" so. */
static inline void packs(void *arg, struct al_slice rest, struct al_slice query, struct al_http_answer *answer)
{
	(void)arg;
	(void)rest;
	(void)query;
	answer->varies = true;
	answer->packed = answer->takes_gzip;
	answer->etag = answer->packed ? "packed" : "plain";
	al_buf_str(&answer->body, answer->packed ? "yes" : "no");
}

/* Says what was posted. */
static inline void posted(void *arg, struct al_slice rest, struct al_slice body, struct al_http_answer *answer)
{
	(void)arg;
	answer->status = body.len == 3 ? 422 : 200;
	al_buf_printf(&answer->body, "[%.*s]%zu[%.*s]", AL_FMT(rest), body.len, AL_FMT(al_slice_head(body, 20)));
}

static inline int site_open(void **state, bool with_posts)
{
	static struct site site;
	static char a[] = "exact";
	static char b[] = "folder";
	static char c[] = "deeper";
	assert_int_equal(al_loop_new(&site.loop), AL_OK);
	assert_int_equal(al_http_new(site.loop, &site.http), AL_OK);
	assert_int_equal(al_http_route(site.http, "/one", show, a), AL_OK);
	assert_int_equal(al_http_route(site.http, "/one/", show, b), AL_OK);
	assert_int_equal(al_http_route(site.http, "/one/two/", show, c), AL_OK);
	assert_int_equal(al_http_route(site.http, "/one/", show, b), AL_EEXIST);
	assert_int_equal(al_http_route(site.http, "one", show, b), AL_EINVAL);
	assert_int_equal(al_http_route(site.http, "/tag/", tagged, NULL), AL_OK);
	assert_int_equal(al_http_route(site.http, "/large", large, NULL), AL_OK);
	assert_int_equal(al_http_route(site.http, "/missing", missing, NULL), AL_OK);
	assert_int_equal(al_http_route(site.http, "/broken", broken, NULL), AL_OK);
	assert_int_equal(al_http_route(site.http, "/packs", packs, NULL), AL_OK);
	if (with_posts) {
		assert_int_equal(al_http_post_route(site.http, "/one", posted, NULL), AL_EEXIST);
		assert_int_equal(al_http_post_route(site.http, "/post", posted, NULL), AL_OK);
	}
	assert_int_equal(al_http_listen(site.http, AL_S("127.0.0.1"), 0, &site.port), AL_OK);
	loop_thread_start(site.loop, &site.thread);
	*state = &site;
	return 0;
}

static inline int setup(void **state)
{
	return site_open(state, false);
}

static inline int setup_posts(void **state)
{
	return site_open(state, true);
}

static inline int teardown(void **state)
{
	struct site *site = *state;
	loop_thread_stop(site->loop, site->thread);
	al_http_free(site->http);
	al_loop_free(site->loop);
	return 0;
}

/* Sends, then reads to the end of the connection. */
static inline void ask(const struct site *site, const char *request, char answer[static ANSWER_CAP])
{
	int fd = client_connect(site->port);
	client_say(fd, request);
	assert_true(client_drain(fd, answer, ANSWER_CAP) >= 0);
	close(fd);
}

static inline void assert_starts(const char *text, const char *start)
{
	char head[256];
	snprintf(head, sizeof(head), "%.*s", (int)strlen(start), text);
	assert_string_equal(head, start);
}

static inline void assert_ends(const char *text, const char *end)
{
	size_t len = strlen(text);
	assert_true(len >= strlen(end));
	assert_string_equal(text + len - strlen(end), end);
}

#define CLOSE "Host: x\r\nConnection: close\r\n\r\n"

#endif
