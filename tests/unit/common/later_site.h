/* SPDX-License-Identifier: MIT */
/*
 * later_site.h -- a site whose answers come later, with events and a published log; the loop, the server and its clients
 * are on one thread.
 */
#ifndef TESTS_LATER_SITE_H
#define TESTS_LATER_SITE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "loopback.h"

#include <event2/event.h>
#include <fts.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "alamo/base/log.h"
#include "alamo/follow/tile_http.h"
#include "alamo/net/http.h"
#include "alamo/tlog/tile_dir.h"

#define WAITING_MAX 4

struct site {
	struct al_loop *loop;
	struct al_http *http;
	struct al_http_events *events;
	struct al_http_later *waiting[WAITING_MAX];
	char body[WAITING_MAX][32], peer[WAITING_MAX][64];
	size_t count;
	bool at_once;
	const void *who[WAITING_MAX]; /* asked again */
	unsigned asked[WAITING_MAX], asked_in[WAITING_MAX], round;
	size_t askers;
	bool there;
	char dir[64];
	uint64_t size;
	uint16_t port;
};

static inline void answer_with(struct al_http_later *later, int status, const char *text)
{
	struct al_http_answer answer = { .status = status, .type = "text/plain" };

	al_buf_init(&answer.body, 1000);
	al_buf_str(&answer.body, text);
	al_http_later_answer(later, &answer);
	al_buf_release(&answer.body);
}

static inline void on_post(void *arg, struct al_slice body, const char *peer, struct al_http_later *later)
{
	struct site *site = arg;

	if (site->at_once) {
		answer_with(later, 200, "at once");
		return;
	}
	assert_true(site->count < WAITING_MAX);
	assert_int_equal(al_slice_copy(body, site->body[site->count], sizeof(site->body[0])), AL_OK);
	(void)snprintf(site->peer[site->count], sizeof(site->peer[0]), "%s", peer);
	site->waiting[site->count++] = later;
}

static inline void on_one(void *arg, struct al_slice rest, struct al_slice query, struct al_http_answer *answer)
{
	(void)arg;
	(void)rest;
	(void)query;
	al_buf_str(&answer->body, "one");
}

static inline void on_again(void *arg, struct al_slice rest, struct al_slice query, struct al_http_answer *answer)
{
	struct site *site = arg;
	size_t i = 0;

	(void)rest;
	while (i < site->askers && site->who[i] != answer->who)
		i++;
	assert_true(i < WAITING_MAX);
	site->who[i] = answer->who;
	site->askers = i == site->askers ? i + 1 : site->askers;
	/* Once a round: sockets and timers get their turn between. */
	assert_true(site->asked[i]++ == 0 || site->asked_in[i] != site->round);
	site->asked_in[i] = site->round;
	answer->again = !site->there;
	al_buf_str(&answer->body, site->there ? "there: " : "what nobody may see: ");
	al_buf_slice(&answer->body, query);
}

static inline void on_tile(void *arg, struct al_slice rest, struct al_slice query, struct al_http_answer *answer)
{
	const struct site *site = arg;

	(void)query;
	al_tile_http(site->dir, rest, site->size, answer);
}

/* ---- fixture ---- */

static inline int setup(void **state)
{
	struct site *site = calloc(1, sizeof(*site));

	assert_non_null(site);
	(void)snprintf(site->dir, sizeof(site->dir), "/tmp/alamo-later-XXXXXX");
	assert_non_null(mkdtemp(site->dir));
	assert_int_equal(al_loop_new(&site->loop), AL_OK);
	assert_int_equal(al_http_new(site->loop, &site->http), AL_OK);
	assert_int_equal(al_http_events_new(&site->events), AL_OK);
	assert_int_equal(al_http_later_route(site->http, "/later", on_post, site), AL_OK);
	assert_int_equal(al_http_later_route(site->http, "/later", on_post, site), AL_EEXIST);
	assert_int_equal(al_http_events_route(site->http, "/events", site->events), AL_OK);
	assert_int_equal(al_http_events_route(site->http, "/later", site->events), AL_EEXIST);
	assert_int_equal(al_http_route(site->http, "/one", on_one, NULL), AL_OK);
	assert_int_equal(al_http_route(site->http, "/again", on_again, site), AL_OK);
	assert_int_equal(al_http_route(site->http, "/tile/", on_tile, site), AL_OK);
	assert_int_equal(al_http_listen(site->http, AL_S("127.0.0.1"), 0, &site->port), AL_OK);
	*state = site;
	return 0;
}

static inline int teardown(void **state)
{
	struct site *site = *state;
	char *const roots[] = { site->dir, NULL };
	FTS *fts = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
	FTSENT *item;

	while (fts != NULL && (item = fts_read(fts)) != NULL)
		if (item->fts_info != FTS_D)
			(void)remove(item->fts_accpath);
	(void)fts_close(fts);
	al_http_free(site->http);
	for (size_t i = 0; i < site->count; i++) /* a late answer to nobody */
		if (site->waiting[i] != NULL)
			answer_with(site->waiting[i], 200, "");
	al_http_events_free(site->events);
	al_http_events_free(NULL);
	al_loop_free(site->loop);
	free(site);
	return 0;
}

static inline void turns(struct site *site, int count)
{
	for (int i = 0; i < count; i++, site->round++)
		assert_true(event_base_loop(al_loop_base(site->loop), EVLOOP_ONCE | EVLOOP_NONBLOCK) >= 0);
}

/* Reads on until `text` stands in what came. */
static inline void until(struct site *site, int fd, char *got, size_t cap, const char *text)
{
	uint64_t guard = al_now_ms() + GUARD_S * 1000;
	size_t len = strlen(got);

	while (strstr(got, text) == NULL) {
		ssize_t n = recv(fd, got + len, cap - 1 - len, MSG_DONTWAIT);

		len += n > 0 ? (size_t)n : 0;
		got[len] = '\0';
		assert_true(n != 0 && len + 1 < cap && al_now_ms() < guard);
		turns(site, 1);
	}
}

static inline void until_waiting(struct site *site, size_t count)
{
	uint64_t guard = al_now_ms() + GUARD_S * 1000;

	while (site->count < count) {
		assert_true(al_now_ms() < guard);
		turns(site, 1);
	}
}

static inline void answer_first(struct site *site, size_t number, int status, const char *text)
{
	struct al_http_later *later = site->waiting[number];

	site->waiting[number] = NULL;
	answer_with(later, status, text);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

#endif
