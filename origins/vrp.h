/* SPDX-License-Identifier: MIT */
/*
 * vrp.h -- one record: a validated ROA payload (VRP, RFC 6811), or who may carry whose routes (a pair of an ASPA).
 *
 * Order: IPv4 before IPv6; then the longest prefix first, the largest max-length
 * first, address, AS number. So a router that applies records as they come sees a
 * more specific before the prefix that covers it, and records of one prefix together.
 *
 * An ASPA is kept as pairs (customer, provider), each a record like a VRP, behind all of them, by customer and
 * provider: what comes, goes and is kept of them is then the same code. A customer's list is a run of pairs.
 */
#ifndef ORIGINS_VRP_H
#define ORIGINS_VRP_H

#include "alamo/base/buf.h"
#include "alamo/base/ident.h"

struct vrp {
	uint8_t addr[16]; /* network order; IPv4 in the first 4; rest zero */
	uint32_t asn;     /* 0: nobody may originate it (RFC 6483 section 4) */
	uint8_t bits;     /* 32 or 128: the family; VRP_ASPA: a pair */
	uint8_t len;      /* prefix length */
	uint8_t max;      /* maxLength, len .. bits */
};

/* In `bits`: `addr` has the customer in its first four bytes, `asn` is the provider, the rest is zero. */
#define VRP_ASPA 255

struct vrp vrp_pair(uint32_t customer, uint32_t provider);
uint32_t vrp_customer(const struct vrp *pair);

int vrp_cmp(const struct vrp *a, const struct vrp *b);     /* the order above */
int vrp_key_cmp(const struct vrp *a, const struct vrp *b); /* prefix and AS number only: a route object's key */
void vrp_sort(struct vrp *items, size_t count);
struct al_prefix vrp_prefix(const struct vrp *vrp); /* not of a pair */
/* "172.20.0.0/24-28 AS64512"; of a pair "AS64512 by AS64513" */
void vrp_format(const struct vrp *vrp, struct al_buf *out);

/* Parts of a row, decimal and RFC 5952, without the cost of printf. */
void vrp_put_number(struct al_buf *out, uint64_t n);
void vrp_put_prefix(struct al_buf *out, const struct vrp *vrp);

/*
 * The serial of a log size: the size itself up to 2^32 - 1, then wrapping past 0 to
 * 1 (RFC 1982; serial 0 is what some routers ask with after a broken load). Size 0, the
 * set that no entry has changed yet, is serial 1 like size 1: nobody is given a set
 * before a head, and a head has at least one entry.
 */
uint32_t vrp_serial(uint64_t size);

#endif
