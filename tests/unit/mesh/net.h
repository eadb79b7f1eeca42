/* SPDX-License-Identifier: MIT */
/*
 * net.h -- a handful of nodes and links with delays, for tests of the tree protocol. Each link delivers in order.
 */
#ifndef TESTS_MESH_NET_H
#define TESTS_MESH_NET_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "forward.h"

#define NET_NODES 16
#define NET_QUEUE 65536
#define NET_SOON 1000 /* ticks: what is due later is not waited for */

struct net_event {
	uint32_t at, to, from; /* from: the sender, whose link must be up on arrival */
	uint16_t port;
	struct mesh_msg msg;
};

/* Port p of node n leads to node p, when link[n][p] is not 0; that is its delay. */
struct net {
	struct mesh_config config;
	uint32_t now, nodes, messages, last[NET_NODES][NET_NODES];
	uint32_t link[NET_NODES][NET_NODES];
	struct mesh_node node[NET_NODES];
	struct net_event queue[NET_QUEUE];
	size_t queued;
	bool dropping; /* messages on their way when the link went are lost; this one is for those sent now */
};

static uint32_t net_seed = 1;

static inline uint32_t net_random(uint32_t below)
{
	net_seed = net_seed * 1664525u + 1013904223u;
	return (net_seed >> 8) % below;
}

static inline struct net *net_new(uint32_t nodes, const struct mesh_config *config)
{
	struct net *net = calloc(1, sizeof(*net));

	assert_non_null(net);
	net->config = *config;
	net->nodes = nodes;
	for (uint32_t n = 0; n < nodes; n++)
		assert_int_equal(mesh_node_init(&net->node[n], &net->config, n, NET_NODES), AL_OK);
	return net;
}

static inline void net_free(struct net *net)
{
	for (size_t i = 0; i < net->queued; i++)
		mesh_label_unref(net->queue[i].msg.label);
	for (uint32_t n = 0; n < net->nodes; n++)
		mesh_node_release(&net->node[n]);
	free(net);
}

static inline void net_send(void *context, const struct mesh_node *node, uint16_t port, const struct mesh_msg *msg)
{
	struct net *net = context;
	uint32_t *last = &net->last[node->id][port], at = net->now + net->link[node->id][port];
	struct net_event event = { .to = port, .from = node->id, .port = (uint16_t)node->id, .msg = *msg };

	assert_true(net->link[node->id][port] > 0);
	assert_true(net->queued < NET_QUEUE);
	*last = at > *last ? at : *last;
	event.at = *last;
	(void)mesh_label_ref(msg->label);
	net->queue[net->queued++] = event;
	net->messages++;
}

static inline void net_link(struct net *net, uint32_t a, uint32_t b, uint32_t delay)
{
	net->link[a][b] = net->link[b][a] = delay;
	for (size_t i = 0; i < net->queued;) {
		struct net_event *event = &net->queue[i];

		if ((event->from == a && event->to == b) || (event->from == b && event->to == a)) {
			mesh_label_unref(event->msg.label);
			memmove(event, event + 1, (--net->queued - i) * sizeof(*event));
		} else {
			i++;
		}
	}
	if (delay > 0) {
		mesh_node_up(&net->node[a], (uint16_t)b, b, (uint16_t)a, 1);
		mesh_node_up(&net->node[b], (uint16_t)a, a, (uint16_t)b, 1);
	} else {
		mesh_node_down(&net->node[a], (uint16_t)b);
		mesh_node_down(&net->node[b], (uint16_t)a);
	}
}

/* Arrivals of now, then decisions of now. Result: is anything left to come? */
static inline bool net_tick(struct net *net)
{
	bool waits = false;

	for (size_t i = 0; i < net->queued;) {
		struct net_event event = net->queue[i];

		if (event.at > net->now) {
			i++;
			continue;
		}
		memmove(&net->queue[i], &net->queue[i + 1], (--net->queued - i) * sizeof(event));
		mesh_node_receive(&net->node[event.to], event.port, &event.msg, net->now);
		mesh_label_unref(event.msg.label);
	}
	for (uint32_t n = 0; n < net->nodes; n++) {
		uint32_t due;

		if (mesh_node_settle(&net->node[n], net->now, net_send, net, &due))
			waits = waits || due - net->now < NET_SOON;
	}
	net->now++;
	return waits || net->queued > 0;
}

/* Until nothing moves. A protocol that never ends fails here. */
static inline void net_quiet(struct net *net)
{
	for (unsigned i = 0; net_tick(net); i++)
		assert_true(i < 5000);
}

static inline struct mesh_place net_place(const struct net *net, uint32_t node)
{
	struct mesh_place place = { { NULL } };

	for (unsigned t = 0; t < net->config.trees; t++)
		place.label[t] = net->node[node].tree[t].own.label;
	return place;
}

/* Hops that a packet took, -1 when it got nowhere. Every step must come nearer, or cost a tree. */
static inline int net_walk(const struct net *net, uint32_t from, uint32_t to)
{
	struct mesh_packet packet = mesh_packet_start(net->config.trees);
	struct mesh_place place = net_place(net, to);
	int hops = 0;

	while (from != to) {
		struct mesh_packet before = packet;
		uint16_t port = mesh_forward(&net->node[from], &place, &packet);

		if (port == MESH_NO_PORT)
			return -1;
		assert_true((packet.trees & before.trees) == packet.trees);
		assert_true(packet.trees != before.trees || packet.left < before.left);
		from = port;
		hops++;
	}
	return hops;
}

/* Component of every node, by the lowest node in it. */
static inline void net_components(const struct net *net, uint32_t out[NET_NODES])
{
	bool changed = true;

	for (uint32_t n = 0; n < net->nodes; n++)
		out[n] = n;
	while (changed) {
		changed = false;
		for (uint32_t a = 0; a < net->nodes; a++)
			for (uint32_t b = 0; b < net->nodes; b++)
				if (net->link[a][b] > 0 && out[a] > out[b]) {
					out[a] = out[b];
					changed = true;
				}
	}
}

#endif
