/* SPDX-License-Identifier: MIT */
/*
 * The tree protocol on small random graphs, with delays and links that come and go: after it has settled, labels are ways
 * from the anchor, greedy forwarding delivers exactly within a component, and no packet ever comes back to where it was.
 */
#include "net.h"

#define NEVER 100000 /* ticks: longer than any of this takes */

static const struct mesh_config ways[] = {
	{ .trees = 3, .anchors = { 0, 1, 2 }, .naive = true, .hold = NEVER, .retry = 8, .forget = NEVER },
	{ .trees = 3, .anchors = { 0, 1, 2 }, .hold = NEVER, .retry = 16, .requests = true, .forget = NEVER },
	{ .trees = 3,
	  .anchors = { 0, 1, 2 },
	  .hold = 4,
	  .patience = 16,
	  .retry = 16,
	  .requests = true,
	  .forget = NEVER },
	{ .trees = 3, .anchors = { 0, 1, 2 }, .hold = 1, .patience = 4, .retry = 4, .requests = true, .forget = NEVER },
	{ .trees = 1, .anchors = { 0 }, .hold = 4, .patience = 16, .retry = 16, .requests = true, .forget = NEVER },
	{ .trees = 5,
	  .anchors = { 0, 1, 2, 3, 4 },
	  .hold = 4,
	  .patience = 16,
	  .retry = 16,
	  .requests = true,
	  .forget = NEVER },
};

/* The label leads from the anchor, link by link, to the node. */
static void assert_way(const struct net *net, uint32_t node, unsigned tree)
{
	const struct mesh_label *label = net->node[node].tree[tree].own.label;
	uint32_t at = net->config.anchors[tree];

	assert_int_equal(label->anchor, at);
	for (size_t i = 0; i < label->count; i++) {
		assert_int_equal(label->hops[i].id, at);
		assert_true(net->link[at][label->hops[i].port] > 0);
		at = label->hops[i].port;
	}
	assert_int_equal(at, node);
	assert_int_equal(net->node[node].tree[tree].own.cost, label->count);
}

static void assert_settled(const struct net *net)
{
	uint32_t component[NET_NODES];
	bool anchored[NET_NODES] = { false };

	net_components(net, component);
	for (unsigned t = 0; t < net->config.trees; t++)
		anchored[component[net->config.anchors[t]]] = true;
	for (uint32_t n = 0; n < net->nodes; n++)
		for (unsigned t = 0; t < net->config.trees; t++) {
			bool has = net->node[n].tree[t].own.label != NULL;

			assert_int_equal(has, component[n] == component[net->config.anchors[t]]);
			if (has)
				assert_way(net, n, t);
		}
	for (uint32_t a = 0; a < net->nodes; a++)
		for (uint32_t b = 0; b < net->nodes; b++)
			assert_int_equal(net_walk(net, a, b) >= 0,
					 a == b || (component[a] == component[b] && anchored[component[a]]));
}

static void change_a_link(struct net *net)
{
	uint32_t a = net_random(net->nodes), b = net_random(net->nodes);

	if (a != b)
		net_link(net, a, b, net->link[a][b] > 0 || net_random(4) == 0 ? 0 : 1 + net_random(4));
}

static void a_graph(const struct mesh_config *config)
{
	struct net *net = net_new(NET_NODES, config);
	uint32_t links = NET_NODES / 2 + net_random(NET_NODES);

	for (uint32_t i = 0; i < links; i++) {
		uint32_t a = net_random(NET_NODES), b = net_random(NET_NODES);

		if (a != b && net->link[a][b] == 0)
			net_link(net, a, b, 1 + net_random(4));
	}
	net_quiet(net);
	assert_settled(net);
	for (unsigned change = 0; change < 12; change++) {
		for (uint32_t many = 1 + net_random(3); many > 0; many--)
			change_a_link(net);
		/* In the midst of it packets go round in no loop either: net_walk() looks. */
		for (uint32_t ticks = net_random(12); ticks > 0; ticks--) {
			(void)net_tick(net);
			(void)net_walk(net, net_random(NET_NODES), net_random(NET_NODES));
		}
	}
	net_quiet(net);
	assert_settled(net);
	net_free(net);
}

static void settles_whatever_happens(void **state)
{
	(void)state;
	for (size_t i = 0; i < AL_COUNT(ways); i++)
		for (uint32_t seed = 1; seed <= 25; seed++) {
			net_seed = seed * 7919;
			a_graph(&ways[i]);
		}
}

/* Ring 0-1-2-3-4-5: anchor 0. When 0-1 goes, node 1 hears only what is not feasible, and gets there all the same. */
static void starved(const struct mesh_config *config, uint32_t until, bool routed)
{
	struct net *net = net_new(6, config);

	for (uint32_t n = 0; n < 6; n++)
		net_link(net, n, (n + 1) % 6, 1);
	net_quiet(net);
	assert_int_equal(net->node[1].tree[0].own.cost, 1);
	net_link(net, 0, 1, 0);
	for (uint32_t end = net->now + until; net->now < end;)
		(void)net_tick(net);
	assert_int_equal(net->node[1].tree[0].own.label != NULL, routed);
	if (routed)
		assert_int_equal(net->node[1].tree[0].own.cost, 5);
	if (!routed) { /* until the anchor gives out the next number */
		net_quiet(net);
		mesh_node_refresh(&net->node[0]);
	}
	net_quiet(net);
	assert_settled(net);
	net_free(net);
}

static void a_starved_node_gets_a_new_number(void **state)
{
	struct mesh_config config = { .trees = 1, .anchors = { 0 }, .hold = NEVER, .retry = 20, .forget = NEVER };

	(void)state;
	starved(&config, 60, false);
	config.requests = true;
	starved(&config, 60, true);
	config.hold = 1; /* three units worse than feasible: held, then taken without a request */
	config.patience = 100;
	starved(&config, 10, true);
	config.requests = false;
	starved(&config, 10, true);
}

/* A number that was asked for goes back to who asked; a refresh goes to all. */
static void who_hears_a_new_number(void **state)
{
	struct mesh_config config = {
		.trees = 1, .anchors = { 0 }, .hold = NEVER, .retry = 20, .requests = true, .forget = NEVER
	};
	struct mesh_msg request = { .kind = MESH_REQUEST, .hops = 8, .seqno = 1 };
	struct net *net = net_new(6, &config);
	uint32_t before;

	(void)state;
	for (uint32_t n = 1; n < 6; n++)
		net_link(net, n - 1, n, 1);
	net_link(net, 1, 5, 1);
	net_quiet(net);
	before = net->messages;
	mesh_node_receive(&net->node[2], 3, &request, net->now);
	net_quiet(net);
	assert_int_equal(net->messages - before, 2 + 3);
	assert_int_equal(net->node[3].tree[0].own.seqno, 1);
	assert_int_equal(net->node[5].tree[0].own.seqno, 0);
	mesh_node_refresh(&net->node[0]);
	net_quiet(net);
	for (uint32_t n = 0; n < 6; n++)
		assert_int_equal(net->node[n].tree[0].own.seqno, 2);
	net_free(net);
}

/* Who is not on the list may call itself an anchor: nobody's label changes. */
static void nobody_else_is_an_anchor(void **state)
{
	struct mesh_config config = { .trees = 1, .anchors = { 0 }, .hold = 4, .retry = 8, .forget = NEVER };
	struct net *net = net_new(4, &config);
	struct mesh_msg claim = { .kind = MESH_ANNOUNCE, .spread = 1, .seqno = 30000 };
	uint32_t before;

	(void)state;
	for (uint32_t n = 1; n < 4; n++)
		net_link(net, n - 1, n, 1);
	net_quiet(net);
	before = net->messages;
	claim.label = mesh_label_root(3);
	mesh_node_receive(&net->node[2], 3, &claim, net->now);
	mesh_label_unref(claim.label);
	net_quiet(net);
	assert_int_equal(net->messages, before);
	assert_int_equal(net->node[2].tree[0].own.label->anchor, 0);
	net_free(net);
}

static void senseless_messages(void **state)
{
	struct mesh_config config = { .trees = 2, .anchors = { 0, 1 }, .hold = 4, .retry = 8, .forget = NEVER };
	struct net *net = net_new(3, &config);
	struct mesh_msg msg = { .kind = MESH_RETRACT };
	struct mesh_node bad;

	(void)state;
	net_link(net, 0, 1, 1);
	net_quiet(net);
	mesh_node_receive(&net->node[1], NET_NODES, &msg, 0);
	mesh_node_receive(&net->node[1], 2, &msg, 0); /* a link that is down */
	msg.tree = 2;
	mesh_node_receive(&net->node[1], 0, &msg, 0);
	net_quiet(net);
	assert_settled(net);
	assert_int_equal(mesh_node_init(&bad, &config, 0, MESH_PORTS_MAX + 1), AL_ELIMIT);
	config.trees = MESH_TREES + 1;
	assert_int_equal(mesh_node_init(&bad, &config, 0, 1), AL_ELIMIT);
	config.trees = 2;
	net_free(net);
}

static void labels(void **state)
{
	struct mesh_label *root = mesh_label_root(9), *other = mesh_label_root(8), *deep = mesh_label_ref(root), *a, *b;

	(void)state;
	a = mesh_label_extend(root, 9, 1);
	b = mesh_label_extend(root, 9, 2);
	assert_int_equal(mesh_label_distance(a, b), 2);
	assert_int_equal(mesh_label_distance(a, root), 1);
	assert_int_equal(mesh_label_distance(root, other), UINT32_MAX);
	assert_false(mesh_label_eq(a, b));
	assert_true(mesh_label_eq(NULL, NULL));
	assert_false(mesh_label_eq(a, NULL));
	for (uint16_t i = 0; i < MESH_HOPS_MAX; i++) {
		struct mesh_label *next = mesh_label_extend(deep, 100u + i, i);

		mesh_label_unref(deep);
		deep = next;
	}
	assert_true(mesh_label_has(deep, 9) && mesh_label_has(deep, 100 + MESH_HOPS_MAX - 1));
	assert_false(mesh_label_has(deep, 8));
	assert_null(mesh_label_extend(deep, 1, 1));
	mesh_label_unref(deep);
	mesh_label_unref(a);
	mesh_label_unref(b);
	mesh_label_unref(root);
	mesh_label_unref(other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(labels),
		cmocka_unit_test(settles_whatever_happens),
		cmocka_unit_test(a_starved_node_gets_a_new_number),
		cmocka_unit_test(who_hears_a_new_number),
		cmocka_unit_test(nobody_else_is_an_anchor),
		cmocka_unit_test(senseless_messages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
