/* SPDX-License-Identifier: MIT */
/*
 * test_stall.c -- connections by a clock that stands still until the test turns it: who is given time, from when on,
 * and who is not waited for any longer. Loop, server and client are on one thread.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../clock.h"
#include "loopback.h"

#include <event2/buffer.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/un.h>

#include "alamo/base/log.h"
#include "alamo/net/net.h"

#define IDLE_S 60
#define REQUEST_S 200
#define LINGER_MS 2000
#define PAGE 1000u              /* bytes of an answer */
#define LINGER_MOST (16u << 20) /* what a server reads of who goes on talking, and what the kernel may hold beside it */

/* ---- the server: a line, an answer ---- */

struct server {
	struct al_loop *loop;
	struct al_listener *listener;
	struct al_conn *conn; /* the newest, while it is open */
	bool by_ref;
	size_t lines, closes;
	struct sockaddr_un addr;
	char dir[64];
};

static enum al_err on_open(struct al_conn *conn, void *arg, void **user)
{
	struct server *server = arg;

	server->conn = conn;
	*user = server;
	return AL_OK;
}

static void on_closed(struct al_conn *conn, void *user)
{
	struct server *server = user;

	(void)conn;
	server->conn = NULL;
	server->closes++;
}

static void on_data(struct al_conn *conn, struct evbuffer *in, bool eof, void *user)
{
	static const char page[PAGE];
	struct server *server = user;
	char *line;

	(void)eof;
	while ((line = evbuffer_readln(in, NULL, EVBUFFER_EOL_LF)) != NULL) {
		server->lines++;
		if (strcmp(line, "bye") == 0)
			al_conn_finish(conn);
		else if (strcmp(line, "quiet") != 0 && server->by_ref)
			al_conn_write_ref(conn, page, sizeof(page), NULL, NULL);
		else if (strcmp(line, "quiet") != 0)
			al_conn_write(conn, page, sizeof(page));
		free(line);
	}
}

static void on_idle(struct al_conn *conn, void *user)
{
	(void)user;
	al_conn_write(conn, "idle\n", 5);
}

static const struct al_conn_ops ops = { .open = on_open, .data = on_data, .closed = on_closed, .idle = on_idle };

static void turn(const struct server *server)
{
	assert_true(event_base_loop(al_loop_base(server->loop), EVLOOP_NONBLOCK) >= 0);
}

/* Time goes by; the loop looks at the clock a few times, for a timer may set itself again. */
static void pass_ms(const struct server *server, uint64_t ms)
{
	clock_ms += ms;
	for (int i = 0; i < 5; i++)
		turn(server);
}

static void pass(const struct server *server, uint64_t s)
{
	pass_ms(server, s * 1000);
}

static void say(const struct server *server, int fd, const char *line)
{
	size_t lines = server->lines;

	client_say(fd, line);
	for (int i = 0; server->lines == lines && i < 100; i++)
		turn(server);
	assert_int_equal(server->lines, lines + 1);
}

static const struct al_listener_conf strict = {
	.name = "test",
	.max_conns = 9,
	.in_max = 4096,
	.out_max = 1u << 20,
	.idle_ms = IDLE_S * 1000,
	.request_ms = REQUEST_S * 1000,
};
static const struct al_listener_conf patient = { .name = "test", .max_conns = 9, .in_max = 4096, .out_max = 1u << 20 };

static int server_open(void **state, const struct al_listener_conf *conf)
{
	struct server *server = calloc(1, sizeof(*server));

	assert_non_null(server);
	(void)snprintf(server->dir, sizeof(server->dir), "/tmp/alamo-stall-XXXXXX");
	assert_non_null(mkdtemp(server->dir));
	(void)snprintf(server->addr.sun_path, sizeof(server->addr.sun_path), "%s/sock", server->dir);
	server->addr.sun_family = AF_UNIX;
	assert_int_equal(al_loop_new(&server->loop), AL_OK);
	assert_int_equal(al_listener_new(server->loop, conf, &ops, server, &server->listener), AL_OK);
	assert_int_equal(al_listener_unix(server->listener, server->addr.sun_path), AL_OK);
	*state = server;
	return 0;
}

static int setup(void **state)
{
	return server_open(state, &strict);
}

static int setup_patient(void **state)
{
	return server_open(state, &patient);
}

static int teardown(void **state)
{
	struct server *server = *state;

	al_listener_free(server->listener);
	al_loop_free(server->loop);
	assert_int_equal(rmdir(server->dir), 0);
	free(server);
	return 0;
}

static int client_new(const struct server *server)
{
	int fd = client_tune(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));

	assert_int_equal(connect(fd, (const struct sockaddr *)&server->addr, sizeof(server->addr)), 0);
	while (server->conn == NULL)
		turn(server);
	return fd;
}

/* Asks until the kernel takes no more; how many pages that were. */
static size_t fill(const struct server *server, int fd, uint64_t s)
{
	size_t pages = 0;

	while (al_conn_pending(server->conn) == 0) {
		pass(server, s);
		say(server, fd, "page\n");
		assert_non_null(server->conn);
		pages++;
	}
	return pages;
}

static void take(int fd, size_t bytes)
{
	char waste[PAGE];

	while (bytes > 0) {
		ssize_t got = recv(fd, waste, bytes < PAGE ? bytes : PAGE, 0);

		assert_true(got > 0);
		bytes -= (size_t)got;
	}
}

/* ---- tests ---- */

/*
 * A reader who takes nothing until the kernel's buffers are full, long after the beginning: from the first byte that
 * does not fit on it has its time, not from the last one that did.
 */
static void a_stall_begins_when_something_waits(void **state)
{
	struct server *server = *state;

	for (int by_ref = 0; by_ref < 2; by_ref++) {
		int fd = client_new(server);

		server->by_ref = by_ref != 0;
		(void)fill(server, fd, IDLE_S - 1);
		pass(server, IDLE_S - 1);
		assert_non_null(server->conn);
		pass(server, 1);
		assert_null(server->conn);
		close(fd);
	}
	assert_int_equal(server->closes, 2);
}

/* What was sent is read in the end, and then all is as in the beginning. */
static void a_reader_who_catches_up(void **state)
{
	struct server *server = *state;
	int fd = client_new(server);

	for (int i = 0; i < 3; i++) {
		size_t pages = fill(server, fd, 1);

		pass(server, IDLE_S - 1);
		take(fd, (pages - 1) * PAGE);
		turn(server);
		take(fd, PAGE);
		pass(server, IDLE_S / 2);
		assert_non_null(server->conn);
	}
	close(fd);
}

/* Who takes what there is, however seldom, may go on; who takes a page and then no more may not. */
static void a_reader_who_is_slow(void **state)
{
	struct server *server = *state;

	for (int stops = 0; stops < 2; stops++) {
		int fd = client_new(server);

		(void)fill(server, fd, 1);
		for (int i = 0; i < 500; i++)
			say(server, fd, "page\n");
		for (int i = 0; i < 20 && server->conn != NULL; i++) {
			char waste[PAGE];

			while (recv(fd, waste, sizeof(waste), MSG_DONTWAIT) > 0 && stops == 0)
				;
			if (i == 0 || stops == 0)
				say(server, fd, "quiet\n"); /* at which the server tries to send */
			pass(server, IDLE_S - 1);
		}
		assert_int_equal(server->conn != NULL, stops == 0);
		close(fd);
		for (int i = 0; i < 3; i++)
			pass(server, IDLE_S);
		assert_null(server->conn);
	}
}

static void silence_has_an_end(void **state)
{
	struct server *server = *state;
	int fd = client_new(server);

	pass(server, IDLE_S - 1);
	say(server, fd, "quiet\n");
	pass(server, IDLE_S - 1);
	assert_int_equal(server->closes, 0);
	pass(server, 1);
	client_expect(fd, "idle\n");
	assert_int_equal(client_drain(fd, NULL, 0), 0);
	close(fd);
}

/* A byte now and then is no silence; but a request has an end too, and the next one has its own time. */
static void a_request_has_an_end(void **state)
{
	struct server *server = *state;
	int fd = client_new(server);

	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < REQUEST_S / 50; i++) {
			client_say(fd, "x");
			pass(server, 0);
			pass(server, i == 0 ? 49 : 50);
		}
		assert_int_equal(server->closes, 0);
		if (round == 0) {
			say(server, fd, "\n");
			take(fd, PAGE);
			pass(server, IDLE_S - 1);
		}
	}
	pass(server, 1);
	client_expect(fd, "idle\n");
	close(fd);
}

/* Where nothing is said about it, nobody is sent away for silence, and yet a request and a stall have their end. */
static void times_that_are_not_given(void **state)
{
	struct server *server = *state;
	int fd = client_new(server);

	for (int i = 0; i < 9; i++)
		pass(server, IDLE_S);
	assert_non_null(server->conn);
	(void)fill(server, fd, IDLE_S);
	pass(server, IDLE_S - 1);
	assert_non_null(server->conn);
	pass(server, 1);
	assert_null(server->conn);
	close(fd);
	fd = client_new(server);
	client_say(fd, "qui");
	pass(server, 0);
	pass(server, IDLE_S - 1);
	assert_non_null(server->conn);
	client_say(fd, "e");
	pass(server, 1);
	client_expect(fd, "idle\n");
	close(fd);
}

/* Behind the end the other side may go on for a moment, so that it can read what it was told. */
static void the_end_is_bounded_in_time(void **state)
{
	struct server *server = *state;
	int fd = client_new(server);

	say(server, fd, "bye\n");
	assert_int_equal(client_drain(fd, NULL, 0), 0);
	client_say(fd, "and so on\n");
	pass_ms(server, LINGER_MS - 1);
	assert_int_equal(server->closes, 0);
	pass_ms(server, 1);
	assert_int_equal(server->closes, 1);
	close(fd);
}

static void the_end_is_bounded_in_bytes(void **state)
{
	struct server *server = *state;
	static const char waste[4096];
	int fd = client_new(server);
	size_t total = 0;

	say(server, fd, "bye\n");
	while (server->closes == 0 && total < LINGER_MOST) {
		ssize_t sent = send(fd, waste, sizeof(waste), MSG_DONTWAIT | MSG_NOSIGNAL);

		total += sent > 0 ? (size_t)sent : 0;
		if (sent <= 0)
			turn(server);
	}
	assert_int_equal(server->closes, 1);
	assert_true(total >= 1u << 20); /* but so much is heard */
	close(fd);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_stall_begins_when_something_waits),
		TEST(a_reader_who_catches_up),
		TEST(a_reader_who_is_slow),
		TEST(silence_has_an_end),
		TEST(a_request_has_an_end),
		TEST(the_end_is_bounded_in_time),
		TEST(the_end_is_bounded_in_bytes),
		cmocka_unit_test_setup_teardown(times_that_are_not_given, setup_patient, teardown),
	};

	clock_ms = 1000000;
	al_log_init("test_stall", AL_LOG_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
