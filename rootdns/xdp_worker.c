/* SPDX-License-Identifier: MIT */
/*
 * xdp_worker.c -- see xdp_worker.h.
 */
#include "xdp_worker.h"

#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "alamo/base/log.h"
#include "alamo/net/loop.h"
#include "alamo/net/metrics.h"
#include "thread.h"
#include "xdp_frame.h"

#define LOST "Frames of questions that were dropped: no question, no room for an answer, or read too late."

static struct al_metric lost[] = {
	{ .name = "alamo_dns_xdp_lost_total{why=\"frame\"}", .help = LOST },
	{ .name = "alamo_dns_xdp_lost_total{why=\"room\"}", .help = LOST },
	{ .name = "alamo_dns_xdp_lost_total{why=\"late\"}", .help = LOST },
};
enum { LOST_FRAME, LOST_ROOM, LOST_LATE };

struct xdp_worker {
	struct xdp_queue *queue;
	struct batch_conf conf;
	pthread_t thread;
	int wake; /* eventfd: it is to end */
	_Atomic bool stop;
	uint16_t id;     /* of the next IPv4 packet */
	uint64_t late;   /* of xdp_queue_lost(), counted already */
	uint64_t looked; /* when, in seconds */
	struct traffic traffic;
	struct xdp_packet packets[BATCH_MAX];
	struct xdp_frame frames[BATCH_MAX]; /* item by item */
	uint8_t *rooms[BATCH_MAX];
	struct batch_item items[BATCH_MAX];
};

void xdp_worker_register(void)
{
	for (size_t i = 0; i < AL_COUNT(lost); i++)
		al_metric_add(&lost[i]);
}

/* ---- the loop ---- */

/* The frame's question as the next item; false: there is none, or no room for its answer. */
static bool item_fill(struct xdp_worker *w, const struct xdp_packet *packet, size_t i)
{
	struct xdp_frame *frame = &w->frames[i];
	struct batch_item *item = &w->items[i];

	if (!xdp_frame_parse(packet->bytes, packet->len, frame)) {
		al_metric_inc(&lost[LOST_FRAME], 1);
		return false;
	}
	w->rooms[i] = xdp_queue_room(w->queue);
	if (w->rooms[i] == NULL) {
		al_metric_inc(&lost[LOST_ROOM], 1);
		return false;
	}
	item->msg = frame->payload;
	item->len = frame->payload_len;
	item->out = w->rooms[i] + xdp_frame_headers(frame);
	item->client.addr_len = frame->addr_len;
	memcpy(item->client.addr, frame->from, frame->addr_len);
	return true;
}

static void packets_answer(struct xdp_worker *w, size_t count)
{
	size_t items = 0;

	for (size_t i = 0; i < count; i++)
		items += item_fill(w, &w->packets[i], items);
	batch_answer(&w->conf, w->items, items, &w->traffic);
	for (size_t i = 0; i < items; i++) {
		size_t len = w->items[i].out_len;

		if (len > 0)
			len = xdp_frame_reply(&w->frames[i], w->id++, w->rooms[i], len);
		xdp_queue_put(w->queue, w->rooms[i], len);
	}
	xdp_queue_release(w->queue);
	xdp_queue_flush(w->queue);
	traffic_flush(&w->traffic, TRAFFIC_XDP);
}

/* Once a second: it is a system call. */
static void late_count(struct xdp_worker *w)
{
	uint64_t now = al_now_s(), seen;

	if (now == w->looked)
		return;
	w->looked = now;
	seen = xdp_queue_lost(w->queue);
	if (seen > w->late)
		al_metric_inc(&lost[LOST_LATE], seen - w->late);
	w->late = seen > w->late ? seen : w->late;
}

static void *worker_run(void *arg)
{
	struct xdp_worker *w = arg;
	struct pollfd waits[] = { { .fd = xdp_queue_fd(w->queue), .events = POLLIN },
				  { .fd = w->wake, .events = POLLIN } };

	while (!atomic_load_explicit(&w->stop, memory_order_relaxed)) {
		size_t count = xdp_queue_receive(w->queue, w->packets, BATCH_MAX);

		if (count > 0)
			packets_answer(w, count);
		else if (poll(waits, AL_COUNT(waits), -1) > 0 && (waits[0].revents & ~POLLIN) != 0)
			waits[0].fd = -1; /* the device is gone */
		late_count(w);
	}
	return NULL;
}

/* ---- start and stop ---- */

enum al_err xdp_worker_start(struct xdp_queue *queue, const struct batch_conf *conf, struct xdp_worker **out)
{
	struct xdp_worker *w = calloc(1, sizeof(*w));
	enum al_err err = AL_ESYS;

	if (w == NULL)
		return AL_ENOMEM;
	w->queue = queue;
	w->conf = *conf;
	w->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (w->wake < 0)
		al_log(AL_LOG_ERROR, "xdp-worker", "errno=%d", errno);
	else
		err = thread_start("dns-xdp", worker_run, w, &w->thread);
	if (err == AL_OK) {
		*out = w;
		return AL_OK;
	}
	if (w->wake >= 0)
		(void)close(w->wake);
	free(w);
	return err;
}

void xdp_worker_stop(struct xdp_worker *w)
{
	if (w == NULL)
		return;
	atomic_store(&w->stop, true);
	(void)eventfd_write(w->wake, 1);
	(void)pthread_join(w->thread, NULL);
	(void)close(w->wake);
	free(w);
}
