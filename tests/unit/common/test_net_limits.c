/* SPDX-License-Identifier: MIT */
/*
 * test_net_limits.c -- how many connections a listener takes, from whom and for how long; and where it listens.
 */
#include "net_server.h"

/* Is the connection closed before it says anything? */
static bool refused(int fd)
{
	char byte;
	client_say(fd, "echo x\n");
	return recv(fd, &byte, 1, 0) <= 0;
}

static void test_one_source_is_bounded(void **state)
{
	struct al_listener_conf conf = roomy;
	struct server server;
	(void)state;
	conf.max_per_source = 2;
	server_start(&server, &conf);
	int first = client_connect(server.port);
	int second = client_connect(server.port);
	client_say(first, "echo 1\n");
	client_expect(first, "1\n");
	client_say(second, "echo 2\n");
	client_expect(second, "2\n");
	int third = client_connect(server.port);
	assert_true(refused(third));
	close(third);
	/* One leaves, one may come. */
	close(first);
	assert_true(guard_wait(&server.closed));
	first = client_connect(server.port);
	assert_false(refused(first));
	close(first);
	close(second);
	server_stop(&server);
	assert_int_equal(server.most, 2);
	assert_int_equal(server.opens, 3);
}

static void test_full_listener_lets_the_crowd_wait(void **state)
{
	struct al_listener_conf conf = roomy;
	struct server server;
	int fds[10];
	(void)state;
	conf.max_conns = 2;
	server_start(&server, &conf);
	for (size_t i = 0; i < AL_COUNT(fds); i++) {
		fds[i] = client_connect(server.port);
		client_say(fds[i], "echo x\n");
	}
	/* In order of arrival each gets its turn when one before it has gone; nobody is turned away. */
	for (size_t i = 0; i < AL_COUNT(fds); i++) {
		client_expect(fds[i], "x\n");
		close(fds[i]);
	}
	for (size_t i = 0; i < AL_COUNT(fds); i++)
		assert_true(guard_wait(&server.closed));
	server_stop(&server);
	assert_int_equal(server.opens, AL_COUNT(fds));
	assert_int_equal(server.most, 2);
}

/* From 127.0.NET.1; nothing is said yet. */
static int client_from(uint16_t port, unsigned net)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(0x7f000001u | net << 8) };
	struct sockaddr_in to = { .sin_family = AF_INET,
				  .sin_port = htons(port),
				  .sin_addr.s_addr = htonl(0x7f000001u) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (const struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(connect(fd, (const struct sockaddr *)&to, sizeof(to)), 0);
	return fd;
}

/* Has the server ended it? It says nothing by itself. */
static bool is_gone(int fd)
{
	char byte;
	ssize_t got = recv(fd, &byte, 1, MSG_DONTWAIT);
	return got == 0 || (got < 0 && errno != EAGAIN);
}

static size_t count_gone(const int *fds, size_t count)
{
	size_t gone = 0;
	for (size_t i = 0; i < count; i++)
		gone += is_gone(fds[i]);
	return gone;
}

/* Silent ones take every place: who comes after them takes one of the biggest network's, and the others keep theirs. */
static void test_a_full_listener_makes_room(void **state)
{
	struct al_listener_conf conf = roomy;
	struct server server;
	int quiet[2], crowd[4], late[2];
	(void)state;
	conf.max_conns = 6;
	conf.max_per_source = 3;
	server_start(&server, &conf);
	for (unsigned i = 0; i < AL_COUNT(quiet); i++) {
		quiet[i] = client_from(server.port, 10 + i);
		client_say(quiet[i], "echo x\n");
		client_expect(quiet[i], "x\n");
	}
	for (unsigned i = 0; i < AL_COUNT(crowd); i++)
		crowd[i] = client_from(server.port, i < 3 ? 20 : 21);
	for (unsigned i = 0; i < AL_COUNT(late); i++) {
		late[i] = client_from(server.port, 30 + i);
		client_say(late[i], "echo y\n");
		client_expect(late[i], "y\n");
	}
	assert_int_equal(count_gone(quiet, AL_COUNT(quiet)), 0);
	assert_int_equal(count_gone(late, AL_COUNT(late)), 0);
	assert_int_equal(count_gone(crowd, AL_COUNT(crowd)), 2);
	server_stop(&server);
	for (size_t i = 0; i < AL_COUNT(quiet); i++)
		close(quiet[i]);
	for (size_t i = 0; i < AL_COUNT(crowd); i++)
		close(crowd[i]);
	for (size_t i = 0; i < AL_COUNT(late); i++)
		close(late[i]);
	assert_int_equal(server.most, 6);
}

/* A byte now and then is not idle, and yet the request has to end; a paced reader of whole requests may stay. */
static void test_a_request_has_a_deadline(void **state)
{
	struct al_listener_conf conf = roomy;
	struct server server;
	(void)state;
	conf.request_ms = 300;
	server_start(&server, &conf);
	int slow = client_connect(server.port);
	int honest = client_connect(server.port);
	for (int i = 0; i < 10000 && !is_gone(slow); i++) {
		const struct timespec pause = { .tv_nsec = 20000000 };
		(void)send(slow, "e", 1, MSG_NOSIGNAL);
		client_say(honest, "echo ok\nec");
		client_say(honest, "ho ok\n");
		client_expect(honest, "ok\nok\n");
		(void)nanosleep(&pause, NULL);
	}
	assert_true(is_gone(slow));
	assert_false(is_gone(honest));
	close(slow);
	close(honest);
	server_stop(&server);
}

/* Waiting for the end of a request does not put off the end of silence. */
static void test_half_a_request_then_silence(void **state)
{
	struct al_listener_conf conf = roomy;
	struct server server;
	(void)state;
	conf.idle_ms = 100;
	server_start(&server, &conf);
	int fd = client_connect(server.port);
	client_say(fd, "half");
	client_expect(fd, "idle\n");
	close(fd);
	server_stop(&server);
}

static void test_free_closes_what_is_open(void **state)
{
	struct server server;
	char rest[8];
	(void)state;
	server_start(&server, &roomy);
	int a = client_connect(server.port);
	int b = client_connect(server.port);
	client_say(a, "echo 1\n");
	client_expect(a, "1\n");
	client_say(b, "echo 2\n");
	client_expect(b, "2\n");
	server_stop(&server); /* asserts that every open one got its closed() */
	assert_int_equal(server.closes, 2);
	assert_int_equal(client_drain(a, rest, sizeof(rest)), 0);
	close(a);
	close(b);
}

/* ---- sockets ---- */

static void test_addresses(void **state)
{
	struct al_loop *loop;
	struct al_listener *listener;
	struct al_listener *other;
	uint16_t port = 0;
	uint16_t unused = 7;
	(void)state;
	assert_int_equal(al_loop_new(&loop), AL_OK);
	assert_int_equal(al_listener_new(loop, &roomy, &ops, NULL, &listener), AL_OK);
	assert_int_equal(al_listener_new(loop, &roomy, &ops, NULL, &other), AL_OK);
	assert_int_equal(al_listener_tcp(listener, AL_S("localhost"), 0, &unused), AL_EINVAL);
	assert_int_equal(al_listener_tcp(listener, AL_S(""), 0, &unused), AL_EINVAL);
	assert_int_equal(al_listener_tcp(listener, AL_S("192.0.2.1"), 0, &unused), AL_EUNSUPPORTED);
	assert_int_equal(al_listener_tcp(listener, AL_S("127.0.0.1"), 0, &port), AL_OK);
	assert_int_equal(al_listener_tcp(other, AL_S("127.0.0.1"), port, &unused), AL_EEXIST);
	assert_int_equal(unused, 7);
	enum al_err err = al_listener_tcp(listener, AL_S("::1"), 0, &unused);
	assert_true(err == AL_OK || err == AL_EUNSUPPORTED);
	al_listener_free(listener);
	al_listener_free(other);
	al_loop_free(loop);
}

static void test_unix_socket(void **state)
{
	char dir[] = "/tmp/alamo-net-XXXXXX";
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	struct server server;
	struct al_listener *other;
	struct stat st;
	char rest[16];
	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s/sock", dir);

	/* A leftover of a process that was killed. */
	int stale = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_int_equal(bind(stale, (const struct sockaddr *)&addr, sizeof(addr)), 0);
	close(stale);

	server = (struct server){ .in_max = roomy.in_max };
	assert_int_equal(sem_init(&server.closed, 0, 0), 0);
	assert_int_equal(al_loop_new(&server.loop), AL_OK);
	assert_int_equal(al_listener_new(server.loop, &roomy, &ops, &server, &server.listener), AL_OK);
	assert_int_equal(al_listener_new(server.loop, &roomy, &ops, &server, &other), AL_OK);
	assert_int_equal(al_listener_unix(server.listener, addr.sun_path), AL_OK);
	assert_int_equal(stat(addr.sun_path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0660);
	/* Somebody answers here now: not a leftover. */
	assert_int_equal(al_listener_unix(other, addr.sun_path), AL_EEXIST);
	al_listener_free(other);
	loop_thread_start(server.loop, &server.thread);

	int fd = client_tune(socket(AF_UNIX, SOCK_STREAM, 0));
	assert_int_equal(connect(fd, (const struct sockaddr *)&addr, sizeof(addr)), 0);
	client_say(fd, "peer\n");
	assert_int_equal(client_drain(fd, rest, sizeof(rest)), 4);
	assert_string_equal(rest, "unix");
	close(fd);
	server_stop(&server);
	assert_int_not_equal(stat(addr.sun_path, &st), 0);

	/* Never removes what is not a socket. */
	int file = open(addr.sun_path, O_CREAT | O_WRONLY, 0600);
	assert_true(file >= 0);
	close(file);
	assert_int_equal(al_loop_new(&server.loop), AL_OK);
	assert_int_equal(al_listener_new(server.loop, &roomy, &ops, &server, &other), AL_OK);
	assert_int_equal(al_listener_unix(other, addr.sun_path), AL_EEXIST);
	al_listener_free(other);
	al_loop_free(server.loop);
	assert_int_equal(unlink(addr.sun_path), 0);
	assert_int_equal(rmdir(dir), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_source_is_bounded),
		cmocka_unit_test(test_full_listener_lets_the_crowd_wait),
		cmocka_unit_test(test_a_full_listener_makes_room),
		cmocka_unit_test(test_a_request_has_a_deadline),
		cmocka_unit_test(test_half_a_request_then_silence),
		cmocka_unit_test(test_free_closes_what_is_open),
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_unix_socket),
	};
	al_log_init("test_net_limits", AL_LOG_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
