/* SPDX-License-Identifier: MIT */
/*
 * result.h -- figures with all that one needs to get them again, as CSV and JSON.
 *
 * scheme,graph,nodes,links,seed,scenario,metric,value,commit: a row for each figure. Values have three digits behind the point. The same
 * program, description and seed give the same bytes: how long it took is not in them.
 */
#ifndef MESH_SIM_RESULT_H
#define MESH_SIM_RESULT_H

#include <stdio.h>

#include "alamo/base/base.h"

#define SIM_WORD_MAX 40
#define SIM_NAME_MAX 200

struct sim_row {
	char scheme[SIM_WORD_MAX], graph[SIM_NAME_MAX], scenario[SIM_WORD_MAX], metric[SIM_WORD_MAX];
	uint64_t seed;
	uint32_t nodes, links;
	uint64_t value; /* thousandths */
};

struct sim_results {
	struct sim_row *rows; /* owned */
	size_t count, cap;
	struct sim_row now; /* what the next rows are about; metric and value are not read */
	bool failed;        /* memory was out: rows are missing */
};

extern const char sim_commit
	[]; /* of the tree that was built, "-dirty" behind it where it was changed; "unknown" outside of git */

void sim_results_free(struct sim_results *results);
/* A figure about `now`. */
void sim_put(struct sim_results *results, const char *metric, uint64_t thousandths);
/* The figure of the newest row of that scenario and metric; UINT64_MAX when there is none. */
uint64_t sim_get(const struct sim_results *results, const char *scenario, const char *metric);
void sim_csv(const struct sim_results *results, const char *commit, FILE *out);
void sim_json(const struct sim_results *results, const char *commit, FILE *out);

#endif
