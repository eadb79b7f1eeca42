/* SPDX-License-Identifier: MIT */
/*
 * listen.h -- the daemon's addresses: one port for UDP and TCP on each, and
 * the threads behind the UDP sockets.
 */
#ifndef ROOTDNS_LISTEN_H
#define ROOTDNS_LISTEN_H

#include "alamo/net/service.h"
#include "publish.h"
#include "tcp.h"
#include "udp.h"
#include "xdp.h"

#define LISTEN_ENDPOINT "dns"

struct listen;

/* How many threads the configuration asks for: readers first_reader .. of `publish`. */
size_t listen_threads(struct al_service *service);
/* `udp`: of the first thread; each next one is the next reader. `xdp` is told each address; NULL: none. */
AL_MUST_USE enum al_err listen_open(struct al_service *service, struct tcp_server *tcp, struct xdp *xdp,
				    const struct batch_conf *udp, struct listen **out);
void listen_close(struct listen *listen); /* ends the UDP threads; NULL is allowed */

#endif
