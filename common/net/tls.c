/* SPDX-License-Identifier: MIT */
/*
 * tls.c -- certificate, key and authorities out of PEM files.
 *
 * A new context is made of them and takes the old one's place when all of it is good; connections keep the one that they began with.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <sodium.h>

#include "alamo/base/buf.h"
#include "alamo/base/log.h"
#include "conn_tls.h"

#define FILE_MAX (1u << 20)
#define CHAIN_MAX 8
#define PEER_CHAIN_MAX 65536 /* bytes of what a client shows */
#define DEPTH_MAX 4

#define WHY(...) (void)snprintf(tls->why, sizeof(tls->why), __VA_ARGS__)

/* All of a regular file, as memory that OpenSSL reads from; `out` owns it. */
static bool file_read(struct al_tls *tls, const char *what, int fd, struct al_buf *out)
{
	struct stat st;
	uint8_t bytes[4096];
	ssize_t got = 1;

	al_buf_init(out, FILE_MAX);
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
		WHY("%s: not a file", what);
		return false;
	}
	while (got > 0 && out->err == AL_OK) {
		got = read(fd, bytes, sizeof(bytes));
		if (got > 0)
			al_buf_put(out, bytes, (size_t)got);
	}
	sodium_memzero(bytes, sizeof(bytes));
	if (got >= 0 && out->err == AL_OK)
		return true;
	WHY("%s: %s", what, got < 0 ? strerror(errno) : "larger than 1 MiB");
	return false;
}

static void file_done(struct al_buf *text)
{
	if (text->ptr != NULL)
		sodium_memzero(text->ptr, text->len);
	al_buf_release(text);
}

static BIO *file_open(struct al_tls *tls, const char *what, int fd, struct al_buf *text)
{
	BIO *bio = file_read(tls, what, fd, text)
			   ? BIO_new_mem_buf(text->len > 0 ? (const void *)text->ptr : "", (int)text->len)
			   : NULL;

	if (bio == NULL && tls->why[0] == '\0')
		WHY("%s: out of memory", what);
	return bio;
}

/* ---- what we show ---- */

static bool names_host(X509 *leaf)
{
	GENERAL_NAMES *names = X509_get_ext_d2i(leaf, NID_subject_alt_name, NULL, NULL);
	bool found = false;

	for (int i = 0; i < sk_GENERAL_NAME_num(names); i++)
		found = found || sk_GENERAL_NAME_value(names, i)->type == GEN_DNS;
	GENERAL_NAMES_free(names);
	return found;
}

static bool leaf_use(struct al_tls *tls, SSL_CTX *ctx, X509 *leaf)
{
	if (leaf == NULL)
		WHY("tls-certificate: no PEM certificate in it");
	else if (!names_host(leaf))
		WHY("tls-certificate: it has no DNS name, by which routers know it (RFC 8210 section 9.2): "
		    "subjectAltName = "
		    "DNS:...");
	else if (SSL_CTX_use_certificate(ctx, leaf) != 1)
		WHY("tls-certificate: %s", ERR_reason_error_string(ERR_peek_last_error()));
	else
		return true;
	return false;
}

static bool chain_use(struct al_tls *tls, SSL_CTX *ctx, BIO *bio)
{
	X509 *one;

	for (int i = 0; (one = PEM_read_bio_X509(bio, NULL, NULL, NULL)) != NULL; i++) {
		if (i < CHAIN_MAX && SSL_CTX_add0_chain_cert(ctx, one) == 1)
			continue;
		X509_free(one);
		WHY("tls-certificate: more than %d certificates behind it", CHAIN_MAX);
		return false;
	}
	if (ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE) /* the file's end */
		return true;
	WHY("tls-certificate: something behind it is no PEM certificate");
	return false;
}

/* Unix seconds. */
static uint64_t seconds_of(const ASN1_TIME *time)
{
	struct tm tm = { 0 };
	time_t at = ASN1_TIME_to_tm(time, &tm) == 1 ? timegm(&tm) : 0;

	return at > 0 ? (uint64_t)at : 1; /* long ago */
}

static bool certificate_use(struct al_tls *tls, SSL_CTX *ctx, int fd)
{
	struct al_buf text;
	BIO *bio = file_open(tls, "tls-certificate", fd, &text);
	X509 *leaf = bio != NULL ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;
	bool good = bio != NULL && leaf_use(tls, ctx, leaf) && chain_use(tls, ctx, bio);

	if (good) {
		tls->coming_since_s = seconds_of(X509_get0_notBefore(leaf));
		tls->coming_end_s = seconds_of(X509_get0_notAfter(leaf));
	}
	if (good && tls->coming_end_s <= al_now_s())
		al_log(AL_LOG_WARN, "tls-certificate", "reason=\"it has expired: routers will refuse it\"");
	X509_free(leaf);
	BIO_free(bio);
	file_done(&text);
	return good;
}

/* Nobody is there to type one. */
static int no_passphrase(char *buf, int size, int writing, void *arg)
{
	(void)buf;
	(void)size;
	(void)writing;
	(void)arg;
	return -1;
}

static bool key_use(struct al_tls *tls, SSL_CTX *ctx, int fd)
{
	struct al_buf text;
	BIO *bio = file_open(tls, "tls-key", fd, &text);
	EVP_PKEY *key = bio != NULL ? PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL) : NULL;
	bool good = false;

	if (bio != NULL && key == NULL)
		WHY("tls-key: no PEM key without a passphrase in it");
	else if (key != NULL && SSL_CTX_use_PrivateKey(ctx, key) != 1)
		WHY("tls-key: it is not the key of tls-certificate");
	else
		good = key != NULL;
	EVP_PKEY_free(key);
	BIO_free(bio);
	file_done(&text);
	return good;
}

/* ---- whom we let in ---- */

static bool authorities_add(SSL_CTX *ctx, const STACK_OF(X509_INFO) * items)
{
	X509_STORE *store = SSL_CTX_get_cert_store(ctx);
	bool any = false, lists = false, good = true;

	for (int i = 0; good && i < sk_X509_INFO_num(items); i++) {
		const X509_INFO *item = sk_X509_INFO_value(items, i);

		if (item->x509 != NULL)
			good = X509_STORE_add_cert(store, item->x509) == 1 &&
			       SSL_CTX_add_client_CA(ctx, item->x509) == 1;
		if (good && item->crl != NULL)
			good = X509_STORE_add_crl(store, item->crl) == 1;
		any = any || item->x509 != NULL;
		lists = lists || item->crl != NULL;
	}
	if (lists)
		(void)X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK);
	return good && any;
}

static bool clients_use(struct al_tls *tls, SSL_CTX *ctx, int fd)
{
	struct al_buf text;
	BIO *bio = file_open(tls, "tls-client-ca", fd, &text);
	STACK_OF(X509_INFO) *items = bio != NULL ? PEM_X509_INFO_read_bio(bio, NULL, no_passphrase, NULL) : NULL;
	bool good = items != NULL && authorities_add(ctx, items);

	if (bio != NULL && !good)
		WHY("tls-client-ca: no PEM certificates, or something that is none");
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
	SSL_CTX_set_verify_depth(ctx, DEPTH_MAX);
	SSL_CTX_set_max_cert_list(ctx, PEER_CHAIN_MAX);
	sk_X509_INFO_pop_free(items, X509_INFO_free);
	BIO_free(bio);
	file_done(&text);
	return good;
}

/* ---- all of it ---- */

static SSL_CTX *context_new(void)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());

	if (ctx == NULL || SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) != 1 ||
	    SSL_CTX_set_num_tickets(ctx, 0) != 1) {
		SSL_CTX_free(ctx);
		return NULL;
	}
	SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_TICKET | SSL_OP_NO_COMPRESSION);
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	/* What waits is in the connection's own buffer, which may move between two tries; idle ones hold no record's room. */
	SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
				      SSL_MODE_RELEASE_BUFFERS);
	return ctx;
}

const char *al_tls_load(struct al_tls *tls, const struct al_tls_files *files)
{
	SSL_CTX *ctx = context_new();
	bool good;

	tls->why[0] = '\0';
	if (ctx == NULL)
		WHY("TLS: out of memory");
	good = ctx != NULL && certificate_use(tls, ctx, files->certificate) && key_use(tls, ctx, files->key) &&
	       (files->client_ca < 0 || clients_use(tls, ctx, files->client_ca));
	ERR_clear_error();
	if (!good) {
		SSL_CTX_free(ctx);
		return tls->why;
	}
	SSL_CTX_free(tls->ctx); /* connections have a share in it of their own */
	tls->ctx = ctx;
	tls->since_s = tls->coming_since_s;
	tls->end_s = tls->coming_end_s;
	return NULL;
}

uint64_t al_tls_since(const struct al_tls *tls)
{
	return tls->since_s;
}

uint64_t al_tls_end(const struct al_tls *tls)
{
	return tls->end_s;
}
