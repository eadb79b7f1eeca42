/* SPDX-License-Identifier: MIT */
/* metrics.h -- counters of alamo-whoisd; registered by whois_metrics_add(). */
#ifndef WHOIS_METRICS_H
#define WHOIS_METRICS_H

#include "alamo/net/metrics.h"

extern struct al_metric whois_metric_queries;  /* RIPE form */
extern struct al_metric whois_metric_commands; /* IRRd's '!' */
extern struct al_metric whois_metric_errors;   /* lines that could not be read */
extern struct al_metric whois_metric_index;    /* pointers in the inverse index */

void whois_metrics_add(void);

#endif
