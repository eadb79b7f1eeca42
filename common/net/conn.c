/* SPDX-License-Identifier: MIT */
/*
 * conn.c -- one connection of a listener: bounded buffers, timing, the end.
 *
 *   (HANDSHAKE ->) OPEN -> FINISHING -> LINGER -> DEAD      (any state may go to DEAD at once)
 *
 * Every callback of the protocol runs between conn_enter() and conn_leave().
 * Outside of them conn_settle() is the one place that sends, drops, and
 * chooses what to wait for; memory is freed only when no callback runs.
 */
#include "conn_tls.h"

#include <assert.h>
#include <errno.h>
#include <event2/buffer.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define READ_ROUNDS 16 /* recvs before others get their turn */
#define LINGER_MS 2000u
#define LINGER_BYTES (1024u * 1024u)
#define STALL_MS 60000u   /* write progress when the listener has no idle_ms */
#define REQUEST_MS 60000u /* a request, from its first byte, when the listener has no request_ms */

static void conn_settle(struct al_conn *conn);

static void conn_enter(struct al_conn *conn)
{
	conn->depth++;
}

static void conn_leave(struct al_conn *conn)
{
	assert(conn->depth > 0);
	if (--conn->depth == 0)
		conn_settle(conn);
}

void conn_schedule(struct al_conn *conn)
{
	if (conn->state != CONN_DEAD)
		event_active(&conn->later, EV_TIMEOUT, 0);
}

/* In the next round of the loop: what is made active runs in this one, and again if it does so itself. False: no memory. */
static bool conn_next_round(struct al_conn *conn)
{
	static const struct timeval soon = { 0 };
	return conn->state == CONN_DEAD || event_add(&conn->later, &soon) == 0;
}

static void conn_release(struct al_conn *conn)
{
	if (conn->in != NULL)
		evbuffer_free(conn->in);
	if (conn->out != NULL)
		evbuffer_free(conn->out);
	free(conn);
}

/* Ends it now. The memory goes too, unless a callback runs. */
static void conn_close(struct al_conn *conn)
{
	if (conn->state == CONN_DEAD)
		return;
	conn->state = CONN_DEAD;
	event_del(&conn->readable);
	event_del(&conn->writable);
	event_del(&conn->later);
	event_del(&conn->clock);
	conn_tls_free(conn->tls);
	conn->tls = NULL;
	close(conn->fd);
	conn->fd = -1;
	if (conn->opened && conn->ops->closed != NULL) {
		conn->depth++;
		conn->ops->closed(conn, conn->user);
		conn->depth--;
	}
	listener_left(conn);
	if (conn->depth == 0)
		conn_release(conn);
}

static void clock_set(struct al_conn *conn, uint64_t ms)
{
	struct timeval tv = { .tv_sec = (time_t)(ms / 1000), .tv_usec = (suseconds_t)(ms % 1000 * 1000) };
	if (event_add(&conn->clock, &tv) != 0)
		conn->failed = true;
}

/* ---- the end ---- */

void al_conn_finish(struct al_conn *conn)
{
	if (conn->state != CONN_OPEN)
		return;
	conn->state = CONN_FINISHING;
	conn->poked = false;
	if (conn->depth == 0)
		conn_schedule(conn);
}

void al_conn_drop(struct al_conn *conn)
{
	if (conn->opened || conn->depth == 0)
		conn_close(conn);
	else
		conn->failed = true; /* from inside open(): its *user comes first */
}

/*
 * All is sent. Closing with unread input would make the kernel send RST, which
 * may overtake our last bytes at the other side: shut down, then read on for a
 * bounded while. True when there is nothing to wait for; all of ours is out even then, whatever comes before close().
 */
static bool conn_linger(struct al_conn *conn)
{
	if (conn->tls != NULL)
		conn_tls_end(conn->tls);
	if (conn->eof || shutdown(conn->fd, SHUT_WR) != 0 || conn_said_all(conn))
		return true;
	conn->state = CONN_LINGER;
	conn->linger_left = LINGER_BYTES;
	clock_set(conn, LINGER_MS);
	return conn->failed;
}

static void linger_read(struct al_conn *conn)
{
	char waste[CONN_READ_STEP];
	for (int i = 0; i < READ_ROUNDS; i++) {
		ssize_t got = recv(conn->fd, waste, sizeof(waste), 0);
		if (got < 0 && errno == EAGAIN)
			return;
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0 || (size_t)got >= conn->linger_left) {
			conn_close(conn);
			return;
		}
		conn->linger_left -= (size_t)got;
	}
}

/* ---- settling ---- */

/* Registers for reading and writing as the state wants it; false when memory is out. */
static bool conn_watch(struct al_conn *conn)
{
	bool wanted = conn->state == CONN_OPEN && !conn->paused && !conn->eof;
	bool read = wanted || conn->state == CONN_LINGER;
	bool write = al_conn_pending(conn) > 0;
	int rc = 0;
	conn->heard_all = false;
	if (conn->state == CONN_HANDSHAKE) {
		write = conn->tls->writing && !conn->tls->queued;
		read = !conn->tls->writing && !conn->tls->queued;
	}
	/* behind the others, whose sockets speak for themselves */
	if (wanted && conn->tls != NULL && conn_tls_holds(conn->tls) && !conn_next_round(conn))
		rc = -1;
	if (read != conn->reading)
		rc |= read ? event_add(&conn->readable, NULL) : event_del(&conn->readable);
	if (write != conn->writing)
		rc |= write ? event_add(&conn->writable, NULL) : event_del(&conn->writable);
	conn->reading = read;
	conn->writing = write;
	return rc == 0;
}

static void conn_drained(struct al_conn *conn)
{
	conn->undrained = false;
	conn->depth++;
	conn->ops->drained(conn, conn->user);
	conn->depth--;
	/* Not settled again from here: a protocol that writes on and on gets one turn a round. */
	if (al_conn_pending(conn) > 0 || conn->state != CONN_OPEN || conn->failed)
		conn->failed = !conn_next_round(conn) || conn->failed;
}

static void conn_settle(struct al_conn *conn)
{
	if (conn->state == CONN_DEAD) {
		conn_release(conn);
		return;
	}
	conn_flush(conn);
	bool empty = al_conn_pending(conn) == 0;
	if (!conn->failed && empty && conn->state == CONN_FINISHING)
		conn->failed = conn_linger(conn);
	else if (!conn->failed && empty && conn->undrained && conn->state == CONN_OPEN && conn->ops->drained != NULL)
		conn_drained(conn);
	if (conn->state == CONN_DEAD)
		conn_release(conn);
	else if (conn->failed || !conn_watch(conn))
		conn_close(conn);
}

/* ---- input ---- */

static uint64_t idle_ms(const struct al_conn *conn)
{
	return conn->conf->idle_ms > 0 ? conn->conf->idle_ms : STALL_MS;
}

static uint64_t request_ms(const struct al_conn *conn)
{
	return conn->conf->request_ms > 0 ? conn->conf->request_ms : REQUEST_MS;
}

/*
 * After data(): what is left in the buffer is the beginning of a request, from now on when data() consumed one before
 * it. While we let the other side wait (paused, or output unsent) nothing is asked of it.
 */
static void conn_asked(struct al_conn *conn, bool consumed)
{
	size_t left = evbuffer_get_length(conn->in);
	bool ours = conn->paused || al_conn_pending(conn) > 0 || conn->state != CONN_OPEN;
	if (ours || (left == 0 && !conn->asking)) {
		conn->asked_ms = 0;
		return;
	}
	if (conn->asked_ms != 0 && (conn->asking || !consumed))
		return;
	conn->asked_ms = al_now_ms();
	clock_set(conn, request_ms(conn) < idle_ms(conn) ? request_ms(conn) : idle_ms(conn));
}

static void conn_data(struct al_conn *conn)
{
	size_t before = evbuffer_get_length(conn->in);
	conn_enter(conn);
	conn->ops->data(conn, conn->in, conn->eof, conn->user);
	if (conn->state != CONN_DEAD)
		conn_asked(conn, evbuffer_get_length(conn->in) < before);
	conn_leave(conn);
}

/* The protocol says its last word, if it has one; then the connection finishes. */
static void conn_last_word(struct al_conn *conn, void (*word)(struct al_conn *conn, void *user))
{
	conn_enter(conn);
	if (word != NULL)
		word(conn, conn->user);
	al_conn_finish(conn);
	conn_leave(conn);
}

/* Input stands at in_max and the protocol wants more: is there more? */
static void conn_full(struct al_conn *conn)
{
	switch (conn_peek(conn)) {
	case CONN_FILL_NOTHING:
		return;
	case CONN_FILL_SOME:
		conn_last_word(conn, conn->ops->overflow);
		return;
	case CONN_FILL_EOF:
		conn->eof = true;
		conn_data(conn);
		return;
	case CONN_FILL_FAILED:
		conn_close(conn);
		return;
	}
}

/* False: nothing came, and what to wait for is not chosen. After true the connection may be gone. */
static bool conn_read(struct al_conn *conn)
{
	bool some = false;
	bool more = true;
	for (int i = 0; i < READ_ROUNDS && more; i++) {
		size_t have = evbuffer_get_length(conn->in);
		if (have >= conn->conf->in_max)
			break;
		enum conn_fill fill = conn_fill(conn, conn->conf->in_max - have, &more);
		if (fill == CONN_FILL_FAILED) {
			conn_close(conn);
			return true;
		}
		if (fill == CONN_FILL_NOTHING)
			break;
		conn->eof = fill == CONN_FILL_EOF;
		some = true;
	}
	if (some) {
		conn->io_ms = al_now_ms();
		conn->heard_all = !more;
		conn_data(conn);
	}
	return some;
}

/* The handshake goes on when it is its turn. */
static void conn_turn(struct al_conn *conn)
{
	conn_tls_queue(conn->tls);
	conn_settle(conn);
}

static void readable_fired(evutil_socket_t fd, short what, void *arg)
{
	struct al_conn *conn = arg;
	(void)fd;
	(void)what;
	/* The state may have changed in this round of the loop, before settling could unregister. */
	if (conn->state == CONN_LINGER)
		linger_read(conn);
	else if (conn->state == CONN_HANDSHAKE)
		conn_turn(conn);
	else if (conn->state != CONN_OPEN || conn->paused || conn->failed)
		conn_settle(conn);
	else if (evbuffer_get_length(conn->in) < conn->conf->in_max)
		(void)conn_read(conn);
	else if (!conn->poked) /* the protocol has its turn first: it may take all of that */
		conn_full(conn);
}

static void writable_fired(evutil_socket_t fd, short what, void *arg)
{
	struct al_conn *conn = arg;
	(void)fd;
	(void)what;
	if (conn->state == CONN_HANDSHAKE)
		conn_turn(conn);
	else
		conn_settle(conn);
}

static void later_fired(evutil_socket_t fd, short what, void *arg)
{
	struct al_conn *conn = arg;
	(void)fd;
	(void)what;
	bool open = conn->state == CONN_OPEN && !conn->failed, owed = conn->poked && open;
	conn->poked = false;
	if (owed)
		conn_data(conn);
	else if (open && conn->tls != NULL && conn_tls_holds(conn->tls))
		readable_fired(fd, what, arg);
	else
		conn_settle(conn);
}

/* Lazy: armed once, it looks at the stamps when it fires and sleeps for what is left. */
static void clock_fired(evutil_socket_t fd, short what, void *arg)
{
	struct al_conn *conn = arg;
	(void)fd;
	(void)what;
	uint64_t limit = idle_ms(conn);
	bool stalling = al_conn_pending(conn) > 0;
	uint64_t now = al_now_ms(), waited = now - (stalling ? conn->progress_ms : conn->io_ms), asked = 0;
	if (conn->asked_ms != 0 && !stalling)
		asked = now - conn->asked_ms;
	if (conn->state == CONN_HANDSHAKE) {
		conn_tls_late(conn->tls);
		conn_close(conn);
	} else if (conn->state == CONN_LINGER) {
		conn_close(conn);
	} else if (conn->state == CONN_OPEN && asked >= request_ms(conn)) {
		clock_set(conn, limit);
		conn_last_word(conn, conn->ops->idle);
	} else if (waited < limit) {
		uint64_t rest = request_ms(conn) - asked;
		clock_set(conn, asked > 0 && rest < limit - waited ? rest : limit - waited);
	} else if (stalling || conn->state == CONN_FINISHING) {
		conn_close(conn);
	} else {
		clock_set(conn, limit);
		if (conn->conf->idle_ms > 0)
			conn_last_word(conn, conn->ops->idle);
	}
}

/* ---- the protocol's other calls ---- */

void al_conn_pause(struct al_conn *conn, bool paused)
{
	if (conn->paused == paused)
		return;
	conn->paused = paused;
	if (!paused && evbuffer_get_length(conn->in) > 0)
		al_conn_poke(conn);
	if (conn->depth == 0)
		conn_schedule(conn);
}

void al_conn_poke(struct al_conn *conn)
{
	if (conn->state != CONN_OPEN)
		return;
	conn->poked = true;
	conn->failed = !conn_next_round(conn) || conn->failed;
}

void *al_conn_user(const struct al_conn *conn)
{
	return conn->user;
}

/* ---- the beginning ---- */

/* Its buffers, and what is below it; conn_release() takes back what there is. */
static bool conn_equip(struct al_conn *conn)
{
	conn->in = evbuffer_new();
	conn->out = evbuffer_new();
	if (conn->in == NULL || conn->out == NULL)
		return false;
	if (conn->conf->tls == NULL)
		return true;
	conn->state = CONN_HANDSHAKE;
	conn->tls = conn_tls_new(conn->conf->tls, conn);
	return conn->tls != NULL;
}

struct al_conn *conn_new(struct event_base *base, const struct al_listener_conf *conf, const struct al_conn_ops *ops,
			 int fd, const struct sockaddr_storage *peer)
{
	struct al_conn *conn = calloc(1, sizeof(*conn));
	if (conn == NULL) {
		close(fd);
		return NULL;
	}
	conn->conf = conf;
	conn->ops = ops;
	conn->fd = fd;
	conn->state = CONN_OPEN;
	memcpy(&conn->peer.addr, peer, sizeof(conn->peer.addr));
	if (!conn_equip(conn)) {
		conn_release(conn);
		close(fd);
		return NULL;
	}
	event_assign(&conn->readable, base, fd, EV_READ | EV_PERSIST, readable_fired, conn);
	event_assign(&conn->writable, base, fd, EV_WRITE | EV_PERSIST, writable_fired, conn);
	event_assign(&conn->later, base, -1, 0, later_fired, conn);
	event_assign(&conn->clock, base, -1, 0, clock_fired, conn);
	conn->io_ms = al_now_ms();
	conn->progress_ms = conn->io_ms;
	conn->answered_ms = conn->io_ms;
	return conn;
}

/* The protocol hears of it. */
static void conn_begin(struct al_conn *conn)
{
	conn->state = CONN_OPEN;
	conn->io_ms = al_now_ms();
	clock_set(conn, idle_ms(conn));
	conn_enter(conn);
	if (conn->ops->open == NULL || conn->ops->open(conn, conn->open_arg, &conn->user) == AL_OK)
		conn->opened = true;
	else
		conn->failed = true;
	conn->depth--;
	/* Who connects to ask has mostly asked by now: an answer at once saves a round of the loop. */
	bool hears = conn->state == CONN_OPEN && !conn->failed && !conn->paused;
	if (!hears || !conn_read(conn))
		conn_settle(conn);
}

void conn_greet(struct al_conn *conn)
{
	switch (conn_tls_step(conn->tls)) {
	case CONN_TLS_DONE:
		conn_begin(conn);
		return;
	case CONN_TLS_MORE:
		conn_settle(conn);
		return;
	case CONN_TLS_REFUSED: /* it is told why, by an alert that a reset must not overtake */
		conn_tls_free(conn->tls);
		conn->tls = NULL;
		conn->failed = conn_linger(conn);
		conn_settle(conn);
		return;
	}
}

void conn_open(struct al_conn *conn, void *open_arg)
{
	conn->open_arg = open_arg;
	if (conn->state != CONN_HANDSHAKE) {
		conn_begin(conn);
		return;
	}
	clock_set(conn, CONN_TLS_MS);
	conn_settle(conn);
}
