/* SPDX-License-Identifier: MIT */
/*
 * test_tls_refused.c -- whom TLS lets in under a listener, and whom it does not.
 */
#include "tls_bench.h"

/* The protocol never hears of them, and the other side is told why by an alert. */
static void test_who_is_refused(void **state)
{
	static const struct {
		const char *pair;
		bool in;
	} rows[] = { { NULL, false }, { "number", true }, { "good", false }, { "other", false } };
	struct server server;
	char text[4];

	(void)state;
	server_open(&server, "good.pem", "good.key", "number.pem");
	for (size_t i = 0; i < AL_COUNT(rows); i++) {
		SSL_CTX *ctx = client_context(rows[i].pair);
		struct client client = client_open(&server, ctx);

		assert_true(client_greet(&client)); /* TLS 1.3: it hears of it afterwards */
		client_write(&client, "one\n", 4);
		assert_int_equal(client_read(&client, text, 4), rows[i].in ? 4 : 0);
		assert_int_equal(server.opens, i >= 1);
		client_close(&client);
		SSL_CTX_free(ctx);
	}
	server_close(&server);
}

/* Who shows this pair is heard, or the log says why not. */
static void shown(struct server *server, const char *pair, int fd, const char *why)
{
	SSL_CTX *ctx = client_context(pair);
	struct client client = client_of(server, ctx, fd);
	size_t opens = server->opens;
	struct said said;
	const char *log;
	char text[4];

	said_begin(&said);
	assert_true(client_greet(&client));
	client_write(&client, "one\n", 4);
	assert_int_equal(client_read(&client, text, 4), why == NULL ? 4 : 0);
	log = said_end(&said);
	assert_int_equal(server->opens - opens, why == NULL);
	if (why != NULL && strstr(log, why) == NULL)
		fail_msg("%s", log);
	assert_true(why != NULL || strstr(log, "tls-refused") == NULL);
	client_close(&client);
	SSL_CTX_free(ctx);
}

static void test_what_the_log_says(void **state)
{
	struct server server;

	(void)state;
	server_open(&server, "good.pem", "good.key", "three");
	shown(&server, "number", client_connect(server.port), NULL);
	shown(&server, NULL, client_connect(server.port), "reason=\"peer did not return a certificate\"");
	shown(&server, "elsewhere", client_connect(server.port), "reason=\"IP address mismatch\"");
	shown(&server, "six", client_connect(server.port), "reason=\"IP address mismatch\"");
	shown(&server, "good", client_connect(server.port), "reason=\"self-signed certificate\"");
	server_close(&server);
}

/* Where there is IPv6. */
static void test_addresses_of_the_other_family(void **state)
{
	struct sockaddr_in6 to = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	static const char *const pairs[] = { "six", "number" };
	struct server server;
	uint16_t port = 0;

	(void)state;
	server_open(&server, "good.pem", "good.key", "three");
	if (al_listener_tcp(server.listener, AL_S("::1"), 0, &port) != AL_OK) {
		server_close(&server);
		skip();
	}
	to.sin6_port = htons(port);
	for (size_t i = 0; i < AL_COUNT(pairs); i++) {
		int fd = client_tune(socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0));

		assert_int_equal(connect(fd, (const struct sockaddr *)&to, sizeof(to)), 0);
		shown(&server, pairs[i], fd, i == 0 ? NULL : "reason=\"IP address mismatch\"");
	}
	server_close(&server);
}

/* A list among the authorities' certificates: who is on it stays out; who is on none of theirs, too. */
static void test_who_is_on_a_list(void **state)
{
	struct server server;

	(void)state;
	server_open(&server, "good.pem", "good.key", "less");
	shown(&server, "number", client_connect(server.port), "reason=\"certificate revoked\"");
	assert_null(load(server.tls, "good.pem", "good.key", "same"));
	shown(&server, "number", client_connect(server.port), NULL);
	server_close(&server);
}

static void test_a_certificate_that_has_expired(void **state)
{
	struct al_loop *loop;
	struct al_tls *tls;
	struct said said;

	(void)state;
	assert_int_equal(al_loop_new(&loop), AL_OK);
	assert_int_equal(al_tls_new(loop, &tls), AL_OK);
	said_begin(&said);
	assert_null(load(tls, "good.pem", "good.key", NULL));
	assert_null(strstr(said_end(&said), "expired"));
	clock_date_ahead_s = 3601;
	said_begin(&said);
	assert_null(load(tls, "good.pem", "good.key", NULL));
	assert_non_null(strstr(said_end(&said), "it has expired"));
	clock_date_ahead_s = 0;
	al_tls_free(tls);
	al_loop_free(loop);
}

/* Who does not say hello has ten seconds. */
static void test_no_handshake(void **state)
{
	struct server server;
	struct said said;
	uint64_t late;
	char byte;
	int fd;

	(void)state;
	server_open(&server, "good.pem", "good.key", NULL);
	late = metric("alamo_tls_handshakes_total{result=\"late\"}");
	fd = client_connect(server.port);
	while (al_listener_conns(server.listener) < 1)
		round_of(&server);
	clock_ahead_s += 8;
	for (int i = 0; i < 5; i++)
		round_of(&server);
	assert_int_equal(al_listener_conns(server.listener), 1);
	said_begin(&said);
	clock_ahead_s += 3;
	while (al_listener_conns(server.listener) > 0)
		round_of(&server);
	assert_non_null(strstr(said_end(&said), "no handshake in 10 s"));
	assert_int_equal(recv(fd, &byte, 1, 0), 0);
	assert_int_equal(metric("alamo_tls_handshakes_total{result=\"late\"}"), late + 1);
	assert_int_equal(server.opens, 0);
	close(fd);
	server_close(&server);
}

/* Bytes that are no TLS: an alert at most, and the end. */
static void test_no_tls(void **state)
{
	const struct al_slice rows[] = { AL_S("GET / HTTP/1.1\r\nHost: x\r\n\r\n"), AL_S("\1\2\0\0\0\0\0\10"),
					 AL_S("\26\3\1\377\377xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx") };
	struct server server;
	uint8_t alert[16];

	(void)state;
	server_open(&server, "good.pem", "good.key", NULL);
	for (size_t i = 0; i < AL_COUNT(rows); i++) {
		int fd = client_connect(server.port);
		size_t came = 0;
		ssize_t got = -1;

		client_send(fd, rows[i].ptr, rows[i].len);
		assert_int_equal(shutdown(fd, SHUT_WR), 0);
		assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
		while (got != 0) {
			round_of(&server);
			got = read(fd, alert, sizeof(alert));
			came += got > 0 ? (size_t)got : 0;
			assert_true(got >= 0 || errno == EAGAIN);
		}
		assert_true(came <= 7);
		close(fd);
	}
	assert_int_equal(server.opens, 0);
	server_close(&server);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_who_is_refused),    cmocka_unit_test(test_no_tls),
		cmocka_unit_test(test_what_the_log_says), cmocka_unit_test(test_addresses_of_the_other_family),
		cmocka_unit_test(test_who_is_on_a_list),  cmocka_unit_test(test_a_certificate_that_has_expired),
		cmocka_unit_test(test_no_handshake),
	};

	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
