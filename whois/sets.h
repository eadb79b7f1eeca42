/*
 * sets.h -- who and what is in an as-set or route-set (RFC 2622 section 5).
 *
 * Members are those listed in members and mp-members, and those that say
 * member-of while one of their maintainers stands in the set's mbrs-by-ref
 * (or that says ANY). Loops end where they close; sets that do not exist are
 * left out.
 */
#ifndef WHOIS_SETS_H
#define WHOIS_SETS_H

#include "lookup.h"
#include "range.h"

/* Bounds of one expansion; over any of them it is AL_ELIMIT. */
#define WHOIS_SET_STEPS_MAX (1u << 18)  /* sets and ASes visited */
#define WHOIS_SET_LEAVES_MAX (1u << 19) /* AS numbers or prefixes, before duplicates go */
#define WHOIS_SET_WORK_MAX (1u << 20)   /* members looked at, over all visits */

enum { WHOIS_V4 = 1, WHOIS_V6 = 2 }; /* families, as bits */

struct whois_members {
	uint32_t *asns;
	size_t asn_count, asn_cap;
	struct whois_range *ranges;
	size_t range_count, range_cap;
	struct al_slice *names; /* of whois_set_direct(): members as written, borrowed */
	size_t name_count, name_cap;
};

void whois_members_init(struct whois_members *members);
void whois_members_release(struct whois_members *members);

/* The as-set or route-set of that name (any case), or NULL. */
const struct al_object *whois_set_get(const struct whois_view *view, struct al_slice name);
/* One level: members->names, sorted, each once. AL_ENOMEM, AL_ELIMIT. */
AL_MUST_USE enum al_err whois_set_direct(const struct whois_view *view, const struct al_object *set,
					 struct whois_members *members);
/*
 * All levels: of an as-set members->asns, of a route-set members->ranges, in
 * which AS numbers and as-sets stand for their routes. Sorted, each once.
 * Sets named in the comma list `excluded` are passed over where others name them.
 */
AL_MUST_USE enum al_err whois_set_expand(const struct whois_view *view, const struct al_object *set,
					 struct al_slice excluded, struct whois_members *members);
/* All prefixes of those families that the set comes down to: members->ranges. */
AL_MUST_USE enum al_err whois_set_prefixes(const struct whois_view *view, const struct al_object *set,
					   unsigned families, struct al_slice excluded, struct whois_members *members);
/* The prefixes with a route of that origin: members->ranges. */
AL_MUST_USE enum al_err whois_as_prefixes(const struct whois_view *view, uint32_t asn, unsigned families,
					  struct whois_members *members);

#endif
