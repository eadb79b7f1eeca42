/* SPDX-License-Identifier: MIT */
/*
 * acceptance.h -- what the design of docs/mesh.md must show, as a table that is measured: rows A1 to A11, each with its bound.
 */
#ifndef MESH_SIM_ACCEPTANCE_H
#define MESH_SIM_ACCEPTANCE_H

#include "result.h"

#define SIM_GRAPHS_MAX 8

struct sim_acceptance {
	bool quick; /* graphs of at most 1,000 nodes or so */
	unsigned seeds;
	unsigned graph_count;
	const char *graphs[SIM_GRAPHS_MAX]; /* more of the scale-free kind, from files for example */
	struct sim_results results;         /* gets every figure; the caller frees them */
};

/* "A1 pass|fail|open FIGURES", a line each; figures are the least and the most over graphs and seeds. True: all was run. */
bool sim_acceptance(struct sim_acceptance *plan, FILE *out);

/* ---- between acceptance.c, which runs, and acceptance_rows.c, which judges ---- */

/* The kind of a graph, as rows are about it. */
enum sim_graphs { SIM_SCALE_FREE, SIM_GEOMETRIC, SIM_ANY };
bool sim_is_geometric(const char *graph);

#define SIM_MAIN "anchors:3/hold" /* the scheme that is proposed */

void sim_rows(const struct sim_acceptance *plan, FILE *out);

#endif
