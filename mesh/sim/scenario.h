/* SPDX-License-Identifier: MIT */
/*
 * scenario.h -- what happens to a network of trees, and what is measured while it does.
 *
 *   cold      all nodes start at once; then stretch, state, lookups
 *   anchor    each anchor dies, one after the other, and comes back (elected: the root does)
 *   loss1     1 percent of the nodes die at once; loss5: 5 percent
 *   strong    a node comes that says it is the root, with the strongest key there is
 *   merge     two networks, each half of this one, with the same list of anchors meet by three links
 *   mobility  one node in twenty moves to other neighbours, four times
 *   slow      one link in ten is twenty times as slow; trees by hops, and trees by delay
 *
 * The first five happen to one net, in this order. Round 0 is the moment when neighbours know; round 1 is one link delay later,
 * the mean one where they differ.
 */
#ifndef MESH_SIM_SCENARIO_H
#define MESH_SIM_SCENARIO_H

#include "net.h"
#include "result.h"

enum sim_repair { SIM_HOLD, SIM_REQUEST, SIM_WAIT, SIM_NAIVE };

struct sim_setup {
	const char *graph; /* description */
	uint64_t seed;
	unsigned trees; /* 0: an elected root */
	enum sim_repair repair;
	uint16_t low, high; /* delays of links in ticks; both 1: rounds */
	unsigned drop;      /* of 1,000 messages */
};

#define SIM_COLD 1u
#define SIM_ANCHOR 2u
#define SIM_LOSS1 4u
#define SIM_LOSS5 8u
#define SIM_STRONG 16u
#define SIM_MERGE 32u
#define SIM_MOBILITY 64u
#define SIM_SLOW 128u
#define SIM_ALL 255u

/* One bit, or 0 for a word that is none; "all" is SIM_ALL. */
unsigned sim_scenario(const char *word);
const char *sim_repair_name(enum sim_repair repair);

/* The first five of `which` (the others are left out). Rows into `results`. */
AL_MUST_USE enum al_err sim_course(const struct sim_setup *setup, unsigned which, struct sim_results *results);
AL_MUST_USE enum al_err sim_merge(const struct sim_setup *setup, struct sim_results *results);
AL_MUST_USE enum al_err sim_mobility(const struct sim_setup *setup, struct sim_results *results);
AL_MUST_USE enum al_err sim_slow(const struct sim_setup *setup, struct sim_results *results);
/* All of `which`. */
AL_MUST_USE enum al_err sim_scenarios(const struct sim_setup *setup, unsigned which, struct sim_results *results);

#endif
