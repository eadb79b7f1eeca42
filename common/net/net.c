/* SPDX-License-Identifier: MIT */
/*
 * net.c -- listeners: accepting, limits over all and per source; listen.c opens their sockets.
 *
 * At max_conns the sockets leave the loop until a connection ends, so that the
 * kernel's queue holds the crowd back; meanwhile those go that have waited for
 * a while in the network that has most of them (source.c). What one source has
 * too many is closed at once. Everything runs on the loop's thread; metrics are shared, and the counts of listeners
 * with common shares: who has to go is then asked for by a post to the loop that he is on.
 */
#include "listener.h"

#include "alamo/base/log.h"
#include "alamo/net/metrics.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <utlist.h>

#define ACCEPT_ROUNDS 8 /* connections, each with an answer, before others get their turn */
#define RETRY_MS 100u   /* after the system had no descriptor or memory for us */
#define FULL_MS 10u     /* between looks for somebody who has to go */
#define WARN_EVERY_MS 10000u

struct listener_metrics {
	struct al_metric open, total, refused, evicted;
	char names[4][96];
	const char *listener;
	struct listener_metrics *next;
};

/* ---- metrics: one set a listener's name, for the life of the process ---- */

static void metric_setup(struct al_metric *metric, char name[static 96], const char *family, const char *listener,
			 const char *help)
{
	snprintf(name, 96, "%s{listener=\"%s\"}", family, listener);
	metric->name = name;
	metric->help = help;
	al_metric_add(metric);
}

static struct listener_metrics *metrics_of(const char *listener)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	static struct listener_metrics *all;
	struct listener_metrics *set;

	pthread_mutex_lock(&lock);
	for (set = all; set != NULL && strcmp(set->listener, listener) != 0; set = set->next)
		;
	if (set == NULL && (set = calloc(1, sizeof(*set))) != NULL) {
		set->listener = listener;
		set->open.gauge = true;
		metric_setup(&set->open, set->names[0], "alamo_connections_open", listener, "Connections now open.");
		metric_setup(&set->total, set->names[1], "alamo_connections_total", listener, "Connections taken.");
		metric_setup(&set->refused, set->names[2], "alamo_connections_refused_total", listener,
			     "Connections closed at once, their source having too many.");
		metric_setup(&set->evicted, set->names[3], "alamo_connections_evicted_total", listener,
			     "Connections closed to make room for others.");
		set->next = all;
		all = set;
	}
	pthread_mutex_unlock(&lock);
	return set;
}

/* ---- holding back ---- */

static void warn_sometimes(struct al_listener *listener, const char *event, int number)
{
	uint64_t now = al_now_ms();
	if (listener->warned_ms != 0 && now - listener->warned_ms < WARN_EVERY_MS)
		return;
	listener->warned_ms = now;
	al_log(AL_LOG_WARN, event, "listener=%s connections=%zu errno=%d", listener->conf.name, listener->count,
	       number);
}

static void listener_hold(struct al_listener *listener)
{
	listener->held = true;
	for (struct listen_socket *s = listener->sockets; s != NULL; s = s->next)
		event_del(s->event);
}

static bool anybody_waits(const struct al_listener *listener)
{
	for (const struct listen_socket *s = listener->sockets; s != NULL; s = s->next) {
		struct pollfd look = { .fd = s->fd, .events = POLLIN };
		if (poll(&look, 1, 0) > 0)
			return true;
	}
	return false;
}

/* How many stand in the kernel's queues. */
static size_t waiting_count(const struct al_listener *listener)
{
	struct tcp_info info;
	socklen_t len;
	size_t count = 0;
	for (const struct listen_socket *s = listener->sockets; s != NULL; s = s->next) {
		len = sizeof(info);
		/* Of a socket that listens, this is the length of its queue (tcp_get_info() in the kernel). */
		if (s->path == NULL && getsockopt(s->fd, IPPROTO_TCP, TCP_INFO, &info, &len) == 0)
			count += info.tcpi_unacked;
	}
	return count;
}

static void listener_resume(void *arg);

static void evict(struct al_listener *listener, struct al_conn *victim)
{
	al_metric_inc(&listener->metrics->evicted, 1);
	al_conn_drop(victim);
}

/* Another listener wanted the place of one of ours. He may have left, or have been given an answer to wait for. */
static void listener_asked(void *arg)
{
	struct al_listener *listener = arg, *asker;
	struct al_conn *victim;
	pthread_mutex_lock(&listener->shares->lock);
	victim = listener->asked;
	asker = listener->asked_by;
	listener->asked = NULL;
	listener->asked_by = NULL;
	if (victim != NULL)
		victim->leaving = false;
	pthread_mutex_unlock(&listener->shares->lock);
	if (victim != NULL && !victim->owed)
		evict(listener, victim);
	if (al_loop_post(asker->loop, listener_resume, asker) != AL_OK)
		warn_sometimes(listener, "listener-wakeup", ENOMEM); /* it looks by itself in a while */
}

/* Under the lock. One at a time: the next one can be asked once this has gone. */
static void listener_ask(struct al_listener *listener, struct al_conn *victim, struct al_listener *asker)
{
	if (listener->asked_by != NULL || al_loop_post(listener->loop, listener_asked, listener) != AL_OK)
		return;
	listener->asked = victim;
	listener->asked_by = asker;
	victim->leaving = true;
}

/* A place for one more. False: nobody has waited long enough to be asked to go, or he is on another loop. */
static bool listener_evict(struct al_listener *listener)
{
	size_t queue = waiting_count(listener);
	struct al_conn *victim;
	pthread_mutex_lock(&listener->shares->lock);
	victim = source_victim(&listener->shares->sources, queue);
	if (victim != NULL && victim->listener != listener) {
		listener_ask(victim->listener, victim, listener);
		victim = NULL;
	}
	pthread_mutex_unlock(&listener->shares->lock);
	if (victim == NULL)
		return false;
	evict(listener, victim);
	return true;
}

/* Who is in the kernel's queue gets the next place that is, or can be made, free. */
static void listener_wait(struct al_listener *listener)
{
	if (listener->conf.max_per_source > 0 || listener->conf.shares != NULL)
		al_timer_set(listener->retry, FULL_MS);
}

static void listener_resume(void *arg)
{
	struct al_listener *listener = arg;
	if (!listener->held)
		return;
	if (shares_full(listener->shares) && anybody_waits(listener)) {
		if (!listener_evict(listener)) /* if so, its leaving has brought us here again */
			listener_wait(listener);
		return;
	}
	listener->held = false;
	for (struct listen_socket *s = listener->sockets; s != NULL; s = s->next)
		if (event_add(s->event, NULL) != 0)
			listener->held = true;
	if (listener->held)
		al_timer_set(listener->retry, RETRY_MS);
}

/* ---- connections come and go ---- */

static void listener_refuse(struct al_listener *listener, int fd)
{
	al_metric_inc(&listener->metrics->refused, 1);
	if (listener->conf.refusal != NULL)
		(void)send(fd, listener->conf.refusal, strlen(listener->conf.refusal), MSG_NOSIGNAL | MSG_DONTWAIT);
	close(fd);
}

/* Its place is taken, and given back if nothing comes of it. */
static void listener_take(struct al_listener *listener, int fd, const struct sockaddr_storage *peer)
{
	struct al_shares *shares = listener->shares;
	struct conn_source *source;
	pthread_mutex_lock(&shares->lock);
	enum al_err err = source_take(&shares->sources, peer, &source);
	shares->count -= err != AL_OK;
	pthread_mutex_unlock(&shares->lock);
	if (err != AL_OK) {
		listener_refuse(listener, fd);
		return;
	}
	struct al_conn *conn = conn_new(al_loop_base(listener->loop), &listener->conf, &listener->ops, fd, peer);
	pthread_mutex_lock(&shares->lock);
	if (conn != NULL) {
		conn->listener = listener;
		conn->source = source;
		source_join(source, conn);
	} else {
		source_give(&shares->sources, source);
		shares->count--;
	}
	pthread_mutex_unlock(&shares->lock);
	if (conn == NULL)
		return;
	DL_APPEND(listener->conns, conn);
	listener->count++;
	al_metric_inc(&listener->metrics->total, 1);
	atomic_fetch_add_explicit(&listener->metrics->open.value, 1, memory_order_relaxed);
	conn_open(conn, listener->arg);
}

void listener_left(struct al_conn *conn)
{
	struct al_listener *listener = conn->listener;
	DL_DELETE(listener->conns, conn);
	listener->count--;
	atomic_fetch_sub_explicit(&listener->metrics->open.value, 1, memory_order_relaxed);
	listener->out_bytes -= conn->counted;
	pthread_mutex_lock(&listener->shares->lock);
	source_leave(conn->source, conn);
	source_give(&listener->shares->sources, conn->source);
	listener->shares->count--;
	if (listener->asked == conn)
		listener->asked = NULL;
	pthread_mutex_unlock(&listener->shares->lock);
	listener_resume(listener);
}

void listener_weigh(struct al_conn *conn)
{
	struct al_listener *listener = conn->listener;
	struct al_conn *other, *heaviest = conn;
	if (listener->conf.out_total == 0)
		return;
	listener->out_bytes += al_conn_pending(conn) - conn->counted;
	conn->counted = al_conn_pending(conn);
	if (listener->out_bytes <= listener->conf.out_total)
		return;
	DL_FOREACH(listener->conns, other)
	if (other->counted > heaviest->counted)
		heaviest = other;
	warn_sometimes(listener, "listener-unsent", 0);
	heaviest->failed = true;
	conn_schedule(heaviest);
}

static void accept_failed(struct al_listener *listener, int number)
{
	if (number == EAGAIN || number == ECONNABORTED || number == EINTR || number == EPROTO)
		return;
	warn_sometimes(listener, "accept-failed", number);
	listener_hold(listener);
	al_timer_set(listener->retry, RETRY_MS);
}

/* One for who waits. False: nobody does, or everybody has to, for now. */
static bool listener_place(struct al_listener *listener)
{
	if (shares_take(listener->shares))
		return true;
	if (!anybody_waits(listener))
		return false;
	warn_sometimes(listener, "listener-full", 0);
	if (listener_evict(listener) && shares_take(listener->shares))
		return true;
	listener_hold(listener);
	listener_wait(listener);
	return false;
}

static void socket_readable(evutil_socket_t fd, short what, void *arg)
{
	struct listen_socket *socket = arg;
	struct al_listener *listener = socket->listener;
	(void)what;
	for (int i = 0; i < ACCEPT_ROUNDS && listener_place(listener); i++) {
		struct sockaddr_storage peer = { .ss_family = AF_UNSPEC };
		socklen_t len = sizeof(peer);
		int taken = accept4(fd, (struct sockaddr *)&peer, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (taken < 0) {
			int number = errno;
			shares_give(listener->shares);
			accept_failed(listener, number);
			return;
		}
		listener_take(listener, taken, &peer);
	}
}

/* ---- life ---- */

enum al_err listener_add(struct al_listener *listener, int fd, char *path)
{
	struct listen_socket *socket = calloc(1, sizeof(*socket));
	if (socket == NULL)
		goto fail;
	*socket = (struct listen_socket){ .listener = listener, .fd = fd, .path = path };
	socket->event = event_new(al_loop_base(listener->loop), fd, EV_READ | EV_PERSIST, socket_readable, socket);
	if (socket->event == NULL)
		goto fail;
	if (!listener->held && event_add(socket->event, NULL) != 0) {
		event_free(socket->event);
		goto fail;
	}
	LL_PREPEND(listener->sockets, socket);
	return AL_OK;
fail:
	free(socket);
	free(path);
	close(fd);
	return AL_ENOMEM;
}

void al_listener_limit(struct al_listener *listener, const struct al_listener_limits *limits)
{
	listener->conf.idle_ms = limits->idle_ms;
	listener->conf.request_ms = limits->request_ms;
	shares_limit(listener->shares, limits->max_conns, limits->max_per_source);
	listener_resume(listener);
}

enum al_err al_listener_new(struct al_loop *loop, const struct al_listener_conf *conf, const struct al_conn_ops *ops,
			    void *arg, struct al_listener **out)
{
	struct al_listener *listener = calloc(1, sizeof(*listener));
	if (listener == NULL)
		return AL_ENOMEM;
	listener->loop = loop;
	listener->conf = *conf;
	listener->ops = *ops;
	listener->arg = arg;
	listener->metrics = metrics_of(conf->name);
	listener->shares = conf->shares;
	if (listener->metrics == NULL || al_timer_new(loop, listener_resume, listener, &listener->retry) != AL_OK ||
	    (listener->shares == NULL &&
	     al_shares_new(conf->max_conns, conf->max_per_source, &listener->shares) != AL_OK)) {
		al_timer_free(listener->retry);
		free(listener);
		return AL_ENOMEM;
	}
	*out = listener;
	return AL_OK;
}

void al_listener_free(struct al_listener *listener)
{
	if (listener == NULL)
		return;
	while (listener->sockets != NULL) {
		struct listen_socket *socket = listener->sockets;
		LL_DELETE(listener->sockets, socket);
		event_free(socket->event);
		close(socket->fd);
		if (socket->path != NULL)
			unlink(socket->path);
		free(socket->path);
		free(socket);
	}
	while (listener->conns != NULL)
		al_conn_drop(listener->conns);
	al_timer_free(listener->retry);
	if (listener->conf.shares == NULL)
		al_shares_free(listener->shares);
	free(listener);
}

struct al_shares *listener_shares(const struct al_listener *listener)
{
	return listener->shares;
}

size_t al_conn_source_conns(const struct al_conn *conn)
{
	struct al_shares *shares = conn->listener->shares;
	if (conn->source == NULL)
		return 0;
	pthread_mutex_lock(&shares->lock);
	size_t conns = source_conns(conn->source);
	pthread_mutex_unlock(&shares->lock);
	return conns;
}

size_t al_listener_conns(const struct al_listener *listener)
{
	return listener->count;
}
