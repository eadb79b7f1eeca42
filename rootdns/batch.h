/* SPDX-License-Identifier: MIT */
/*
 * batch.h -- datagrams with questions to datagrams with answers, many at a time, however they come and go: what every
 * way over UDP (udp.c) has in common.
 */
#ifndef ROOTDNS_BATCH_H
#define ROOTDNS_BATCH_H

#include "client.h"
#include "publish.h"
#include "query.h"
#include "rrl.h"
#include "traffic.h"

#define BATCH_MAX 64u

struct batch_conf {
	struct publish *publish;     /* borrowed */
	size_t reader;               /* of `publish`: this thread's */
	const struct dns_self *self; /* borrowed; NULL: none */
	struct rrl *rrl;             /* borrowed, shared; NULL: no limit */
};

struct batch_item {
	/* the caller's: */
	const uint8_t *msg; /* borrowed */
	size_t len;
	bool cut;             /* there was more of it */
	struct client client; /* addr and addr_len; the rest is filled in */
	uint8_t *out;         /* room for UDP_SIZE_MAX */
	/* of batch_answer(): */
	size_t out_len; /* 0: no reply */
	bool parsed;
	struct query query;
};

/* Three passes (find the zone, find the node, write), so that the waits for memory overlap. Counts each question. */
void batch_answer(const struct batch_conf *conf, struct batch_item *items, size_t count, struct traffic *traffic);

#endif
