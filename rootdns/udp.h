/* SPDX-License-Identifier: MIT */
/*
 * udp.h -- DNS over UDP: threads, each with a socket of its own on one address
 * (SO_REUSEPORT), answering in batches.
 */
#ifndef ROOTDNS_UDP_H
#define ROOTDNS_UDP_H

#include "alamo/base/slice.h"
#include "batch.h"

struct udp_socket;

/*
 * Is the port free for UDP? *bound gets it, or with port 0 one that is. AL_EEXIST: taken;
 * AL_EUNSUPPORTED: no such address family here.
 */
AL_MUST_USE enum al_err udp_probe(struct al_slice addr, uint16_t port, uint16_t *bound);
/* Open and answer from a thread of its own. */
AL_MUST_USE enum al_err udp_start(struct al_slice addr, uint16_t port, const struct batch_conf *conf,
				  struct udp_socket **out);
void udp_stop(struct udp_socket *socket); /* joins; NULL is allowed */

#endif
