/* SPDX-License-Identifier: MIT */
/*
 * dn42_filter.h -- dn42's rule for route origins: data/filter.txt and filter6.txt of its registry.
 *
 *   NR ACTION PREFIX MINLEN MAXLEN [# words]       0001 deny 172.22.166.0/24 24 32 # why
 *
 * Of the rules whose PREFIX has a route's network address in it the one with the smallest NR counts. "deny" gives no
 * record, nor does a route longer than MAXLEN. The record's maxLength is the route's `max-length:` if that is
 * MINLEN .. MAXLEN, and else MAXLEN, which may be far more than the holder ever asked for.
 */
#ifndef CLI_DN42_FILTER_H
#define CLI_DN42_FILTER_H

#include "alamo/rpsl/object.h"
#include "vrp_set.h"

#define DN42_FILTER_MAX 4096 /* rules of both families together */

struct dn42_rule {
	uint32_t number;
	bool permit;
	struct al_prefix prefix;
	uint8_t min, max;
};

struct dn42_filter {
	struct dn42_rule *rules; /* owned; by number, of equal ones the first read first */
	size_t count;
};

void dn42_filter_release(struct dn42_filter *filter); /* of a zeroed one, too */
/*
 * Appends the rules of one file. AL_EINVAL: line *bad (from 1) is no rule; AL_ELIMIT: more than DN42_FILTER_MAX;
 * the filter is of no use then.
 */
AL_MUST_USE enum al_err dn42_filter_read(struct dn42_filter *filter, struct al_slice text, unsigned *bad);
/* Does it have a rule of the family, 32 or 128 bits? */
bool dn42_filter_has(const struct dn42_filter *filter, uint8_t bits);
/* The rule that counts for that prefix; NULL: none, which denies. */
const struct dn42_rule *dn42_filter_find(const struct dn42_filter *filter, const struct al_prefix *prefix);
/* The record that dn42 makes of a route or route6 object of that prefix and origin (`out` has them); false: none. */
bool dn42_record(const struct dn42_rule *rule, const struct al_object *route, struct vrp *out);

#endif
