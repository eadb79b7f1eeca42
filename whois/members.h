/* SPDX-License-Identifier: MIT */
/*
 * members.h -- what a set comes down to, as arrays that are sorted at the end.
 */
#ifndef WHOIS_MEMBERS_H
#define WHOIS_MEMBERS_H

#include "range.h"

#define WHOIS_MEMBERS_MAX (1u << 19) /* of each kind, before duplicates go; AL_ELIMIT */

struct whois_members {
	uint32_t *asns;
	size_t asn_count, asn_cap;
	struct whois_range *ranges;
	size_t range_count, range_cap;
	struct al_slice *names; /* members as written, borrowed */
	size_t name_count, name_cap;
};

void whois_members_init(struct whois_members *members);
void whois_members_release(struct whois_members *members);
void whois_members_clear(struct whois_members *members); /* memory kept */
AL_MUST_USE enum al_err whois_members_asn(struct whois_members *members, uint32_t asn);
AL_MUST_USE enum al_err whois_members_range(struct whois_members *members, const struct whois_range *range);
AL_MUST_USE enum al_err whois_members_name(struct whois_members *members, struct al_slice name);
/* Each array in order, each member once. */
void whois_members_sort(struct whois_members *members);
/* Item `at` of all of them, names first, then AS numbers, then ranges; false at the end. */
bool whois_members_put(const struct whois_members *members, size_t at, struct al_buf *out);

/* Room for one more of `count` items of `size`; doubles, up to `max` items. AL_ENOMEM, AL_ELIMIT. */
AL_MUST_USE enum al_err whois_array_reserve(void **items, size_t *cap, size_t count, size_t size, size_t max);

#endif
