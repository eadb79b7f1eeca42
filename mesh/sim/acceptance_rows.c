/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "acceptance.h"

/* The least and the most of a figure, in thousandths, and where the most was. */
struct range {
	uint64_t least, most, sum;
	unsigned count;
	const char *least_graph, *most_graph;
};

static bool of_kind(const char *graph, enum sim_graphs kind)
{
	if (strncmp(graph, "rounds:", 7) == 0 || strncmp(graph, "delays:", 7) == 0)
		return false; /* two_models() has those */
	return kind == SIM_ANY || sim_is_geometric(graph) == (kind == SIM_GEOMETRIC);
}

static void widen(struct range *range, const struct sim_row *row)
{
	if (range->count == 0 || row->value < range->least) {
		range->least = row->value;
		range->least_graph = row->graph;
	}
	if (range->count == 0 || row->value > range->most) {
		range->most = row->value;
		range->most_graph = row->graph;
	}
	range->sum += row->value;
	range->count++;
}

static struct range range_of(const struct sim_acceptance *plan, const char *scheme, enum sim_graphs kind,
			     const char *scenario, const char *metric)
{
	struct range range = { .least_graph = "-", .most_graph = "-" };

	for (size_t i = 0; i < plan->results.count; i++) {
		const struct sim_row *row = &plan->results.rows[i];

		if (strcmp(row->scheme, scheme) == 0 && strcmp(row->scenario, scenario) == 0 &&
		    strcmp(row->metric, metric) == 0 && of_kind(row->graph, kind))
			widen(&range, row);
	}
	return range;
}

static const char *word(bool pass)
{
	return pass ? "pass" : "fail";
}

/* "1.037..1.094" */
#define RANGE "%.3f..%.3f"
#define PERCENT "%.1f..%.1f %%"
#define OF(range) (double)(range).least / 1000, (double)(range).most / 1000

static void stretch_row(const struct sim_acceptance *plan, const char *name, enum sim_graphs kind, uint64_t mean_bound,
			uint64_t p99_bound, FILE *out)
{
	struct range mean = range_of(plan, SIM_MAIN, kind, "cold", "stretch_mean");
	struct range p99 = range_of(plan, SIM_MAIN, kind, "cold", "stretch_p99");

	(void)fprintf(out, "%s %s stretch mean " RANGE " (<= %.2f), p99 " RANGE " (<= %.1f, most %s)\n", name,
		      word(mean.most <= mean_bound && p99.most <= p99_bound), OF(mean), (double)mean_bound / 1000,
		      OF(p99), (double)p99_bound / 1000, p99.most_graph);
}

static void state_row(const struct sim_acceptance *plan, FILE *out)
{
	struct range range = { 0 };

	for (size_t i = 0; i < plan->results.count; i++) {
		const struct sim_row *row = &plan->results.rows[i];

		if (row->nodes >= 100000 && strcmp(row->scheme, SIM_MAIN) == 0 &&
		    strcmp(row->metric, "signed_bytes_p99") == 0)
			widen(&range, row);
	}
	if (range.count > 0) {
		(void)fprintf(out, "A3 %s signed state p99 %.0f..%.0f bytes at 100,000 nodes (<= 131072)\n",
			      word(range.most <= 131072000), OF(range));
		return;
	}
	range = range_of(plan, SIM_MAIN, SIM_SCALE_FREE, "cold", "signed_bytes_p99");
	(void)fprintf(out,
		      "A3 open signed state p99 %.0f..%.0f bytes at 250 to 1,000 nodes; the bound is about 100,000\n",
		      OF(range));
}

static bool anchor_row(const struct sim_acceptance *plan, FILE *out)
{
	struct range r2[2], r4[2];
	bool pass[2];

	for (unsigned k = SIM_SCALE_FREE; k <= SIM_GEOMETRIC; k++) {
		r2[k] = range_of(plan, SIM_MAIN, k, "anchor", "delivery_r2");
		r4[k] = range_of(plan, SIM_MAIN, k, "anchor", "delivery_r4");
		pass[k] = r2[k].least >= 95000 && r4[k].least >= 100000;
	}
	(void)fprintf(out,
		      "A4 %s an anchor dies: scale-free %s, round 2 " PERCENT " (>= 95), round 4 " PERCENT
		      " (100); geometric %s, round 2 " PERCENT ", round 4 " PERCENT " (least %s)\n",
		      word(pass[0] && pass[1]), word(pass[0]), OF(r2[0]), OF(r4[0]), word(pass[1]), OF(r2[1]),
		      OF(r4[1]), r4[1].least_graph);
	return pass[0] && pass[1];
}

static void loss_row(const struct sim_acceptance *plan, FILE *out)
{
	struct range free3 = range_of(plan, SIM_MAIN, SIM_SCALE_FREE, "loss1", "delivery_r3");
	struct range geo6 = range_of(plan, SIM_MAIN, SIM_GEOMETRIC, "loss1", "delivery_r6");
	bool pass = free3.least >= 99900 && geo6.least >= 99000;

	(void)fprintf(out,
		      "A5 %s 1 %% die: scale-free %s, round 3 " PERCENT " (>= 99.9); geometric %s, round 6 " PERCENT
		      " (>= 99, least %s)\n",
		      word(pass), word(free3.least >= 99900), OF(free3), word(geo6.least >= 99000), OF(geo6),
		      geo6.least_graph);
}

static bool message_row(const struct sim_acceptance *plan, FILE *out)
{
	struct range range = range_of(plan, SIM_MAIN, SIM_ANY, "anchor", "messages_per_node");

	(void)fprintf(out, "A6 %s " RANGE " messages a node after an anchor died (<= 10, most %s)\n",
		      word(range.most <= 10000), OF(range), range.most_graph);
	return range.most <= 10000;
}

static void both_row(const struct sim_acceptance *plan, bool a4, bool a6, FILE *out)
{
	static const char *const repairs[] = { SIM_MAIN, "anchors:3/request", "anchors:3/wait", "anchors:3/naive" };
	struct range r2 = range_of(plan, SIM_MAIN, SIM_SCALE_FREE, "anchor", "delivery_r2");
	struct range r4 = range_of(plan, SIM_MAIN, SIM_SCALE_FREE, "anchor", "delivery_r4");
	struct range messages = range_of(plan, SIM_MAIN, SIM_SCALE_FREE, "anchor", "messages_per_node");

	(void)fprintf(
		out,
		"A7 %s A4 and A6 at once, by holding and asking late: scale-free %s, all %s; on ba:1000:2 delivery at "
		"round 4 and messages:",
		word(a4 && a6), word(r2.least >= 95000 && r4.least >= 100000 && messages.most <= 10000),
		word(a4 && a6));
	for (size_t i = 0; i < AL_COUNT(repairs); i++) {
		struct range delivery = { 0 }, told = { 0 };

		for (size_t r = 0; r < plan->results.count; r++) {
			const struct sim_row *row = &plan->results.rows[r];

			if (strcmp(row->graph, "ba:1000:2") != 0 || strcmp(row->scheme, repairs[i]) != 0 ||
			    strcmp(row->scenario, "anchor") != 0)
				continue;
			if (strcmp(row->metric, "delivery_r4") == 0)
				widen(&delivery, row);
			else if (strcmp(row->metric, "messages_per_node") == 0)
				widen(&told, row);
		}
		(void)fprintf(out, "%s %s " PERCENT " %.1f..%.1f", i > 0 ? "," : "", strchr(repairs[i], '/') + 1,
			      OF(delivery), OF(told));
	}
	(void)fprintf(out, "\n");
}

/* The lowest delivery of a scheme after the stronger key came, over rounds, graphs and seeds. */
static struct range strong_delivery(const struct sim_acceptance *plan, const char *scheme)
{
	struct range range = { 0 };
	char metric[SIM_WORD_MAX];

	for (unsigned r = 0; r <= 8; r++) {
		struct range round;

		(void)snprintf(metric, sizeof(metric), "delivery_r%u", r);
		round = range_of(plan, scheme, SIM_ANY, "strong", metric);
		if (range.count == 0 || round.least < range.least)
			range.least = round.least;
		range.count++;
	}
	return range;
}

static void strong_row(const struct sim_acceptance *plan, FILE *out)
{
	struct range ours = range_of(plan, SIM_MAIN, SIM_ANY, "strong", "relabelled"),
		     dip = strong_delivery(plan, SIM_MAIN);
	struct range theirs = range_of(plan, "elected", SIM_ANY, "strong", "relabelled"),
		     their_dip = strong_delivery(plan, "elected");
	struct range cached = range_of(plan, "elected", SIM_ANY, "strong", "delivery_cached");
	bool shown = theirs.least >= 90000 && their_dip.least < 90000;

	(void)fprintf(out,
		      "A8 %s a stronger key comes: anchors relabel " PERCENT
		      " (0), delivery never below %.1f %%; the elected root relabels " PERCENT
		      ", delivery down to %.1f %%, with the labels from before " PERCENT "\n",
		      word(ours.most == 0 && shown), OF(ours), (double)dip.least / 1000, OF(theirs),
		      (double)their_dip.least / 1000, OF(cached));
}

static void merge_row(const struct sim_acceptance *plan, FILE *out)
{
	struct range rounds = range_of(plan, SIM_MAIN, SIM_ANY, "merge", "rounds_recovered");
	struct range share = { 0 };
	uint64_t recovered = 0;

	for (size_t i = 0; i < plan->results.count; i++) {
		struct sim_row row = plan->results.rows[i];

		if (strcmp(row.scenario, "merge") != 0 || strcmp(row.scheme, SIM_MAIN) != 0)
			continue;
		if (strcmp(row.metric, "rounds_recovered") == 0)
			recovered = row.value;
		if (strcmp(row.metric, "diameter") != 0)
			continue;
		row.value = recovered * 1000 / row.value;
		widen(&share, &row);
	}
	(void)fprintf(out, "A9 %s two networks meet: %.0f..%.0f rounds, " RANGE " of the diameter (<= 2)\n",
		      word(share.most <= 2000), OF(rounds), OF(share));
}

static void geometric_row(const struct sim_acceptance *plan, FILE *out)
{
	static const char *const metrics[] = { "delivery_r0", "delivery_r4", "delivery_r8" };

	(void)fprintf(out, "A10 open 5 %% of a geometric network die (no bound):");
	for (size_t i = 0; i < AL_COUNT(metrics); i++) {
		struct range range = range_of(plan, SIM_MAIN, SIM_GEOMETRIC, "loss5", metrics[i]);

		(void)fprintf(out, " round %s " PERCENT ",", metrics[i] + strlen("delivery_r"), OF(range));
	}
	(void)fprintf(out, " 99.9 %% after %.0f..%.0f rounds\n",
		      OF(range_of(plan, SIM_MAIN, SIM_GEOMETRIC, "loss5", "rounds_recovered")));
}

/* ---- rounds and delays ---- */

static const char *const schemes[] = { "elected", "anchors:1/hold", SIM_MAIN, "anchors:5/hold" };

/* Mean over the seeds; of packets that did not arrive: over rounds 0 to 8 as well. */
static uint64_t mean_of(const struct sim_acceptance *plan, const char *graph, const char *scheme, bool lost,
			const char *scenario, const char *metric)
{
	uint64_t sum = 0, count = 0;

	for (size_t i = 0; i < plan->results.count; i++) {
		const struct sim_row *row = &plan->results.rows[i];

		if (strcmp(row->graph, graph) != 0 || strcmp(row->scheme, scheme) != 0 ||
		    strcmp(row->scenario, scenario) != 0 || strncmp(row->metric, metric, strlen(metric)) != 0)
			continue;
		sum += lost ? 100000 - row->value : row->value;
		count++;
	}
	return count > 0 ? sum / count : 0;
}

/* Are two schemes in the same order in both models? Within 2 percent of the larger, and half a unit, is no order. */
static bool same_order(const uint64_t a[2], const uint64_t b[2])
{
	int order[2];

	for (unsigned model = 0; model < 2; model++) {
		uint64_t x = a[model], y = b[model], slack = (x > y ? x : y) / 50 + 500;

		order[model] = x > y + slack ? 1 : y > x + slack ? -1 : 0;
	}
	return order[0] * order[1] >= 0;
}

static void model_row(const struct sim_acceptance *plan, FILE *out)
{
	static const struct {
		const char *name, *scenario, *metric;
		bool lost;
	} figures[] = {
		{ "stretch", "cold", "stretch_mean", false },
		{ "packets lost, percent", "anchor", "delivery_r", true },
		{ "messages", "anchor", "messages_per_node", false },
	};
	uint64_t value[AL_COUNT(figures)][AL_COUNT(schemes)][2];
	bool pass = true;

	for (size_t f = 0; f < AL_COUNT(figures); f++)
		for (size_t s = 0; s < AL_COUNT(schemes); s++)
			for (unsigned model = 0; model < 2; model++)
				value[f][s][model] = mean_of(plan, model == 0 ? "rounds:ba:1000:3" : "delays:ba:1000:3",
							     schemes[s], figures[f].lost, figures[f].scenario,
							     figures[f].metric);
	for (size_t f = 0; f < AL_COUNT(figures); f++)
		for (size_t a = 0; a < AL_COUNT(schemes); a++)
			for (size_t b = 0; b < a; b++)
				pass = pass && same_order(value[f][a], value[f][b]);
	(void)fprintf(out, "A11 %s rounds / delays of 5 to 100 with 1 %% of messages lost; elected, K = 1, 3, 5:",
		      word(pass));
	for (size_t f = 0; f < AL_COUNT(figures); f++) {
		(void)fprintf(out, "%s %s", f > 0 ? ";" : "", figures[f].name);
		for (size_t s = 0; s < AL_COUNT(schemes); s++)
			(void)fprintf(out, " %.2f/%.2f", (double)value[f][s][0] / 1000, (double)value[f][s][1] / 1000);
	}
	(void)fprintf(out, "\n");
}

void sim_rows(const struct sim_acceptance *plan, FILE *out)
{
	bool a4, a6;

	stretch_row(plan, "A1", SIM_SCALE_FREE, 1150, 2000, out);
	stretch_row(plan, "A2", SIM_GEOMETRIC, 1250, 3000, out);
	state_row(plan, out);
	a4 = anchor_row(plan, out);
	loss_row(plan, out);
	a6 = message_row(plan, out);
	both_row(plan, a4, a6, out);
	strong_row(plan, out);
	merge_row(plan, out);
	geometric_row(plan, out);
	model_row(plan, out);
}
