/* SPDX-License-Identifier: MIT */
/*
 * test_tls.c -- TLS under a listener: what is loaded, what goes both ways, whose turn it is.
 */
#include "tls_bench.h"

static void test_what_is_loaded(void **state)
{
	static const struct {
		const char *certificate, *key, *clients, *why;
	} rows[] = {
		{ "good.pem", "good.key", NULL, NULL },
		{ "good.pem", "good.key", "chain", "tls-client-ca" },
		{ "good.pem", "good.key", "empty", "tls-client-ca: no PEM" },
		{ "good.pem", "good.key", "other.pem", NULL },
		{ "nameless.pem", "good.key", NULL, "DNS name" },
		{ "number.pem", "good.key", NULL, "DNS name" },
		{ "empty", "good.key", NULL, "tls-certificate: no PEM" },
		{ "good.key", "good.key", NULL, "tls-certificate: no PEM" },
		{ "chain", "good.key", NULL, "behind it" },
		{ "behind", "good.key", NULL, NULL },
		{ "far", "good.key", NULL, "certificates behind it" },
		{ "good.pem", "good.key", "this.crl", "tls-client-ca: no PEM certificates" },
		{ "long", "good.key", NULL, "tls-certificate: larger than" },
		{ ".", "good.key", NULL, "tls-certificate: not a file" },
		{ "good.pem", "other.key", NULL, "not the key" },
		{ "good.pem", "locked.key", NULL, "without a passphrase" },
		{ "good.pem", "empty", NULL, "tls-key: no PEM" },
		{ "good.pem", ".", NULL, "tls-key: not a file" },
	};
	struct al_loop *loop;
	struct al_tls *tls;

	(void)state;
	assert_int_equal(al_loop_new(&loop), AL_OK);
	assert_int_equal(al_tls_new(loop, &tls), AL_OK);
	assert_true(al_tls_end(tls) == 0 && al_tls_since(tls) == 0);
	for (size_t i = 0; i < AL_COUNT(rows); i++) {
		const char *why = load(tls, rows[i].certificate, rows[i].key, rows[i].clients);

		if (rows[i].why == NULL)
			assert_null(why);
		else if (why == NULL || strstr(why, rows[i].why) == NULL)
			fail_msg("row %zu: %s", i, why != NULL ? why : "taken");
	}
	assert_true(al_tls_end(tls) > al_now_s() && al_tls_end(tls) <= al_now_s() + 3600);
	assert_in_range(al_tls_end(tls) - al_tls_since(tls), 7200, 7201);
	al_tls_free(tls);
	al_tls_free(NULL);
	al_loop_free(loop);
}

/* Small and large, both versions; the end is said on both sides. */
static void test_bytes_go_both_ways(void **state)
{
	static uint8_t big[BIG + 1];
	struct server server;
	char text[8];

	(void)state;
	server_open(&server, "good.pem", "good.key", NULL);
	for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++) {
		SSL_CTX *ctx = client_context(NULL);
		struct client client;

		assert_int_equal(SSL_CTX_set_max_proto_version(ctx, version), 1);
		client = client_open(&server, ctx);
		assert_true(client_greet(&client));
		client_write(&client, "one\ntw", 6);
		assert_int_equal(client_read(&client, text, 4), 4);
		assert_memory_equal(text, "one\n", 4);
		client_write(&client, "o\nbig\n", 6);
		assert_int_equal(client_read(&client, text, 4), 4);
		assert_memory_equal(text, "two\n", 4);
		assert_int_equal(client_read(&client, big, sizeof(big)), sizeof(big));
		assert_true(big[0] == 0 && big[BIG - 1] == 0 && big[BIG] == '\n');
		assert_true(SSL_shutdown(client.ssl) >= 0);
		assert_int_equal(client_read(&client, text, 1), 0);
		assert_true((SSL_get_shutdown(client.ssl) & SSL_RECEIVED_SHUTDOWN) != 0);
		client_close(&client);
		SSL_CTX_free(ctx);
	}
	assert_int_equal(server.ends, 2);
	server_close(&server);
}

/* One record has far more than a connection may hold unread: TLS keeps the rest, and no socket tells of it. */
static void test_a_record_of_many_lines(void **state)
{
	static char lines[RECORD], back[RECORD];
	SSL_CTX *ctx = client_context(NULL);
	struct server server;
	struct client client;

	(void)state;
	for (size_t i = 0; i < sizeof(lines); i++)
		lines[i] = i % 8 == 7 ? '\n' : (char)('a' + i / 8 % 26);
	server_open(&server, "good.pem", "good.key", NULL);
	client = client_open(&server, ctx);
	assert_true(client_greet(&client));
	client_write(&client, lines, sizeof(lines));
	assert_int_equal(client_read(&client, back, sizeof(back)), sizeof(back));
	assert_memory_equal(lines, back, sizeof(back));
	/* And a line that is longer than that is said to be so. */
	memset(lines, 'x', sizeof(lines));
	client_write(&client, lines, 2 * IN_MAX);
	assert_int_equal(client_read(&client, back, sizeof(back)), 9);
	assert_memory_equal(back, "too long\n", 9);
	client_close(&client);
	server_close(&server);
	SSL_CTX_free(ctx);
}

/* Whoever is new gets what was loaded last; who was there goes on. A load that failed has changed nothing. */
static void test_another_certificate(void **state)
{
	SSL_CTX *ctx = client_context(NULL);
	struct server server;
	struct client early, late;
	char text[4];

	(void)state;
	server_open(&server, "good.pem", "good.key", NULL);
	early = client_open(&server, ctx);
	assert_true(client_greet(&early));
	assert_non_null(load(server.tls, "other.pem", "good.key", NULL));
	assert_null(load(server.tls, "slow.pem", "slow.key", NULL));
	late = client_open(&server, ctx);
	assert_true(client_greet(&late));
	assert_int_equal(EVP_PKEY_get_base_id(X509_get0_pubkey(SSL_get0_peer_certificate(late.ssl))), EVP_PKEY_RSA);
	client_write(&early, "one\n", 4);
	assert_int_equal(client_read(&early, text, 4), 4);
	client_close(&early);
	client_close(&late);
	server_close(&server);
	SSL_CTX_free(ctx);
}

static size_t answered(const struct client *crowd, size_t count)
{
	size_t greeted = 0;
	char byte;

	for (size_t i = 0; i < count; i++)
		greeted += recv(crowd[i].fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 1;
	return greeted;
}

/* All of them say hello at once: between a few and the next few the loop looks after everybody else. */
static void test_a_crowd_takes_turns(void **state)
{
	enum { CROWD = 40 };
	SSL_CTX *ctx = client_context(NULL);
	struct client crowd[CROWD];
	struct server server;
	size_t before = 0, now, rounds = 0;
	char text[4];

	(void)state;
	server_open(&server, "slow.pem", "slow.key", NULL);
	for (size_t i = 0; i < CROWD; i++)
		crowd[i] = client_open(&server, ctx);
	while (al_listener_conns(server.listener) < CROWD)
		round_of(&server);
	for (size_t i = 0; i < CROWD; i++)
		assert_int_equal(SSL_do_handshake(crowd[i].ssl), -1);
	for (; before < CROWD; before = now, rounds++) {
		round_of(&server);
		now = answered(crowd, CROWD);
		assert_true(now - before <= CROWD / 4); /* a signature takes a millisecond and more */
	}
	assert_true(rounds >= 4);
	for (size_t i = 0; i < CROWD; i++) {
		assert_true(client_greet(&crowd[i]));
		client_write(&crowd[i], "one\n", 4);
		assert_int_equal(client_read(&crowd[i], text, 4), 4);
		client_close(&crowd[i]);
	}
	server_close(&server);
	SSL_CTX_free(ctx);
}

/* More than the socket takes at once: the handshake goes on when there is room. */
static void test_a_large_certificate(void **state)
{
	SSL_CTX *ctx = client_context(NULL);
	struct sockaddr_in to = { .sin_family = AF_INET };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), small = 2048, segment = 536;
	struct server server;
	struct client client;
	char text[4];

	(void)state;
	SSL_CTX_set_max_cert_list(ctx, 2 * BIG);
	server_open(&server, "wide.pem", "wide.key", NULL);
	to.sin_port = htons(server.port);
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small)), 0);
	assert_int_equal(setsockopt(fd, IPPROTO_TCP, TCP_MAXSEG, &segment, sizeof(segment)), 0);
	assert_int_equal(connect(fd, (const struct sockaddr *)&to, sizeof(to)), 0);
	client = client_of(&server, ctx, fd);
	assert_true(client_greet(&client));
	client_write(&client, "one\n", 4);
	assert_int_equal(client_read(&client, text, 4), 4);
	client_close(&client);
	server_close(&server);
	SSL_CTX_free(ctx);
}

/* A listener that ends while handshakes wait for their turn, and while others have just begun. */
static void test_the_end_comes_first(void **state)
{
	SSL_CTX *ctx = client_context(NULL);
	struct client hello;
	struct server server;
	int fd;

	(void)state;
	server_open(&server, "good.pem", "good.key", NULL);
	fd = client_connect(server.port);
	hello = client_open(&server, ctx);
	assert_int_equal(SSL_do_handshake(hello.ssl), -1);
	while (al_listener_conns(server.listener) < 2)
		round_of(&server);
	server_close(&server);
	client_close(&hello);
	close(fd);
	SSL_CTX_free(ctx);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_loaded),         cmocka_unit_test(test_bytes_go_both_ways),
		cmocka_unit_test(test_a_record_of_many_lines), cmocka_unit_test(test_another_certificate),
		cmocka_unit_test(test_a_crowd_takes_turns),    cmocka_unit_test(test_a_large_certificate),
		cmocka_unit_test(test_the_end_comes_first),
	};

	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
