/* SPDX-License-Identifier: MIT */
/*
 * xdp_worker.h -- the thread behind one queue: questions in its frames to answers in others. Only in builds with ALAMO_XDP.
 */
#ifndef ROOTDNS_XDP_WORKER_H
#define ROOTDNS_XDP_WORKER_H

#include "batch.h"
#include "xdp_queue.h"

struct xdp_worker;

void xdp_worker_register(void); /* its metrics */
/* `queue` is borrowed, and nobody else's. */
AL_MUST_USE enum al_err xdp_worker_start(struct xdp_queue *queue, const struct batch_conf *conf,
					 struct xdp_worker **out);
void xdp_worker_stop(struct xdp_worker *worker); /* joins; NULL is allowed */

#endif
