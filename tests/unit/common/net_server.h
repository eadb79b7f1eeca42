/* SPDX-License-Identifier: MIT */
/*
 * net_server.h -- a listener of a small protocol, a line and an answer, on a loop of its own thread. What it notes is read
 * after that thread has stopped, or after a semaphore. For tests only.
 */
#ifndef TESTS_NET_SERVER_H
#define TESTS_NET_SERVER_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "loopback.h"

#include <event2/buffer.h>
#include <event2/event.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "alamo/base/log.h"
#include "alamo/net/net.h"

#define BIG (1024u * 1024u)
#define HUGE_ANSWER (16u * 1024u * 1024u) /* more than the kernel buffers */
#define CHUNKS 40
#define CHUNK 10000u

struct server {
	struct al_loop *loop;
	struct al_listener *listener;
	pthread_t thread;
	uint16_t port;
	size_t in_max;              /* of its connections */
	bool hesitates;             /* what comes first is looked at, and taken when it is poked */
	const uint8_t *bytes;       /* HUGE_ANSWER of them */
	sem_t closed;               /* posted for each */
	size_t opens, closes, most; /* loop's thread */
	_Atomic size_t refs_done;
};

struct talk {
	struct server *server;
	struct al_conn *conn;
	struct al_timer *timer;
	int chunks; /* still to be sent when drained */
	bool quits; /* finishes after the late answer */
	bool asked;
	bool gone;
};

/* ---- the protocol of the tests: a line, an answer ---- */

static inline void ref_done(void *arg)
{
	struct server *server = arg;
	server->refs_done++;
}

static inline enum al_err on_open(struct al_conn *conn, void *arg, void **user)
{
	struct server *server = arg;
	struct talk *talk = calloc(1, sizeof(*talk));
	if (talk == NULL)
		return AL_ENOMEM;
	*talk = (struct talk){ .server = server, .conn = conn };
	*user = talk;
	server->opens++;
	if (server->opens - server->closes > server->most)
		server->most = server->opens - server->closes;
	return AL_OK;
}

static inline void on_closed(struct al_conn *conn, void *user)
{
	struct talk *talk = user;
	assert_false(talk->gone);
	talk->gone = true;
	assert_ptr_equal(al_conn_user(conn), talk);
	talk->server->closes++;
	al_timer_free(talk->timer);
	sem_post(&talk->server->closed);
	free(talk);
}

static inline void later_answer(void *arg)
{
	struct talk *talk = arg;
	al_conn_write(talk->conn, "later\n", 6);
	al_conn_pause(talk->conn, false);
	if (talk->quits)
		al_conn_finish(talk->conn);
}

static inline void later_start(struct talk *talk)
{
	if (talk->timer == NULL)
		assert_int_equal(al_timer_new(talk->server->loop, later_answer, talk, &talk->timer), AL_OK);
	al_conn_pause(talk->conn, true);
	al_timer_set(talk->timer, 1);
}

/* False: the connection is no more ours to touch. */
static inline bool on_line(struct talk *talk, const char *line)
{
	struct al_conn *conn = talk->conn;
	struct server *server = talk->server;
	if (strncmp(line, "echo ", 5) == 0) {
		al_conn_write(conn, line + 5, strlen(line + 5));
		al_conn_write(conn, "\n", 1);
	} else if (strcmp(line, "big") == 0) {
		al_conn_write_ref(conn, server->bytes, BIG, ref_done, server);
		al_conn_finish(conn);
	} else if (strcmp(line, "huge") == 0) {
		al_conn_write_ref(conn, server->bytes, HUGE_ANSWER, ref_done, server);
	} else if (strcmp(line, "drop") == 0) {
		al_conn_write_ref(conn, server->bytes, BIG, ref_done, server);
		al_conn_drop(conn);
		al_conn_write(conn, "ghost", 5); /* ignored, and safe until we return */
		al_conn_finish(conn);
		return false;
	} else if (strcmp(line, "chunks") == 0) {
		talk->chunks = CHUNKS - 1;
		al_conn_write(conn, server->bytes, CHUNK);
	} else if (strcmp(line, "peer") == 0) {
		al_conn_write(conn, al_conn_peer(conn), strlen(al_conn_peer(conn)));
		al_conn_finish(conn);
		al_conn_write(conn, "ghost", 5);
	} else if (strcmp(line, "addr") == 0) {
		struct al_prefix addr;
		char text[AL_PREFIX_STRLEN] = "none";
		if (al_conn_addr(conn, &addr))
			al_addr_format(&addr, text);
		al_conn_write(conn, text, strlen(text));
		al_conn_write(conn, "\n", 1);
	} else if (strcmp(line, "quit") == 0) {
		al_conn_finish(conn);
	} else if (strcmp(line, "later") == 0 || strcmp(line, "later quit") == 0) {
		talk->quits = strcmp(line, "later") != 0;
		later_start(talk);
		return false;
	}
	return true;
}

static inline void on_data(struct al_conn *conn, struct evbuffer *in, bool eof, void *user)
{
	struct talk *talk = user;
	bool first = !talk->asked;
	char *line;
	talk->asked = true;
	assert_true(evbuffer_get_length(in) <= talk->server->in_max);
	if (first && talk->server->hesitates) {
		al_conn_poke(conn);
		return;
	}
	while ((line = evbuffer_readln(in, NULL, EVBUFFER_EOL_LF)) != NULL) {
		bool more = on_line(user, line);
		free(line);
		if (!more)
			return;
	}
	if (eof) {
		al_conn_write(conn, "eof\n", 4);
		al_conn_finish(conn);
	}
}

static inline void on_drained(struct al_conn *conn, void *user)
{
	struct talk *talk = user;
	if (talk->chunks == 0)
		return;
	al_conn_write(conn, talk->server->bytes, CHUNK);
	if (--talk->chunks == 0)
		al_conn_finish(conn);
}

static inline void on_overflow(struct al_conn *conn, void *user)
{
	(void)user;
	al_conn_write(conn, "too long\n", 9);
}

static inline void on_idle(struct al_conn *conn, void *user)
{
	(void)user;
	al_conn_write(conn, "idle\n", 5);
}

static const struct al_conn_ops ops = {
	.open = on_open,
	.data = on_data,
	.drained = on_drained,
	.closed = on_closed,
	.overflow = on_overflow,
	.idle = on_idle,
};

static const struct al_listener_conf roomy = {
	.name = "test",
	.max_conns = 100,
	.max_per_source = 50,
	.in_max = 4096,
	.out_max = 2 * HUGE_ANSWER,
	.idle_ms = 60000,
};

/* ---- fixture ---- */

static inline void server_open(struct server *server, const struct al_listener_conf *conf)
{
	static uint8_t bytes[HUGE_ANSWER];
	*server = (struct server){ .bytes = bytes, .in_max = conf->in_max };
	assert_int_equal(sem_init(&server->closed, 0, 0), 0);
	assert_int_equal(al_loop_new(&server->loop), AL_OK);
	assert_int_equal(al_listener_new(server->loop, conf, &ops, server, &server->listener), AL_OK);
	assert_int_equal(al_listener_tcp(server->listener, AL_S("127.0.0.1"), 0, &server->port), AL_OK);
	assert_true(server->port != 0);
}

static inline void server_start(struct server *server, const struct al_listener_conf *conf)
{
	server_open(server, conf);
	loop_thread_start(server->loop, &server->thread);
}

static inline void server_close(struct server *server)
{
	al_listener_free(server->listener);
	assert_int_equal(server->opens, server->closes);
	al_loop_free(server->loop);
	sem_destroy(&server->closed);
}

static inline void server_stop(struct server *server)
{
	loop_thread_stop(server->loop, server->thread);
	server_close(server);
}

#endif
