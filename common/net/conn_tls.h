/* SPDX-License-Identifier: MIT */
/*
 * conn_tls.h -- TLS under a connection: conn.c reads and writes through this as it would from the socket.
 */
#ifndef COMMON_CONN_TLS_H
#define COMMON_CONN_TLS_H

#include <openssl/ssl.h>

#include "alamo/net/tls.h"
#include "conn.h"

#define CONN_TLS_MS 10000u /* for a handshake, from the connection on */

struct conn_tls {
	struct al_tls *tls;
	struct al_conn *conn;
	SSL *ssl;
	bool queued;                  /* its next step of the handshake waits for its turn */
	bool writing;                 /* the handshake has bytes that the socket did not take */
	struct conn_tls *prev, *next; /* in the queue */
};

struct al_tls {
	SSL_CTX *ctx; /* NULL before the first load */
	struct conn_tls *queue;
	struct al_timer *turn;
	uint64_t since_s, end_s;               /* of the certificate that is shown */
	uint64_t coming_since_s, coming_end_s; /* and of the one that is being loaded */
	char why[256];                         /* of al_tls_load() */
};

/* NULL: out of memory, or nothing is loaded. */
struct conn_tls *conn_tls_new(struct al_tls *tls, struct al_conn *conn);
void conn_tls_free(struct conn_tls *under); /* NULL is allowed; the socket stays */

/* The socket is ready: a step of the handshake when it is this one's turn, by conn_greet(). */
void conn_tls_queue(struct conn_tls *under);

enum conn_tls_step { CONN_TLS_DONE, CONN_TLS_MORE, CONN_TLS_REFUSED };
enum conn_tls_step conn_tls_step(struct conn_tls *under);
void conn_tls_late(struct conn_tls *under); /* counts one that took too long */

/* As recv(2), recv(2) with MSG_PEEK and send(2) do: 0 is the end, errno EAGAIN for now, else it is broken. */
ssize_t conn_tls_recv(struct conn_tls *under, void *bytes, size_t len);
ssize_t conn_tls_peek(struct conn_tls *under, void *bytes, size_t len);
ssize_t conn_tls_send(struct conn_tls *under, const void *bytes, size_t len);
/* There are bytes that the socket will not tell of. */
bool conn_tls_holds(const struct conn_tls *under);
/* Says that nothing more comes from here. */
void conn_tls_end(struct conn_tls *under);

#endif
