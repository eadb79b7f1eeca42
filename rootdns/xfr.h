/* SPDX-License-Identifier: MIT */
/*
 * xfr.h -- a zone as a stream of messages: whole (AXFR, RFC 5936), or what
 * changed since a serial (IXFR, RFC 1995), as long as the snapshot has the
 * deltas and they are shorter than the zone.
 */
#ifndef ROOTDNS_XFR_H
#define ROOTDNS_XFR_H

#include "alamo/base/buf.h"
#include "edns.h"
#include "query.h"
#include "tsig.h"
#include "zone.h"

struct xfr;

/*
 * RCODE_NOERROR: *out is the transfer, which holds the zone's snapshot until xfr_free(). Else what to
 * answer instead. `tsig` NULL: not signed. *out NULL with RCODE_NOERROR: the other side is up to date, send the SOA alone.
 */
enum rcode xfr_new(const struct zone_set *set, const struct query *query, const struct client *client,
		   const struct tsig *tsig, struct xfr **out);
/* Is it made of deltas? */
bool xfr_incremental(const struct xfr *xfr);
void xfr_free(struct xfr *xfr); /* NULL is allowed */
/* Appends the next message with its length in front; false: that was the last one. */
bool xfr_next(struct xfr *xfr, struct al_buf *out);

#endif
