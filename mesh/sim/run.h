/* SPDX-License-Identifier: MIT */
/* run.h -- one net of a scenario, with what it is watched by. */
#ifndef MESH_SIM_RUN_H
#define MESH_SIM_RUN_H

#include "measure.h"
#include "scenario.h"

#define RUN_ROUNDS 8  /* measured one by one */
#define RUN_LIMIT 400 /* rounds after which the last node must be quiet */

struct run {
	const struct sim_setup *setup;
	struct sim_results *results;
	struct sim_graph graph;
	struct sim_net net;
	uint8_t *off;       /* [nodes] is dead */
	uint32_t *strength; /* [nodes] */
	uint32_t round;     /* ticks */
};

/* `run` is zeroed and has setup, results and graph, which it takes over. `anchors` are trees' many; all links down. */
AL_MUST_USE enum al_err run_init(struct run *run, const uint32_t *anchors);
void run_free(struct run *run);

/* Every link between nodes that are not off; `later` are ends that stay down (NULL: none). */
void run_start(struct run *run, const uint8_t *later);
void run_kill(struct run *run, uint32_t node);
void run_revive(struct run *run, uint32_t node);
uint32_t run_alive(const struct run *run);

/* Settles at most RUN_LIMIT rounds. */
void run_settle(struct run *run);
/* What the next rows are about. */
void run_scenario(struct run *run, const char *scenario);

/* What a change does, from the moment when it is known: see the rows that it puts. `before` are the labels before it. */
struct watch {
	uint32_t fresh[RUN_ROUNDS + 1]; /* delivery in thousandths, with labels looked up again */
	uint32_t cached;                /* with those from before, at the end */
	uint32_t recovered;             /* rounds, in thousandths, until 99.9 percent arrive */
	uint32_t quiet;                 /* rounds until the last announcement */
	uint32_t relabelled;
	uint64_t messages, requests; /* per node that lives, in thousandths */
};
AL_MUST_USE enum al_err run_watch(struct run *run, struct mesh_label **before, struct watch *out);
/* `worst` becomes the worse of both. */
void watch_worse(struct watch *worst, const struct watch *other);
void watch_put(struct run *run, const struct watch *watch);

#endif
