/* SPDX-License-Identifier: MIT */
/*
 * The simulator: graphs that are what they say, the same bytes for the same seed, figures of a thousand nodes as they were,
 * and the ways to route in the order that others have measured.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "../read_file.h"
#include "sim/baseline.h"
#include "sim/scenario.h"

static void csv_of(const struct sim_results *results, struct al_buf *out)
{
	char *text = NULL;
	size_t len = 0;
	FILE *file = open_memstream(&text, &len);

	assert_non_null(file);
	sim_csv(results, "golden", file);
	assert_int_equal(fclose(file), 0);
	al_buf_put(out, text, len);
	free(text);
}

static void run_all(uint64_t seed, struct al_buf *out)
{
	struct sim_setup setup = { .graph = "ba:1000:2", .seed = seed, .trees = 3, .low = 1, .high = 1 };
	struct sim_results results = { 0 };

	assert_int_equal(sim_scenarios(&setup, SIM_ALL & ~SIM_SLOW, &results), AL_OK);
	setup.trees = 0;
	assert_int_equal(sim_scenarios(&setup, SIM_COLD | SIM_STRONG, &results), AL_OK);
	setup.trees = 3;
	setup.low = 5;
	setup.high = 100;
	setup.drop = 10;
	assert_int_equal(sim_scenarios(&setup, SIM_COLD | SIM_ANCHOR, &results), AL_OK);
	csv_of(&results, out);
	sim_results_free(&results);
}

/* A change of the protocol changes these figures: then they are looked at, and the file is made again. */
static void figures_of_a_thousand_nodes(void **state)
{
	struct al_buf golden, once, twice;

	(void)state;
	al_buf_init(&golden, READ_FILE_MAX);
	al_buf_init(&once, READ_FILE_MAX);
	al_buf_init(&twice, READ_FILE_MAX);
	run_all(1, &once);
	run_all(1, &twice);
	assert_true(al_slice_eq(al_buf_view(&once), al_buf_view(&twice)));
	if (!read_file("golden/mesh-1000.csv", &golden) || !al_slice_eq(al_buf_view(&once), al_buf_view(&golden))) {
		(void)fprintf(stderr, "%.*s", AL_FMT(al_buf_view(&once)));
		fail_msg("other figures than tests/golden/mesh-1000.csv");
	}
	al_buf_release(&golden);
	al_buf_release(&once);
	al_buf_release(&twice);
}

static void assert_graph(const char *spec, uint32_t nodes, uint32_t links)
{
	struct sim_graph graph;

	assert_int_equal(sim_graph_make(spec, 7, &graph), AL_OK);
	assert_int_equal(graph.nodes, nodes);
	if (links > 0)
		assert_int_equal(graph.ends, 2 * links);
	for (uint32_t n = 0; n < graph.nodes; n++)
		for (uint32_t e = graph.first[n]; e < graph.first[n + 1]; e++) {
			uint32_t other = graph.first[graph.to[e]] + graph.back[e];

			assert_int_not_equal(graph.to[e], n);
			assert_int_equal(graph.to[other], n);
			assert_int_equal(graph.first[n] + graph.back[other], e);
		}
	sim_graph_free(&graph);
}

static void graphs(void **state)
{
	struct sim_graph graph;
	uint32_t *hops = malloc(300 * sizeof(*hops)), *queue = malloc(300 * sizeof(*queue));

	(void)state;
	assert_graph("ba:500:3", 500, 6 + 496 * 3);
	assert_graph("grid:7x5", 35, 6 * 5 + 7 * 4);
	assert_graph("ba:2:1", 2, 1);
	assert_int_equal(sim_graph_make("rgg:300:12", 3, &graph), AL_OK);
	assert_true(graph.nodes > 270 && graph.ends / graph.nodes >= 9 && graph.ends / graph.nodes <= 13);
	(void)sim_bfs(&graph, NULL, 0, hops, queue);
	for (uint32_t n = 0; n < graph.nodes; n++)
		assert_int_not_equal(hops[n], UINT32_MAX);
	sim_graph_free(&graph);
	free(hops);
	free(queue);
}

static void no_graphs(void **state)
{
	static const char *const bad[] = { "",           "ba:10",     "ba:3:3",        "ba:0:0",
					   "ba:1:1:1",   "rgg:10:65", "grid:0x3",      "grid:2000x2",
					   "file:/none", "ring:10",   "ba:99999999:2", "grid:3" };
	struct sim_graph graph;

	(void)state;
	for (size_t i = 0; i < AL_COUNT(bad); i++)
		assert_int_not_equal(sim_graph_make(bad[i], 1, &graph), AL_OK);
}

static void a_graph_from_a_file(void **state)
{
	static const char text[] = "# two components\na b\nb c # a comment\n\nb  a\nc c\nx y\n";
	char path[] = "/tmp/mesh-graph-XXXXXX", spec[64];
	int fd = mkstemp(path);
	struct sim_graph graph;

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, sizeof(text) - 1), sizeof(text) - 1);
	(void)snprintf(spec, sizeof(spec), "file:%s", path);
	assert_int_equal(sim_graph_make(spec, 1, &graph), AL_OK);
	assert_int_equal(graph.nodes, 3);
	assert_int_equal(graph.ends, 2 * 2);
	sim_graph_free(&graph);
	assert_int_equal(write(fd, "one\n", 4), 4);
	assert_int_equal(sim_graph_make(spec, 1, &graph), AL_EINVAL);
	assert_int_equal(close(fd), 0);
	assert_int_equal(unlink(path), 0);
}

/*
 * What meshnet-lab and Pinecone's own simulator show: a distance vector takes shortest ways, trees take slightly longer ones,
 * the snake ones that are about twice as long or more; all deliver on a net at rest. The distance vector's cost grows with the nodes.
 */
static void the_order_that_others_measured(void **state)
{
	struct sim_setup setup = { .graph = "ba:300:2", .seed = 1, .trees = 3, .low = 1, .high = 1 };
	struct sim_results trees = { 0 }, dv = { 0 }, snek = { 0 };
	uint64_t stretch[3];

	(void)state;
	assert_int_equal(sim_scenarios(&setup, SIM_COLD, &trees), AL_OK);
	assert_int_equal(sim_dv(setup.graph, 1, &dv), AL_OK);
	assert_int_equal(sim_snek(setup.graph, 1, &snek), AL_OK);
	stretch[0] = sim_get(&dv, "cold", "stretch_mean");
	stretch[1] = sim_get(&trees, "cold", "stretch_mean");
	stretch[2] = sim_get(&snek, "cold", "stretch_mean");
	assert_int_equal(stretch[0], 1000);
	assert_true(stretch[1] > 1000 && stretch[1] < 1150);
	assert_true(stretch[2] > 1500);
	assert_int_equal(sim_get(&trees, "cold", "undelivered"), 0);
	assert_int_equal(sim_get(&dv, "cold", "delivery"), 100000);
	assert_int_equal(sim_get(&snek, "cold", "delivery"), 100000);
	assert_true(sim_get(&dv, "cold", "messages_per_node") > 20 * sim_get(&trees, "cold", "messages_per_node"));
	assert_int_equal(sim_get(&dv, "cold", "nothing"), UINT64_MAX);
	sim_results_free(&trees);
	sim_results_free(&dv);
	sim_results_free(&snek);
}

/* One leaf with the strongest key: everybody's label is another with an elected root, nobody's with anchors. */
static void a_stronger_key(void **state)
{
	struct sim_setup setup = { .graph = "ba:1000:3", .seed = 3, .trees = 3, .low = 1, .high = 1 };
	struct sim_results anchors = { 0 }, elected = { 0 };

	(void)state;
	assert_int_equal(sim_scenarios(&setup, SIM_STRONG, &anchors), AL_OK);
	setup.trees = 0;
	assert_int_equal(sim_scenarios(&setup, SIM_STRONG, &elected), AL_OK);
	assert_int_equal(sim_get(&anchors, "strong", "relabelled"), 0);
	assert_int_equal(sim_get(&anchors, "strong", "delivery_cached"), 100000);
	assert_int_equal(sim_get(&elected, "strong", "relabelled"), 100000);
	assert_true(sim_get(&elected, "strong", "delivery_r3") < 50000);
	assert_true(sim_get(&elected, "strong", "delivery_cached") < 5000);
	sim_results_free(&anchors);
	sim_results_free(&elected);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(graphs),
		cmocka_unit_test(no_graphs),
		cmocka_unit_test(a_graph_from_a_file),
		cmocka_unit_test(figures_of_a_thousand_nodes),
		cmocka_unit_test(the_order_that_others_measured),
		cmocka_unit_test(a_stronger_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
