/* SPDX-License-Identifier: MIT */
/*
 * conn_output.c -- what a connection sends: by copy, by reference, bounded.
 *
 * Writing only queues; conn_settle() sends when the protocol's callback has
 * returned, so that a run of small writes leaves as one. Over out_max the
 * socket gets a try at once, and then the connection has failed.
 */
#include "conn_tls.h"

#include <errno.h>
#include <event2/buffer.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define WRITE_ROUNDS 4 /* sends before other connections get their turn */
#define WRITE_VECTORS 64
#define LEAVE_BYTES 65536u  /* more of them in the kernel would be nobody's if we did not stay */
#define PROGRESS_BYTES 4096 /* sent at least in idle_ms, or all of it: else the reader holds our memory for nothing */

size_t al_conn_pending(const struct al_conn *conn)
{
	return evbuffer_get_length(conn->out);
}

/* Most answers are in one piece, which a plain send takes for less. */
static ssize_t conn_put(struct al_conn *conn, struct evbuffer_iovec *vec, int count)
{
	struct msghdr msg = { .msg_iov = vec, .msg_iovlen = (size_t)count };
	/* The last bytes travel with the end of the connection, in one segment: conn_linger() comes next. */
	int flags = MSG_NOSIGNAL | (conn->state == CONN_FINISHING ? MSG_MORE : 0);

	if (conn->tls != NULL)
		return conn_tls_send(conn->tls, vec[0].iov_base, vec[0].iov_len);
	return count > 1 ? sendmsg(conn->fd, &msg, flags) : send(conn->fd, vec[0].iov_base, vec[0].iov_len, flags);
}

/* What waits, or the first of it; false when the socket takes no more for now. */
static bool conn_send(struct al_conn *conn)
{
	struct evbuffer_iovec vec[WRITE_VECTORS];
	int count = evbuffer_peek(conn->out, -1, NULL, vec, WRITE_VECTORS);
	ssize_t sent = conn_put(conn, vec, count < WRITE_VECTORS ? count : WRITE_VECTORS);

	if (sent < 0) {
		conn->failed = errno != EAGAIN && errno != EINTR;
		return errno == EINTR;
	}
	evbuffer_drain(conn->out, (size_t)sent);
	if ((size_t)sent > LEAVE_BYTES)
		conn->heard_all = false;
	conn->io_ms = al_now_ms();
	conn->trickle += (size_t)sent;
	if (conn->trickle >= PROGRESS_BYTES || al_conn_pending(conn) == 0) {
		conn->progress_ms = conn->io_ms;
		conn->trickle = 0;
	}
	return true;
}

void conn_flush(struct al_conn *conn)
{
	for (int i = 0; i < WRITE_ROUNDS && al_conn_pending(conn) > 0 && !conn->failed; i++)
		if (!conn_send(conn))
			break;
	listener_weigh(conn);
}

static bool takes_output(const struct al_conn *conn)
{
	return conn->state == CONN_OPEN && !conn->failed;
}

/* After something was added to `out`. */
static void conn_written(struct al_conn *conn, uint64_t now)
{
	conn->undrained = true;
	source_answered(conn, now);
	if (al_conn_pending(conn) > conn->conf->out_max)
		conn_flush(conn);
	if (al_conn_pending(conn) > conn->conf->out_max)
		conn->failed = true;
	listener_weigh(conn);
	if (conn->depth == 0)
		conn_schedule(conn);
}

/* libevent makes what follows a reference as large as that refers to: 24 bytes behind a table of 14 MB would hold 16 MB. */
static bool add_behind_reference(struct evbuffer *out, const void *bytes, size_t len)
{
	struct evbuffer_iovec space;

	if (evbuffer_reserve_space(out, (ev_ssize_t)len, &space, 1) != 1)
		return false;
	memcpy(space.iov_base, bytes, len);
	space.iov_len = len;
	return evbuffer_commit_space(out, &space, 1) == 0;
}

static bool output_add(struct al_conn *conn, const void *bytes, size_t len)
{
	bool behind = conn->refers;

	conn->refers = false;
	return behind ? add_behind_reference(conn->out, bytes, len) : evbuffer_add(conn->out, bytes, len) == 0;
}

void al_conn_write(struct al_conn *conn, const void *bytes, size_t len)
{
	if (!takes_output(conn) || len == 0)
		return;
	uint64_t now = al_now_ms();
	if (al_conn_pending(conn) == 0)
		conn->progress_ms = now;
	if (!output_add(conn, bytes, len))
		conn->failed = true;
	conn_written(conn, now);
}

struct reference {
	void (*fn)(void *arg);
	void *arg;
};

static void reference_sent(const void *bytes, size_t len, void *arg)
{
	struct reference *reference = arg;
	(void)bytes;
	(void)len;
	reference->fn(reference->arg);
	free(reference);
}

static bool reference_add(struct al_conn *conn, const void *bytes, size_t len, void (*fn)(void *arg), void *arg)
{
	conn->refers = true;
	if (fn == NULL)
		return evbuffer_add_reference(conn->out, bytes, len, NULL, NULL) == 0;
	struct reference *reference = malloc(sizeof(*reference));
	if (reference == NULL)
		return false;
	*reference = (struct reference){ fn, arg };
	if (evbuffer_add_reference(conn->out, bytes, len, reference_sent, reference) == 0)
		return true;
	free(reference);
	return false;
}

void al_conn_write_ref(struct al_conn *conn, const void *bytes, size_t len, void (*fn)(void *arg), void *arg)
{
	bool takes = takes_output(conn);
	if (takes && len > 0) {
		uint64_t now = al_now_ms();
		if (al_conn_pending(conn) == 0)
			conn->progress_ms = now;
		if (reference_add(conn, bytes, len, fn, arg)) {
			conn_written(conn, now);
			return;
		}
		conn->failed = true;
		conn_written(conn, now);
	}
	if (fn != NULL)
		fn(arg);
}
