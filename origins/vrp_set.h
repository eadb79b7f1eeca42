/* SPDX-License-Identifier: MIT */
/*
 * vrp_set.h -- the validated ROA payloads (VRPs, RFC 6811) of one moment:
 * sorted, without duplicates, immutable, counted.
 *
 * Order: IPv4 before IPv6; then the longest prefix first, the largest max-length
 * first, address, AS number. So a router that applies records as they come sees a
 * more specific before the prefix that covers it, and records of one prefix together.
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
	uint8_t bits;     /* 32 or 128: the family */
	uint8_t len;      /* prefix length */
	uint8_t max;      /* maxLength, len .. bits */
};

int vrp_cmp(const struct vrp *a, const struct vrp *b);     /* the set's order */
int vrp_key_cmp(const struct vrp *a, const struct vrp *b); /* prefix and AS number only: a route object's key */
void vrp_sort(struct vrp *items, size_t count);
struct al_prefix vrp_prefix(const struct vrp *vrp);
/* "172.20.0.0/24-28 AS64512" */
void vrp_format(const struct vrp *vrp, struct al_buf *out);

/* Parts of a row, decimal and RFC 5952, without the cost of printf. */
void vrp_put_number(struct al_buf *out, uint64_t n);
void vrp_put_prefix(struct al_buf *out, const struct vrp *vrp);

struct vrp_run; /* stretch of one family, length and max-length; private */

struct vrp_set {
	unsigned refs;
	uint32_t serial; /* RTR serial: vrp_serial() of `size` */
	uint64_t size;   /* log size right after the entry that made this set what it is; 0: never changed */
	size_t count;    /* VRPs */
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

/* Copies `items`, in any order and with duplicates. One reference is the caller's. */
AL_MUST_USE enum al_err vrp_set_new(const struct vrp *items, size_t count, uint64_t size, struct vrp_set **out);
const struct vrp_set *vrp_set_ref(const struct vrp_set *set);
void vrp_set_unref(const struct vrp_set *set); /* NULL is allowed */
/* The VRP of this prefix and AS number, whatever its max-length; NULL: none. O(runs of that length * log n). */
const struct vrp *vrp_set_find(const struct vrp_set *set, const struct vrp *key);
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
