/*
 * tcp.c -- see tcp.h. One loop's thread.
 *
 * All complete queries of one read are answered into one write. A connection
 * that has much unsent is not read on; a transfer is fed as it drains, and
 * queries behind it wait.
 */
#include "tcp.h"

#include <event2/buffer.h>
#include <stdlib.h>
#include <string.h>

#include "alamo/base/wire.h"
#include "answer.h"
#include "traffic.h"
#include "xfr.h"

#define IN_MAX (2u * (2u + 65535u))
#define OUT_MAX (4u << 20)
#define OUT_ENOUGH (256u << 10) /* unsent bytes above which we wait */
#define TRANSFERS_MAX 32        /* at once: each holds a snapshot */

struct tcp_server {
	struct tcp_conf conf;
	struct al_listener *listener;
	struct al_buf batch; /* answers of one read */
	struct traffic traffic;
	size_t transfers;
	uint8_t reply[ANSWER_TCP_MAX];
};

struct tcp_conn {
	struct tcp_server *server;
	struct al_conn *conn;
	struct xfr *xfr; /* under way, or NULL */
	bool eof;
};

/* ---- transfers ---- */

static void transfer_end(struct tcp_conn *c)
{
	if (c->xfr == NULL)
		return;
	xfr_free(c->xfr);
	c->xfr = NULL;
	c->server->transfers--;
}

static void batch_write(struct tcp_conn *c)
{
	struct al_buf *batch = &c->server->batch;

	if (batch->err != AL_OK)
		al_conn_finish(c->conn);
	else if (batch->len > 0)
		al_conn_write(c->conn, batch->ptr, batch->len);
	al_buf_reset(batch);
}

static void transfer_feed(struct tcp_conn *c)
{
	bool more = true;

	while (more && al_conn_pending(c->conn) + c->server->batch.len < OUT_ENOUGH)
		more = xfr_next(c->xfr, &c->server->batch);
	batch_write(c);
	if (!more)
		transfer_end(c);
}

static void reply_put(struct tcp_conn *c, size_t len)
{
	struct tcp_server *server = c->server;

	traffic_count(&server->traffic, server->reply, len);
	if (len == 0)
		return;
	al_buf_u16(&server->batch, (uint16_t)len);
	al_buf_put(&server->batch, server->reply, len);
}

/* A transfer begins, or its refusal is answered. */
static void transfer_begin(struct tcp_conn *c, const struct zone_set *set, const struct query *query)
{
	struct tcp_server *server = c->server;
	struct query soa = *query;
	enum rcode rcode = RCODE_REFUSED;

	if (server->transfers < TRANSFERS_MAX)
		rcode = xfr_new(set, query, &c->xfr);
	if (c->xfr != NULL) {
		server->transfers++;
		server->traffic.queries++;
		server->traffic.rcode[RCODE_NOERROR]++;
	} else if (rcode != RCODE_NOERROR) {
		reply_put(c, answer_error(query, rcode, server->reply));
	} else {
		/* Up to date: answer_write() gives the SOA alone. */
		answer_prepare(set, &soa);
		reply_put(c, answer_write(set, &soa, true, server->reply));
	}
}

/* ---- queries ---- */

static void message_take(struct tcp_conn *c, const struct zone_set *set, const uint8_t *msg, size_t len)
{
	struct tcp_server *server = c->server;
	struct query query;

	if (!query_parse(set != NULL ? set->seed : 0, msg, len, &query)) {
		reply_put(c, 0);
		return;
	}
	if (query.rcode == RCODE_NOERROR && query.class == RR_CLASS_IN &&
	    (query.type == RR_AXFR || query.type == RR_IXFR)) {
		transfer_begin(c, set, &query);
		return;
	}
	answer_prepare(set, &query);
	reply_put(c, answer_write(set, &query, true, server->reply));
}

static bool has_room(const struct tcp_conn *c)
{
	return c->xfr == NULL && al_conn_pending(c->conn) + c->server->batch.len < OUT_ENOUGH;
}

/* Whole messages off the front of the input; what is not whole, or has to wait, stays. */
static void messages_take(struct tcp_conn *c, struct evbuffer *in)
{
	struct tcp_server *server = c->server;
	size_t left = evbuffer_get_length(in), used = 0;
	const uint8_t *bytes = left >= 2 ? evbuffer_pullup(in, -1) : NULL;
	const struct zone_set *set;

	if (bytes == NULL)
		return;
	set = publish_enter(server->conf.publish, server->conf.reader);
	while (left - used >= 2 && has_room(c)) {
		size_t len = al_get_u16(bytes + used);

		if (left - used - 2 < len)
			break;
		message_take(c, set, bytes + used + 2, len);
		used += 2 + len;
	}
	publish_leave(server->conf.publish, server->conf.reader);
	(void)evbuffer_drain(in, used);
	traffic_flush(&server->traffic, TRAFFIC_TCP);
}

static void on_data(struct al_conn *conn, struct evbuffer *in, bool eof, void *user)
{
	struct tcp_conn *c = user;
	size_t before, after;

	c->eof = c->eof || eof;
	before = evbuffer_get_length(in);
	messages_take(c, in);
	after = evbuffer_get_length(in);
	if (c->xfr != NULL)
		transfer_feed(c);
	else
		batch_write(c);
	/* Held back: drained() goes on. */
	al_conn_pause(conn, !has_room(c));
	if (!has_room(c))
		return;
	if (c->eof)
		al_conn_finish(conn);
	else if (after > 0 && after < before)
		al_conn_poke(conn);
}

static void on_drained(struct al_conn *conn, void *user)
{
	struct tcp_conn *c = user;

	if (c->xfr != NULL)
		transfer_feed(c);
	if (!has_room(c))
		return;
	al_conn_pause(conn, false);
	al_conn_poke(conn);
}

static enum al_err on_open(struct al_conn *conn, void *arg, void **user)
{
	struct tcp_conn *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return AL_ENOMEM;
	c->server = arg;
	c->conn = conn;
	*user = c;
	return AL_OK;
}

static void on_closed(struct al_conn *conn, void *user)
{
	struct tcp_conn *c = user;

	(void)conn;
	transfer_end(c);
	free(c);
}

/* ---- server ---- */

enum al_err tcp_new(struct al_loop *loop, const struct tcp_conf *conf, struct tcp_server **out)
{
	static const struct al_conn_ops ops = {
		.open = on_open, .data = on_data, .drained = on_drained, .closed = on_closed
	};
	struct al_listener_conf listener = {
		.name = "dns",
		.max_conns = conf->max_conns,
		.max_per_source = conf->max_per_source,
		.in_max = IN_MAX,
		.out_max = OUT_MAX,
		.idle_ms = conf->idle_ms,
	};
	struct tcp_server *server = calloc(1, sizeof(*server));
	enum al_err err;

	if (server == NULL)
		return AL_ENOMEM;
	server->conf = *conf;
	al_buf_init(&server->batch, OUT_MAX);
	err = al_listener_new(loop, &listener, &ops, server, &server->listener);
	if (err != AL_OK)
		free(server);
	else
		*out = server;
	return err;
}

void tcp_free(struct tcp_server *server)
{
	if (server == NULL)
		return;
	al_listener_free(server->listener);
	al_buf_release(&server->batch);
	free(server);
}

struct al_listener *tcp_listener(struct tcp_server *server)
{
	return server->listener;
}
