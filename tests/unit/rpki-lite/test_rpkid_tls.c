/* SPDX-License-Identifier: MIT */
/*
 * test_rpkid_tls.c -- the daemon's port for RTR over TLS: with which files it opens, what a reload changes, and whom it lets in.
 */
#include "../common/daemon.h"

#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "rpkid.h"
#include "rtr_pdu.h"

#define HOUR 3600
#define ROUTE(prefix) "route: " prefix "\norigin: AS64500\nmnt-by: A-MNT\nsource: TEST\n"
#define PAIR "tls-certificate = keys/tls.pem\ntls-key = keys/tls.key\n"
#define CLIENTS "tls-client-ca = keys/clients.pem\n"

/* ---- files ---- */

static FILE *file_make(const char *kind, const char *name)
{
	char path[32];
	FILE *file;

	(void)snprintf(path, sizeof(path), "keys/%s.%s", name, kind);
	file = fopen(path_of(path), "we");
	assert_non_null(file);
	return file;
}

/* keys/NAME.pem and NAME.key, signed by itself, with the hours that it is good for as its number. */
static void pair_make(const char *name, const char *san, long hours)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *cert = X509_new();
	X509_NAME *subject = X509_get_subject_name(cert);
	X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, san);
	FILE *out;

	assert_true(key != NULL && extension != NULL);
	X509_set_version(cert, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(cert), hours);
	X509_gmtime_adj(X509_getm_notBefore(cert), -HOUR);
	X509_gmtime_adj(X509_getm_notAfter(cert), hours * HOUR);
	X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const uint8_t *)name, -1, -1, 0);
	X509_set_issuer_name(cert, subject);
	X509_set_pubkey(cert, key);
	X509_add_ext(cert, extension, -1);
	assert_true(X509_sign(cert, key, EVP_sha256()) > 0);
	out = file_make("pem", name);
	assert_int_equal(PEM_write_X509(out, cert), 1);
	(void)fclose(out);
	out = file_make("key", name);
	assert_int_equal(PEM_write_PrivateKey(out, key, NULL, NULL, 0, NULL, NULL), 1);
	(void)fclose(out);
	X509_EXTENSION_free(extension);
	X509_free(cert);
	EVP_PKEY_free(key);
}

/* Authorities: both of the routers' certificates, which are their own. */
static void clients_make(void)
{
	static const char *const names[] = { "router", "elsewhere" };
	FILE *out = file_make("pem", "clients");

	for (size_t i = 0; i < AL_COUNT(names); i++) {
		char path[32], text[4096];
		size_t len;
		FILE *in;

		(void)snprintf(path, sizeof(path), "keys/%s.pem", names[i]);
		in = fopen(path_of(path), "re");
		assert_non_null(in);
		len = fread(text, 1, sizeof(text), in);
		assert_true(len > 0 && fwrite(text, 1, len, out) == len);
		(void)fclose(in);
	}
	assert_int_equal(fclose(out), 0);
}

/* ---- a router ---- */

struct router {
	SSL_CTX *ctx;
	SSL *ssl;
	int fd;
};

/* `pair` NULL: it has no certificate. */
static struct router router_open(const char *pair)
{
	struct router router = { .ctx = SSL_CTX_new(TLS_client_method()) };
	char name[32];

	if (pair != NULL) {
		(void)snprintf(name, sizeof(name), "keys/%s.pem", pair);
		assert_int_equal(SSL_CTX_use_certificate_file(router.ctx, path_of(name), SSL_FILETYPE_PEM), 1);
		(void)snprintf(name, sizeof(name), "keys/%s.key", pair);
		assert_int_equal(SSL_CTX_use_PrivateKey_file(router.ctx, path_of(name), SSL_FILETYPE_PEM), 1);
	}
	router.fd = client_connect(port_of("rtr-tls"));
	router.ssl = SSL_new(router.ctx);
	assert_int_equal(SSL_set_fd(router.ssl, router.fd), 1);
	return router;
}

static void router_close(struct router *router)
{
	SSL_free(router->ssl);
	SSL_CTX_free(router->ctx);
	(void)close(router->fd);
}

/* Whether it gets the one prefix of the log. */
static bool is_served(struct router *router)
{
	static const uint8_t query[8] = { 1, RTR_RESET_QUERY, 0, 0, 0, 0, 0, 8 };
	uint8_t answer[8 + 20 + 24];
	size_t have = 0, len;

	if (SSL_connect(router->ssl) != 1 || SSL_write(router->ssl, query, sizeof(query)) != sizeof(query))
		return false;
	while (have < sizeof(answer) && SSL_read_ex(router->ssl, answer + have, sizeof(answer) - have, &len) == 1)
		have += len;
	return have == sizeof(answer) && answer[1] == RTR_CACHE_RESPONSE && answer[8 + 1] == RTR_IPV4_PREFIX &&
	       memcmp(answer + 8 + 12, "\x0a\0\0\0", 4) == 0 && answer[8 + 20 + 1] == RTR_END_OF_DATA;
}

static bool serves(const char *pair)
{
	struct router router = router_open(pair);
	bool served = is_served(&router);

	router_close(&router);
	return served;
}

/* Which certificate is shown: its serial number. */
static long shown(void)
{
	struct router router = router_open(NULL);
	X509 *cert;
	long number;

	assert_int_equal(SSL_connect(router.ssl), 1);
	cert = SSL_get1_peer_certificate(router.ssl);
	assert_non_null(cert);
	number = ASN1_INTEGER_get(X509_get0_serialNumber(cert));
	X509_free(cert);
	router_close(&router);
	return number;
}

static const char *get(const char *path)
{
	return get_at("roas", path);
}

static uint64_t seconds_of(const char *name)
{
	const char *at = strstr(get("/metrics"), name);

	assert_non_null(at);
	return strtoull(at + strlen(name), NULL, 10);
}

static uint64_t certificate_end(void)
{
	return seconds_of("\nalamo_rpki_certificate_end_seconds ");
}

static void reload(const char *conf, const char *metric)
{
	write_conf(conf);
	assert_int_equal(kill(getpid(), SIGHUP), 0);
	comes(get, "/metrics", metric, true);
}

static int setup(void **state)
{
	static const struct daemon_def rpkid = {
		.service = &rpkid_service,
		.base = "[network]\nname = test\nlisten = 127.0.0.1\n[rpki]\nport = 0\nhttp-port = 0\ntls-port = 0\n",
		.last = "roas",
	};

	(void)state;
	world_open(&rpkid);
	append("registry: TEST\ntld: test\nroot-server: a 192.0.2.1\nmnt-by: A-MNT\nsource: TEST\n\n"
	       "mntner: A-MNT\nmnt-by: A-MNT\nsource: TEST\n");
	append(ROUTE("10.0.0.0/24"));
	pair_make("tls", "DNS:cache.example", 5);
	pair_make("router", "IP:127.0.0.1", 5);
	pair_make("elsewhere", "IP:127.0.0.9", 5);
	clients_make();
	return 0;
}

/* ---- tests ---- */

static void routers_ask_over_tls(void **state)
{
	(void)state;
	write_conf(PAIR);
	up();
	assert_true(hear("ready\n"));
	assert_true(serves(NULL));
	assert_in_range(certificate_end(), al_now_s() + 5 * HOUR - GUARD_S, al_now_s() + 5 * HOUR);
	assert_in_range(certificate_end() - seconds_of("\nalamo_rpki_certificate_since_seconds "), 6 * HOUR,
			6 * HOUR + 1);
	assert_int_equal(shown(), 5);
	down();
}

/* The one place there is: who had it before has gone, and is seen to have gone soon. */
static struct router served_alone(void)
{
	for (unsigned tries = 0; tries < GUARD_S * 100; tries++) {
		struct router router = router_open(NULL);

		if (is_served(&router))
			return router;
		router_close(&router);
		(void)usleep(10000);
	}
	fail_msg("nobody is served");
	return (struct router){ 0 };
}

/* Other limits and another certificate from the next connection on; files that are none leave what there was. */
static void reloaded(void **state)
{
	struct router first, second;

	(void)state;
	write_conf(PAIR "[log]\nstale-seconds = 3600\n");
	up();
	assert_true(hear("ready\n"));
	on_loop(on_date);
	comes(get, "/metrics", "\nalamo_log_stale 1\n", true);
	pair_make("tls", "DNS:cache.example", 9);
	reload(PAIR "max-per-source = 1\n[log]\nstale-seconds = 86400\n", "\nalamo_log_stale 0\n");
	assert_in_range(certificate_end(), al_now_s() + 9 * HOUR - GUARD_S, al_now_s() + 9 * HOUR);
	assert_int_equal(shown(), 9);
	first = served_alone();
	second = router_open(NULL);
	assert_false(is_served(&second));
	router_close(&second);
	router_close(&first);
	assert_int_equal(unlink(path_of("keys/tls.key")), 0);
	reload(PAIR, "\nalamo_conf_refused 1\n");
	assert_in_range(certificate_end(), al_now_s() + 9 * HOUR - GUARD_S, al_now_s() + 9 * HOUR);
	down();
}

/* RFC 8210 section 9.2: with authorities, a certificate that names the address. */
static void who_is_let_in(void **state)
{
	(void)state;
	write_conf(PAIR CLIENTS);
	up();
	assert_true(hear("ready\n"));
	assert_true(serves("router"));
	assert_false(serves("elsewhere"));
	assert_false(serves(NULL));
	down();
}

/* How it ends, and why. */
static void fails(const char *conf, const char *why)
{
	int was = log_begin();

	write_conf(conf);
	begin();
	assert_int_equal(ended(), 1);
	log_end(was);
	says(log_text(""), why);
	assert_int_equal(unlink(path_of("said")), 0);
}

static void what_keeps_it_from_starting(void **state)
{
	(void)state;
	fails("tls-key = keys/tls.key\n", "[rpki] tls-certificate is missing");
	fails(CLIENTS, "[rpki] tls-certificate is missing");
	fails("tls-certificate = keys/tls.pem\n", "[rpki] tls-key is missing");
	fails("tls-certificate = keys/tls.pem\ntls-key = keys/router.key\n",
	      "tls-key: it is not the key of tls-certificate");
	/* Without any of the three there is no such port. */
	write_conf("");
	up();
	for (size_t i = 0; i < ENDPOINTS; i++)
		assert_string_not_equal(world.endpoints[i].name, "rtr-tls");
	assert_int_equal(certificate_end(), 0);
	down();
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(routers_ask_over_tls),
		TEST(reloaded),
		TEST(who_is_let_in),
		TEST(what_keeps_it_from_starting),
	};

	(void)signal(SIGPIPE, SIG_IGN); /* a server that refuses is gone */
	if (sodium_init() < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
