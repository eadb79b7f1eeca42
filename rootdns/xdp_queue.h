/* SPDX-License-Identifier: MIT */
/*
 * xdp_queue.h -- one receive queue of a network device as an AF_XDP socket: frames lie in memory that the kernel and one
 * thread share, of which each side has its part at a time. Only in builds with ALAMO_XDP.
 */
#ifndef ROOTDNS_XDP_QUEUE_H
#define ROOTDNS_XDP_QUEUE_H

#include "alamo/base/base.h"

struct xdp_queue;

struct xdp_packet {
	const uint8_t *bytes;
	size_t len;
};

/* AL_ESYS with errno's value in *number: no rights, no such device or queue, or another has it. */
AL_MUST_USE enum al_err xdp_queue_open(const char *device, uint32_t index, int *number, struct xdp_queue **out);
void xdp_queue_close(struct xdp_queue *queue);   /* NULL is allowed */
int xdp_queue_fd(const struct xdp_queue *queue); /* for poll(): readable when there are frames */

/* Up to `max` frames, which stay until xdp_queue_release() gives all of them back. */
size_t xdp_queue_receive(struct xdp_queue *queue, struct xdp_packet *out, size_t max);
void xdp_queue_release(struct xdp_queue *queue);
/* Room for a frame of up to XDP_ROOM bytes; NULL: all of it is on its way. */
#define XDP_ROOM 2048u
uint8_t *xdp_queue_room(struct xdp_queue *queue);
/* Each room goes back once: with a frame of `len` bytes to be sent, or 0 for none. */
void xdp_queue_put(struct xdp_queue *queue, const uint8_t *room, size_t len);
void xdp_queue_flush(struct xdp_queue *queue); /* what was put is sent, and what could not be before */
/* Frames that the kernel had no room for since the queue was opened. */
uint64_t xdp_queue_lost(const struct xdp_queue *queue);

#endif
