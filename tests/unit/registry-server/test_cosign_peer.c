/* SPDX-License-Identifier: MIT */
/*
 * test_cosign_peer.c -- one witness as the registry talks to it: which URLs there are, what is sent, and what each answer
 * of a raw server is taken for, or none, by a clock that the test turns.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <event2/buffer.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../clock.h"

#include "alamo/net/net.h"
#include "sign/cosign_peer.h"

struct fixture {
	struct al_loop *loop;
	struct al_listener *listener;
	struct al_timer *later;
	uint16_t port;
	const char *reply;    /* to whatever is asked; NULL: none; "": the end */
	struct al_conn *conn; /* the newest that was opened */
	char asked[8192];     /* all that came, as text */
	struct cosign_peer *peer;
	unsigned answers;
	struct cosign_answer answer; /* the newest; its body is: */
	char body[32768];
};

/* ---- the server ---- */

static void on_data(struct al_conn *conn, struct evbuffer *in, bool eof, void *user)
{
	struct fixture *f = user;
	size_t len = evbuffer_get_length(in), had = strlen(f->asked);

	(void)eof;
	assert_true(had + len < sizeof(f->asked));
	assert_int_equal(evbuffer_remove(in, f->asked + had, len), len);
	f->asked[had + len] = '\0';
	if (strstr(f->asked, "question") == NULL || f->reply == NULL)
		return;
	al_conn_write(conn, f->reply, strlen(f->reply));
	al_conn_finish(conn);
}

static enum al_err on_open(struct al_conn *conn, void *arg, void **user)
{
	struct fixture *f = arg;

	f->conn = conn;
	*user = f;
	return AL_OK;
}

/* ---- the peer ---- */

static void on_answer(void *arg, const struct cosign_answer *answer)
{
	struct fixture *f = arg;

	f->answers++;
	f->answer = *answer;
	assert_int_equal(al_slice_copy(answer->body, f->body, sizeof(f->body)), AL_OK);
	al_loop_stop(f->loop);
}

static void on_later(void *arg)
{
	al_loop_stop(((struct fixture *)arg)->loop);
}

static enum al_err peer_new(struct fixture *f, const char *url)
{
	struct al_witness witness = { .name = "w" };

	cosign_peer_free(f->peer);
	f->peer = NULL;
	assert_true(strlen(url) < sizeof(witness.url));
	(void)strcpy(witness.url, url);
	return cosign_peer_new(f->loop, &witness, on_answer, f, &f->peer);
}

/* Of the server, below this path. */
static void peer_here(struct fixture *f, const char *path)
{
	char url[128];

	(void)snprintf(url, sizeof(url), "http://127.0.0.1:%u%s", f->port, path);
	assert_int_equal(peer_new(f, url), AL_OK);
	f->asked[0] = '\0';
}

static void ask(struct fixture *f, const char *reply)
{
	f->reply = reply;
	f->answers = 0;
	f->asked[0] = '\0';
	assert_int_equal(cosign_peer_ask(f->peer, AL_S("question")), AL_OK);
	al_loop_run(f->loop);
	assert_int_equal(f->answers, 1);
}

/* Without an answer, for so long by the peer's clock. */
static void pass(struct fixture *f, time_t seconds)
{
	clock_ahead_s += seconds;
	al_timer_set(f->later, 50);
	al_loop_run(f->loop);
}

/* At the port of before, if there was one. */
static void listen_here(struct fixture *f)
{
	static const struct al_conn_ops ops = { .open = on_open, .data = on_data };
	static const struct al_listener_conf conf = {
		.name = "witness", .max_conns = 10, .in_max = 65536, .out_max = 65536
	};

	assert_int_equal(al_listener_new(f->loop, &conf, &ops, f, &f->listener), AL_OK);
	assert_int_equal(al_listener_tcp(f->listener, AL_S("127.0.0.1"), f->port, &f->port), AL_OK);
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	clock_ahead_s = 0;
	assert_int_equal(al_loop_new(&f->loop), AL_OK);
	assert_int_equal(al_timer_new(f->loop, on_later, f, &f->later), AL_OK);
	listen_here(f);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	cosign_peer_free(f->peer);
	cosign_peer_free(NULL);
	al_listener_free(f->listener);
	al_timer_free(f->later);
	al_loop_free(f->loop);
	clock_ahead_s = 0;
	free(f);
	return 0;
}

/* ---- tests ---- */

static void which_urls(void **state)
{
	static const char *const good[] = { "http://127.0.0.1", "http://127.0.0.1:8080/", "http://[::1]",
					    "http://[2001:db8::1]:80/a/b//" };
	static const char *const bad[] = {
		"",
		"/",
		"127.0.0.1:80",
		"https://127.0.0.1/",
		"ftp://127.0.0.1/",
		"http://localhost/",
		"http://127.0.0.1.example/",
		"http://127.0.0/",
		"http:///path",
		"http://[::1",
		"http://[127.0.0.1x]/",
		"http://0000000000000000000000000000000000000000000000000000000000000000001/"
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < AL_COUNT(good); i++)
		assert_int_equal(peer_new(f, good[i]), AL_OK);
	for (size_t i = 0; i < AL_COUNT(bad); i++) {
		assert_int_equal(peer_new(f, bad[i]), AL_EINVAL);
		assert_null(f->peer);
	}
}

static void sends(const struct fixture *f, const char *what)
{
	if (strstr(f->asked, what) == NULL)
		fail_msg("\"%s\" is not in what is sent:\n%s", what, f->asked);
}

static void what_is_sent(void **state)
{
	static const char *const paths[][2] = { { "", "" }, { "/", "" }, { "/one", "/one" }, { "/a/b//", "/a/b" } };
	struct fixture *f = *state;
	char want[64];

	for (size_t i = 0; i < AL_COUNT(paths); i++) {
		peer_here(f, paths[i][0]);
		ask(f, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
		(void)snprintf(want, sizeof(want), "POST %s/add-checkpoint HTTP/1.1\r\n", paths[i][1]);
		sends(f, want);
		(void)snprintf(want, sizeof(want), "\r\nHost: 127.0.0.1:%u\r\n", f->port);
		sends(f, want);
		sends(f, "\r\nContent-Type: text/plain; charset=utf-8\r\n");
		sends(f, "\r\nContent-Length: 8\r\n");
		sends(f, "\r\n\r\nquestion");
	}
	pass(f, 0); /* the server has closed the connection: it is seen */
	f->asked[0] = '\0';
	assert_int_equal(cosign_peer_tell(f->peer, AL_S("question of keys")), AL_OK);
	al_loop_run(f->loop);
	sends(f, "POST /a/b/add-keys HTTP/1.1\r\n");
	sends(f, "\r\n\r\nquestion of keys");
}

static void what_is_answered(void **state)
{
	static const struct {
		const char *reply;
		enum cosign_outcome outcome;
		int status;
		uint64_t size;
		const char *body;
	} rows[] = {
		{ "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nlines\n", COSIGN_LINES, 200, 0, "lines\n" },
		{ "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", COSIGN_LINES, 200, 0, "" },
		{ "HTTP/1.1 201 Made\r\nContent-Length: 1\r\n\r\n1", COSIGN_REFUSED, 201, 0, "1" },
		{ "HTTP/1.1 409 Conflict\r\nContent-Length: 3\r\n\r\n12\n", COSIGN_CONFLICT, 409, 12, "12\n" },
		{ "HTTP/1.1 409 Conflict\r\nContent-Length: 21\r\n\r\n18446744073709551615\n", COSIGN_CONFLICT, 409,
		  UINT64_MAX, "18446744073709551615\n" },
		{ "HTTP/1.1 409 Conflict\r\nContent-Length: 3\r\n\r\n12x", COSIGN_REFUSED, 409, 0, "12x" },
		{ "HTTP/1.1 409 Conflict\r\nContent-Length: 0\r\n\r\n", COSIGN_REFUSED, 409, 0, "" },
		{ "HTTP/1.1 403 No\r\nContent-Length: 2\r\n\r\n12", COSIGN_REFUSED, 403, 0, "12" },
		{ "HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n", COSIGN_REFUSED, 500, 0, "" },
		{ "", COSIGN_AWAY, 0, 0, "" },
		{ "no HTTP\r\n\r\n", COSIGN_AWAY, 0, 0, "" },
		{ "HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\ncut", COSIGN_AWAY, 0, 0, "" },
		{ "HTTP/1.1 200 OK\r\nContent-Length: 16385\r\n\r\n", COSIGN_AWAY, 0, 0, "" },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < AL_COUNT(rows); i++) {
		peer_here(f, "");
		ask(f, rows[i].reply);
		assert_int_equal(f->answer.outcome, rows[i].outcome);
		assert_int_equal(f->answer.status, rows[i].status);
		assert_string_equal(f->body, rows[i].body);
		if (rows[i].outcome == COSIGN_CONFLICT)
			assert_int_equal(f->answer.size, rows[i].size);
	}
}

/* As long as it may be, and one byte more. */
static void how_much_is_read(void **state)
{
	struct fixture *f = *state;
	char reply[17000];

	for (size_t len = 16384; len <= 16385; len++) {
		int head = snprintf(reply, sizeof(reply), "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n", len);

		memset(reply + head, 'x', len);
		reply[(size_t)head + len] = '\0';
		peer_here(f, "");
		ask(f, reply);
		assert_int_equal(f->answer.outcome, len == 16384 ? COSIGN_LINES : COSIGN_AWAY);
		assert_int_equal(strlen(f->body), len == 16384 ? len : 0);
	}
	f->reply = NULL;
}

/* Nobody there: that is an answer as well; and it is asked again by the same peer when somebody is. */
static void nobody_there(void **state)
{
	struct fixture *f = *state;

	peer_here(f, "");
	al_listener_free(f->listener);
	f->listener = NULL;
	ask(f, NULL);
	assert_int_equal(f->answer.outcome, COSIGN_AWAY);
	assert_int_equal(f->answer.status, 0);
	listen_here(f);
	ask(f, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
	assert_int_equal(f->answer.outcome, COSIGN_LINES);
}

/* The question is there, and nothing is answered yet. */
static void asked_in_vain(struct fixture *f)
{
	peer_here(f, "");
	f->reply = NULL;
	assert_int_equal(cosign_peer_ask(f->peer, AL_S("question")), AL_OK);
	pass(f, 0);
	sends(f, "question");
}

/* It counts as away, no late answer of that question comes, and the next question is asked as ever. */
static void given_up(struct fixture *f)
{
	assert_int_equal(f->answers, 1);
	assert_int_equal(f->answer.outcome, COSIGN_AWAY);
	assert_int_equal(f->answer.status, 0);
	pass(f, 20);
	assert_int_equal(f->answers, 1);
	ask(f, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
	assert_int_equal(f->answer.outcome, COSIGN_LINES);
}

/* Without a word it is given up sooner, and then no answer of this question comes any more. */
static void it_takes_too_long(void **state)
{
	struct fixture *f = *state;

	asked_in_vain(f);
	assert_int_equal(f->answers, 0);
	pass(f, 4);
	assert_int_equal(f->answers, 0);
	pass(f, 7);
	given_up(f);
}

/* However steadily it drips: there is no silence, but no answer either. */
static void it_drips(void **state)
{
	static const char head[] = "HTTP/1.1 200 OK\r\n";
	struct fixture *f = *state;

	asked_in_vain(f);
	for (unsigned i = 0; i < 3; i++) {
		al_conn_write(f->conn, head + i, 1);
		pass(f, 0); /* it is read */
		pass(f, 2);
		assert_int_equal(f->answers, 0);
	}
	al_conn_write(f->conn, head + 3, 1);
	pass(f, 0);
	assert_int_equal(f->answers, 0);
	pass(f, 4);
	given_up(f);
}

/* One that answered in time has no deadline any more. */
static void it_was_answered(void **state)
{
	struct fixture *f = *state;

	peer_here(f, "");
	ask(f, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
	pass(f, 30);
	assert_int_equal(f->answers, 1);
}

static void freed_before_the_answer(void **state)
{
	struct fixture *f = *state;

	peer_here(f, "");
	f->reply = NULL;
	assert_int_equal(cosign_peer_ask(f->peer, AL_S("question")), AL_OK);
	pass(f, 0);
	cosign_peer_free(f->peer);
	f->peer = NULL;
	pass(f, 20);
	assert_int_equal(f->answers, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(which_urls),        TEST(what_is_sent),    TEST(what_is_answered),
		TEST(how_much_is_read),  TEST(nobody_there),    TEST(it_drips),
		TEST(it_takes_too_long), TEST(it_was_answered), TEST(freed_before_the_answer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
