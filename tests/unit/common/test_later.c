/* SPDX-License-Identifier: MIT */
/*
 * test_later.c -- HTTP answers that come later, events that go on coming, and files of a published log; the loop, the
 * server and its clients are on one thread.
 */
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

static void answer_with(struct al_http_later *later, int status, const char *text)
{
	struct al_http_answer answer = { .status = status, .type = "text/plain" };

	al_buf_init(&answer.body, 1000);
	al_buf_str(&answer.body, text);
	al_http_later_answer(later, &answer);
	al_buf_release(&answer.body);
}

static void on_post(void *arg, struct al_slice body, const char *peer, struct al_http_later *later)
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

static void on_one(void *arg, struct al_slice rest, struct al_slice query, struct al_http_answer *answer)
{
	(void)arg;
	(void)rest;
	(void)query;
	al_buf_str(&answer->body, "one");
}

static void on_again(void *arg, struct al_slice rest, struct al_slice query, struct al_http_answer *answer)
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

static void on_tile(void *arg, struct al_slice rest, struct al_slice query, struct al_http_answer *answer)
{
	const struct site *site = arg;

	(void)query;
	al_tile_http(site->dir, rest, site->size, answer);
}

/* ---- fixture ---- */

static int setup(void **state)
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

static int teardown(void **state)
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

static void turns(struct site *site, int count)
{
	for (int i = 0; i < count; i++, site->round++)
		assert_true(event_base_loop(al_loop_base(site->loop), EVLOOP_ONCE | EVLOOP_NONBLOCK) >= 0);
}

/* Reads on until `text` stands in what came. */
static void until(struct site *site, int fd, char *got, size_t cap, const char *text)
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

static void until_waiting(struct site *site, size_t count)
{
	uint64_t guard = al_now_ms() + GUARD_S * 1000;

	while (site->count < count) {
		assert_true(al_now_ms() < guard);
		turns(site, 1);
	}
}

static void answer_first(struct site *site, size_t number, int status, const char *text)
{
	struct al_http_later *later = site->waiting[number];

	site->waiting[number] = NULL;
	answer_with(later, status, text);
}

#define POST(BODY) "POST /later HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\n" BODY

/* ---- tests ---- */

/* What the connection asks behind it waits, and comes afterwards, in order. */
static void later_and_in_order(void **state)
{
	struct site *site = *state;
	char got[4096] = "";
	int fd = client_connect(site->port);

	client_say(fd, POST("1st!") "GET /one HTTP/1.1\r\nHost: x\r\n\r\n" POST("2nd!"));
	until_waiting(site, 1);
	turns(site, 20);
	assert_int_equal(site->count, 1);
	assert_string_equal(site->body[0], "1st!");
	assert_int_equal(strncmp(site->peer[0], "127.0.0.1:", 10), 0);
	assert_int_equal(recv(fd, got, 1, MSG_DONTWAIT), -1);
	answer_first(site, 0, 202, "taken");
	until_waiting(site, 2);
	assert_string_equal(site->body[1], "2nd!");
	answer_first(site, 1, 422, "refused");
	until(site, fd, got, sizeof(got), "refused");
	assert_int_equal(strncmp(got, "HTTP/1.1 202 ", 13), 0);
	const char *one = strstr(got, "\r\n\r\none"), *taken = strstr(got, "\r\n\r\ntaken");
	assert_true(taken != NULL && one != NULL && taken < one && one < strstr(got, " 422 "));
	assert_null(strstr(got, "Connection: close"));
	/* It may be answered at once, too; and the connection ends if that was asked for. */
	site->at_once = true;
	got[0] = '\0';
	client_say(fd, "POST /later HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
	until(site, fd, got, sizeof(got), "at once");
	assert_non_null(strstr(got, "Connection: close"));
	turns(site, 5);
	assert_int_equal(recv(fd, got, 1, 0), 0);
	close(fd);
}

#define BEHIND 400 /* questions of a KiB: more than a connection's input holds */

/* As many of them as the server takes. */
static void push(struct site *site, int fd, const char *question, size_t *sent)
{
	size_t len = strlen(question);

	for (int quiet = 0; quiet < 20 && *sent < BEHIND * len; turns(site, 1)) {
		size_t part = *sent % len;
		ssize_t n = send(fd, question + part, len - part, MSG_DONTWAIT | MSG_NOSIGNAL);

		quiet = n > 0 ? 0 : quiet + 1;
		*sent += n > 0 ? (size_t)n : 0;
	}
}

/* Much may stand behind it: it waits, and is answered as a little is. */
static void later_and_much_behind(void **state)
{
	static char got[BEHIND * 512];
	struct site *site = *state;
	char question[1024];
	int fd = client_connect(site->port);
	size_t sent = 0, answers = 0;

	(void)snprintf(question, sizeof(question), "GET /one HTTP/1.1\r\nHost: x\r\nX: %0980d\r\n\r\n", 0);
	client_say(fd, POST("1st!"));
	until_waiting(site, 1);
	push(site, fd, question, &sent);
	assert_true(sent > AL_HTTP_POST_MAX);
	answer_first(site, 0, 202, "taken");
	push(site, fd, question, &sent);
	assert_int_equal(sent, BEHIND * strlen(question));
	site->at_once = true;
	client_say(fd, POST("last"));
	until(site, fd, got, sizeof(got), "at once");
	for (const char *at = got; (at = strstr(at, "\r\n\r\none")) != NULL; at++)
		answers++;
	assert_int_equal(answers, BEHIND);
	close(fd);
}

/* A question that takes turns of the loop: others are answered between them, and what stands behind it is not. */
static void asked_again(void **state)
{
	struct site *site = *state;
	char got[2][4096] = { "", "" }, one[1024] = "";
	int fd[2] = { client_connect(site->port), client_connect(site->port) }, other = client_connect(site->port);

	client_say(fd[0], "GET /again?first HTTP/1.1\r\nHost: x\r\n\r\nGET /one HTTP/1.1\r\nHost: x\r\n\r\n");
	client_say(fd[1], "GET /again?second HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
	assert_int_equal(shutdown(fd[1], SHUT_WR), 0);
	client_say(other, "GET /one HTTP/1.1\r\nHost: x\r\n\r\n");
	until(site, other, one, sizeof(one), "\r\n\r\none");
	turns(site, 50);
	assert_int_equal(site->askers, 2);
	assert_true(site->asked[0] > 10 && site->asked[1] > 10);
	for (int i = 0; i < 2; i++)
		assert_int_equal(recv(fd[i], got[i], 1, MSG_DONTWAIT), -1);
	site->there = true;
	until(site, fd[0], got[0], sizeof(got[0]), "\r\n\r\none");
	assert_non_null(strstr(got[0], "\r\n\r\nthere: first"));
	assert_null(strstr(got[0], "nobody"));
	until(site, fd[1], got[1], sizeof(got[1]), "\r\n\r\nthere: second");
	turns(site, 5);
	assert_int_equal(recv(fd[1], got[1], 1, 0), 0);
	/* The connection is as any other afterwards. */
	got[0][0] = '\0';
	client_say(fd[0], "GET /one HTTP/1.1\r\nHost: x\r\n\r\n");
	until(site, fd[0], got[0], sizeof(got[0]), "\r\n\r\none");
	close(fd[0]);
	close(fd[1]);
	close(other);
}

/* It goes with the connection. */
static void asked_again_and_gone(void **state)
{
	struct site *site = *state;
	struct linger hard = { .l_onoff = 1 };
	int fd = client_connect(site->port);
	uint64_t guard = al_now_ms() + GUARD_S * 1000;

	client_say(fd, "GET /again HTTP/1.1\r\nHost: x\r\n\r\n");
	while (site->askers == 0 && al_now_ms() < guard)
		turns(site, 1);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard)), 0);
	close(fd);
	site->there = true;
	turns(site, 20);
	unsigned asked = site->asked[0];
	turns(site, 20);
	assert_int_equal(site->asked[0], asked);
}

/* Who asked may be gone by then. */
static void later_and_gone(void **state)
{
	struct linger hard = { .l_onoff = 1 };
	struct site *site = *state;
	int fd = client_connect(site->port), other = client_connect(site->port);
	char got[4096] = "";

	client_say(fd, POST("gone"));
	until_waiting(site, 1);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard)), 0);
	close(fd);
	client_say(other, POST("here"));
	until_waiting(site, 2);
	turns(site, 20);
	answer_first(site, 0, 200, "to nobody");
	answer_first(site, 1, 200, "to the other");
	until(site, other, got, sizeof(got), "to the other");
	assert_null(strstr(got, "nobody"));
	close(other);
	/* And one is left waiting at the end of it all. */
	fd = client_connect(site->port);
	client_say(fd, POST("left"));
	until_waiting(site, 3);
	close(fd);
}

static void events_go_to_all_who_listen(void **state)
{
	struct linger hard = { .l_onoff = 1 };
	struct site *site = *state;
	char got[3][4096] = { "", "", "" };
	int fds[3];

	al_http_events_send(site->events, AL_S("data: to nobody\n\n"));
	for (size_t i = 0; i < 3; i++) {
		fds[i] = client_connect(site->port);
		client_say(fds[i], "GET /events HTTP/1.1\r\nHost: x\r\n\r\n");
		until(site, fds[i], got[i], sizeof(got[i]), "\r\n\r\n");
		assert_int_equal(strncmp(got[i], "HTTP/1.1 200 ", 13), 0);
		assert_non_null(strstr(got[i], "Content-Type: text/event-stream\r\n"));
	}
	al_http_events_send(site->events, AL_S("data: first\n\n"));
	for (size_t i = 0; i < 3; i++)
		until(site, fds[i], got[i], sizeof(got[i]), ": welcome\n\ndata: first\n\n");
	/* The one in the middle leaves, then the newest, then the oldest. */
	static const size_t leaves[] = { 1, 2, 0 };
	for (size_t gone = 0; gone < 3; gone++) {
		char text[32];

		assert_int_equal(setsockopt(fds[leaves[gone]], SOL_SOCKET, SO_LINGER, &hard, sizeof(hard)), 0);
		close(fds[leaves[gone]]);
		turns(site, 20);
		(void)snprintf(text, sizeof(text), "data: after %zu\n\n", gone);
		al_http_events_send(site->events, al_slice_str(text));
		for (size_t i = gone + 1; i < 3; i++)
			until(site, fds[leaves[i]], got[leaves[i]], sizeof(got[0]), text);
	}
}

/* Nobody asks anything on a connection that has events; who ends it is let go, though nothing is sent. */
static void events_are_all_there_is(void **state)
{
	struct site *site = *state;
	char got[4096] = "", byte;
	int fd = client_connect(site->port);
	static char waste[20000];
	ssize_t n;

	client_say(fd, "HEAD /events HTTP/1.1\r\nHost: x\r\n\r\nGET /events HTTP/1.1\r\nHost: x\r\n\r\n");
	until(site, fd, got, sizeof(got), ": welcome\n\n");
	assert_int_equal(strncmp(got, "HTTP/1.1 200 ", 13), 0);
	assert_non_null(strstr(strstr(got + 1, "text/event-stream\r\n"), "HTTP/1.1 200 "));
	client_say(fd, "GET /one HTTP/1.1\r\nHost: x\r\n\r\n");
	turns(site, 20);
	for (int i = 0; i < 10; i++) { /* more than a connection may hold unread */
		memset(waste, 'x', sizeof(waste));
		client_send(fd, waste, sizeof(waste));
		turns(site, 20);
	}
	al_http_events_send(site->events, AL_S("data: still there\n\n"));
	until(site, fd, got, sizeof(got), ": welcome\n\ndata: still there\n\n");
	assert_int_equal(shutdown(fd, SHUT_WR), 0);
	turns(site, 20);
	n = recv(fd, &byte, 1, MSG_DONTWAIT);
	assert_true(n == 0 || (n < 0 && errno == ECONNRESET));
	close(fd);
}

/* Who reads nothing costs a bounded amount, and is let go. */
static void events_that_nobody_reads(void **state)
{
	static char event[20000];
	struct site *site = *state;
	char got[4096] = "", byte;
	int fd = client_connect(site->port), reader = client_connect(site->port);
	ssize_t n = 0;

	client_say(fd, "GET /events HTTP/1.1\r\nHost: x\r\n\r\n");
	client_say(reader, "GET /events HTTP/1.1\r\nHost: x\r\n\r\n");
	until(site, fd, got, sizeof(got), "\r\n\r\n");
	got[0] = '\0';
	until(site, reader, got, sizeof(got), "\r\n\r\n");
	memset(event, 'x', sizeof(event));
	for (int i = 0; i < 2000; i++) { /* 40 MB: more than the kernels hold */
		static char waste[65536];

		al_http_events_send(site->events, al_slice_of(event, sizeof(event)));
		turns(site, 2);
		while ((n = recv(reader, waste, sizeof(waste), MSG_DONTWAIT)) > 0)
			turns(site, 1);
		assert_true(n < 0 && errno == EAGAIN);
	}
	turns(site, 10);
	size_t total = 0;
	while ((n = recv(fd, event, sizeof(event), MSG_DONTWAIT)) > 0)
		total += (size_t)n;
	assert_true(total < 2000 * sizeof(event) && (n == 0 || errno == ECONNRESET));
	assert_int_equal(recv(reader, &byte, 1, MSG_DONTWAIT), -1);
	assert_int_equal(errno, EAGAIN);
	close(fd);
	close(reader);
}

/* A published log's tiles: whole ones for ever, partial ones for an hour; what is none is not found. */
static void tiles(void **state)
{
	static const struct {
		const char *path;
		int status, age;
		size_t len;
	} rows[] = {
		{ "0/000", 200, 31536000, 256 * AL_HASH_LEN },
		{ "0/001.p/4", 200, 3600, 4 * AL_HASH_LEN },
		{ "0/001.p/3", 200, 3600, 3 * AL_HASH_LEN },
		{ "1/000.p/1", 200, 3600, AL_HASH_LEN },
		{ "entries/001.p/1", 200, 3600, 7 },
		{ "0/001.p/5", 404, 0, 0 },
		{ "0/002", 404, 0, 0 },
		{ "0/../0/000", 404, 0, 0 },
		{ "", 404, 0, 0 },
		{ "0/x000000000000000000000000000000000000000000000000000000000000000000000000000000", 404, 0, 0 },
	};
	struct site *site = *state;
	struct al_tile_dir *dir;
	struct al_edge edge;
	struct al_skey key;
	struct al_buf text, note;

	assert_int_equal(al_skey_generate(AL_S("log.example/x"), &key), AL_OK);
	assert_int_equal(al_tile_dir_open(site->dir, &key.pub, &dir), AL_OK);
	al_edge_init(&edge);
	for (; site->size < 260; site->size++) {
		struct al_hash leaf = al_leaf_hash(AL_S("entry"));

		assert_int_equal(al_tile_dir_add(dir, AL_S("entry")), AL_OK);
		al_edge_push(&edge, &leaf);
	}
	al_buf_init(&text, AL_NOTE_MAX);
	al_buf_init(&note, AL_NOTE_MAX);
	struct al_checkpoint cp = { edge.size, al_edge_root(&edge) };
	al_checkpoint_format(al_slice_str(key.pub.name), &cp, &text);
	al_note_sign(al_buf_view(&text), &key, &note);
	assert_int_equal(al_tile_dir_publish(dir, al_buf_view(&note)), AL_OK);
	al_tile_dir_close(dir);
	for (size_t i = 0; i < AL_COUNT(rows); i++) {
		char request[256], got[16384] = "", want[64];
		int fd = client_connect(site->port);

		(void)snprintf(request, sizeof(request), "HEAD /tile/%s HTTP/1.1\r\nHost: x\r\n\r\n", rows[i].path);
		client_say(fd, request);
		until(site, fd, got, sizeof(got), "\r\n\r\n");
		(void)snprintf(want, sizeof(want), "HTTP/1.1 %d ", rows[i].status);
		assert_int_equal(strncmp(got, want, strlen(want)), 0);
		(void)snprintf(want, sizeof(want), "\r\nContent-Length: %zu\r\n", rows[i].len);
		assert_int_equal(strstr(got, want) != NULL, rows[i].status == 200);
		(void)snprintf(want, sizeof(want), "max-age=%d", rows[i].age);
		assert_int_equal(strstr(got, want) != NULL, rows[i].status == 200);
		assert_int_equal(strstr(got, "immutable") != NULL, rows[i].status == 200);
		assert_int_equal(strstr(got, "application/octet-stream") != NULL, rows[i].status == 200);
		close(fd);
	}
	al_buf_release(&text);
	al_buf_release(&note);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(later_and_in_order),       TEST(later_and_much_behind),   TEST(asked_again),
		TEST(asked_again_and_gone),     TEST(later_and_gone),          TEST(events_go_to_all_who_listen),
		TEST(events_that_nobody_reads), TEST(events_are_all_there_is), TEST(tiles),
	};

	(void)signal(SIGPIPE, SIG_IGN); /* as al_service_main() does */
	al_log_init("test_later", AL_LOG_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
