/* SPDX-License-Identifier: MIT */
/*
 * rtr_server.h -- RTR over TCP and TLS: routers in, sessions stepped, images out, Notify when there is something new.
 *
 * A router can hold: 4 KiB of unread input, one answer (a reference), one slot. It loses its connection when it
 * asks nothing for RTR_SILENT_MS after connecting, when nothing of an answer leaves here for RTR_STALL_MS, or when it
 * takes an answer of an old set while such answers hold more than RTR_RETIRED_MAX bytes.
 */
#ifndef RPKI_LITE_RTR_SERVER_H
#define RPKI_LITE_RTR_SERVER_H

#include "alamo/net/net.h"
#include "alamo/net/tls.h"

#include "rtr_pdu.h"
#include "vrp_delta.h"

#define RTR_SILENT_MS 60000
/* Long, as a slow link first has to empty some megabytes of the system's buffer before more leaves here. */
#define RTR_STALL_MS 300000
#define RTR_RETIRED_MAX ((size_t)256 << 20)
/* One answer is on its way at a time, as a reference: room for 8 million IPv6 records, not memory. */
#define RTR_OUT_MAX ((size_t)256 << 20)

struct rtr_server;

struct rtr_server_conf {
	size_t max_conns;
	size_t max_per_source;
	uint64_t notify_ms;                    /* least time between two Notifies to one router */
	uint64_t hold_ms;                      /* longest time that a query waits for data, before it is refused */
	uint8_t highest;                       /* version that is offered to those who ask for it: 1 or 2 */
	uint16_t session[RTR_VERSION_MAX + 1]; /* of each version */
	struct rtr_timers timers;
};

AL_MUST_USE enum al_err rtr_server_new(struct al_loop *loop, const struct rtr_server_conf *conf,
				       struct rtr_server **out);
void rtr_server_free(struct rtr_server *server); /* NULL is allowed; closes all connections */
/* Other limits and times, from now on: who is connected stays, and hears of the timers with the next End of Data. */
void rtr_server_limit(struct rtr_server *server, const struct rtr_server_conf *conf);
struct al_listener *rtr_server_listener(struct rtr_server *server);
/* A second listener, with the same limits of its own. `tls` stays the caller's, and longer than the server. */
AL_MUST_USE enum al_err rtr_server_tls(struct rtr_server *server, struct al_tls *tls, struct al_listener **out);
/* `history` (borrowed, may change until the next publish only) leads to `set`. Idle routers are told. NULL: there is no data any more. */
void rtr_server_publish(struct rtr_server *server, const struct vrp_set *set, const struct vrp_history *history);

#endif
