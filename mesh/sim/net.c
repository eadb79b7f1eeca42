/* SPDX-License-Identifier: MIT */
#include "net.h"

#include <stdlib.h>
#include <string.h>

#include "record.h"

#define CHUNK 128

struct sim_chunk {
	struct sim_chunk *next;
	unsigned count;
	struct sim_event at[CHUNK];
};

enum al_err sim_net_init(struct sim_net *net, const struct sim_graph *graph, const struct mesh_config *config,
			 sim_settle *settle, unsigned drop, uint32_t again, uint64_t seed)
{
	enum al_err err = AL_OK;

	*net = (struct sim_net){ .graph = graph, .config = *config, .settle = settle, .drop = drop, .again = again };
	net->rng = sim_rng_of(seed, 3);
	net->node = calloc(graph->nodes, sizeof(*net->node));
	net->up = calloc(graph->ends + 1u, 1);
	net->last = drop > 0 ? calloc(graph->ends + 1u, sizeof(*net->last)) : NULL;
	net->due = malloc(graph->nodes * sizeof(*net->due));
	net->dirty = malloc(graph->nodes * sizeof(*net->dirty));
	net->marked = calloc(graph->nodes, 1);
	net->wheel = calloc(SIM_WHEEL, sizeof(*net->wheel));
	if (net->node == NULL || net->up == NULL || (drop > 0 && net->last == NULL) || net->due == NULL ||
	    net->dirty == NULL || net->marked == NULL || net->wheel == NULL)
		err = AL_ENOMEM;
	for (uint32_t n = 0; n < graph->nodes && err == AL_OK; n++) {
		net->due[n] = UINT32_MAX;
		err = mesh_node_init(&net->node[n], &net->config, n, sim_degree(graph, n));
	}
	if (err != AL_OK)
		sim_net_free(net);
	return err;
}

static void free_chunks(struct sim_chunk *chunk, bool labels)
{
	while (chunk != NULL) {
		struct sim_chunk *next = chunk->next;

		for (unsigned i = 0; labels && i < chunk->count; i++)
			mesh_label_unref(chunk->at[i].label);
		free(chunk);
		chunk = next;
	}
}

void sim_net_free(struct sim_net *net)
{
	for (uint32_t i = 0; net->wheel != NULL && i < SIM_WHEEL; i++)
		free_chunks(net->wheel[i].head, true);
	free_chunks(net->spare, false);
	for (uint32_t n = 0; net->node != NULL && n < net->graph->nodes; n++)
		mesh_node_release(&net->node[n]);
	free(net->node);
	free(net->up);
	free(net->last);
	free(net->due);
	free(net->dirty);
	free(net->marked);
	free(net->wheel);
	*net = (struct sim_net){ 0 };
}

static void push(struct sim_net *net, uint32_t at, const struct sim_event *event)
{
	struct sim_slot *slot = &net->wheel[at % SIM_WHEEL];

	if (slot->tail == NULL || slot->tail->count == CHUNK) {
		struct sim_chunk *chunk = net->spare != NULL ? net->spare : malloc(sizeof(*chunk));

		if (chunk == NULL) {
			mesh_label_unref(event->label);
			net->failed = true;
			return;
		}
		net->spare = chunk == net->spare ? chunk->next : net->spare;
		chunk->next = NULL;
		chunk->count = 0;
		if (slot->tail != NULL)
			slot->tail->next = chunk;
		else
			slot->head = chunk;
		slot->tail = chunk;
	}
	slot->tail->at[slot->tail->count++] = *event;
	net->pending++;
}

static void mark(struct sim_net *net, uint32_t node)
{
	if (!net->marked[node]) {
		net->marked[node] = 1;
		net->dirty[net->dirty_count++] = node;
	}
}

/* When a message that leaves now by `end` is there. */
static uint32_t arrival(struct sim_net *net, uint32_t end)
{
	uint32_t at = net->now + net->graph->delay[end];

	if (net->drop == 0)
		return at;
	while (sim_random(&net->rng, 1000) < net->drop && at - net->now < SIM_WHEEL / 4)
		at += net->again;
	if ((int32_t)(net->last[end] - at) > 0)
		at = net->last[end];
	net->last[end] = at;
	return at;
}

static void send(void *context, const struct mesh_node *node, uint16_t port, const struct mesh_msg *msg)
{
	struct sim_net *net = context;
	uint32_t end = net->graph->first[node->id] + port;
	struct sim_event event = {
		.label = mesh_label_ref(msg->kind == MESH_ANNOUNCE ? msg->label : NULL),
		.to = net->graph->to[end],
		.cost = msg->cost,
		.port = net->graph->back[end],
		.seqno = msg->seqno,
		.kind = msg->kind,
		.tree = msg->tree,
		.spread = msg->spread,
		.hops = msg->hops,
	};

	net->messages++;
	net->requests += msg->kind == MESH_REQUEST;
	net->bytes += MESH_RECORD_LEN(event.label != NULL ? event.label->count + 1u : 0);
	if (msg->kind != MESH_REQUEST)
		net->changed = net->now;
	push(net, arrival(net, end), &event);
}

void sim_link(struct sim_net *net, uint32_t end, bool up)
{
	uint32_t to = net->graph->to[end], port = net->graph->back[end], other = net->graph->first[to] + port;
	uint32_t from = net->graph->to[other], cost = net->cost != NULL ? net->cost[end] : 1;

	if (net->up[end] == up)
		return;
	net->up[end] = net->up[other] = up;
	if (up) {
		mesh_node_up(&net->node[from], net->graph->back[other], to, (uint16_t)port, cost);
		mesh_node_up(&net->node[to], (uint16_t)port, from, net->graph->back[other], cost);
	} else {
		mesh_node_down(&net->node[from], net->graph->back[other]);
		mesh_node_down(&net->node[to], (uint16_t)port);
	}
	mark(net, from);
	mark(net, to);
}

void sim_links(struct sim_net *net, uint32_t node, bool up, const uint8_t *off)
{
	mark(net, node);
	for (uint32_t e = net->graph->first[node]; e < net->graph->first[node + 1]; e++)
		if (!up || off == NULL || !off[net->graph->to[e]])
			sim_link(net, e, up);
}

void sim_refresh(struct sim_net *net, uint32_t node)
{
	mesh_node_refresh(&net->node[node]);
	mark(net, node);
}

void sim_decide(struct sim_net *net)
{
	uint32_t count = net->dirty_count;

	for (uint32_t i = 0; i < count; i++) {
		uint32_t n = net->dirty[i], due;

		net->marked[n] = 0;
		if (!net->settle(&net->node[n], net->now, send, net, &due))
			continue;
		if ((int32_t)(due - net->now) < 1)
			due = net->now + 1;
		if (due - net->now >= SIM_WHEEL)
			due = net->now + SIM_WHEEL - 1; /* asked again then */
		if (due != net->due[n])
			push(net, due, &(struct sim_event){ .to = n, .kind = SIM_TIMER });
		net->due[n] = due;
	}
	net->dirty_count = 0;
}

static void deliver(struct sim_net *net, const struct sim_event *event)
{
	struct mesh_msg msg = {
		.kind = event->kind,
		.tree = event->tree,
		.spread = event->spread,
		.hops = event->hops,
		.seqno = event->seqno,
		.cost = event->cost,
		.label = event->label,
	};

	net->pending--;
	mark(net, event->to);
	if (event->kind == SIM_TIMER) {
		if (net->due[event->to] == net->now)
			net->due[event->to] = UINT32_MAX;
		return;
	}
	mesh_node_receive(&net->node[event->to], event->port, &msg, net->now);
	mesh_label_unref(event->label);
}

static void tick(struct sim_net *net)
{
	struct sim_slot *slot = &net->wheel[net->now % SIM_WHEEL];
	struct sim_chunk *chunk = slot->head;

	*slot = (struct sim_slot){ NULL, NULL };
	while (chunk != NULL) {
		struct sim_chunk *next = chunk->next;

		for (unsigned i = 0; i < chunk->count; i++)
			deliver(net, &chunk->at[i]);
		chunk->next = net->spare;
		net->spare = chunk;
		chunk = next;
	}
	sim_decide(net);
}

void sim_run(struct sim_net *net, uint32_t ticks)
{
	sim_decide(net);
	for (uint32_t i = 0; i < ticks; i++) {
		net->now++;
		tick(net);
	}
}

bool sim_quiet(struct sim_net *net, uint32_t limit)
{
	sim_decide(net);
	for (uint32_t i = 0; i < limit && net->pending > 0; i++) {
		net->now++;
		tick(net);
	}
	return net->pending == 0;
}
