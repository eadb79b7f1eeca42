/* SPDX-License-Identifier: MIT */
/*
 * answer.h -- query bytes and the set of zones to response bytes. Pure: no
 * socket, no clock, no memory of its own.
 */
#ifndef ROOTDNS_ANSWER_H
#define ROOTDNS_ANSWER_H

#include "client.h"
#include "edns.h"
#include "query.h"
#include "tsig.h"
#include "zone.h"

#define ANSWER_TCP_MAX 65535u

/*
 * The whole way in one call: length of the reply in `out`, 0 for none. `set` NULL: nothing
 * to serve yet (SERVFAIL). `out` has room for ANSWER_TCP_MAX, or UDP_SIZE_MAX for a client that is not on TCP.
 */
size_t answer_query(const struct zone_set *set, const uint8_t *msg, size_t len, const struct client *client,
		    uint8_t *out);

/* The same in steps, so that a batch can wait for memory together: after query_parse(), */
void answer_prepare(const struct zone_set *set, struct query *query); /* find the zone */
void answer_prefetch(const struct query *query);                      /* call for the node */
size_t answer_write(const struct zone_set *set, const struct query *query, const struct client *client, uint8_t *out);

/* The zone's answer: after answer_prepare() gave one. */
size_t answer_zone(const struct zone_set *set, const struct query *query, const struct client *client,
		   struct tsig *tsig, uint8_t *out);
/* "Ask again over TCP": the question and TC. */
size_t answer_short(const struct query *query, const struct client *client, uint8_t *out);
/* A reply that says only this; used for what never reaches a zone. `tsig` NULL: not signed. */
size_t answer_error(const struct query *query, const struct client *client, enum rcode rcode, enum ede ede,
		    struct tsig *tsig, uint8_t *out);

#endif
