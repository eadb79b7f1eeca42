/* SPDX-License-Identifier: MIT */
#include "node.h"

#include <stdlib.h>

enum al_err mesh_node_init(struct mesh_node *node, const struct mesh_config *config, uint32_t id, unsigned ports)
{
	if (ports > MESH_PORTS_MAX || config->trees < 1 || config->trees > MESH_TREES)
		return AL_ELIMIT;
	*node = (struct mesh_node){ .config = config, .id = id, .ports = (uint16_t)ports };
	for (unsigned t = 0; t < MESH_TREES; t++)
		node->tree[t].parent = node->tree[t].tried = MESH_NO_PORT;
	node->touched = (uint8_t)((1u << config->trees) - 1);
	node->port = calloc(ports + 1u, sizeof(*node->port));
	node->heard = calloc((size_t)ports * config->trees + 1, sizeof(*node->heard));
	if (node->port != NULL && node->heard != NULL)
		return AL_OK;
	mesh_node_release(node);
	return AL_ENOMEM;
}

void mesh_node_release(struct mesh_node *node)
{
	if (node->heard != NULL)
		for (size_t i = 0; i < (size_t)node->ports * node->config->trees; i++)
			mesh_label_unref(node->heard[i].label);
	for (unsigned t = 0; t < MESH_TREES; t++)
		mesh_label_unref(node->tree[t].own.label);
	free(node->port);
	free(node->heard);
	*node = (struct mesh_node){ 0 };
}

void mesh_route_set(struct mesh_route *route, struct mesh_label *label, uint32_t cost, uint16_t seqno)
{
	struct mesh_label *before = route->label;

	route->label = mesh_label_ref(label);
	route->cost = cost;
	route->seqno = seqno;
	mesh_label_unref(before);
}

static void touch(struct mesh_node *node, unsigned tree)
{
	node->touched |= (uint8_t)(1u << tree);
}

void mesh_node_down(struct mesh_node *node, uint16_t port)
{
	node->port[port].up = 0;
	for (unsigned t = 0; t < node->config->trees; t++) {
		struct mesh_route *heard = mesh_heard(node, port, t);

		mesh_route_set(heard, NULL, 0, 0);
		heard->asked = 0;
		touch(node, t);
	}
}

void mesh_node_up(struct mesh_node *node, uint16_t port, uint32_t id, uint16_t far, uint32_t cost)
{
	mesh_node_down(node, port);
	node->port[port] = (struct mesh_port){ .id = id, .cost = cost, .far = far, .up = 1, .fresh = 1 };
}

static bool is_anchor(const struct mesh_node *node, unsigned tree)
{
	return node->config->anchors[tree] == node->id;
}

/* Somebody behind `port` lacks a route as new as `seqno` (RFC 8966 section 3.8.1.2). */
static void receive_request(struct mesh_node *node, uint16_t port, const struct mesh_msg *msg, uint32_t now)
{
	struct mesh_tree *tree = &node->tree[msg->tree];

	if (tree->own.label == NULL || tree->parent == port)
		return;
	mesh_heard(node, port, msg->tree)->asked = 1;
	touch(node, msg->tree);
	if (!mesh_newer(msg->seqno, tree->own.seqno))
		return;
	if (is_anchor(node, msg->tree)) {
		tree->own.seqno++; /* one at a time, whatever is asked: nobody drives the number round */
		return;
	}
	/* Others may have asked already: then the answer to them is the answer. */
	if (tree->waiting && !mesh_newer(msg->seqno, tree->wanted) && now - tree->asked < node->config->retry)
		return;
	if (msg->hops > 0) {
		tree->wanted = msg->seqno;
		tree->hand_on = true;
	}
}

void mesh_node_receive(struct mesh_node *node, uint16_t port, const struct mesh_msg *msg, uint32_t now)
{
	struct mesh_route *heard;

	if (port >= node->ports || !node->port[port].up || msg->tree >= node->config->trees)
		return;
	if (msg->kind == MESH_REQUEST) {
		receive_request(node, port, msg, now);
		return;
	}
	heard = mesh_heard(node, port, msg->tree);
	mesh_route_set(heard, msg->kind == MESH_ANNOUNCE ? msg->label : NULL, msg->cost, msg->seqno);
	heard->spread = msg->spread;
	touch(node, msg->tree);
}

void mesh_node_refresh(struct mesh_node *node)
{
	for (unsigned t = 0; t < node->config->trees; t++)
		if (is_anchor(node, t) && node->tree[t].own.label != NULL) {
			node->tree[t].own.seqno++;
			node->tree[t].own.spread = 1;
			touch(node, t);
		}
}

static void tell_port(const struct mesh_node *node, uint16_t port, unsigned tree, mesh_out *out, void *context)
{
	const struct mesh_route *own = &node->tree[tree].own;
	struct mesh_msg msg = {
		.kind = own->label != NULL ? MESH_ANNOUNCE : MESH_RETRACT,
		.tree = (uint8_t)tree,
		.spread = own->spread,
		.seqno = own->seqno,
		.cost = own->cost,
		.label = own->label,
	};

	out(context, node, port, &msg);
}

void mesh_node_tell(struct mesh_node *node, unsigned tree, bool only_fresh, mesh_out *out, void *context)
{
	for (uint16_t p = 0; p < node->ports; p++) {
		if (!node->port[p].up || (only_fresh && (!node->port[p].fresh || node->tree[tree].own.label == NULL)))
			continue;
		tell_port(node, p, tree, out, context);
		mesh_heard(node, p, tree)->asked = 0;
	}
}

/* The number that was waited for is there. */
static void tell_asked(struct mesh_node *node, unsigned tree, mesh_out *out, void *context)
{
	for (uint16_t p = 0; p < node->ports; p++)
		if (mesh_heard(node, p, tree)->asked) {
			mesh_heard(node, p, tree)->asked = 0;
			tell_port(node, p, tree, out, context);
		}
}

/* ---- which parent ---- */

static bool usable(const struct mesh_node *node, unsigned tree, const struct mesh_route *heard)
{
	return heard->label != NULL && heard->label->anchor == node->config->anchors[tree] &&
	       heard->label->count < MESH_HOPS_MAX && !mesh_label_has(heard->label, node->id);
}

/* RFC 8966 section 3.5.1. */
static bool feasible(const struct mesh_tree *tree, const struct mesh_route *heard)
{
	return !tree->fd_set || mesh_newer(heard->seqno, tree->fd_seqno) ||
	       (heard->seqno == tree->fd_seqno && heard->cost < tree->fd_cost);
}

/* For how many holds the node is starved, or was when it took its parent; MESH_HOLDS at most. */
static unsigned holds(const struct mesh_node *node, const struct mesh_tree *tree, uint32_t now)
{
	uint32_t count = tree->starved ? (now - tree->since) / node->config->hold : tree->held;

	return count < MESH_HOLDS ? count : MESH_HOLDS;
}

#define ANY (MESH_HOLDS + 1)

/* `held` are holds waited for; ANY: everything is allowed. */
static bool allowed(const struct mesh_tree *tree, const struct mesh_route *heard, unsigned held)
{
	return held == ANY || feasible(tree, heard) ||
	       (heard->seqno == tree->fd_seqno && heard->cost - tree->fd_cost < held);
}

/* The port of least cost, MESH_NO_PORT for none. The parent there is stays when none is better by more than the slack. */
static uint16_t choose(const struct mesh_node *node, unsigned t, unsigned held, uint16_t not_port)
{
	const struct mesh_tree *tree = &node->tree[t];
	uint64_t least = UINT64_MAX;
	uint16_t best = MESH_NO_PORT;

	for (uint16_t p = 0; p < node->ports; p++) {
		const struct mesh_route *heard = mesh_heard(node, p, t);
		uint64_t cost;

		if (heard->label == NULL || p == not_port)
			continue;
		cost = (uint64_t)heard->cost + node->port[p].cost + (p == tree->parent ? 0 : node->config->slack);
		if (cost > least || (cost == least && p != tree->parent &&
				     (best == tree->parent || node->port[p].id > node->port[best].id)))
			continue;
		if (cost >= UINT32_MAX || !usable(node, t, heard) || !allowed(tree, heard, held))
			continue;
		least = cost;
		best = p;
	}
	return best;
}

/* ---- what follows from it ---- */

/* Is `own` the label of a node with this parent already? */
static bool extends(const struct mesh_label *own, const struct mesh_label *parent, struct mesh_hop hop)
{
	if (own == NULL || own->anchor != parent->anchor || own->count != parent->count + 1u)
		return false;
	for (size_t i = 0; i < parent->count; i++)
		if (own->hops[i].id != parent->hops[i].id || own->hops[i].port != parent->hops[i].port)
			return false;
	return own->hops[parent->count].id == hop.id && own->hops[parent->count].port == hop.port;
}

static void keep_feasible(struct mesh_tree *tree)
{
	if (!tree->fd_set || mesh_newer(tree->own.seqno, tree->fd_seqno)) {
		tree->fd_seqno = tree->own.seqno;
		tree->fd_cost = tree->own.cost;
		tree->held = 0;
	} else if (tree->own.cost < tree->fd_cost) {
		tree->fd_cost = tree->own.cost;
	}
	tree->fd_set = true;
}

/* Takes `port` as the parent. Result: must all links hear of it? */
static bool adopt(struct mesh_node *node, unsigned t, uint16_t port, unsigned held)
{
	struct mesh_tree *tree = &node->tree[t];
	const struct mesh_route *heard = mesh_heard(node, port, t);
	struct mesh_hop hop = { .id = node->port[port].id, .port = node->port[port].far };
	uint32_t cost = heard->cost + node->port[port].cost;
	bool all = cost != tree->own.cost || (heard->seqno != tree->own.seqno && heard->spread);

	if (!extends(tree->own.label, heard->label, hop)) {
		struct mesh_label *label = mesh_label_extend(heard->label, hop.id, hop.port);

		mesh_label_unref(tree->own.label);
		tree->own.label = label; /* NULL is told as a retraction */
		all = true;
	}
	tree->own.cost = cost;
	tree->own.seqno = heard->seqno;
	tree->own.spread = all;
	tree->parent = port;
	tree->held = (uint8_t)held;
	tree->starved = false;
	keep_feasible(tree);
	return all;
}

/* No parent. Result: must all links hear of it? */
static bool starve(struct mesh_tree *tree, uint32_t now)
{
	bool had = tree->own.label != NULL;

	mesh_label_unref(tree->own.label);
	tree->own.label = NULL;
	tree->parent = MESH_NO_PORT;
	if (!tree->starved) {
		tree->starved = true;
		tree->held = 0;
		tree->since = now;
		tree->tried = MESH_NO_PORT;
		tree->waiting = false;
	}
	return had;
}

static bool be_anchor(struct mesh_node *node, unsigned t)
{
	struct mesh_tree *tree = &node->tree[t];
	bool all = tree->own.label == NULL || tree->own.spread;

	if (tree->own.label == NULL) {
		tree->own = (struct mesh_route){ .label = mesh_label_root(node->id),
						 .seqno = tree->own.seqno,
						 .spread = 1 };
		tree->fd_set = false;
	}
	return all;
}

static bool decide(struct mesh_node *node, unsigned t, uint32_t now)
{
	struct mesh_tree *tree = &node->tree[t];
	unsigned held = holds(node, tree, now);
	uint16_t port;

	if (is_anchor(node, t))
		return be_anchor(node, t);
	if (tree->starved && now - tree->since >= node->config->forget)
		tree->fd_set = false;
	port = choose(node, t, node->config->naive ? ANY : held, MESH_NO_PORT);
	return port != MESH_NO_PORT ? adopt(node, t, port, held) : starve(tree, now);
}

static void ask(struct mesh_node *node, unsigned t, uint16_t port, uint8_t hops, uint32_t now, mesh_out *out,
		void *context)
{
	struct mesh_tree *tree = &node->tree[t];
	struct mesh_msg msg = { .kind = MESH_REQUEST, .tree = (uint8_t)t, .hops = hops, .seqno = tree->wanted };

	tree->waiting = true;
	tree->asked = now;
	out(context, node, port, &msg);
}

/* A starved node asks the best that is left, again when the one that it asked is gone or does not answer. */
static void ask_own(struct mesh_node *node, unsigned t, uint32_t now, mesh_out *out, void *context)
{
	struct mesh_tree *tree = &node->tree[t];
	bool late = tree->waiting && now - tree->asked >= node->config->retry;
	uint16_t port;

	if (!tree->fd_set || now - tree->since < node->config->patience)
		return;
	if (tree->tried != MESH_NO_PORT && !late && mesh_heard(node, tree->tried, t)->label != NULL)
		return;
	port = choose(node, t, ANY, late ? tree->tried : MESH_NO_PORT);
	if (port == MESH_NO_PORT)
		port = choose(node, t, ANY, MESH_NO_PORT);
	if (port == MESH_NO_PORT) {
		tree->waiting = false;
		return;
	}
	tree->tried = port;
	tree->wanted = (uint16_t)(tree->fd_seqno + 1);
	ask(node, t, port, MESH_HOPS_MAX, now, out, context);
}

static void requests(struct mesh_node *node, unsigned t, uint32_t now, mesh_out *out, void *context)
{
	struct mesh_tree *tree = &node->tree[t];

	if (tree->own.label == NULL) {
		tree->hand_on = false;
		if (node->config->requests)
			ask_own(node, t, now, out, context);
		return;
	}
	if (tree->hand_on && tree->parent != MESH_NO_PORT) {
		tree->hand_on = false;
		ask(node, t, tree->parent, MESH_HOPS_MAX / 2, now, out, context);
	}
	if (!tree->waiting || !mesh_newer(tree->wanted, tree->own.seqno)) {
		tree->waiting = false;
		tell_asked(node, t, out, context);
	}
}

static void settle_tree(struct mesh_node *node, unsigned t, uint32_t now, mesh_out *out, void *context)
{
	if (decide(node, t, now))
		mesh_node_tell(node, t, false, out, context);
	else
		mesh_node_tell(node, t, true, out, context);
	requests(node, t, now, out, context);
	node->tree[t].own.spread = 0;
}

/* When this tree needs a look though nothing is heard; false: never. */
static bool tree_due(const struct mesh_node *node, const struct mesh_tree *tree, uint32_t now, uint32_t *due)
{
	const struct mesh_config *config = node->config;
	unsigned held = holds(node, tree, now);
	uint32_t patient;

	if (!tree->starved || !tree->fd_set) /* what comes will be news */
		return false;
	patient = tree->since + config->patience;
	if (config->requests && tree->waiting)
		*due = tree->asked + config->retry;
	else if (held < MESH_HOLDS)
		*due = tree->since + config->hold * (held + 1);
	else
		*due = patient;
	if (config->requests && (int32_t)(patient - now) > 0 && (int32_t)(patient - *due) < 0)
		*due = patient;
	return (int32_t)(*due - now) > 0; /* held, asked, and nobody left to ask: until somebody says something */
}

bool mesh_node_settle(struct mesh_node *node, uint32_t now, mesh_out *out, void *context, uint32_t *due)
{
	bool wait = false;

	for (unsigned t = 0; t < node->config->trees; t++) {
		struct mesh_tree *tree = &node->tree[t];
		uint32_t at;

		/* A starved tree is looked at whenever there is a reason to look at any: its time may have come. */
		if (node->touched & 1u << t || tree->starved)
			settle_tree(node, t, now, out, context);
		if (tree_due(node, tree, now, &at) && (!wait || (int32_t)(at - *due) < 0)) {
			wait = true;
			*due = at;
		}
	}
	node->touched = 0;
	for (uint16_t p = 0; p < node->ports; p++)
		node->port[p].fresh = 0;
	return wait;
}
