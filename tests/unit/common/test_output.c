/* SPDX-License-Identifier: MIT */
/* test_output.c -- what an answer costs in memory: bytes that are referred to are not held a second time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "loopback.h"

#include <event2/event.h>
#include <stdlib.h>

#include "alamo/net/net.h"

#define TABLE (8u << 20) /* far more than sockets hold */
#define SMALL (64u << 10)

static size_t largest; /* of what libevent has asked for */

static void *counted_alloc(size_t size)
{
	if (size > largest)
		largest = size;
	return malloc(size);
}

static void *counted_realloc(void *old, size_t size)
{
	if (size > largest)
		largest = size;
	return realloc(old, size);
}

static char table[TABLE];

static enum al_err on_open(struct al_conn *conn, void *arg, void **user)
{
	(void)conn;
	*user = arg;
	return AL_OK;
}

static void on_data(struct al_conn *conn, struct evbuffer *in, bool eof, void *user)
{
	(void)in;
	(void)eof;
	(void)user;
	al_conn_write(conn, "begin\n", 6);
	for (int i = 0; i < 2; i++) {
		al_conn_write_ref(conn, table, sizeof(table), NULL, NULL);
		al_conn_write(conn, "end", 3);
		al_conn_write(conn, "!\n", 2);
	}
	al_conn_finish(conn);
}

static void on_closed(struct al_conn *conn, void *user)
{
	(void)conn;
	(void)user;
}

static void expect_table(int fd)
{
	static char got[TABLE];
	size_t len = 0;

	while (len < sizeof(got)) {
		ssize_t n = recv(fd, got + len, sizeof(got) - len, 0);

		assert_true(n > 0);
		len += (size_t)n;
	}
	assert_memory_equal(got, table, sizeof(table));
}

static void what_follows_a_reference_is_as_small_as_it_is(void **state)
{
	static const struct al_conn_ops ops = { .open = on_open, .data = on_data, .closed = on_closed };
	static const struct al_listener_conf conf = {
		.name = "test", .max_conns = 1, .in_max = 4096, .out_max = 3 * TABLE
	};
	struct al_listener *listener;
	struct al_loop *loop;
	pthread_t thread;
	uint16_t port;
	int fd;

	(void)state;
	for (size_t i = 0; i < sizeof(table); i++)
		table[i] = (char)(i * 2654435761u >> 24);
	assert_int_equal(al_loop_new(&loop), AL_OK);
	assert_int_equal(al_listener_new(loop, &conf, &ops, NULL, &listener), AL_OK);
	assert_int_equal(al_listener_tcp(listener, AL_S("127.0.0.1"), 0, &port), AL_OK);
	loop_thread_start(loop, &thread);
	fd = client_connect(port);
	client_say(fd, "table\n");
	client_expect(fd, "begin\n");
	for (int i = 0; i < 2; i++) {
		expect_table(fd);
		client_expect(fd, "end!\n");
	}
	assert_int_equal(client_drain(fd, NULL, 0), 0);
	close(fd);
	loop_thread_stop(loop, thread);
	al_listener_free(listener);
	al_loop_free(loop);
	assert_in_range(largest, 1, SMALL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_follows_a_reference_is_as_small_as_it_is),
	};

	event_set_mem_functions(counted_alloc, counted_realloc, free);
	return cmocka_run_group_tests_name("output", tests, NULL, NULL);
}
