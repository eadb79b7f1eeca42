/* SPDX-License-Identifier: MIT */
/*
 * test_net.c -- listeners and connections over loopback: limits, endings, and
 * the last byte of every answer. The server's loop runs on a thread; what it
 * notes is read after that thread has stopped, or after a semaphore.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "loopback.h"

#include <event2/buffer.h>
#include <event2/event.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "alamo/base/log.h"
#include "alamo/net/net.h"

#define BIG (1024u * 1024u)
#define HUGE_ANSWER (16u * 1024u * 1024u) /* more than the kernel buffers */
#define CHUNKS 40
#define CHUNK 10000u

struct server {
	struct al_loop *loop;
	struct al_listener *listener;
	pthread_t thread;
	uint16_t port;
	size_t in_max;              /* of its connections */
	bool hesitates;             /* what comes first is looked at, and taken when it is poked */
	const uint8_t *bytes;       /* HUGE_ANSWER of them */
	sem_t closed;               /* posted for each */
	size_t opens, closes, most; /* loop's thread */
	_Atomic size_t refs_done;
};

struct talk {
	struct server *server;
	struct al_conn *conn;
	struct al_timer *timer;
	int chunks; /* still to be sent when drained */
	bool quits; /* finishes after the late answer */
	bool asked;
	bool gone;
};

/* ---- the protocol of the tests: a line, an answer ---- */

static void ref_done(void *arg)
{
	struct server *server = arg;
	server->refs_done++;
}

static enum al_err on_open(struct al_conn *conn, void *arg, void **user)
{
	struct server *server = arg;
	struct talk *talk = calloc(1, sizeof(*talk));
	if (talk == NULL)
		return AL_ENOMEM;
	*talk = (struct talk){ .server = server, .conn = conn };
	*user = talk;
	server->opens++;
	if (server->opens - server->closes > server->most)
		server->most = server->opens - server->closes;
	return AL_OK;
}

static void on_closed(struct al_conn *conn, void *user)
{
	struct talk *talk = user;
	assert_false(talk->gone);
	talk->gone = true;
	assert_ptr_equal(al_conn_user(conn), talk);
	talk->server->closes++;
	al_timer_free(talk->timer);
	sem_post(&talk->server->closed);
	free(talk);
}

static void later_answer(void *arg)
{
	struct talk *talk = arg;
	al_conn_write(talk->conn, "later\n", 6);
	al_conn_pause(talk->conn, false);
	if (talk->quits)
		al_conn_finish(talk->conn);
}

static void later_start(struct talk *talk)
{
	if (talk->timer == NULL)
		assert_int_equal(al_timer_new(talk->server->loop, later_answer, talk, &talk->timer), AL_OK);
	al_conn_pause(talk->conn, true);
	al_timer_set(talk->timer, 1);
}

/* False: the connection is no more ours to touch. */
static bool on_line(struct talk *talk, const char *line)
{
	struct al_conn *conn = talk->conn;
	struct server *server = talk->server;
	if (strncmp(line, "echo ", 5) == 0) {
		al_conn_write(conn, line + 5, strlen(line + 5));
		al_conn_write(conn, "\n", 1);
	} else if (strcmp(line, "big") == 0) {
		al_conn_write_ref(conn, server->bytes, BIG, ref_done, server);
		al_conn_finish(conn);
	} else if (strcmp(line, "huge") == 0) {
		al_conn_write_ref(conn, server->bytes, HUGE_ANSWER, ref_done, server);
	} else if (strcmp(line, "drop") == 0) {
		al_conn_write_ref(conn, server->bytes, BIG, ref_done, server);
		al_conn_drop(conn);
		al_conn_write(conn, "ghost", 5); /* ignored, and safe until we return */
		al_conn_finish(conn);
		return false;
	} else if (strcmp(line, "chunks") == 0) {
		talk->chunks = CHUNKS - 1;
		al_conn_write(conn, server->bytes, CHUNK);
	} else if (strcmp(line, "peer") == 0) {
		al_conn_write(conn, al_conn_peer(conn), strlen(al_conn_peer(conn)));
		al_conn_finish(conn);
		al_conn_write(conn, "ghost", 5);
	} else if (strcmp(line, "addr") == 0) {
		struct al_prefix addr;
		char text[AL_PREFIX_STRLEN] = "none";
		if (al_conn_addr(conn, &addr))
			al_addr_format(&addr, text);
		al_conn_write(conn, text, strlen(text));
		al_conn_write(conn, "\n", 1);
	} else if (strcmp(line, "quit") == 0) {
		al_conn_finish(conn);
	} else if (strcmp(line, "later") == 0 || strcmp(line, "later quit") == 0) {
		talk->quits = strcmp(line, "later") != 0;
		later_start(talk);
		return false;
	}
	return true;
}

static void on_data(struct al_conn *conn, struct evbuffer *in, bool eof, void *user)
{
	struct talk *talk = user;
	bool first = !talk->asked;
	char *line;
	talk->asked = true;
	assert_true(evbuffer_get_length(in) <= talk->server->in_max);
	if (first && talk->server->hesitates) {
		al_conn_poke(conn);
		return;
	}
	while ((line = evbuffer_readln(in, NULL, EVBUFFER_EOL_LF)) != NULL) {
		bool more = on_line(user, line);
		free(line);
		if (!more)
			return;
	}
	if (eof) {
		al_conn_write(conn, "eof\n", 4);
		al_conn_finish(conn);
	}
}

static void on_drained(struct al_conn *conn, void *user)
{
	struct talk *talk = user;
	if (talk->chunks == 0)
		return;
	al_conn_write(conn, talk->server->bytes, CHUNK);
	if (--talk->chunks == 0)
		al_conn_finish(conn);
}

static void on_overflow(struct al_conn *conn, void *user)
{
	(void)user;
	al_conn_write(conn, "too long\n", 9);
}

static void on_idle(struct al_conn *conn, void *user)
{
	(void)user;
	al_conn_write(conn, "idle\n", 5);
}

static const struct al_conn_ops ops = {
	.open = on_open,
	.data = on_data,
	.drained = on_drained,
	.closed = on_closed,
	.overflow = on_overflow,
	.idle = on_idle,
};

static const struct al_listener_conf roomy = {
	.name = "test",
	.max_conns = 100,
	.max_per_source = 50,
	.in_max = 4096,
	.out_max = 2 * HUGE_ANSWER,
	.idle_ms = 60000,
};

/* ---- fixture ---- */

static void server_open(struct server *server, const struct al_listener_conf *conf)
{
	static uint8_t bytes[HUGE_ANSWER];
	*server = (struct server){ .bytes = bytes, .in_max = conf->in_max };
	assert_int_equal(sem_init(&server->closed, 0, 0), 0);
	assert_int_equal(al_loop_new(&server->loop), AL_OK);
	assert_int_equal(al_listener_new(server->loop, conf, &ops, server, &server->listener), AL_OK);
	assert_int_equal(al_listener_tcp(server->listener, AL_S("127.0.0.1"), 0, &server->port), AL_OK);
	assert_true(server->port != 0);
}

static void server_start(struct server *server, const struct al_listener_conf *conf)
{
	server_open(server, conf);
	loop_thread_start(server->loop, &server->thread);
}

static void server_close(struct server *server)
{
	al_listener_free(server->listener);
	assert_int_equal(server->opens, server->closes);
	al_loop_free(server->loop);
	sem_destroy(&server->closed);
}

static void server_stop(struct server *server)
{
	loop_thread_stop(server->loop, server->thread);
	server_close(server);
}

/* ---- tests ---- */

/* A client that has said so, with the server's loop in our hands and its kernel in possession of the words. */
static int client_of(const struct server *server, const char *says)
{
	int fd = client_connect(server->port), unsent = 1;
	client_say(fd, says);
	while (unsent > 0)
		assert_int_equal(ioctl(fd, SIOCOUTQ, &unsent), 0);
	return fd;
}

static void server_round(const struct server *server)
{
	assert_int_equal(event_base_loop(al_loop_base(server->loop), EVLOOP_ONCE), 0);
}

/* It is answered when the connection is taken, in the same round of the loop, whatever the answer does to it. */
static void test_what_came_with_a_connection(void **state)
{
	static const struct {
		const char *says, *answer;
		size_t closes; /* in that round */
	} rows[] = { { "echo one\n", "one\n", 0 }, { "drop\n", "", 1 }, { "echo two\necho th", "two\n", 0 } };
	struct server server;
	(void)state;
	for (size_t i = 0; i < AL_COUNT(rows); i++) {
		server_open(&server, &roomy);
		int fd = client_of(&server, rows[i].says);
		server_round(&server);
		client_expect(fd, rows[i].answer);
		assert_int_equal(server.closes, rows[i].closes);
		close(fd);
		server_close(&server);
	}
}

/* A crowd that comes and asks is taken a few at a time: who is there already does not wait for all of it. */
static void test_a_crowd_is_taken_in_turns(void **state)
{
	enum { CROWD = 20 };
	struct server server;
	int fds[CROWD];
	size_t before = 0, rounds = 0;
	(void)state;
	server_open(&server, &roomy);
	for (size_t i = 0; i < CROWD; i++) {
		fds[i] = client_connect(server.port);
		client_say(fds[i], "echo one\n");
	}
	for (; server.opens < CROWD; before = server.opens, rounds++) {
		assert_int_equal(event_base_loop(al_loop_base(server.loop), EVLOOP_ONCE), 0);
		assert_true(server.opens - before <= CROWD / 2);
	}
	assert_true(rounds > 1);
	for (size_t i = 0; i < CROWD; i++)
		close(fds[i]);
	server_close(&server);
}

/* Other limits: who is there stays, who comes is measured by them. */
static void test_limits_change(void **state)
{
	struct al_listener_limits few = { 3, 3, 60000, 0 }, many = { 100, 50, 60000, 0 };
	struct server server;
	int fds[5];
	(void)state;
	server_open(&server, &roomy);
	for (size_t i = 0; i < AL_COUNT(fds); i++) {
		if (i == 4)
			al_listener_limit(server.listener, &few);
		fds[i] = client_connect(server.port);
		client_say(fds[i], "echo one\n");
		assert_int_equal(event_base_loop(al_loop_base(server.loop), EVLOOP_ONCE), 0);
		if (i < 4)
			client_expect(fds[i], "one\n");
	}
	assert_int_equal(al_listener_conns(server.listener), 4);
	al_listener_limit(server.listener, &many);
	while (al_listener_conns(server.listener) < 5)
		assert_int_equal(event_base_loop(al_loop_base(server.loop), EVLOOP_ONCE), 0);
	client_expect(fds[4], "one\n");
	for (size_t i = 0; i < AL_COUNT(fds); i++)
		close(fds[i]);
	server_close(&server);
}

static void test_lines_in_pieces(void **state)
{
	struct server server;
	char rest[16];
	(void)state;
	server_start(&server, &roomy);
	int fd = client_connect(server.port);
	client_say(fd, "ec");
	client_say(fd, "ho one\necho two\necho th");
	client_expect(fd, "one\ntwo\n");
	client_say(fd, "ree\n");
	client_expect(fd, "three\n");
	shutdown(fd, SHUT_WR);
	assert_int_equal(client_drain(fd, rest, sizeof(rest)), 4);
	assert_string_equal(rest, "eof\n");
	assert_true(guard_wait(&server.closed));
	close(fd);
	server_stop(&server);
}

/* However much has come: no more is taken than there is room, and the rest is not lost. */
static void test_many_lines_at_once(void **state)
{
	struct al_listener_conf conf = roomy;
	char lines[64 * 64], want[64 * 64] = "";
	struct server server;
	size_t len = 0, want_len = 0;
	(void)state;
	conf.in_max = 64;
	server_start(&server, &conf);
	int fd = client_connect(server.port);
	for (int i = 0; i < 64; i++) {
		len += (size_t)snprintf(lines + len, sizeof(lines) - len, "echo line number %d\n", i);
		want_len += (size_t)snprintf(want + want_len, sizeof(want) - want_len, "line number %d\n", i);
	}
	client_send(fd, lines, len);
	client_expect(fd, want);
	close(fd);
	server_stop(&server);
}

static void test_answers_after_half_close(void **state)
{
	struct server server;
	(void)state;
	server_start(&server, &roomy);
	int fd = client_connect(server.port);
	client_say(fd, "echo one\nbig\n");
	shutdown(fd, SHUT_WR);
	client_expect(fd, "one\n");
	assert_int_equal(client_drain(fd, NULL, 0), BIG);
	close(fd);
	assert_true(guard_wait(&server.closed));
	server_stop(&server);
	assert_int_equal(server.refs_done, 1);
}

/* Unread input at close makes the kernel send RST, which eats what the client has not read yet. */
static void test_finish_delivers_all_though_input_waits(void **state)
{
	static char junk[60000];
	struct server server;
	(void)state;
	memset(junk, 'x', sizeof(junk));
	server_start(&server, &roomy);
	for (int i = 0; i < 5; i++) {
		int fd = client_connect(server.port);
		client_say(fd, "big\n");
		client_send(fd, junk, sizeof(junk));
		assert_int_equal(client_drain(fd, NULL, 0), BIG);
		close(fd);
		assert_true(guard_wait(&server.closed));
	}
	server_stop(&server);
	assert_int_equal(server.refs_done, 5);
}

/* Who may say no more is not waited for; unless he does, has had the time to since he was read, or has much to take. */
static void test_no_linger(void **state)
{
	static const struct {
		bool no_linger;
		const char *says;
		size_t answer, closes;
	} rows[] = { { true, "addr\nquit\n", 10, 1 },
		     { false, "addr\nquit\n", 10, 0 },
		     { true, "addr\nquit\nand", 10, 0 },
		     { true, "later quit\n", 6, 0 },
		     { true, "big\n", BIG, 0 } };
	struct al_listener_conf conf = roomy;
	struct server server;
	static char bytes[65536];
	ssize_t got;
	(void)state;
	for (size_t i = 0; i < AL_COUNT(rows); i++) {
		conf.no_linger = rows[i].no_linger;
		server_open(&server, &conf);
		int fd = client_of(&server, rows[i].says);
		size_t answer = 0;
		while ((got = recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT)) != 0) {
			if (got > 0)
				answer += (size_t)got;
			else
				server_round(&server);
		}
		assert_int_equal(answer, rows[i].answer);
		assert_int_equal(server.closes, rows[i].closes);
		close(fd);
		server_close(&server);
	}
}

static void test_overflow_says_a_last_word(void **state)
{
	struct al_listener_conf conf = roomy;
	struct server server;
	char line[64];
	char rest[32];
	(void)state;
	conf.in_max = sizeof(line);
	server_start(&server, &conf);
	int fd = client_connect(server.port);
	/* A line that just fits, twice: the bound is on what waits, not on what came. */
	memset(line, 'a', sizeof(line));
	memcpy(line, "echo ", 5);
	line[sizeof(line) - 1] = '\n';
	for (int i = 0; i < 2; i++) {
		char want[sizeof(line)];
		snprintf(want, sizeof(want), "%.*s", (int)sizeof(line) - 5, line + 5);
		client_send(fd, line, sizeof(line));
		client_expect(fd, want);
	}
	line[sizeof(line) - 1] = 'a';
	client_send(fd, line, sizeof(line));
	client_send(fd, line, sizeof(line));
	assert_int_equal(client_drain(fd, rest, sizeof(rest)), 9);
	assert_string_equal(rest, "too long\n");
	close(fd);
	server_stop(&server);
}

static void test_full_input_then_eof_is_no_overflow(void **state)
{
	struct al_listener_conf conf = roomy;
	struct server server;
	char line[64];
	char rest[32];
	(void)state;
	conf.in_max = sizeof(line);
	server_start(&server, &conf);
	int fd = client_connect(server.port);
	memset(line, 'a', sizeof(line));
	client_send(fd, line, sizeof(line));
	shutdown(fd, SHUT_WR);
	assert_int_equal(client_drain(fd, rest, sizeof(rest)), 4);
	assert_string_equal(rest, "eof\n");
	close(fd);
	server_stop(&server);
}

/* The protocol has its turn first, though there is more to read. */
static void test_full_input_behind_a_poke_is_no_overflow(void **state)
{
	struct al_listener_conf conf = roomy;
	struct server server;
	char rest[64];
	(void)state;
	conf.in_max = 14;
	server_open(&server, &conf);
	server.hesitates = true;
	int fd = client_of(&server, "echo a\necho b\necho c\necho d\n");
	shutdown(fd, SHUT_WR);
	loop_thread_start(server.loop, &server.thread);
	assert_int_equal(client_drain(fd, rest, sizeof(rest)), 12);
	assert_string_equal(rest, "a\nb\nc\nd\neof\n");
	close(fd);
	server_stop(&server);
}

static void test_idle_says_a_last_word(void **state)
{
	struct al_listener_conf conf = roomy;
	struct server server;
	char rest[32];
	(void)state;
	conf.idle_ms = 30;
	server_start(&server, &conf);
	int fd = client_connect(server.port);
	assert_int_equal(client_drain(fd, rest, sizeof(rest)), 5);
	assert_string_equal(rest, "idle\n");
	close(fd);
	assert_true(guard_wait(&server.closed));
	server_stop(&server);
}

static void test_reader_that_stalls_is_dropped(void **state)
{
	struct al_listener_conf conf = roomy;
	struct server server;
	(void)state;
	conf.idle_ms = 100;
	server_start(&server, &conf);
	int fd = client_connect(server.port);
	client_say(fd, "huge\n");
	assert_true(guard_wait(&server.closed)); /* without a byte read here */
	server_stop(&server);
	assert_int_equal(server.refs_done, 1);
	close(fd);
}

static void test_too_much_output_is_dropped(void **state)
{
	struct al_listener_conf conf = roomy;
	struct server server;
	(void)state;
	conf.out_max = 65536;
	server_start(&server, &conf);
	int fd = client_connect(server.port);
	client_say(fd, "huge\n");
	assert_true(guard_wait(&server.closed));
	close(fd);
	server_stop(&server);
	assert_int_equal(server.refs_done, 1);
}

/* What the kernel takes at once is no output that waits, and what waits may be as much as the bound says. */
static void test_output_at_its_bound(void **state)
{
	struct al_listener_conf conf = roomy;
	struct server server;
	(void)state;
	conf.out_max = 5;
	server_start(&server, &conf);
	int fd = client_connect(server.port);
	client_say(fd, "echo 123\necho 1234\necho 12345\necho 123456789\n");
	client_expect(fd, "123\n1234\n12345\n123456789\n");
	client_say(fd, "echo 1234\n");
	client_expect(fd, "1234\n");
	close(fd);
	server_stop(&server);
}

static void test_drop_inside_data(void **state)
{
	struct server server;
	(void)state;
	server_start(&server, &roomy);
	int fd = client_connect(server.port);
	client_say(fd, "drop\necho never\n");
	assert_true(guard_wait(&server.closed));
	close(fd);
	server_stop(&server);
	assert_int_equal(server.closes, 1);
	assert_int_equal(server.refs_done, 1);
}

static void test_client_reset(void **state)
{
	struct linger hard = { .l_onoff = 1 };
	struct server server;
	(void)state;
	server_start(&server, &roomy);
	int fd = client_connect(server.port);
	client_say(fd, "echo x\n");
	client_expect(fd, "x\n");
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard)), 0);
	close(fd);
	assert_true(guard_wait(&server.closed));
	server_stop(&server);
}

static void test_drained_drives_a_stream(void **state)
{
	struct server server;
	(void)state;
	server_start(&server, &roomy);
	int fd = client_connect(server.port);
	client_say(fd, "chunks\n");
	assert_int_equal(client_drain(fd, NULL, 0), CHUNKS * CHUNK);
	close(fd);
	server_stop(&server);
}

static void test_paused_lines_wait_their_turn(void **state)
{
	struct server server;
	(void)state;
	server_start(&server, &roomy);
	int fd = client_connect(server.port);
	client_say(fd, "later\necho one\nlater\necho two\n");
	client_expect(fd, "later\none\nlater\ntwo\n");
	close(fd);
	assert_true(guard_wait(&server.closed));
	server_stop(&server);
}

static void test_peer_and_silence_after_finish(void **state)
{
	struct server server;
	struct sockaddr_in self;
	socklen_t len = sizeof(self);
	char want[64];
	char got[64];
	(void)state;
	server_start(&server, &roomy);
	int fd = client_connect(server.port);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&self, &len), 0);
	snprintf(want, sizeof(want), "127.0.0.1:%u", (unsigned)ntohs(self.sin_port));
	client_say(fd, "addr\n");
	client_expect(fd, "127.0.0.1\n");
	client_say(fd, "peer\n");
	assert_true(client_drain(fd, got, sizeof(got)) > 0);
	assert_string_equal(got, want);
	close(fd);
	server_stop(&server);
}

/* Where there is IPv6. */
static void test_peer_of_the_other_family(void **state)
{
	struct sockaddr_in6 there = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT }, self;
	socklen_t len = sizeof(self);
	struct server server;
	char want[64], got[64];
	uint16_t port = 0;
	(void)state;
	server_open(&server, &roomy);
	if (al_listener_tcp(server.listener, AL_S("::1"), 0, &port) != AL_OK) {
		server_close(&server);
		skip();
	}
	loop_thread_start(server.loop, &server.thread);
	there.sin6_port = htons(port);
	int fd = client_tune(socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0));
	assert_int_equal(connect(fd, (const struct sockaddr *)&there, sizeof(there)), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&self, &len), 0);
	client_say(fd, "addr\n");
	client_expect(fd, "::1\n");
	client_say(fd, "peer\n");
	snprintf(want, sizeof(want), "[::1]:%u", (unsigned)ntohs(self.sin6_port));
	assert_true(client_drain(fd, got, sizeof(got)) > 0);
	assert_string_equal(got, want);
	close(fd);
	server_stop(&server);
}

/* ---- limits ---- */

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
		cmocka_unit_test(test_what_came_with_a_connection),
		cmocka_unit_test(test_a_crowd_is_taken_in_turns),
		cmocka_unit_test(test_limits_change),
		cmocka_unit_test(test_lines_in_pieces),
		cmocka_unit_test(test_many_lines_at_once),
		cmocka_unit_test(test_answers_after_half_close),
		cmocka_unit_test(test_finish_delivers_all_though_input_waits),
		cmocka_unit_test(test_no_linger),
		cmocka_unit_test(test_overflow_says_a_last_word),
		cmocka_unit_test(test_full_input_then_eof_is_no_overflow),
		cmocka_unit_test(test_full_input_behind_a_poke_is_no_overflow),
		cmocka_unit_test(test_idle_says_a_last_word),
		cmocka_unit_test(test_reader_that_stalls_is_dropped),
		cmocka_unit_test(test_too_much_output_is_dropped),
		cmocka_unit_test(test_output_at_its_bound),
		cmocka_unit_test(test_drop_inside_data),
		cmocka_unit_test(test_client_reset),
		cmocka_unit_test(test_drained_drives_a_stream),
		cmocka_unit_test(test_paused_lines_wait_their_turn),
		cmocka_unit_test(test_peer_and_silence_after_finish),
		cmocka_unit_test(test_peer_of_the_other_family),
		cmocka_unit_test(test_one_source_is_bounded),
		cmocka_unit_test(test_full_listener_lets_the_crowd_wait),
		cmocka_unit_test(test_a_full_listener_makes_room),
		cmocka_unit_test(test_a_request_has_a_deadline),
		cmocka_unit_test(test_half_a_request_then_silence),
		cmocka_unit_test(test_free_closes_what_is_open),
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_unix_socket),
	};
	al_log_init("test_net", AL_LOG_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
