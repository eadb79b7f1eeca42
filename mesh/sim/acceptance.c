/* SPDX-License-Identifier: MIT */
#include "acceptance.h"

#include <string.h>

#include "scenario.h"

static const struct {
	const char *graph;
	bool quick;
	bool elected; /* the baseline is run on it as well */
	bool merge;
} graphs[] = {
	{ "ba:250:2", true, true, true },    { "ba:1000:2", true, true, true },
	{ "ba:1000:3", true, true, true },   { "ba:10000:2", false, true, true },
	{ "ba:10000:3", false, true, true }, { "ba:100000:3", false, false, false },
	{ "rgg:1000:8", true, false, true }, { "rgg:5000:8", false, false, true },
	{ "grid:32x32", true, false, true }, { "grid:45x45", false, false, false },
};

#define COURSE (SIM_COLD | SIM_ANCHOR | SIM_LOSS1 | SIM_LOSS5 | SIM_STRONG)

bool sim_is_geometric(const char *graph)
{
	return strncmp(graph, "rgg:", 4) == 0 || strncmp(graph, "grid:", 5) == 0;
}

static bool done(enum al_err err, const struct sim_setup *setup)
{
	if (err != AL_OK)
		(void)fprintf(stderr, "alamo-meshsim: %s, seed %llu: %s\n", setup->graph,
			      (unsigned long long)setup->seed, al_err_name(err));
	return err == AL_OK;
}

static bool one_graph(struct sim_acceptance *plan, const char *graph, bool elected, bool merge)
{
	struct sim_setup setup = { .graph = graph, .trees = 3, .low = 1, .high = 1 };
	bool ok = true;

	for (setup.seed = 1; setup.seed <= plan->seeds && ok; setup.seed++) {
		struct sim_setup other = setup;

		(void)fprintf(stderr, "%s seed %llu\n", graph, (unsigned long long)setup.seed);
		ok = done(sim_scenarios(&setup, COURSE | (merge ? SIM_MERGE : 0), &plan->results), &setup);
		other.trees = 0;
		if (ok && elected)
			ok = done(sim_scenarios(&other, SIM_STRONG, &plan->results), &other);
	}
	return ok;
}

/* The other ways to mend a tree, so that what is chosen stands beside what is not. */
static bool other_repairs(struct sim_acceptance *plan)
{
	static const enum sim_repair repairs[] = { SIM_REQUEST, SIM_WAIT, SIM_NAIVE };
	struct sim_setup setup = { .graph = "ba:1000:2", .trees = 3, .low = 1, .high = 1 };

	for (size_t i = 0; i < AL_COUNT(repairs); i++)
		for (setup.seed = 1; setup.seed <= plan->seeds; setup.seed++) {
			setup.repair = repairs[i];
			if (!done(sim_scenarios(&setup, SIM_ANCHOR, &plan->results), &setup))
				return false;
		}
	return true;
}

/* Rounds against delays of 5 to 100 ticks with one message in a hundred lost; rows of the latter have "delays" before the graph. */
static bool two_models(struct sim_acceptance *plan)
{
	static const unsigned trees[] = { 0, 1, 3, 5 };

	for (size_t i = 0; i < AL_COUNT(trees); i++)
		for (unsigned model = 0; model < 2; model++) {
			struct sim_setup setup = { .graph = "ba:1000:3", .trees = trees[i], .low = 1, .high = 1 };
			size_t first = plan->results.count;

			if (model == 1) {
				setup.low = 5;
				setup.high = 100;
				setup.drop = 10;
			}
			for (setup.seed = 1; setup.seed <= plan->seeds; setup.seed++)
				if (!done(sim_scenarios(&setup, SIM_ANCHOR, &plan->results), &setup))
					return false;
			for (; first < plan->results.count; first++)
				(void)snprintf(plan->results.rows[first].graph, SIM_NAME_MAX, "%s:ba:1000:3",
					       model == 0 ? "rounds" : "delays");
		}
	return true;
}

bool sim_acceptance(struct sim_acceptance *plan, FILE *out)
{
	bool ok = true;

	for (size_t i = 0; i < AL_COUNT(graphs) && ok; i++)
		if (graphs[i].quick || !plan->quick)
			ok = one_graph(plan, graphs[i].graph, graphs[i].elected, graphs[i].merge);
	for (unsigned i = 0; i < plan->graph_count && ok; i++)
		ok = one_graph(plan, plan->graphs[i], true, true);
	ok = ok && other_repairs(plan) && two_models(plan) && !plan->results.failed;
	if (ok)
		sim_rows(plan, out);
	return ok;
}
