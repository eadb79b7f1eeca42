/* SPDX-License-Identifier: MIT */
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

#include "access.h"
#include "alamo/base/wire.h"
#include "answer.h"
#include "traffic.h"
#include "transfers.h"

#define IN_MAX (2u * (2u + 65535u))
#define OUT_MAX (4u << 20)
#define OUT_ENOUGH (256u << 10) /* unsent bytes above which we wait */
#define CHECK_MS 1000u          /* how often transfers are looked at */

struct tcp_server {
	struct tcp_conf conf;
	struct al_listener *listener;
	struct al_timer *check;
	struct al_buf batch; /* answers of one read */
	struct traffic traffic;
	struct transfers transfers;
	uint8_t reply[ANSWER_TCP_MAX];
};

struct tcp_conn {
	struct tcp_server *server;
	struct al_conn *conn;
	struct client client;
	struct transfer *transfer; /* under way, or NULL */
	bool eof;
};

/* ---- transfers ---- */

static void transfer_end(struct tcp_conn *c)
{
	transfers_end(&c->server->transfers, c->transfer);
	c->transfer = NULL;
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
		more = xfr_next(c->transfer->xfr, &c->server->batch);
	c->transfer->put += c->server->batch.len;
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

static void error_put(struct tcp_conn *c, const struct query *query, enum rcode rcode, enum ede ede, struct tsig *tsig)
{
	reply_put(c, answer_error(query, &c->client, rcode, ede, tsig, c->server->reply));
}

static bool may_transfer(const struct tcp_conn *c, const struct tsig *tsig)
{
	const struct dns_self *self = c->client.self;

	return self == NULL || self->transfer == NULL || access_allows(self->transfer, &c->client, tsig);
}

/* A transfer begins, or its refusal is answered. `tsig` NULL: not signed. */
static void transfer_begin(struct tcp_conn *c, const struct zone_set *set, struct query *query, struct tsig *tsig)
{
	struct tcp_server *server = c->server;
	struct xfr *xfr = NULL;
	enum rcode rcode;

	if (!may_transfer(c, tsig)) {
		error_put(c, query, RCODE_REFUSED, EDE_PROHIBITED, tsig);
		return;
	}
	if (!transfers_room(&server->transfers, &c->client)) {
		error_put(c, query, RCODE_REFUSED, EDE_NONE, tsig);
		return;
	}
	rcode = xfr_new(set, query, &c->client, tsig, &xfr);
	if (xfr != NULL)
		c->transfer = transfers_begin(&server->transfers, c->conn, &c->client, xfr);
	if (c->transfer != NULL) {
		traffic_transfer(xfr_incremental(xfr));
		server->traffic.queries++;
		server->traffic.rcode[RCODE_NOERROR]++;
	} else if (rcode != RCODE_NOERROR || xfr != NULL) {
		error_put(c, query, xfr != NULL ? RCODE_SERVFAIL : rcode, EDE_NONE, tsig);
	} else {
		/* Up to date: the SOA alone. */
		reply_put(c, answer_zone(set, query, &c->client, tsig, server->reply));
	}
}

static void transfer_asked(struct tcp_conn *c, const struct zone_set *set, struct query *query)
{
	const struct dns_self *self = c->client.self;
	struct tsig tsig;
	enum rcode rcode;

	answer_prepare(set, query);
	if (query->tsig_at == 0) {
		transfer_begin(c, set, query, NULL);
		return;
	}
	rcode = tsig_check(self != NULL ? self->keys : NULL, c->client.now, query, &tsig);
	if (rcode == RCODE_NOERROR)
		transfer_begin(c, set, query, &tsig);
	else
		error_put(c, query, rcode, EDE_NONE, rcode == RCODE_NOTAUTH ? &tsig : NULL);
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
		transfer_asked(c, set, &query);
		return;
	}
	answer_prepare(set, &query);
	reply_put(c, answer_write(set, &query, &c->client, server->reply));
}

static bool has_room(const struct tcp_conn *c)
{
	return c->transfer == NULL && al_conn_pending(c->conn) + c->server->batch.len < OUT_ENOUGH;
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
	size_t before = evbuffer_get_length(in);

	c->eof = c->eof || eof;
	c->client.now = al_now_s();
	messages_take(c, in);
	if (c->transfer != NULL)
		transfer_feed(c);
	else
		batch_write(c);
	/* What had to wait did so for an answer: drained() goes on behind it. */
	al_conn_pause(conn, !has_room(c));
	if (!c->eof || !has_room(c))
		return;
	/* Behind a short transfer, which is over already, there may be more. */
	if (evbuffer_get_length(in) < before)
		al_conn_poke(conn);
	else
		al_conn_finish(conn);
}

static void on_drained(struct al_conn *conn, void *user)
{
	struct tcp_conn *c = user;

	if (c->transfer != NULL)
		transfer_feed(c);
	if (!has_room(c))
		return;
	al_conn_pause(conn, false);
	al_conn_poke(conn);
}

/* "[::1]:53" or "10.0.0.1:53" */
static void client_of(struct tcp_conn *c)
{
	struct al_slice peer = al_slice_str(al_conn_peer(c->conn));
	struct al_prefix addr;

	while (peer.len > 0 && peer.ptr[peer.len - 1] != ':')
		peer.len--;
	peer = al_slice_head(peer, peer.len > 0 ? peer.len - 1 : 0);
	if (al_slice_starts(peer, "[") && al_slice_ends(peer, "]"))
		peer = al_slice_from(al_slice_head(peer, peer.len - 1), 1);
	c->client = (struct client){ .self = c->server->conf.self, .tcp = true };
	if (al_addr_parse(peer, &addr) != AL_OK)
		return;
	c->client.addr_len = addr.bits / 8;
	memcpy(c->client.addr, addr.addr, c->client.addr_len);
}

static enum al_err on_open(struct al_conn *conn, void *arg, void **user)
{
	struct tcp_conn *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return AL_ENOMEM;
	c->server = arg;
	c->conn = conn;
	client_of(c);
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

static void check_fired(void *arg)
{
	struct tcp_server *server = arg;

	(void)transfers_check(&server->transfers, al_now_ms());
	al_timer_set(server->check, CHECK_MS);
}

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
	err = al_timer_new(loop, check_fired, server, &server->check);
	if (err == AL_OK)
		err = al_listener_new(loop, &listener, &ops, server, &server->listener);
	if (err != AL_OK) {
		tcp_free(server);
		return err;
	}
	al_timer_set(server->check, CHECK_MS);
	*out = server;
	return AL_OK;
}

void tcp_limit(struct tcp_server *server, size_t max_conns, size_t max_per_source, uint64_t idle_ms)
{
	const struct al_listener_limits limits = { max_conns, max_per_source, idle_ms, 0 };

	al_listener_limit(server->listener, &limits);
}

void tcp_free(struct tcp_server *server)
{
	if (server == NULL)
		return;
	al_listener_free(server->listener);
	al_timer_free(server->check);
	al_buf_release(&server->batch);
	free(server);
}

struct al_listener *tcp_listener(struct tcp_server *server)
{
	return server->listener;
}
