/* SPDX-License-Identifier: MIT */
/*
 * rtr_client.h -- a router's connection and its server, as rtr_server.c and rtr_answer.c share them. Thread: the loop's.
 */
#ifndef RPKI_LITE_RTR_CLIENT_H
#define RPKI_LITE_RTR_CLIENT_H

#include "rtr_image.h"
#include "rtr_server.h"
#include "rtr_session.h"

#define ADDR_LEN 64
#define SUSPECTS 256

struct rtr_client {
	struct al_conn *conn;
	struct rtr_server *server;
	struct rtr_client *prev, *next;
	struct rtr_session session;
	struct rtr_image *image; /* being sent; a reference of its own */
	struct rtr_image *rest;  /* whose announcements are sent, and whose withdrawals are asked for next; likewise */
	uint64_t since_ms;       /* of the connection, or of the answer under way */
	uint64_t progress_ms;    /* when `pending` was last seen to change */
	size_t pending;
	bool eof;
	char addr[ADDR_LEN]; /* without the port */
};

struct rtr_server {
	struct al_listener *listener;
	struct al_listener *over_tls; /* NULL: none */
	struct al_loop *loop;
	struct al_timer *timer;
	uint64_t sweep_at_ms;
	struct rtr_server_conf conf;
	struct rtr_images images;
	struct rtr_client *clients;
	/* Addresses whose copy may be broken: a ring, the oldest is forgotten first. */
	char suspects[SUSPECTS][ADDR_LEN];
	size_t suspect_next;
};

void rtr_answer_metrics(void);
/* Writes what the session said; `inner` is the PDU that an Error Report quotes. */
void rtr_answer(struct rtr_client *client, const struct rtr_reply *reply, struct al_slice inner);
/* The half of a difference that waits (rtr_session.h) is not wanted any more. */
void rtr_answer_forget(struct rtr_client *client);

#endif
