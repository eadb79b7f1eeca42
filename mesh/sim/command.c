/* SPDX-License-Identifier: MIT */
#include "command.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include <sodium.h>

#include "acceptance.h"
#include "baseline.h"
#include "scenario.h"

static const char usage[] =
	"usage: alamo-meshsim run [options]          scenarios on one graph; figures on stdout\n"
	"       alamo-meshsim acceptance [options]   the table of docs/mesh.md: a line for each row\n"
	"run:\n"
	"  --graph GRAPH        ba:N:M, rgg:N:DEGREE, grid:WxH or file:PATH (ba:1000:3)\n"
	"  --scheme SCHEME      anchors:1 to anchors:5, elected, dv or snek (anchors:3)\n"
	"  --repair REPAIR      hold, request, wait or naive: how anchors' trees find a new parent (hold)\n"
	"  --scenario NAME      cold, anchor, loss1, loss5, strong, merge, mobility, slow or all; several with commas "
	"(all)\n"
	"  --seed N             the first seed (1)\n"
	"  --seeds N            how many (1)\n"
	"  --delay LOW-HIGH     of links, in ticks (1-1: rounds)\n"
	"  --drop N             of 1,000 messages N are lost once (0)\n"
	"  --format FORMAT      csv or json (csv)\n"
	"acceptance:\n"
	"  --quick              graphs of at most 1,000 nodes\n"
	"  --seeds N            how many (5)\n"
	"  --graph GRAPH        one more, of the scale-free kind; may be given again\n"
	"  --rows FILE          all figures as CSV as well\n";

struct options {
	const char *graph, *scheme, *scenario, *repair, *format, *rows;
	const char *more[SIM_GRAPHS_MAX];
	unsigned more_count, which;
	uint64_t seed, seeds, low, high, drop;
	bool quick;
};

static int complain(const char *what, const char *value)
{
	(void)fprintf(stderr, "alamo-meshsim: %s \"%s\"; `alamo-meshsim --help` has the words\n", what, value);
	return 2;
}

static bool number(const char *text, uint64_t least, uint64_t most, uint64_t *out)
{
	return al_slice_u64(al_slice_str(text), most, out) == AL_OK && *out >= least;
}

static bool two_delays(const char *text, struct options *options)
{
	struct al_slice rest = al_slice_str(text), head;

	return al_slice_cut(&rest, '-', &head) && al_slice_u64(head, 3000, &options->low) == AL_OK &&
	       al_slice_u64(rest, 3000, &options->high) == AL_OK && options->low >= 1 && options->low <= options->high;
}

static bool scenarios_of(const char *text, unsigned *which)
{
	struct al_slice rest = al_slice_str(text), word;
	char one[SIM_WORD_MAX];

	*which = 0;
	while (al_slice_word(&rest, ",", &word)) {
		if (al_slice_copy(word, one, sizeof(one)) != AL_OK || sim_scenario(one) == 0)
			return false;
		*which |= sim_scenario(one);
	}
	return *which != 0;
}

static bool take(struct options *options, int option, const char *value)
{
	switch (option) {
	case 'g':
		options->graph = value;
		if (options->more_count == SIM_GRAPHS_MAX || strlen(value) >= SIM_NAME_MAX)
			return false;
		options->more[options->more_count++] = value;
		return true;
	case 's':
		options->scheme = value;
		return true;
	case 'r':
		options->repair = value;
		return true;
	case 'c':
		return scenarios_of(value, &options->which);
	case 'n':
		return number(value, 0, UINT32_MAX, &options->seed);
	case 'N':
		return number(value, 1, 1000, &options->seeds);
	case 'd':
		return two_delays(value, options);
	case 'l':
		return number(value, 0, 500, &options->drop);
	case 'f':
		options->format = value;
		return strcmp(value, "csv") == 0 || strcmp(value, "json") == 0;
	case 'R':
		options->rows = value;
		return true;
	default:
		options->quick = true;
		return true;
	}
}

static int read_options(int argc, char **argv, bool run, struct options *options)
{
	static const struct option of_run[] = {
		{ "graph", 1, NULL, 'g' },  { "scheme", 1, NULL, 's' },
		{ "repair", 1, NULL, 'r' }, { "scenario", 1, NULL, 'c' },
		{ "seed", 1, NULL, 'n' },   { "seeds", 1, NULL, 'N' },
		{ "delay", 1, NULL, 'd' },  { "drop", 1, NULL, 'l' },
		{ "format", 1, NULL, 'f' }, { 0 },
	};
	static const struct option of_acceptance[] = {
		{ "quick", 0, NULL, 'q' },
		{ "seeds", 1, NULL, 'N' },
		{ "graph", 1, NULL, 'g' },
		{ "rows", 1, NULL, 'R' },
		{ 0 },
	};
	int option;

	while ((option = getopt_long(argc, argv, "", run ? of_run : of_acceptance, NULL)) != -1) {
		if (option == '?')
			return 2; /* getopt said what */
		if (!take(options, option, optarg))
			return complain("not a value of that option:", optarg);
	}
	return optind < argc ? complain("too many words:", argv[optind]) : 0;
}

static bool setup_of(const struct options *options, struct sim_setup *setup)
{
	*setup = (struct sim_setup){
		.graph = options->graph,
		.low = (uint16_t)options->low,
		.high = (uint16_t)options->high,
		.drop = (unsigned)options->drop,
	};
	for (unsigned r = SIM_HOLD; r <= SIM_NAIVE; r++)
		if (strcmp(options->repair, sim_repair_name(r)) == 0)
			setup->repair = r;
	if (strcmp(options->repair, sim_repair_name(setup->repair)) != 0)
		return false;
	if (strncmp(options->scheme, "anchors:", 8) == 0) {
		uint64_t trees;

		if (!number(options->scheme + 8, 1, MESH_TREES, &trees))
			return false;
		setup->trees = (unsigned)trees;
		return true;
	}
	return strcmp(options->scheme, "elected") == 0 || strcmp(options->scheme, "dv") == 0 ||
	       strcmp(options->scheme, "snek") == 0;
}

static enum al_err one_seed(const struct options *options, struct sim_setup *setup, struct sim_results *results)
{
	if (strcmp(options->scheme, "dv") == 0)
		return sim_dv(setup->graph, setup->seed, results);
	if (strcmp(options->scheme, "snek") == 0)
		return sim_snek(setup->graph, setup->seed, results);
	return sim_scenarios(setup, options->which, results);
}

static int run(int argc, char **argv)
{
	struct options options = {
		.graph = "ba:1000:3",
		.scheme = "anchors:3",
		.repair = "hold",
		.format = "csv",
		.which = SIM_ALL,
		.seed = 1,
		.seeds = 1,
		.low = 1,
		.high = 1,
	};
	struct sim_results results = { 0 };
	struct sim_setup setup;
	struct rusage used;
	enum al_err err = AL_OK;
	int status = read_options(argc, argv, true, &options);

	if (status != 0)
		return status;
	if (!setup_of(&options, &setup))
		return complain("no such scheme or repair:", options.scheme);
	for (setup.seed = options.seed; setup.seed < options.seed + options.seeds && err == AL_OK; setup.seed++)
		err = one_seed(&options, &setup, &results);
	if (err == AL_OK && results.failed)
		err = AL_ENOMEM;
	if (err == AL_OK)
		(strcmp(options.format, "csv") == 0 ? sim_csv : sim_json)(&results, sim_commit, stdout);
	else
		(void)fprintf(stderr, "alamo-meshsim: %s: %s\n", setup.graph, al_err_name(err));
	if (getrusage(RUSAGE_SELF, &used) == 0) /* not on stdout: the same seed gives the same bytes */
		(void)fprintf(stderr, "alamo-meshsim: %ld.%02ld CPU seconds, %ld MB\n",
			      used.ru_utime.tv_sec + used.ru_stime.tv_sec, used.ru_utime.tv_usec / 10000,
			      used.ru_maxrss / 1024);
	sim_results_free(&results);
	return err == AL_OK ? 0 : 1;
}

static int acceptance(int argc, char **argv)
{
	struct options options = { .seeds = 5 };
	struct sim_acceptance plan = { 0 };
	int status = read_options(argc, argv, false, &options);
	FILE *rows;
	bool complete;

	if (status != 0)
		return status;
	plan.quick = options.quick;
	plan.seeds = (unsigned)options.seeds;
	plan.graph_count = options.more_count;
	memcpy(plan.graphs, options.more, sizeof(plan.graphs));
	complete = sim_acceptance(&plan, stdout);
	if (complete && options.rows != NULL) {
		rows = fopen(options.rows, "w");
		complete = rows != NULL;
		if (complete)
			sim_csv(&plan.results, sim_commit, rows);
		else
			(void)fprintf(stderr, "alamo-meshsim: %s can't be written\n", options.rows);
		if (rows != NULL && fclose(rows) != 0)
			complete = false;
	}
	sim_results_free(&plan.results);
	return complete ? 0 : 1;
}

int sim_command(int argc, char **argv)
{
	if (sodium_init() < 0)
		return 1;
	if (argc > 1 && strcmp(argv[1], "run") == 0)
		return run(argc - 1, argv + 1);
	if (argc > 1 && strcmp(argv[1], "acceptance") == 0)
		return acceptance(argc - 1, argv + 1);
	(void)fputs(usage, argc > 1 && strcmp(argv[1], "--help") == 0 ? stdout : stderr);
	return argc > 1 && strcmp(argv[1], "--help") == 0 ? 0 : 2;
}
