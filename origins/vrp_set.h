/* SPDX-License-Identifier: MIT */
/*
 * vrp_set.h -- the records of one moment: validated ROA payloads (VRPs, RFC 6811) and who may carry
 * whose routes (ASPAs), sorted, without duplicates, immutable, counted.
 *
 * Order: IPv4 before IPv6; then the longest prefix first, the largest max-length
 * first, address, AS number. So a router that applies records as they come sees a
 * more specific before the prefix that covers it, and records of one prefix together.
 *
 * An ASPA is kept as pairs (customer, provider), each a record like a VRP, behind all of them, by customer and
 * provider: what comes, goes and is kept of them is then the same code. A customer's list is a run of pairs.
 *
 * A set belongs to the thread that made it: the count is not atomic.
 */
#ifndef ORIGINS_VRP_SET_H
#define ORIGINS_VRP_SET_H

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

int vrp_cmp(const struct vrp *a, const struct vrp *b);     /* the set's order */
int vrp_key_cmp(const struct vrp *a, const struct vrp *b); /* prefix and AS number only: a route object's key */
void vrp_sort(struct vrp *items, size_t count);
struct al_prefix vrp_prefix(const struct vrp *vrp); /* not of a pair */
/* "172.20.0.0/24-28 AS64512"; of a pair "AS64512 by AS64513" */
void vrp_format(const struct vrp *vrp, struct al_buf *out);

/* Parts of a row, decimal and RFC 5952, without the cost of printf. */
void vrp_put_number(struct al_buf *out, uint64_t n);
void vrp_put_prefix(struct al_buf *out, const struct vrp *vrp);

struct vrp_run; /* stretch of one family, length and max-length; private */

struct vrp_set {
	unsigned refs;
	uint32_t serial; /* RTR serial: vrp_serial() of `size` */
	uint64_t size;   /* log size right after the entry that made this set what it is; 0: never changed */
	size_t count;    /* records: VRPs, and then pairs */
	size_t vrps;     /* items[0 .. vrps) */
	size_t count4;   /* of them IPv4: items[0 .. count4) */
	struct vrp_run *runs;
	size_t run_count;
	struct vrp items[];
};

/*
 * The serial of a log size: the size itself up to 2^32 - 1, then wrapping past 0 to
 * 1 (RFC 1982; serial 0 is what some routers ask with after a broken load). Size 0, the
 * set that no entry has changed yet, is serial 1 like size 1: nobody is given a set
 * before a head, and a head has at least one entry.
 */
uint32_t vrp_serial(uint64_t size);

/* The pairs of one customer: *first is the position of the first. Returns how many. */
size_t vrp_set_providers(const struct vrp_set *set, uint32_t customer, size_t *first);
size_t vrp_set_customers(const struct vrp_set *set); /* with at least one pair */

/* Copies `items`, in any order and with duplicates. One reference is the caller's. */
AL_MUST_USE enum al_err vrp_set_new(const struct vrp *items, size_t count, uint64_t size, struct vrp_set **out);
const struct vrp_set *vrp_set_ref(const struct vrp_set *set);
void vrp_set_unref(const struct vrp_set *set); /* NULL is allowed */
/* The VRP of this prefix and AS number, whatever its max-length; NULL: none. O(runs of that length * log n). */
const struct vrp *vrp_set_find(const struct vrp_set *set, const struct vrp *key);
/* VRPs whose prefix lies in `prefix` (or is it), in the set's order; false from `visit` ends it. O(runs * log n) and what is found. */
typedef bool (*vrp_fn)(const struct vrp *vrp, void *arg);
void vrp_set_within(const struct vrp_set *set, const struct al_prefix *prefix, vrp_fn visit, void *arg);
bool vrp_set_eq(const struct vrp_set *a, const struct vrp_set *b); /* contents only */

/*
 * base without `withdrawn`, with `announced`; both in the set's order. AL_EINVAL if a
 * withdrawn one is missing or an announced one is there already. Copies the stretches
 * between changes as they are: one memcpy of 24 bytes a VRP (600,000: 14 MB, about 3 ms)
 * and O(log n) for each change.
 */
AL_MUST_USE enum al_err vrp_set_apply(const struct vrp_set *base, const struct vrp *announced, size_t announced_count,
				      const struct vrp *withdrawn, size_t withdrawn_count, uint64_t size,
				      struct vrp_set **out);

#endif
