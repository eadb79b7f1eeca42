/* SPDX-License-Identifier: MIT */
/*
 * conn_input.c -- bytes of a connection, from its socket or from TLS above it, into its bounded buffer.
 */
#include "conn_tls.h"

#include <errno.h>
#include <event2/buffer.h>
#include <sys/socket.h>

static enum conn_fill fill_of(ssize_t got)
{
	if (got > 0)
		return CONN_FILL_SOME;
	if (got == 0)
		return CONN_FILL_EOF;
	return errno == EAGAIN || errno == EINTR ? CONN_FILL_NOTHING : CONN_FILL_FAILED;
}

/* By way of the stack: a request is short, and what evbuffer reserves for a whole step it would free again behind each. */
enum conn_fill conn_fill(struct al_conn *conn, size_t room, bool *more)
{
	char bytes[CONN_READ_STEP];
	size_t want = room < sizeof(bytes) ? room : sizeof(bytes);
	ssize_t got = conn->tls != NULL ? conn_tls_recv(conn->tls, bytes, want) : recv(conn->fd, bytes, want, 0);
	enum conn_fill fill = fill_of(got);

	*more = conn->tls != NULL ? got > 0 : got == (ssize_t)want;
	if (got > 0 && evbuffer_add(conn->in, bytes, (size_t)got) != 0)
		return CONN_FILL_FAILED;
	return fill;
}

enum conn_fill conn_peek(struct al_conn *conn)
{
	char peek;
	return fill_of(conn->tls != NULL ? conn_tls_peek(conn->tls, &peek, 1) : recv(conn->fd, &peek, 1, MSG_PEEK));
}

void al_conn_asking(struct al_conn *conn, bool asking)
{
	if (conn->asking != asking)
		conn->asked_ms = 0;
	conn->asking = asking;
}

void al_conn_owe(struct al_conn *conn, bool owed)
{
	conn->owed = owed;
}

bool conn_said_all(const struct al_conn *conn)
{
	return conn->conf->no_linger && conn->heard_all && evbuffer_get_length(conn->in) == 0;
}
