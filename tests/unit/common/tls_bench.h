/* SPDX-License-Identifier: MIT */
/*
 * tls_bench.h -- certificates in files, a server that echoes lines over TLS, and its client. Both sides on one
 * thread: the client's socket does not wait either, and the loop goes round in between. For tests only.
 */
#ifndef TESTS_TLS_BENCH_H
#define TESTS_TLS_BENCH_H

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

static inline void path_of(const char *name, char out[static 64])
{
	assert_true(snprintf(out, 64, "%s/%s", dir, name) < 64);
}

static inline FILE *file_make(const char *name)
{
	char path[64];
	FILE *file;

	path_of(name, path);
	file = fopen(path, "we");
	assert_non_null(file);
	return file;
}

static inline int file_get(const char *name)
{
	char path[64];

	path_of(name, path);
	return open(path, O_RDONLY | O_CLOEXEC);
}

/* NAME.pem and NAME.key, signed by itself; `san` as X509V3_EXT_conf_nid() reads it, NULL: none. */
static inline void pair_make(const char *name, EVP_PKEY *key, const char *san)
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
static inline void list_make(const char *pair, const char *name, EVP_PKEY *key, bool revoked)
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

static inline void files_make(void)
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

static inline enum al_err on_open(struct al_conn *conn, void *arg, void **user)
{
	struct server *server = arg;

	(void)conn;
	server->opens++;
	*user = server;
	return AL_OK;
}

static inline void on_data(struct al_conn *conn, struct evbuffer *in, bool eof, void *user)
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

static inline void on_closed(struct al_conn *conn, void *user)
{
	struct server *server = user;

	(void)conn;
	server->closes++;
}

static inline void on_overflow(struct al_conn *conn, void *user)
{
	(void)user;
	al_conn_write(conn, "too long\n", 9);
}

static inline void server_open(struct server *server, const char *pair_pem, const char *pair_key, const char *clients)
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

static inline void server_close(struct server *server)
{
	al_listener_free(server->listener);
	assert_int_equal(server->opens, server->closes);
	al_tls_free(server->tls);
	al_loop_free(server->loop);
}

static inline void round_of(struct server *server)
{
	assert_true(event_base_loop(al_loop_base(server->loop), EVLOOP_ONCE | EVLOOP_NONBLOCK) >= 0);
}

/* ---- a client ---- */

struct client {
	struct server *server;
	SSL *ssl;
	int fd;
};

static inline struct client client_of(struct server *server, SSL_CTX *ctx, int fd)
{
	struct client client = { .server = server, .ssl = SSL_new(ctx), .fd = fd };

	assert_int_equal(fcntl(client.fd, F_SETFL, O_NONBLOCK), 0);
	assert_int_equal(SSL_set_fd(client.ssl, client.fd), 1);
	SSL_set_connect_state(client.ssl);
	return client;
}

static inline struct client client_open(struct server *server, SSL_CTX *ctx)
{
	return client_of(server, ctx, client_connect(server->port));
}

static inline void client_close(struct client *client)
{
	SSL_free(client->ssl);
	close(client->fd);
}

/* False: that failed for good. */
static inline bool waits(struct client *client, int rc)
{
	int error = SSL_get_error(client->ssl, rc);

	round_of(client->server);
	return error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE;
}

static inline bool client_greet(struct client *client)
{
	int rc;

	while ((rc = SSL_do_handshake(client->ssl)) != 1)
		if (!waits(client, rc))
			return false;
	return true;
}

static inline void client_write(struct client *client, const void *bytes, size_t len)
{
	int rc;

	while ((rc = SSL_write(client->ssl, bytes, (int)len)) <= 0)
		assert_true(waits(client, rc));
	assert_int_equal(rc, len);
}

/* Exactly so many bytes, or up to the end; how many. */
static inline size_t client_read(struct client *client, void *bytes, size_t len)
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

static inline SSL_CTX *client_context(const char *pair)
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

static inline int group_setup(void **state)
{
	(void)state;
	if (mkdtemp(dir) == NULL)
		return -1;
	files_make();
	return 0;
}

static inline int group_teardown(void **state)
{
	char command[64];

	(void)state;
	(void)snprintf(command, sizeof(command), "rm -r %s", dir);
	return system(command);
}

#endif
