/* SPDX-License-Identifier: MIT */
/*
 * traffic.c -- see traffic.h.
 */
#include "traffic.h"

#include <string.h>

#include "alamo/net/metrics.h"

#define QUERIES "Queries received."
#define IGNORED "Messages that got no reply."
#define TRUNCATED "Replies with TC set."
#define TRANSFERS "Zone transfers begun: whole zones, and what changed."
#define REPLIES "Replies by response code."

static struct al_metric queries[TRAFFIC_KINDS] = {
	{ .name = "alamo_dns_queries_total{transport=\"udp\"}", .help = QUERIES },
	{ .name = "alamo_dns_queries_total{transport=\"tcp\"}", .help = QUERIES },
	{ .name = "alamo_dns_queries_total{transport=\"xdp\"}", .help = QUERIES },
};
static struct al_metric ignored[TRAFFIC_KINDS] = {
	{ .name = "alamo_dns_ignored_total{transport=\"udp\"}", .help = IGNORED },
	{ .name = "alamo_dns_ignored_total{transport=\"tcp\"}", .help = IGNORED },
	{ .name = "alamo_dns_ignored_total{transport=\"xdp\"}", .help = IGNORED },
};
static struct al_metric limited = { .name = "alamo_dns_limited_total",
				    .help = "Replies over UDP that were cut short or dropped by the rate limit." };
static struct al_metric truncated = { .name = "alamo_dns_truncated_total", .help = TRUNCATED };
/* By the header's four bits: BADVERS counts as NOERROR there. */
static struct al_metric replies[] = {
	{ .name = "alamo_dns_replies_total{rcode=\"NOERROR\"}", .help = REPLIES },
	{ .name = "alamo_dns_replies_total{rcode=\"FORMERR\"}", .help = REPLIES },
	{ .name = "alamo_dns_replies_total{rcode=\"SERVFAIL\"}", .help = REPLIES },
	{ .name = "alamo_dns_replies_total{rcode=\"NXDOMAIN\"}", .help = REPLIES },
	{ .name = "alamo_dns_replies_total{rcode=\"NOTIMP\"}", .help = REPLIES },
	{ .name = "alamo_dns_replies_total{rcode=\"REFUSED\"}", .help = REPLIES },
	{ .name = "alamo_dns_replies_total{rcode=\"other\"}", .help = REPLIES },
};

static struct al_metric transfers[] = {
	{ .name = "alamo_dns_transfers_total{kind=\"axfr\"}", .help = TRANSFERS },
	{ .name = "alamo_dns_transfers_total{kind=\"ixfr\"}", .help = TRANSFERS },
};

void traffic_register(void)
{
	for (size_t i = 0; i < AL_COUNT(transfers); i++)
		al_metric_add(&transfers[i]);
	for (size_t i = 0; i < TRAFFIC_KINDS; i++) {
		al_metric_add(&queries[i]);
		al_metric_add(&ignored[i]);
	}
	al_metric_add(&truncated);
	al_metric_add(&limited);
	for (size_t i = 0; i < AL_COUNT(replies); i++)
		al_metric_add(&replies[i]);
}

void traffic_transfer(bool incremental)
{
	al_metric_inc(&transfers[incremental], 1);
}

static void add(struct al_metric *metric, uint32_t count)
{
	if (count > 0)
		al_metric_inc(metric, count);
}

void traffic_flush(struct traffic *traffic, enum traffic_kind kind)
{
	const size_t other = AL_COUNT(replies) - 1;

	add(&queries[kind], traffic->queries);
	add(&ignored[kind], traffic->ignored);
	add(&truncated, traffic->truncated);
	add(&limited, traffic->limited);
	for (size_t i = 0; i < AL_COUNT(traffic->rcode); i++)
		add(&replies[i < other ? i : other], traffic->rcode[i]);
	memset(traffic, 0, sizeof(*traffic));
}
