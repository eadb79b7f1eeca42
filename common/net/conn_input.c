/* SPDX-License-Identifier: MIT */
/*
 * conn_input.c -- bytes of a connection, from its socket or from TLS above it, into its bounded buffer.
 */
#include "conn_tls.h"

#include <errno.h>
#include <event2/buffer.h>
#include <sys/socket.h>
#include <sys/uio.h>

static enum conn_fill fill_of(ssize_t got)
{
	if (got > 0)
		return CONN_FILL_SOME;
	if (got == 0)
		return CONN_FILL_EOF;
	return errno == EAGAIN || errno == EINTR ? CONN_FILL_NOTHING : CONN_FILL_FAILED;
}

enum conn_fill conn_fill(struct al_conn *conn, size_t room, bool *more)
{
	struct evbuffer_iovec vec[2];
	size_t want = room < CONN_READ_STEP ? room : CONN_READ_STEP;
	int count = evbuffer_reserve_space(conn->in, (ev_ssize_t)want, vec, 2);
	if (count <= 0)
		return CONN_FILL_FAILED;
	/* Reserved space may be larger than asked for; the bound is ours. */
	if (vec[0].iov_len > want)
		vec[0].iov_len = want;
	if (count == 2 && vec[1].iov_len > want - vec[0].iov_len)
		vec[1].iov_len = want - vec[0].iov_len;
	ssize_t got = conn->tls != NULL ? conn_tls_recv(conn->tls, vec[0].iov_base, vec[0].iov_len)
					: readv(conn->fd, vec, count);
	enum conn_fill fill = fill_of(got);
	size_t left = got > 0 ? (size_t)got : 0;
	*more = conn->tls != NULL ? left > 0 : left == want;
	for (int i = 0; i < count; i++) {
		vec[i].iov_len = vec[i].iov_len < left ? vec[i].iov_len : left;
		left -= vec[i].iov_len;
	}
	if (evbuffer_commit_space(conn->in, vec, count) != 0)
		return CONN_FILL_FAILED;
	return fill;
}

enum conn_fill conn_peek(struct al_conn *conn)
{
	char peek;
	return fill_of(conn->tls != NULL ? conn_tls_peek(conn->tls, &peek, 1) : recv(conn->fd, &peek, 1, MSG_PEEK));
}

bool conn_said_all(const struct al_conn *conn)
{
	return conn->conf->no_linger && conn->heard_all && evbuffer_get_length(conn->in) == 0;
}
