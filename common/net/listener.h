/* SPDX-License-Identifier: MIT */
/*
 * listener.h -- a listener, as net.c (its connections) and listen.c (its sockets) know it.
 */
#ifndef COMMON_LISTENER_H
#define COMMON_LISTENER_H

#include "source.h"

struct listen_socket {
	struct al_listener *listener;
	struct event *event;
	int fd;
	char *path; /* unix: removed at the end; else NULL */
	struct listen_socket *next;
};

struct al_listener {
	struct al_loop *loop;
	struct al_listener_conf conf;
	struct al_conn_ops ops;
	void *arg;
	struct listen_socket *sockets;
	struct al_conn *conns;
	size_t count;
	size_t out_bytes;         /* unsent, of all connections, when out_total bounds them */
	struct al_shares *shares; /* conf.shares, or its own */
	struct al_conn *asked;    /* one of conns that another listener wants the place of; under the shares' lock */
	struct al_listener *asked_by; /* until the post has arrived; likewise */
	struct al_timer *retry;
	bool held; /* sockets are out of the loop */
	uint64_t warned_ms;
	struct listener_metrics *metrics;
};

/* Takes fd, that listens, and path in every case. */
AL_MUST_USE enum al_err listener_add(struct al_listener *listener, int fd, char *path);

#endif
