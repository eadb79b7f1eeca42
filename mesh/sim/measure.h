/* SPDX-License-Identifier: MIT */
/*
 * measure.h -- what packets would meet: delivery, stretch, state, lookups. Nothing here changes the net.
 */
#ifndef MESH_SIM_MEASURE_H
#define MESH_SIM_MEASURE_H

#include "forward.h"
#include "net.h"

/* Numbers of a sample, in thousandths. Of an empty one all are 0. */
struct sim_sample {
	uint32_t *at; /* owned */
	uint32_t count, cap;
};
AL_MUST_USE enum al_err sim_sample_add(struct sim_sample *sample, uint32_t value);
void sim_sample_free(struct sim_sample *sample);
uint32_t sim_sample_mean(const struct sim_sample *sample);
/* The least value that `percent` of the values do not exceed; sorts. 100: the largest. */
uint32_t sim_sample_quantile(struct sim_sample *sample, unsigned percent);

/* `count` pairs of different nodes out of those that are not `off`; sources repeat, so that one search serves many pairs. */
struct sim_pairs {
	uint32_t (*at)[2]; /* owned; source, destination */
	uint32_t count;
};
AL_MUST_USE enum al_err sim_pairs_make(const struct sim_net *net, const uint8_t *off, uint32_t sources, uint32_t each,
				       uint64_t seed, struct sim_pairs *out);
void sim_pairs_free(struct sim_pairs *pairs);

/* All labels of a moment, with references: [node * trees + tree]. NULL when memory is out. */
struct mesh_label **sim_labels(const struct sim_net *net);
void sim_labels_free(const struct sim_net *net, struct mesh_label **labels);
/* Of nodes that are not `off`, in thousandths: how many have another label in any tree than in `before`. */
uint32_t sim_relabelled(const struct sim_net *net, struct mesh_label **before, const uint8_t *off);

/*
 * Hops from one node to another, -1 when the packet got nowhere. `labels` are what the sender believes of the destination, NULL for
 * what is so. `visits` counts nodes on the way and `delay` adds the delays of its links; both may be NULL.
 */
int sim_walk(const struct sim_net *net, uint32_t from, uint32_t to, struct mesh_label *const *labels, uint32_t *visits,
	     uint32_t *delay);

/* Of pairs that have a way, in thousandths: how many packets arrive. 1,000 when no pair has one. */
uint32_t sim_delivery(const struct sim_net *net, const struct sim_pairs *pairs, struct mesh_label *const *labels);

struct sim_stretch {
	uint32_t mean, p50, p95, p99, max; /* thousandths: hops taken by hops needed */
	uint32_t busiest; /* thousandths: of the ways, how many lead through the one node that has most */
	uint32_t undelivered;
};
AL_MUST_USE enum al_err sim_stretch(const struct sim_net *net, const struct sim_pairs *pairs, struct sim_stretch *out);
/* The same for delays of links instead of hops; `busiest` stays 0. */
AL_MUST_USE enum al_err sim_stretch_delay(const struct sim_net *net, const struct sim_pairs *pairs,
					  struct sim_stretch *out);

struct sim_state {
	uint32_t label_mean, label_p99, label_max;    /* bytes a node keeps: a byte a hop and four a label */
	uint32_t signed_mean, signed_p99, signed_max; /* bytes, as the signed records that arrived */
};
AL_MUST_USE enum al_err sim_state(const struct sim_net *net, struct sim_state *out);

struct sim_lookup {
	uint32_t mean, p99; /* thousandths: messages of one lookup along tree 0 */
	uint32_t busiest;   /* thousandths: of all lookups, how many the one node sees that sees most */
	uint32_t missed;    /* lookups that did not get there */
};
/* Filters of all nodes on tree 0, as bloom.h and its tree make them; 2 KiB for each node. */
AL_MUST_USE enum al_err sim_lookup(const struct sim_net *net, const struct sim_pairs *pairs, struct sim_lookup *out);

/* The longest shortest way, from below: the farthest from the farthest. */
uint32_t sim_diameter(const struct sim_net *net);

#endif
