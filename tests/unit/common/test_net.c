/* SPDX-License-Identifier: MIT */
/*
 * test_net.c -- listeners and connections over loopback: input, endings, and the last byte of every answer.
 */
#include "net_server.h"

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
	};
	al_log_init("test_net", AL_LOG_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
