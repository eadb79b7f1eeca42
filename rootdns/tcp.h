/* SPDX-License-Identifier: MIT */
/*
 * tcp.h -- DNS over TCP (RFC 7766): pipelined queries, answers in order, zone
 * transfers.
 */
#ifndef ROOTDNS_TCP_H
#define ROOTDNS_TCP_H

#include "alamo/net/net.h"
#include "client.h"
#include "publish.h"

struct tcp_server;

struct tcp_conf {
	size_t max_conns;
	size_t max_per_source;
	uint64_t idle_ms;
	struct publish *publish;     /* borrowed */
	size_t reader;               /* of the loop's thread */
	const struct dns_self *self; /* borrowed; NULL: none */
};

AL_MUST_USE enum al_err tcp_new(struct al_loop *loop, const struct tcp_conf *conf, struct tcp_server **out);
/* Other limits, from now on; who is connected stays. */
void tcp_limit(struct tcp_server *server, size_t max_conns, size_t max_per_source, uint64_t idle_ms);
void tcp_free(struct tcp_server *server); /* closes all; NULL is allowed */
/* To bind it to addresses. */
struct al_listener *tcp_listener(struct tcp_server *server);

#endif
