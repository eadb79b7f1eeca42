/* SPDX-License-Identifier: MIT */
/* metrics.c -- the counters themselves. */
#include "metrics.h"

struct al_metric whois_metric_queries = {
	.name = "alamo_whois_queries_total",
	.help = "Queries answered, RIPE form.",
};
struct al_metric whois_metric_commands = {
	.name = "alamo_whois_commands_total",
	.help = "IRRd commands answered.",
};
struct al_metric whois_metric_errors = {
	.name = "alamo_whois_bad_lines_total",
	.help = "Lines that are no query.",
};
struct al_metric whois_metric_index = {
	.name = "alamo_whois_index_pointers",
	.help = "Object pointers in the inverse index.",
	.gauge = true,
};

void whois_metrics_add(void)
{
	al_metric_add(&whois_metric_queries);
	al_metric_add(&whois_metric_commands);
	al_metric_add(&whois_metric_errors);
	al_metric_add(&whois_metric_index);
}
