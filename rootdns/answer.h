/*
 * answer.h -- query bytes and the set of zones to response bytes. Pure: no
 * socket, no clock, no memory of its own.
 */
#ifndef ROOTDNS_ANSWER_H
#define ROOTDNS_ANSWER_H

#include "query.h"
#include "zone.h"

#define ANSWER_TCP_MAX 65535u

/*
 * The whole way in one call: length of the reply in `out`, 0 for none. `set` NULL: nothing
 * to serve yet (SERVFAIL). `out` has room for ANSWER_TCP_MAX, or UDP_SIZE_MAX without `tcp`.
 */
size_t answer_query(const struct zone_set *set, const uint8_t *msg, size_t len, bool tcp, uint8_t *out);

/* The same in steps, so that a batch can wait for memory together: after query_parse(), */
void answer_prepare(const struct zone_set *set, struct query *query); /* find the zone */
void answer_prefetch(const struct query *query);                      /* call for the node */
size_t answer_write(const struct zone_set *set, const struct query *query, bool tcp, uint8_t *out);

/* A reply that says only this; used for what never reaches a zone. */
size_t answer_error(const struct query *query, enum rcode rcode, uint8_t *out);

#endif
