/* SPDX-License-Identifier: MIT */
/*
 * xdp_queue.c -- see xdp_queue.h and Documentation/networking/af_xdp.rst of the kernel.
 *
 * The first frames are for what comes: in the fill ring, with the kernel, in the receive ring or with the thread. The
 * others are for what goes: free, in the send ring or in the completion ring. Each ring has room for all of its frames.
 */
#include "xdp_queue.h"

#include <errno.h>
#include <linux/if_xdp.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <xdp/xsk.h>

#define IN_FRAMES 2048u
#define OUT_FRAMES 1024u
#define MEMORY ((size_t)(IN_FRAMES + OUT_FRAMES) * XDP_ROOM)
#define OUT_PASS 32u /* frames that the kernel sends in one call, at least: its budget */

struct xdp_queue {
	uint8_t *memory;
	struct xsk_umem *umem;
	struct xsk_socket *socket;
	struct xsk_ring_prod fill, out;
	struct xsk_ring_cons done, in;
	uint32_t in_at, in_count; /* received, not given back */
	uint32_t out_count;       /* put, not sent */
	uint32_t free_count;
	uint64_t free[OUT_FRAMES];
};

/* ---- open and close ---- */

static void fill_all(struct xdp_queue *queue)
{
	uint32_t at;

	if (xsk_ring_prod__reserve(&queue->fill, IN_FRAMES, &at) != IN_FRAMES)
		return; /* never: it is new, and as large */
	for (uint32_t i = 0; i < IN_FRAMES; i++)
		*xsk_ring_prod__fill_addr(&queue->fill, at + i) = (uint64_t)i * XDP_ROOM;
	xsk_ring_prod__submit(&queue->fill, IN_FRAMES);
	for (uint32_t i = 0; i < OUT_FRAMES; i++)
		queue->free[i] = (uint64_t)(IN_FRAMES + i) * XDP_ROOM;
	queue->free_count = OUT_FRAMES;
}

/* 0, or errno's value below zero. */
static int queue_make(struct xdp_queue *queue, const char *device, uint32_t index)
{
	const struct xsk_umem_config memory = { .fill_size = IN_FRAMES,
						.comp_size = OUT_FRAMES,
						.frame_size = XDP_ROOM };
	const struct xsk_socket_config socket = {
		.rx_size = IN_FRAMES,
		.tx_size = OUT_FRAMES,
		.libxdp_flags = XSK_LIBXDP_FLAGS__INHIBIT_PROG_LOAD,
		.bind_flags = XDP_USE_NEED_WAKEUP, /* without copies where the driver can */
	};
	int rc;

	queue->memory = mmap(NULL, MEMORY, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (queue->memory == MAP_FAILED) {
		queue->memory = NULL;
		return -errno;
	}
	rc = xsk_umem__create(&queue->umem, queue->memory, MEMORY, &queue->fill, &queue->done, &memory);
	if (rc == 0)
		rc = xsk_socket__create(&queue->socket, device, index, queue->umem, &queue->in, &queue->out, &socket);
	return rc;
}

enum al_err xdp_queue_open(const char *device, uint32_t index, int *number, struct xdp_queue **out)
{
	struct xdp_queue *queue = calloc(1, sizeof(*queue));
	int rc;

	if (queue == NULL)
		return AL_ENOMEM;
	rc = queue_make(queue, device, index);
	if (rc != 0) {
		*number = -rc;
		xdp_queue_close(queue);
		return AL_ESYS;
	}
	fill_all(queue);
	*out = queue;
	return AL_OK;
}

void xdp_queue_close(struct xdp_queue *queue)
{
	if (queue == NULL)
		return;
	if (queue->socket != NULL)
		xsk_socket__delete(queue->socket);
	if (queue->umem != NULL)
		(void)xsk_umem__delete(queue->umem);
	if (queue->memory != NULL)
		(void)munmap(queue->memory, MEMORY);
	free(queue);
}

int xdp_queue_fd(const struct xdp_queue *queue)
{
	return xsk_socket__fd(queue->socket);
}

/* ---- in ---- */

static void done_take(struct xdp_queue *queue)
{
	uint32_t at, count = xsk_ring_cons__peek(&queue->done, OUT_FRAMES - queue->free_count, &at);

	for (uint32_t i = 0; i < count; i++)
		queue->free[queue->free_count++] = *xsk_ring_cons__comp_addr(&queue->done, at + i);
	if (count > 0)
		xsk_ring_cons__release(&queue->done, count);
}

size_t xdp_queue_receive(struct xdp_queue *queue, struct xdp_packet *out, size_t max)
{
	done_take(queue);
	queue->in_count = xsk_ring_cons__peek(&queue->in, (uint32_t)max, &queue->in_at);
	for (uint32_t i = 0; i < queue->in_count; i++) {
		const struct xdp_desc *desc = xsk_ring_cons__rx_desc(&queue->in, queue->in_at + i);

		out[i] = (struct xdp_packet){ queue->memory + desc->addr, desc->len };
	}
	return queue->in_count;
}

void xdp_queue_release(struct xdp_queue *queue)
{
	uint32_t at;

	if (queue->in_count == 0 || xsk_ring_prod__reserve(&queue->fill, queue->in_count, &at) != queue->in_count)
		return;
	for (uint32_t i = 0; i < queue->in_count; i++) {
		uint64_t addr = xsk_ring_cons__rx_desc(&queue->in, queue->in_at + i)->addr;

		*xsk_ring_prod__fill_addr(&queue->fill, at + i) = addr & ~(uint64_t)(XDP_ROOM - 1);
	}
	xsk_ring_cons__release(&queue->in, queue->in_count);
	xsk_ring_prod__submit(&queue->fill, queue->in_count);
	queue->in_count = 0;
	if (xsk_ring_prod__needs_wakeup(&queue->fill))
		(void)recvfrom(xdp_queue_fd(queue), NULL, 0, MSG_DONTWAIT, NULL, NULL);
}

/* ---- out ---- */

uint8_t *xdp_queue_room(struct xdp_queue *queue)
{
	return queue->free_count > 0 ? queue->memory + queue->free[--queue->free_count] : NULL;
}

void xdp_queue_put(struct xdp_queue *queue, const uint8_t *room, size_t len)
{
	uint64_t addr = (uint64_t)(room - queue->memory);
	uint32_t at;

	if (len == 0 || xsk_ring_prod__reserve(&queue->out, 1, &at) != 1) {
		queue->free[queue->free_count++] = addr;
		return;
	}
	*xsk_ring_prod__tx_desc(&queue->out, at) = (struct xdp_desc){ .addr = addr, .len = (uint32_t)len };
	queue->out_count++;
}

static bool out_pending(const struct xdp_queue *queue)
{
	return __atomic_load_n(queue->out.consumer, __ATOMIC_ACQUIRE) != *queue->out.producer;
}

/* What the kernel does not get rid of now goes with the next flush, or when poll() is called. */
void xdp_queue_flush(struct xdp_queue *queue)
{
	if (queue->out_count > 0)
		xsk_ring_prod__submit(&queue->out, queue->out_count);
	queue->out_count = 0;
	for (size_t i = 0; i < OUT_FRAMES / OUT_PASS && out_pending(queue); i++) {
		if (!xsk_ring_prod__needs_wakeup(&queue->out))
			break;
		if (sendto(xdp_queue_fd(queue), NULL, 0, MSG_DONTWAIT, NULL, 0) < 0 && errno != EAGAIN &&
		    errno != EINTR)
			break;
	}
}

uint64_t xdp_queue_lost(const struct xdp_queue *queue)
{
	struct xdp_statistics seen = { .rx_dropped = 0 };
	socklen_t len = sizeof(seen);

	if (getsockopt(xdp_queue_fd(queue), SOL_XDP, XDP_STATISTICS, &seen, &len) != 0)
		return 0;
	return seen.rx_dropped; /* its ring has room for all frames, so there was none to be had */
}
