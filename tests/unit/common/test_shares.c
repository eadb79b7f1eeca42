/* SPDX-License-Identifier: MIT */
/*
 * test_shares.c -- listeners on several loops that are one service: one port, one set of limits.
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
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "alamo/net/net.h"

#define LOOPS 2
#define PLACES 16u
#define NEWCOMERS 10u

struct server {
	struct al_shares *shares;
	struct al_loop *loops[LOOPS];
	struct al_listener *listeners[LOOPS];
	pthread_t threads[LOOPS];
	_Atomic size_t opens[LOOPS];
	uint16_t port;
};

static enum al_err on_open(struct al_conn *conn, void *arg, void **user)
{
	_Atomic size_t *opens = arg;

	(void)conn;
	*user = NULL;
	++*opens;
	return AL_OK;
}

/* Whatever comes is answered with one byte. */
static void on_data(struct al_conn *conn, struct evbuffer *in, bool eof, void *user)
{
	size_t len = evbuffer_get_length(in);

	(void)user;
	(void)evbuffer_drain(in, len);
	if (len > 0)
		al_conn_write(conn, "+", 1);
	if (eof)
		al_conn_finish(conn);
}

static const struct al_conn_ops ops = { .open = on_open, .data = on_data };

static void server_open(struct server *server, size_t places, size_t per_source)
{
	struct al_listener_conf conf = {
		.name = "shares", .in_max = 64, .out_max = 64, .idle_ms = 60000, .refusal = "-"
	};

	memset(server, 0, sizeof(*server));
	assert_int_equal(al_shares_new(places, per_source, &server->shares), AL_OK);
	conf.shares = server->shares;
	for (size_t i = 0; i < LOOPS; i++) {
		assert_int_equal(al_loop_new(&server->loops[i]), AL_OK);
		assert_int_equal(
			al_listener_new(server->loops[i], &conf, &ops, &server->opens[i], &server->listeners[i]),
			AL_OK);
	}
	assert_int_equal(al_listener_tcp(server->listeners[0], AL_S("127.0.0.1"), 0, &server->port), AL_OK);
	for (size_t i = 1; i < LOOPS; i++)
		assert_int_equal(al_listener_join(server->listeners[i], server->listeners[0]), AL_OK);
	for (size_t i = 0; i < LOOPS; i++)
		loop_thread_start(server->loops[i], &server->threads[i]);
}

/* How many connections there were when it stopped. */
static size_t server_close(struct server *server)
{
	size_t open = 0;

	for (size_t i = 0; i < LOOPS; i++)
		loop_thread_stop(server->loops[i], server->threads[i]);
	for (size_t i = 0; i < LOOPS; i++)
		open += al_listener_conns(server->listeners[i]);
	for (size_t i = 0; i < LOOPS; i++) {
		al_listener_free(server->listeners[i]);
		al_loop_free(server->loops[i]);
	}
	al_shares_free(server->shares);
	return open;
}

static int connect_from(const char *source, uint16_t port)
{
	struct sockaddr_in from = { .sin_family = AF_INET };
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(port) };
	int fd = client_tune(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));

	assert_int_equal(inet_pton(AF_INET, source, &from.sin_addr), 1);
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(bind(fd, (const struct sockaddr *)&from, sizeof(from)), 0);
	assert_int_equal(connect(fd, (const struct sockaddr *)&to, sizeof(to)), 0);
	return fd;
}

/* What is heard first: '+' of an answer, '-' of a refusal, 0 of an end. */
static char heard(int fd)
{
	char got = 0;

	(void)send(fd, "?", 1, MSG_NOSIGNAL);
	return recv(fd, &got, 1, 0) == 1 ? got : '\0';
}

static void all_are_given_some(void **state)
{
	struct server server;
	int fds[64];

	(void)state;
	server_open(&server, 64, 64);
	for (size_t i = 0; i < AL_COUNT(fds); i++) {
		fds[i] = client_connect(server.port);
		assert_int_equal(heard(fds[i]), '+');
	}
	for (size_t i = 0; i < LOOPS; i++)
		assert_true(server.opens[i] > 0);
	assert_int_equal(server.opens[0] + server.opens[1], AL_COUNT(fds));
	for (size_t i = 0; i < AL_COUNT(fds); i++)
		close(fds[i]);
	(void)server_close(&server);
}

static void a_source_is_counted_once(void **state)
{
	struct server server;
	size_t taken = 0;
	int fds[24];

	(void)state;
	server_open(&server, 64, 10);
	for (size_t i = 0; i < AL_COUNT(fds); i++) {
		fds[i] = client_connect(server.port);
		taken += heard(fds[i]) == '+';
	}
	assert_int_equal(taken, 10);
	for (size_t i = 0; i < AL_COUNT(fds); i++)
		close(fds[i]);
	(void)server_close(&server);
}

/* Each newcomer gets the place of one of the crowd, whichever loops they are on. */
static void places_are_counted_once(void **state)
{
	struct server server;
	size_t left = 0;
	int crowd[PLACES], fds[NEWCOMERS];
	char source[32];

	(void)state;
	server_open(&server, PLACES, PLACES);
	for (size_t i = 0; i < PLACES; i++) {
		crowd[i] = client_connect(server.port);
		assert_int_equal(heard(crowd[i]), '+');
	}
	for (size_t i = 0; i < NEWCOMERS; i++) {
		(void)snprintf(source, sizeof(source), "127.0.%zu.1", i + 1);
		fds[i] = connect_from(source, server.port);
		assert_int_equal(heard(fds[i]), '+');
	}
	/* While their places are full, nobody has to go whom nobody waits behind. */
	for (size_t i = 0; i < PLACES; i++)
		left += heard(crowd[i]) == '+';
	assert_int_equal(left, PLACES - NEWCOMERS);
	for (size_t i = 0; i < NEWCOMERS; i++)
		assert_int_equal(heard(fds[i]), '+');
	assert_int_equal(server_close(&server), PLACES);
	for (size_t i = 0; i < PLACES; i++)
		close(crowd[i]);
	for (size_t i = 0; i < NEWCOMERS; i++)
		close(fds[i]);
}

static void turn(struct al_loop *loop)
{
	for (int i = 0; i < 5; i++)
		assert_true(event_base_loop(al_loop_base(loop), EVLOOP_NONBLOCK) >= 0);
}

/* By hand, each with a port of its own: the first loop has something else to do, and its connection does not go yet. */
static void nobody_waits_for_a_loop_that_is_busy(void **state)
{
	struct al_listener_conf conf = { .name = "shares", .in_max = 64, .out_max = 64, .idle_ms = 60000 };
	struct server server = { 0 };
	uint16_t ports[LOOPS];
	int crowd[LOOPS], newcomer;
	char byte;

	(void)state;
	clock_ms = 1000000;
	assert_int_equal(al_shares_new(LOOPS, LOOPS, &conf.shares), AL_OK);
	for (size_t i = 0; i < LOOPS; i++, clock_ms += 1000) { /* who came first is asked first */
		assert_int_equal(al_loop_new(&server.loops[i]), AL_OK);
		assert_int_equal(al_listener_new(server.loops[i], &conf, &ops, &server.opens[i], &server.listeners[i]),
				 AL_OK);
		assert_int_equal(al_listener_tcp(server.listeners[i], AL_S("127.0.0.1"), 0, &ports[i]), AL_OK);
		crowd[i] = client_connect(ports[i]);
		turn(server.loops[i]);
		assert_int_equal(al_listener_conns(server.listeners[i]), 1);
	}
	newcomer = connect_from("127.0.1.1", ports[1]);
	turn(server.loops[1]); /* the first loop is asked */
	assert_int_equal(server.opens[1], 1);
	clock_ms += 100;
	turn(server.loops[1]); /* and meanwhile the next in the row goes */
	assert_int_equal(server.opens[1], 2);
	assert_int_equal(recv(crowd[1], &byte, 1, 0), 0);
	assert_int_equal(recv(crowd[0], &byte, 1, MSG_DONTWAIT), -1);
	turn(server.loops[0]);
	assert_int_equal(recv(crowd[0], &byte, 1, 0), 0);
	close(newcomer);
	for (size_t i = 0; i < LOOPS; i++) {
		close(crowd[i]);
		al_listener_free(server.listeners[i]);
		al_loop_free(server.loops[i]);
	}
	al_shares_free(conf.shares);
	clock_ms = 0;
}

/* Another service, or the same one started twice, does not get in by mistake. */
static void a_port_is_of_one_service(void **state)
{
	struct al_listener_conf conf = { .name = "other", .max_conns = 4, .in_max = 64, .out_max = 64 };
	struct al_listener *alone, *many;
	struct al_shares *shares;
	struct al_loop *loop;
	struct server server;
	uint16_t port;

	(void)state;
	server_open(&server, 4, 4);
	assert_int_equal(al_loop_new(&loop), AL_OK);
	assert_int_equal(al_listener_new(loop, &conf, &ops, &server.opens[0], &alone), AL_OK);
	assert_int_equal(al_listener_tcp(alone, AL_S("127.0.0.1"), server.port, &port), AL_EEXIST);
	assert_int_equal(al_shares_new(4, 4, &shares), AL_OK);
	conf.shares = shares;
	assert_int_equal(al_listener_new(loop, &conf, &ops, &server.opens[0], &many), AL_OK);
	assert_int_equal(al_listener_tcp(many, AL_S("127.0.0.1"), server.port, &port), AL_EEXIST);
	al_listener_free(alone);
	al_listener_free(many);
	al_shares_free(shares);
	al_loop_free(loop);
	(void)server_close(&server);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_are_given_some),       cmocka_unit_test(a_source_is_counted_once),
		cmocka_unit_test(places_are_counted_once),  cmocka_unit_test(nobody_waits_for_a_loop_that_is_busy),
		cmocka_unit_test(a_port_is_of_one_service),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
