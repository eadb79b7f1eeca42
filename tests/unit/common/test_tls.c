/* SPDX-License-Identifier: MIT */
/*
 * test_tls.c -- TLS under a listener: what is loaded, what is refused, whose turn it is. Both sides on one thread: the
 * client's socket does not wait either, and the loop goes round in between.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../clock.h"
#include "../metric.h"
#include "../said.h"
#include "loopback.h"

#include <event2/buffer.h>
#include <event2/event.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>

#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "alamo/net/net.h"
#include "alamo/net/tls.h"

#define BIG (1u << 20)
#define IN_MAX 256
#define RECORD 16384

#define COMMAND                                                                                                        \
	"cd %s && cat good.pem empty >chain && printf -- '-----BEGIN CERTIFICATE-----\\nAAAA\\n' >>chain && "          \
	"cat number.pem elsewhere.pem six.pem >three && cat number.pem this.crl >less && cat number.pem another.crl "  \
	">same && "                                                                                                    \
	"cat good.pem other.pem >behind && for i in 1 2 3 4 5 6 7 8 9; do cat other.pem; done >>many && cat good.pem " \
	"many >far"

static char dir[] = "/tmp/test_tls.XXXXXX";

/* ---- files ---- */

static void path_of(const char *name, char out[static 64])
{
	assert_true(snprintf(out, 64, "%s/%s", dir, name) < 64);
}

static FILE *file_make(const char *name)
{
	char path[64];
	FILE *file;

	path_of(name, path);
	file = fopen(path, "we");
	assert_non_null(file);
	return file;
}

static int file_get(const char *name)
{
	char path[64];

	path_of(name, path);
	return open(path, O_RDONLY | O_CLOEXEC);
}

/* NAME.pem and NAME.key, signed by itself; `san` as X509V3_EXT_conf_nid() reads it, NULL: none. */
static void pair_make(const char *name, EVP_PKEY *key, const char *san)
{
	X509 *cert = X509_new();
	X509_NAME *subject = X509_get_subject_name(cert);
	X509_EXTENSION *extension = san != NULL ? X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, san) : NULL;
	char file[32];
	FILE *out;

	X509_set_version(cert, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(cert), 1);
	X509_gmtime_adj(X509_getm_notBefore(cert), -3600);
	X509_gmtime_adj(X509_getm_notAfter(cert), 3600);
	X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const uint8_t *)name, -1, -1, 0);
	X509_set_issuer_name(cert, subject);
	X509_set_pubkey(cert, key);
	if (extension != NULL)
		X509_add_ext(cert, extension, -1);
	assert_true(X509_sign(cert, key, EVP_sha256()) > 0);
	(void)snprintf(file, sizeof(file), "%s.pem", name);
	out = file_make(file);
	assert_int_equal(PEM_write_X509(out, cert), 1);
	(void)fclose(out);
	(void)snprintf(file, sizeof(file), "%s.key", name);
	out = file_make(file);
	assert_int_equal(PEM_write_PrivateKey(out, key, NULL, NULL, 0, NULL, NULL), 1);
	(void)fclose(out);
	X509_EXTENSION_free(extension);
	X509_free(cert);
}

/* Of the one whose pair that is: NAME.crl, in which the only certificate is, or is not. */
static void list_make(const char *pair, const char *name, EVP_PKEY *key, bool revoked)
{
	X509_NAME *issuer = X509_NAME_new();
	X509_CRL *list = X509_CRL_new();
	ASN1_TIME *from = X509_gmtime_adj(NULL, -60), *until = X509_gmtime_adj(NULL, 3600);
	X509_REVOKED *entry = X509_REVOKED_new();
	ASN1_INTEGER *serial = ASN1_INTEGER_new();
	FILE *out;

	X509_NAME_add_entry_by_txt(issuer, "CN", MBSTRING_ASC, (const uint8_t *)pair, -1, -1, 0);
	X509_CRL_set_version(list, 1);
	X509_CRL_set_issuer_name(list, issuer);
	X509_CRL_set1_lastUpdate(list, from);
	X509_CRL_set1_nextUpdate(list, until);
	ASN1_INTEGER_set(serial, revoked ? 1 : 2);
	X509_REVOKED_set_serialNumber(entry, serial);
	X509_REVOKED_set_revocationDate(entry, from);
	assert_int_equal(X509_CRL_add0_revoked(list, entry), 1);
	assert_true(X509_CRL_sign(list, key, EVP_sha256()) > 0);
	out = file_make(name);
	assert_int_equal(PEM_write_X509_CRL(out, list), 1);
	(void)fclose(out);
	ASN1_INTEGER_free(serial);
	ASN1_TIME_free(from);
	ASN1_TIME_free(until);
	X509_NAME_free(issuer);
	X509_CRL_free(list);
}

static void files_make(void)
{
	EVP_PKEY *quick = EVP_EC_gen("P-256"), *other = EVP_EC_gen("P-256"), *slow = EVP_RSA_gen(3072);
	static char names[700000];
	char path[64], command[512];
	FILE *out;

	pair_make("good", quick, "DNS:cache.example");
	pair_make("slow", slow, "DNS:cache.example");
	pair_make("nameless", quick, NULL);
	for (size_t at = 0, i = 0; at + 40 < sizeof(names); i++)
		at += (size_t)snprintf(names + at, 40, "%sDNS:number-%zu.example", at > 0 ? "," : "", i);
	pair_make("wide", quick, names);
	pair_make("number", quick, "IP:127.0.0.1");
	pair_make("elsewhere", quick, "IP:127.0.0.2");
	pair_make("six", quick, "IP:::1");
	list_make("number", "this.crl", quick, true);
	list_make("number", "another.crl", quick, false);
	pair_make("other", other, "DNS:cache.example");
	out = file_make("locked.key");
	assert_int_equal(PEM_write_PrivateKey(out, quick, EVP_aes_256_cbc(), (const uint8_t *)"word", 4, NULL, NULL),
			 1);
	(void)fclose(out);
	out = file_make("empty");
	(void)fclose(out);
	out = file_make("long");
	for (size_t i = 0; i <= BIG / 16; i++)
		(void)fputs("0123456789abcde\n", out);
	(void)fclose(out);
	path_of("", path);
	assert_true(snprintf(command, sizeof(command), COMMAND, path) < (int)sizeof(command));
	assert_int_equal(system(command), 0);
	EVP_PKEY_free(quick);
	EVP_PKEY_free(other);
	EVP_PKEY_free(slow);
}

static const char *load(struct al_tls *tls, const char *certificate, const char *key, const char *clients)
{
	struct al_tls_files files = { file_get(certificate), file_get(key), clients != NULL ? file_get(clients) : -1 };
	const char *why = al_tls_load(tls, &files);

	close(files.certificate);
	close(files.key);
	close(files.client_ca);
	return why;
}

/* ---- a server that echoes lines ---- */

struct server {
	struct al_loop *loop;
	struct al_tls *tls;
	struct al_listener *listener;
	uint16_t port;
	size_t opens, closes, ends;
};

static enum al_err on_open(struct al_conn *conn, void *arg, void **user)
{
	struct server *server = arg;

	(void)conn;
	server->opens++;
	*user = server;
	return AL_OK;
}

static void on_data(struct al_conn *conn, struct evbuffer *in, bool eof, void *user)
{
	static const uint8_t big[BIG];
	struct server *server = user;
	size_t len;
	char *line;

	while ((line = evbuffer_readln(in, &len, EVBUFFER_EOL_LF)) != NULL) {
		if (strcmp(line, "big") == 0)
			al_conn_write_ref(conn, big, sizeof(big), NULL, NULL);
		else
			al_conn_write(conn, line, len);
		al_conn_write(conn, "\n", 1);
		free(line);
	}
	server->ends += eof;
	if (eof)
		al_conn_finish(conn);
}

static void on_closed(struct al_conn *conn, void *user)
{
	struct server *server = user;

	(void)conn;
	server->closes++;
}

static void on_overflow(struct al_conn *conn, void *user)
{
	(void)user;
	al_conn_write(conn, "too long\n", 9);
}

static void server_open(struct server *server, const char *pair_pem, const char *pair_key, const char *clients)
{
	static const struct al_conn_ops ops = {
		.open = on_open, .data = on_data, .closed = on_closed, .overflow = on_overflow
	};
	struct al_listener_conf conf = { .name = "test",
					 .max_conns = 100,
					 .max_per_source = 90,
					 .in_max = IN_MAX,
					 .out_max = 4u * BIG,
					 .idle_ms = 60000 };

	*server = (struct server){ 0 };
	assert_int_equal(al_loop_new(&server->loop), AL_OK);
	assert_int_equal(al_tls_new(server->loop, &server->tls), AL_OK);
	assert_null(load(server->tls, pair_pem, pair_key, clients));
	conf.tls = server->tls;
	assert_int_equal(al_listener_new(server->loop, &conf, &ops, server, &server->listener), AL_OK);
	assert_int_equal(al_listener_tcp(server->listener, AL_S("127.0.0.1"), 0, &server->port), AL_OK);
}

static void server_close(struct server *server)
{
	al_listener_free(server->listener);
	assert_int_equal(server->opens, server->closes);
	al_tls_free(server->tls);
	al_loop_free(server->loop);
}

static void round_of(struct server *server)
{
	assert_true(event_base_loop(al_loop_base(server->loop), EVLOOP_ONCE | EVLOOP_NONBLOCK) >= 0);
}

/* ---- a client ---- */

struct client {
	struct server *server;
	SSL *ssl;
	int fd;
};

static struct client client_of(struct server *server, SSL_CTX *ctx, int fd)
{
	struct client client = { .server = server, .ssl = SSL_new(ctx), .fd = fd };

	assert_int_equal(fcntl(client.fd, F_SETFL, O_NONBLOCK), 0);
	assert_int_equal(SSL_set_fd(client.ssl, client.fd), 1);
	SSL_set_connect_state(client.ssl);
	return client;
}

static struct client client_open(struct server *server, SSL_CTX *ctx)
{
	return client_of(server, ctx, client_connect(server->port));
}

static void client_close(struct client *client)
{
	SSL_free(client->ssl);
	close(client->fd);
}

/* False: that failed for good. */
static bool waits(struct client *client, int rc)
{
	int error = SSL_get_error(client->ssl, rc);

	round_of(client->server);
	return error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE;
}

static bool client_greet(struct client *client)
{
	int rc;

	while ((rc = SSL_do_handshake(client->ssl)) != 1)
		if (!waits(client, rc))
			return false;
	return true;
}

static void client_write(struct client *client, const void *bytes, size_t len)
{
	int rc;

	while ((rc = SSL_write(client->ssl, bytes, (int)len)) <= 0)
		assert_true(waits(client, rc));
	assert_int_equal(rc, len);
}

/* Exactly so many bytes, or up to the end; how many. */
static size_t client_read(struct client *client, void *bytes, size_t len)
{
	size_t have = 0;
	int rc;

	while (have < len) {
		rc = SSL_read(client->ssl, (uint8_t *)bytes + have, (int)(len - have));
		if (rc > 0)
			have += (size_t)rc;
		else if (!waits(client, rc))
			break;
	}
	return have;
}

static SSL_CTX *client_context(const char *pair)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	char path[64], name[32];

	if (pair == NULL)
		return ctx;
	(void)snprintf(name, sizeof(name), "%s.pem", pair);
	path_of(name, path);
	assert_int_equal(SSL_CTX_use_certificate_file(ctx, path, SSL_FILETYPE_PEM), 1);
	(void)snprintf(name, sizeof(name), "%s.key", pair);
	path_of(name, path);
	assert_int_equal(SSL_CTX_use_PrivateKey_file(ctx, path, SSL_FILETYPE_PEM), 1);
	return ctx;
}

/* ---- tests ---- */

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
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_loaded),
		cmocka_unit_test(test_bytes_go_both_ways),
		cmocka_unit_test(test_a_record_of_many_lines),
		cmocka_unit_test(test_another_certificate),
		cmocka_unit_test(test_who_is_refused),
		cmocka_unit_test(test_no_tls),
		cmocka_unit_test(test_a_crowd_takes_turns),
		cmocka_unit_test(test_a_large_certificate),
		cmocka_unit_test(test_the_end_comes_first),
		cmocka_unit_test(test_what_the_log_says),
		cmocka_unit_test(test_addresses_of_the_other_family),
		cmocka_unit_test(test_who_is_on_a_list),
		cmocka_unit_test(test_a_certificate_that_has_expired),
		cmocka_unit_test(test_no_handshake),
	};
	char command[64];
	int rc;

	if (mkdtemp(dir) == NULL)
		return 1;
	files_make();
	rc = cmocka_run_group_tests(tests, NULL, NULL);
	(void)snprintf(command, sizeof(command), "rm -r %s", dir);
	return system(command) == 0 ? rc : 1;
}
