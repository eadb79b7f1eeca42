/* SPDX-License-Identifier: MIT */
#include "result.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

void sim_results_free(struct sim_results *results)
{
	free(results->rows);
	*results = (struct sim_results){ 0 };
}

void sim_put(struct sim_results *results, const char *metric, uint64_t thousandths)
{
	struct sim_row *row;

	if (results->count == results->cap) {
		size_t cap = results->cap == 0 ? 256 : results->cap * 2;
		struct sim_row *rows = realloc(results->rows, cap * sizeof(*rows));

		if (rows == NULL) {
			results->failed = true;
			return;
		}
		results->rows = rows;
		results->cap = cap;
	}
	row = &results->rows[results->count++];
	*row = results->now;
	(void)snprintf(row->metric, sizeof(row->metric), "%s", metric);
	row->value = thousandths;
}

uint64_t sim_get(const struct sim_results *results, const char *scenario, const char *metric)
{
	for (size_t i = results->count; i-- > 0;)
		if (strcmp(results->rows[i].scenario, scenario) == 0 && strcmp(results->rows[i].metric, metric) == 0)
			return results->rows[i].value;
	return UINT64_MAX;
}

/* Graphs from files have a path, with whatever is in it: what would end a field is '_'. */
static void put_text(const char *text, FILE *out)
{
	for (; *text != '\0'; text++)
		(void)fputc(strchr(",\"\\", *text) != NULL || (unsigned char)*text < 0x20 ? '_' : *text, out);
}

void sim_csv(const struct sim_results *results, const char *commit, FILE *out)
{
	(void)fprintf(out, "scheme,graph,nodes,links,seed,scenario,metric,value,commit\n");
	for (size_t i = 0; i < results->count; i++) {
		const struct sim_row *row = &results->rows[i];

		(void)fprintf(out, "%s,", row->scheme);
		put_text(row->graph, out);
		(void)fprintf(out, ",%" PRIu32 ",%" PRIu32 ",%" PRIu64 ",%s,%s,%" PRIu64 ".%03u,%s\n", row->nodes,
			      row->links, row->seed, row->scenario, row->metric, row->value / 1000,
			      (unsigned)(row->value % 1000), commit);
	}
}

void sim_json(const struct sim_results *results, const char *commit, FILE *out)
{
	(void)fprintf(out, "[");
	for (size_t i = 0; i < results->count; i++) {
		const struct sim_row *row = &results->rows[i];

		(void)fprintf(out, "%s\n{\"scheme\": \"%s\", \"graph\": \"", i > 0 ? "," : "", row->scheme);
		put_text(row->graph, out);
		(void)fprintf(out,
			      "\", \"nodes\": %" PRIu32 ", \"links\": %" PRIu32 ", \"seed\": %" PRIu64
			      ", \"scenario\": \"%s\", \"metric\": \"%s\", \"value\": %" PRIu64
			      ".%03u, \"commit\": \"%s\"}",
			      row->nodes, row->links, row->seed, row->scenario, row->metric, row->value / 1000,
			      (unsigned)(row->value % 1000), commit);
	}
	(void)fprintf(out, "\n]\n");
}
