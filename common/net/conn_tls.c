/* SPDX-License-Identifier: MIT */
/*
 * conn_tls.c -- see conn_tls.h. The loop's thread.
 *
 * The socket never blocks. Reading that would have to write first (a peer that asks for new keys and does not read) is
 * taken for broken: waiting for it, the readable socket would wake us again and again.
 */
#include "conn_tls.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>

#include <openssl/err.h>
#include <openssl/x509_vfy.h>
#include <utlist.h>

#include "alamo/base/log.h"
#include "alamo/net/metrics.h"

#define TURN_MS 2u /* of handshakes, before others get theirs */
#define RECORD 16384u

static struct al_metric metric_done = { .name = "alamo_tls_handshakes_total{result=\"done\"}",
					.help = "TLS handshakes" };
static struct al_metric metric_refused = { .name = "alamo_tls_handshakes_total{result=\"refused\"}",
					   .help = "TLS handshakes" };
static struct al_metric metric_late = { .name = "alamo_tls_handshakes_total{result=\"late\"}",
					.help = "TLS handshakes" };

/* ---- taking turns ---- */

static void queue_leave(struct conn_tls *under)
{
	if (under->queued)
		DL_DELETE(under->tls->queue, under);
	under->queued = false;
}

static void tls_turn(void *arg)
{
	struct al_tls *tls = arg;
	uint64_t began = al_now_ms();

	while (tls->queue != NULL && al_now_ms() - began < TURN_MS) {
		struct conn_tls *first = tls->queue;

		queue_leave(first);
		conn_greet(first->conn);
	}
	if (tls->queue != NULL)
		al_timer_set(tls->turn, 0); /* the loop looks at its sockets in between */
}

void conn_tls_queue(struct conn_tls *under)
{
	if (under->queued)
		return;
	if (under->tls->queue == NULL)
		al_timer_set(under->tls->turn, 0);
	under->queued = true;
	DL_APPEND(under->tls->queue, under);
}

enum al_err al_tls_new(struct al_loop *loop, struct al_tls **out)
{
	struct al_tls *tls = calloc(1, sizeof(*tls));
	enum al_err err = tls != NULL ? al_timer_new(loop, tls_turn, tls, &tls->turn) : AL_ENOMEM;

	if (err != AL_OK) {
		free(tls);
		return err;
	}
	al_metric_add(&metric_done);
	al_metric_add(&metric_refused);
	al_metric_add(&metric_late);
	*out = tls;
	return AL_OK;
}

void al_tls_free(struct al_tls *tls)
{
	if (tls == NULL)
		return;
	al_timer_free(tls->turn);
	SSL_CTX_free(tls->ctx);
	free(tls);
}

/* ---- one connection ---- */

/* What a router's certificate has to name; without authorities for clients nobody looks at it. */
static bool address_expected(SSL *ssl, const struct conn_peer *peer)
{
	X509_VERIFY_PARAM *param = SSL_get0_param(ssl);

	if (peer->addr.any.sa_family == AF_INET)
		return X509_VERIFY_PARAM_set1_ip(param, (const uint8_t *)&peer->addr.in.sin_addr, 4) == 1;
	if (peer->addr.any.sa_family == AF_INET6)
		return X509_VERIFY_PARAM_set1_ip(param, (const uint8_t *)&peer->addr.in6.sin6_addr, 16) == 1;
	return false;
}

struct conn_tls *conn_tls_new(struct al_tls *tls, struct al_conn *conn)
{
	struct conn_tls *under = tls->ctx != NULL ? calloc(1, sizeof(*under)) : NULL;

	if (under == NULL)
		return NULL;
	*under = (struct conn_tls){ .tls = tls, .conn = conn, .ssl = SSL_new(tls->ctx) };
	if (under->ssl != NULL && SSL_set_fd(under->ssl, conn->fd) == 1 && address_expected(under->ssl, &conn->peer)) {
		SSL_set_accept_state(under->ssl);
		return under;
	}
	conn_tls_free(under);
	ERR_clear_error();
	return NULL;
}

void conn_tls_free(struct conn_tls *under)
{
	if (under == NULL)
		return;
	queue_leave(under);
	SSL_free(under->ssl);
	free(under);
}

/* ---- the handshake ---- */

static void refused(struct conn_tls *under, int error)
{
	const char *why = error == SSL_ERROR_SSL ? ERR_reason_error_string(ERR_peek_last_error()) : NULL;
	long verified = SSL_get_verify_result(under->ssl);

	if (verified != X509_V_OK)
		why = X509_verify_cert_error_string(verified);
	al_metric_inc(&metric_refused, 1);
	al_log(verified != X509_V_OK ? AL_LOG_WARN : AL_LOG_INFO, "tls-refused", "peer=%s reason=\"%s\"",
	       al_conn_peer(under->conn), why != NULL ? why : "it went away");
	ERR_clear_error();
}

enum conn_tls_step conn_tls_step(struct conn_tls *under)
{
	int rc, error;

	ERR_clear_error();
	rc = SSL_do_handshake(under->ssl);
	error = rc == 1 ? SSL_ERROR_NONE : SSL_get_error(under->ssl, rc);
	under->writing = error == SSL_ERROR_WANT_WRITE;
	if (error == SSL_ERROR_NONE) {
		al_metric_inc(&metric_done, 1);
		return CONN_TLS_DONE;
	}
	if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE)
		return CONN_TLS_MORE;
	refused(under, error);
	return CONN_TLS_REFUSED;
}

void conn_tls_late(struct conn_tls *under)
{
	al_metric_inc(&metric_late, 1);
	al_log(AL_LOG_INFO, "tls-refused", "peer=%s reason=\"no handshake in %u s\"", al_conn_peer(under->conn),
	       CONN_TLS_MS / 1000);
}

/* ---- bytes ---- */

/* `rc` of a call that gave no bytes, as errno and what recv() would give. */
static ssize_t no_bytes(struct conn_tls *under, int rc, int wait_for)
{
	int error = SSL_get_error(under->ssl, rc);

	ERR_clear_error();
	if (error == SSL_ERROR_ZERO_RETURN)
		return 0;
	errno = error == wait_for ? EAGAIN : EPROTO;
	return -1;
}

static int at_most(size_t len, size_t most)
{
	return (int)(len < most ? len : most);
}

ssize_t conn_tls_recv(struct conn_tls *under, void *bytes, size_t len)
{
	int rc;

	ERR_clear_error();
	rc = SSL_read(under->ssl, bytes, at_most(len, RECORD));
	return rc > 0 ? rc : no_bytes(under, rc, SSL_ERROR_WANT_READ);
}

ssize_t conn_tls_peek(struct conn_tls *under, void *bytes, size_t len)
{
	int rc;

	ERR_clear_error();
	rc = SSL_peek(under->ssl, bytes, at_most(len, RECORD));
	return rc > 0 ? rc : no_bytes(under, rc, SSL_ERROR_WANT_READ);
}

/* What was not taken is offered again from its first byte on, and at least as much of it (SSL_write(3)). */
ssize_t conn_tls_send(struct conn_tls *under, const void *bytes, size_t len)
{
	int rc;

	ERR_clear_error();
	rc = SSL_write(under->ssl, bytes, at_most(len, RECORD));
	if (rc > 0)
		return rc;
	if (no_bytes(under, rc, SSL_ERROR_WANT_WRITE) == 0)
		errno = EPIPE;
	return -1;
}

bool conn_tls_holds(const struct conn_tls *under)
{
	return SSL_pending(under->ssl) > 0; /* one record at most: there is no reading ahead */
}

void conn_tls_end(struct conn_tls *under)
{
	ERR_clear_error();
	(void)SSL_shutdown(under->ssl);
	ERR_clear_error();
}
