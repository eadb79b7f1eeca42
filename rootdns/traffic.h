/* SPDX-License-Identifier: MIT */
/*
 * traffic.h -- counters of queries and replies. A batch counts for itself and
 * adds once, so that threads hardly meet on the shared metrics.
 */
#ifndef ROOTDNS_TRAFFIC_H
#define ROOTDNS_TRAFFIC_H

#include <stdint.h>

#include "alamo/base/base.h"

enum traffic_kind { TRAFFIC_UDP, TRAFFIC_TCP, TRAFFIC_XDP, TRAFFIC_KINDS };

struct traffic {
	uint32_t queries;
	uint32_t ignored; /* no reply */
	uint32_t truncated;
	uint32_t limited;   /* by rrl.h: cut short or dropped */
	uint32_t rcode[16]; /* of replies: the header's four bits */
};

void traffic_register(void);
/* One query; the reply has `len` bytes, 0: none. */
static inline void traffic_count(struct traffic *traffic, const uint8_t *reply, size_t len)
{
	traffic->queries++;
	if (len == 0) {
		traffic->ignored++;
		return;
	}
	traffic->truncated += reply[2] >> 1 & 1;
	traffic->rcode[reply[3] & 15]++;
}
/* A zone transfer has begun. */
void traffic_transfer(bool incremental);
/* Adds to the metrics and clears. */
void traffic_flush(struct traffic *traffic, enum traffic_kind kind);

#endif
