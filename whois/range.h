/* SPDX-License-Identifier: MIT */
/*
 * range.h -- address prefix ranges: a prefix with "^-", "^+", "^n" or "^n-m"
 * behind it (RFC 2622 section 2), as route-sets hold them.
 */
#ifndef WHOIS_RANGE_H
#define WHOIS_RANGE_H

#include "alamo/base/buf.h"
#include "alamo/base/ident.h"

/* Prefixes inside `prefix` whose length is low..high. */
struct whois_range {
	struct al_prefix prefix;
	uint8_t low, high;
};

/*
 * A range operator, or several one after the other, as a function of a range's lengths: {low+add, at least floor} up
 * to `high`, for those whose low is at most `top`. All zero: none.
 */
struct whois_op {
	uint8_t add, floor, high, top;
	bool some;
};

/* What stands behind '^'. */
AL_MUST_USE enum al_err whois_op_parse(struct al_slice text, struct whois_op *out);
/* First `inner`, then `outer`. */
struct whois_op whois_op_chain(const struct whois_op *inner, const struct whois_op *outer);
/* False: no length is left. */
bool whois_op_apply(const struct whois_op *op, struct whois_range *range);

struct whois_range whois_range_of(const struct al_prefix *prefix);
/* AL_EINVAL: malformed, or no length is left ("10.0.0.0/24^16"). */
AL_MUST_USE enum al_err whois_range_parse(struct al_slice text, struct whois_range *out);
/*
 * "10.0.0.0/8", "10.0.0.0/8^+", "10.0.0.0/8^16-24"; one length as "^24-24":
 * bgpq3 and bgpq4 read "^24" and then drop the prefix without a word.
 */
void whois_range_format(const struct whois_range *range, struct al_buf *out);
/* By prefix, then by low and high. */
int whois_range_cmp(const struct whois_range *a, const struct whois_range *b);

#endif
