/* SPDX-License-Identifier: MIT */
#include "measure.h"

#include <stdlib.h>
#include <string.h>

#include "record.h"

enum al_err sim_sample_add(struct sim_sample *sample, uint32_t value)
{
	if (sample->count == sample->cap) {
		uint32_t cap = sample->cap == 0 ? 256 : sample->cap * 2;
		uint32_t *at = realloc(sample->at, cap * sizeof(*at));

		if (at == NULL)
			return AL_ENOMEM;
		sample->at = at;
		sample->cap = cap;
	}
	sample->at[sample->count++] = value;
	return AL_OK;
}

void sim_sample_free(struct sim_sample *sample)
{
	free(sample->at);
	*sample = (struct sim_sample){ 0 };
}

uint32_t sim_sample_mean(const struct sim_sample *sample)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < sample->count; i++)
		sum += sample->at[i];
	return sample->count > 0 ? (uint32_t)(sum / sample->count) : 0;
}

static int number_cmp(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

uint32_t sim_sample_quantile(struct sim_sample *sample, unsigned percent)
{
	uint64_t rank;

	if (sample->count == 0)
		return 0;
	qsort(sample->at, sample->count, sizeof(*sample->at), number_cmp);
	rank = ((uint64_t)sample->count * percent + 99) / 100;
	return sample->at[rank > 0 ? rank - 1 : 0];
}

void sim_pairs_free(struct sim_pairs *pairs)
{
	free(pairs->at);
	*pairs = (struct sim_pairs){ 0 };
}

static uint32_t draw(const struct sim_net *net, const uint8_t *off, struct sim_rng *rng, uint32_t not_node)
{
	uint32_t node;

	do
		node = sim_random(rng, net->graph->nodes);
	while (node == not_node || (off != NULL && off[node]));
	return node;
}

enum al_err sim_pairs_make(const struct sim_net *net, const uint8_t *off, uint32_t sources, uint32_t each,
			   uint64_t seed, struct sim_pairs *out)
{
	struct sim_rng rng = sim_rng_of(seed, 4);
	struct sim_pairs pairs = { .at = malloc((size_t)sources * each * sizeof(*pairs.at)) };
	uint32_t on = 0;

	for (uint32_t n = 0; n < net->graph->nodes && on < 2; n++)
		on += off == NULL || !off[n];
	if (pairs.at == NULL)
		return AL_ENOMEM;
	for (uint32_t s = 0; s < sources && on >= 2; s++) {
		uint32_t source = draw(net, off, &rng, UINT32_MAX);

		for (uint32_t i = 0; i < each; i++) {
			pairs.at[pairs.count][0] = source;
			pairs.at[pairs.count++][1] = draw(net, off, &rng, source);
		}
	}
	*out = pairs;
	return AL_OK;
}

/* ---- labels ---- */

struct mesh_label **sim_labels(const struct sim_net *net)
{
	unsigned trees = net->config.trees;
	struct mesh_label **labels = malloc((size_t)net->graph->nodes * trees * sizeof(struct mesh_label *));

	for (uint32_t n = 0; labels != NULL && n < net->graph->nodes; n++)
		for (unsigned t = 0; t < trees; t++)
			labels[n * trees + t] = mesh_label_ref(net->node[n].tree[t].own.label);
	return labels;
}

void sim_labels_free(const struct sim_net *net, struct mesh_label **labels)
{
	for (size_t i = 0; labels != NULL && i < (size_t)net->graph->nodes * net->config.trees; i++)
		mesh_label_unref(labels[i]);
	free(labels);
}

uint32_t sim_relabelled(const struct sim_net *net, struct mesh_label **before, const uint8_t *off)
{
	unsigned trees = net->config.trees;
	uint64_t other = 0, count = 0;

	for (uint32_t n = 0; n < net->graph->nodes; n++) {
		bool changed = false;

		if (off != NULL && off[n])
			continue;
		for (unsigned t = 0; t < trees; t++)
			changed = changed || !mesh_label_eq(before[n * trees + t], net->node[n].tree[t].own.label);
		count++;
		other += changed;
	}
	return count > 0 ? (uint32_t)(other * 1000 / count) : 0;
}

/* ---- packets ---- */

int sim_walk(const struct sim_net *net, uint32_t from, uint32_t to, struct mesh_label *const *labels, uint32_t *visits,
	     uint32_t *delay)
{
	unsigned trees = net->config.trees;
	struct mesh_packet packet = mesh_packet_start(trees);
	struct mesh_place place = { { NULL } };
	int hops = 0;

	for (unsigned t = 0; t < trees; t++)
		place.label[t] = labels != NULL ? labels[to * trees + t] : net->node[to].tree[t].own.label;
	while (from != to) {
		uint16_t port = mesh_forward(&net->node[from], &place, &packet);
		uint32_t end;

		if (port == MESH_NO_PORT)
			return -1;
		end = net->graph->first[from] + port;
		from = net->graph->to[end];
		hops++;
		if (visits != NULL && from != to)
			visits[from]++;
		if (delay != NULL)
			*delay += net->graph->delay[end];
	}
	return hops;
}

/* Hops from one source to all, kept for as long as the source is the same. */
struct search {
	uint32_t *hops, *queue, from;
};

static bool search_init(struct search *search, const struct sim_net *net)
{
	search->hops = malloc(net->graph->nodes * sizeof(uint32_t));
	search->queue = malloc(net->graph->nodes * sizeof(uint32_t));
	search->from = UINT32_MAX;
	return search->hops != NULL && search->queue != NULL;
}

static void search_free(struct search *search)
{
	free(search->hops);
	free(search->queue);
}

static uint32_t search_hops(struct search *search, const struct sim_net *net, uint32_t from, uint32_t to)
{
	if (search->from != from)
		(void)sim_bfs(net->graph, net->up, from, search->hops, search->queue);
	search->from = from;
	return search->hops[to];
}

/* A number for each component, the same for all in it. */
static bool components(const struct sim_net *net, uint32_t *out)
{
	const struct sim_graph *graph = net->graph;
	uint32_t *queue = malloc(graph->nodes * sizeof(*queue));
	bool done;

	memset(out, 0xff, graph->nodes * sizeof(*out));
	for (uint32_t n = 0; queue != NULL && n < graph->nodes; n++) {
		uint32_t head = 0, tail = 0;

		if (out[n] != UINT32_MAX)
			continue;
		out[n] = n;
		queue[tail++] = n;
		while (head < tail) {
			uint32_t at = queue[head++];

			for (uint32_t e = graph->first[at]; e < graph->first[at + 1]; e++)
				if (net->up[e] && out[graph->to[e]] == UINT32_MAX) {
					out[graph->to[e]] = n;
					queue[tail++] = graph->to[e];
				}
		}
	}
	done = queue != NULL;
	free(queue);
	return done;
}

uint32_t sim_delivery(const struct sim_net *net, const struct sim_pairs *pairs, struct mesh_label *const *labels)
{
	uint32_t *component = malloc(net->graph->nodes * sizeof(*component));
	uint64_t possible = 0, arrived = 0;

	if (component != NULL && components(net, component))
		for (uint32_t i = 0; i < pairs->count; i++) {
			if (component[pairs->at[i][0]] != component[pairs->at[i][1]])
				continue;
			possible++;
			arrived += sim_walk(net, pairs->at[i][0], pairs->at[i][1], labels, NULL, NULL) >= 0;
		}
	free(component);
	return possible > 0 ? (uint32_t)(arrived * 1000 / possible) : 1000;
}

static void summarize(struct sim_sample *sample, struct sim_stretch *out)
{
	out->mean = sim_sample_mean(sample);
	out->p50 = sim_sample_quantile(sample, 50);
	out->p95 = sim_sample_quantile(sample, 95);
	out->p99 = sim_sample_quantile(sample, 99);
	out->max = sim_sample_quantile(sample, 100);
}

enum al_err sim_stretch(const struct sim_net *net, const struct sim_pairs *pairs, struct sim_stretch *out)
{
	uint32_t *visits = calloc(net->graph->nodes, sizeof(*visits)), busiest = 0;
	struct sim_sample sample = { 0 };
	struct search search;
	enum al_err err = search_init(&search, net) && visits != NULL ? AL_OK : AL_ENOMEM;

	*out = (struct sim_stretch){ 0 };
	for (uint32_t i = 0; i < pairs->count && err == AL_OK; i++) {
		uint32_t least = search_hops(&search, net, pairs->at[i][0], pairs->at[i][1]);
		int hops;

		if (least == UINT32_MAX || least == 0)
			continue;
		hops = sim_walk(net, pairs->at[i][0], pairs->at[i][1], NULL, visits, NULL);
		if (hops < 0)
			out->undelivered++;
		else
			err = sim_sample_add(&sample, (uint32_t)hops * 1000 / least);
	}
	for (uint32_t n = 0; err == AL_OK && n < net->graph->nodes; n++)
		busiest = visits[n] > busiest ? visits[n] : busiest;
	if (sample.count > 0)
		out->busiest = (uint32_t)((uint64_t)busiest * 1000 / sample.count);
	summarize(&sample, out);
	sim_sample_free(&sample);
	search_free(&search);
	free(visits);
	return err;
}

/* Least delays from `from`, by looking again at every node whose delay fell: small graphs only. */
static void delays_from(const struct sim_net *net, uint32_t from, uint32_t *least, uint32_t *queue, uint8_t *queued)
{
	uint32_t nodes = net->graph->nodes, head = 0, count = 1;

	memset(least, 0xff, nodes * sizeof(*least));
	memset(queued, 0, nodes);
	least[from] = 0;
	queue[0] = from;
	while (count > 0) {
		uint32_t at = queue[head];

		head = (head + 1) % nodes;
		count--;
		queued[at] = 0;
		for (uint32_t e = net->graph->first[at]; e < net->graph->first[at + 1]; e++) {
			uint32_t to = net->graph->to[e], sum = least[at] + net->graph->delay[e];

			if (!net->up[e] || sum >= least[to])
				continue;
			least[to] = sum;
			if (!queued[to]) {
				queue[(head + count++) % nodes] = to;
				queued[to] = 1;
			}
		}
	}
}

enum al_err sim_stretch_delay(const struct sim_net *net, const struct sim_pairs *pairs, struct sim_stretch *out)
{
	uint32_t *least = malloc(net->graph->nodes * sizeof(*least)),
		 *queue = malloc(net->graph->nodes * sizeof(*queue));
	uint8_t *queued = malloc(net->graph->nodes);
	struct sim_sample sample = { 0 };
	enum al_err err = least != NULL && queue != NULL && queued != NULL ? AL_OK : AL_ENOMEM;

	*out = (struct sim_stretch){ 0 };
	for (uint32_t i = 0; i < pairs->count && err == AL_OK; i++) {
		uint32_t from = pairs->at[i][0], to = pairs->at[i][1], delay = 0;

		if (i == 0 || from != pairs->at[i - 1][0])
			delays_from(net, from, least, queue, queued);
		if (least[to] == UINT32_MAX || least[to] == 0)
			continue;
		if (sim_walk(net, from, to, NULL, NULL, &delay) < 0)
			out->undelivered++;
		else
			err = sim_sample_add(&sample, (uint32_t)((uint64_t)delay * 1000 / least[to]));
	}
	summarize(&sample, out);
	sim_sample_free(&sample);
	free(least);
	free(queue);
	free(queued);
	return err;
}

enum al_err sim_state(const struct sim_net *net, struct sim_state *out)
{
	struct sim_sample labels = { 0 }, records = { 0 };
	enum al_err err = AL_OK;

	for (uint32_t n = 0; n < net->graph->nodes && err == AL_OK; n++) {
		const struct mesh_node *node = &net->node[n];
		size_t label = 0, record = 0;

		for (uint16_t p = 0; p < node->ports; p++)
			for (unsigned t = 0; t < net->config.trees; t++) {
				const struct mesh_label *heard = mesh_heard(node, p, t)->label;

				if (heard == NULL)
					continue;
				label += heard->count + 4u;
				record += MESH_RECORD_LEN(heard->count + 1u);
			}
		err = sim_sample_add(&labels, (uint32_t)label);
		if (err == AL_OK)
			err = sim_sample_add(&records, (uint32_t)record);
	}
	*out = (struct sim_state){
		.label_mean = sim_sample_mean(&labels),
		.label_p99 = sim_sample_quantile(&labels, 99),
		.label_max = sim_sample_quantile(&labels, 100),
		.signed_mean = sim_sample_mean(&records),
		.signed_p99 = sim_sample_quantile(&records, 99),
		.signed_max = sim_sample_quantile(&records, 100),
	};
	sim_sample_free(&labels);
	sim_sample_free(&records);
	return err;
}

uint32_t sim_diameter(const struct sim_net *net)
{
	struct search search;
	uint32_t far = 0, result = 0;

	if (search_init(&search, net))
		for (unsigned i = 0; i < 4; i++) {
			uint32_t next = sim_bfs(net->graph, net->up, far, search.hops, search.queue);

			result = search.hops[next] > result ? search.hops[next] : result;
			far = next;
		}
	search_free(&search);
	return result;
}
