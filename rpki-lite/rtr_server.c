/* SPDX-License-Identifier: MIT */
/*
 * rtr_server.c -- connections to sessions: reads PDUs, steps the session, writes what it replies.
 *
 * Thread: the loop's. Invariant: there is one answer of any kind in a client's output at most; its further queries
 * stay in its input until that has left. So who asks without reading holds 4 KiB, not our memory.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <event2/buffer.h>
#include <sodium.h>

#include "alamo/base/log.h"
#include "alamo/net/metrics.h"

#include "rtr_client.h"

#define SWEEP_MS 10000
#define IDLE_MS (24u * 3600 * 1000) /* gobgp never asks without a Notify, so idle is not dead */

static struct al_metric metric_reports = { .name = "alamo_rpki_rtr_error_reports_total",
					   .help = "Error Reports received from routers" };
static struct al_metric metric_stalled = { .name = "alamo_rpki_rtr_stalled_total",
					   .help = "Routers dropped because they did not ask, or did not read" };

static void server_metrics(void)
{
	rtr_answer_metrics();
	al_metric_add(&metric_reports);
	al_metric_add(&metric_stalled);
}

/* ---- suspects ---- */

static char *suspect_find(struct rtr_server *server, const char *addr)
{
	size_t i;

	for (i = 0; i < SUSPECTS; i++)
		if (strcmp(server->suspects[i], addr) == 0)
			return server->suspects[i];
	return NULL;
}

static void suspect_add(struct rtr_server *server, const char *addr)
{
	if (addr[0] == '\0' || suspect_find(server, addr) != NULL)
		return;
	memcpy(server->suspects[server->suspect_next++ % SUSPECTS], addr, ADDR_LEN);
}

/* "[2001:db8::1]:323" without the port; empty if it does not fit. */
static void addr_of_peer(const char *peer, char out[static ADDR_LEN])
{
	const char *colon = strrchr(peer, ':');
	struct al_slice addr = al_slice_str(peer);

	if (colon != NULL)
		addr.len = (size_t)(colon - peer);
	memset(out, 0, ADDR_LEN);
	if (al_slice_copy(addr, out, ADDR_LEN) != AL_OK)
		out[0] = '\0';
}

/* ---- the world as a session sees it ---- */

static bool server_retained(void *arg, uint32_t from)
{
	struct rtr_server *server = arg;

	return vrp_history_has(server->images.history, from);
}

static struct rtr_world server_world(struct rtr_server *server, const struct rtr_client *client)
{
	const struct vrp_set *set = server->images.set;
	struct rtr_world world = {
		.has_data = set != NULL,
		.serial = set != NULL ? set->serial : 0,
		.highest = server->conf.highest,
		.suspect = client->addr[0] != '\0' && suspect_find(server, client->addr) != NULL,
		.busy = al_conn_pending(client->conn) != 0,
		.now_ms = al_now_ms(),
		.notify_ms = server->conf.notify_ms,
		.hold_ms = server->conf.hold_ms,
		.retained = server_retained,
		.arg = server,
	};

	memcpy(world.session, server->conf.session, sizeof(world.session));
	if (client->session.version == 0)
		world.fresh = (uint16_t)randombytes_random();
	return world;
}

/* The answer under way has left. */
static void client_sent(struct rtr_client *client)
{
	struct rtr_world world = server_world(client->server, client);

	(void)rtr_session_step(&client->session, RTR_IN_SENT, NULL, &world);
	rtr_image_unref(client->image);
	client->image = NULL;
}

/* ---- time ---- */

static void server_sweep_in(struct rtr_server *server, uint64_t ms)
{
	uint64_t at = al_now_ms() + ms;

	if (server->sweep_at_ms != 0 && server->sweep_at_ms <= at)
		return;
	server->sweep_at_ms = at;
	al_timer_set(server->timer, ms);
}

static void client_tick(struct rtr_client *client)
{
	struct rtr_world world = server_world(client->server, client);
	struct rtr_reply reply = rtr_session_step(&client->session, RTR_IN_TICK, NULL, &world);
	uint64_t due = rtr_session_notify_in(&client->session, &world);

	rtr_answer(client, &reply, (struct al_slice){ 0 });
	if (due != UINT64_MAX)
		server_sweep_in(client->server, due);
}

/* Has it not asked, or not read, for too long? */
static bool client_stalled(struct rtr_client *client, uint64_t now_ms)
{
	size_t pending = al_conn_pending(client->conn);

	if (client->session.held)
		return false;
	if (client->session.state == RTR_NEW)
		return now_ms - client->since_ms >= RTR_SILENT_MS;
	if (pending == 0 || pending != client->pending) {
		client->pending = pending;
		client->progress_ms = now_ms;
	}
	return now_ms - client->progress_ms >= RTR_STALL_MS;
}

static void client_drop(struct rtr_client *client, const char *reason)
{
	al_metric_inc(&metric_stalled, 1);
	al_log(AL_LOG_WARN, "rtr-drop", "peer=%s reason=%s state=%s", al_conn_peer(client->conn), reason,
	       rtr_state_name(client->session.state));
	al_conn_drop(client->conn);
}

static void server_sweep(void *arg)
{
	struct rtr_server *server = arg;
	struct rtr_client *client, *next;
	uint64_t now_ms = al_now_ms();

	server->sweep_at_ms = 0;
	for (client = server->clients; client != NULL; client = next) {
		next = client->next;
		if (client_stalled(client, now_ms))
			client_drop(client, "stalled");
		else if (client->session.held)
			al_conn_poke(client->conn); /* there is data now, or it takes too long */
		else
			client_tick(client);
	}
	if (server->clients != NULL)
		server_sweep_in(server, SWEEP_MS);
}

/* Bound the memory that slow readers of old sets hold: the one that began first goes first. */
static void server_trim(struct rtr_server *server)
{
	struct rtr_client *client, *oldest;

	while (server->images.retired_bytes > RTR_RETIRED_MAX) {
		oldest = NULL;
		for (client = server->clients; client != NULL; client = client->next)
			if (((client->session.state == RTR_SENDING && client->image != NULL &&
			      client->image->retired) ||
			     (client->rest != NULL && client->rest->retired)) &&
			    (oldest == NULL || client->since_ms < oldest->since_ms))
				oldest = client;
		if (oldest == NULL)
			return;
		client_drop(oldest, "slow");
	}
}

void rtr_server_publish(struct rtr_server *server, const struct vrp_set *set, const struct vrp_history *history)
{
	rtr_images_publish(&server->images, set, history);
	server_trim(server);
	server_sweep(server);
}

/* ---- connections ---- */

static enum al_err client_open(struct al_conn *conn, void *arg, void **user)
{
	struct rtr_server *server = arg;
	struct rtr_client *client = calloc(1, sizeof(*client));

	if (client == NULL)
		return AL_ENOMEM;
	client->conn = conn;
	client->server = server;
	client->since_ms = al_now_ms();
	rtr_session_init(&client->session);
	addr_of_peer(al_conn_peer(conn), client->addr);
	client->next = server->clients;
	if (client->next != NULL)
		client->next->prev = client;
	server->clients = client;
	server_sweep_in(server, SWEEP_MS);
	*user = client;
	return AL_OK;
}

static void client_closed(struct al_conn *conn, void *user)
{
	struct rtr_client *client = user;
	struct rtr_server *server = client->server;

	if (client->session.state == RTR_SENDING && al_conn_pending(conn) == 0)
		client_sent(client); /* closing after the last byte: nothing was cut off */
	rtr_image_unref(client->image);
	rtr_answer_forget(client);
	if (rtr_session_cut(&client->session))
		suspect_add(server, client->addr);
	if (client->prev != NULL)
		client->prev->next = client->next;
	else
		server->clients = client->next;
	if (client->next != NULL)
		client->next->prev = client->prev;
	free(client);
}

static void client_report(struct rtr_client *client, const struct rtr_pdu *pdu, const struct rtr_reply *reply)
{
	char quoted[AL_LOG_QUOTE_LEN];

	al_metric_inc(&metric_reports, 1);
	al_log(AL_LOG_WARN, "rtr-error-report", "peer=%s code=%s text=%s", al_conn_peer(client->conn),
	       rtr_code_name(pdu->field), al_log_quote(pdu->text, quoted));
	if (reply->suspect)
		suspect_add(client->server, client->addr);
}

/* One PDU of `bytes`; how much of it is done with, 0: none (for now). */
static size_t client_pdu(struct rtr_client *client, const uint8_t *bytes, size_t len)
{
	struct rtr_world world = server_world(client->server, client);
	struct rtr_reply reply;
	struct rtr_pdu pdu;
	char *suspect;
	size_t used = rtr_pdu_decode(bytes, len, &pdu);

	if (used == 0)
		return 0;
	reply = rtr_session_step(&client->session, RTR_IN_PDU, &pdu, &world);
	if (reply.answer == RTR_LATER) {
		if (client->session.held)
			server_sweep_in(client->server,
					client->session.held_ms + client->server->conf.hold_ms - world.now_ms);
		return 0;
	}
	if (pdu.type == RTR_ERROR_REPORT)
		client_report(client, &pdu, &reply);
	if ((reply.answer == RTR_RESET || reply.answer == RTR_FULL) && world.suspect) {
		suspect = suspect_find(client->server, client->addr);
		if (suspect != NULL)
			suspect[0] = '\0';
	}
	rtr_answer(client, &reply, pdu.raw);
	return used;
}

static void client_eof(struct rtr_client *client)
{
	struct rtr_world world = server_world(client->server, client);
	struct rtr_reply reply = rtr_session_step(&client->session, RTR_IN_EOF, NULL, &world);

	rtr_answer(client, &reply, (struct al_slice){ 0 });
}

static void client_input(struct al_conn *conn, struct evbuffer *in, bool eof, void *user)
{
	struct rtr_client *client = user;
	uint8_t bytes[RTR_INPUT_MAX];
	size_t used = 1;

	client->eof = client->eof || eof;
	while (used != 0 && client->session.state != RTR_ENDED) {
		ev_ssize_t len = evbuffer_copyout(in, bytes, sizeof(bytes));

		used = len > 0 ? client_pdu(client, bytes, (size_t)len) : 0;
		(void)evbuffer_drain(in, used);
	}
	if (client->session.state == RTR_ENDED) {
		(void)evbuffer_drain(in, evbuffer_get_length(in));
		return;
	}
	/* A query that waits behind an answer is still answered after the router has shut its side. */
	if (al_conn_pending(conn) != 0 && evbuffer_get_length(in) != 0)
		al_conn_pause(conn, true); /* until client_drained() */
	else if (client->eof && !client->session.held)
		client_eof(client);
}

static void client_drained(struct al_conn *conn, void *user)
{
	struct rtr_client *client = user;

	if (client->session.state == RTR_SENDING)
		client_sent(client);
	al_conn_pause(conn, false); /* a query may have been waiting */
	client_tick(client);
}

static enum al_err server_listener(struct rtr_server *server, const char *name, struct al_tls *tls,
				   struct al_listener **out)
{
	static const struct al_conn_ops ops = {
		.open = client_open,
		.data = client_input,
		.drained = client_drained,
		.closed = client_closed,
	};
	const struct al_listener_conf conf = {
		.name = name,
		.max_conns = server->conf.max_conns,
		.max_per_source = server->conf.max_per_source,
		.in_max = RTR_INPUT_MAX,
		.out_max = RTR_OUT_MAX,
		.idle_ms = IDLE_MS,
		.tls = tls,
	};

	return al_listener_new(server->loop, &conf, &ops, server, out);
}

enum al_err rtr_server_new(struct al_loop *loop, const struct rtr_server_conf *conf, struct rtr_server **out)
{
	struct rtr_server *server;
	enum al_err err;

	if (!rtr_timers_ok(&conf->timers) || conf->highest == 0 || conf->highest > RTR_VERSION_MAX)
		return AL_EINVAL;
	server = calloc(1, sizeof(*server));
	if (server == NULL)
		return AL_ENOMEM;
	server->conf = *conf;
	server->loop = loop;
	rtr_images_init(&server->images);
	err = al_timer_new(loop, server_sweep, server, &server->timer);
	if (err == AL_OK)
		err = server_listener(server, "rtr", NULL, &server->listener);
	if (err != AL_OK) {
		rtr_server_free(server);
		return err;
	}
	server_metrics();
	*out = server;
	return AL_OK;
}

enum al_err rtr_server_tls(struct rtr_server *server, struct al_tls *tls, struct al_listener **out)
{
	enum al_err err = server_listener(server, "rtr-tls", tls, &server->over_tls);

	if (err == AL_OK)
		*out = server->over_tls;
	return err;
}

void rtr_server_limit(struct rtr_server *server, const struct rtr_server_conf *conf)
{
	const struct al_listener_limits limits = { conf->max_conns, conf->max_per_source, IDLE_MS, 0 };

	server->conf.notify_ms = conf->notify_ms;
	server->conf.timers = conf->timers;
	al_listener_limit(server->listener, &limits);
	if (server->over_tls != NULL)
		al_listener_limit(server->over_tls, &limits);
}

void rtr_server_free(struct rtr_server *server)
{
	if (server == NULL)
		return;
	al_listener_free(server->listener); /* first: closing connections gives images back */
	al_listener_free(server->over_tls);
	al_timer_free(server->timer);
	rtr_images_release(&server->images);
	free(server);
}

struct al_listener *rtr_server_listener(struct rtr_server *server)
{
	return server->listener;
}
