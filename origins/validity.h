/* SPDX-License-Identifier: MIT */
/*
 * validity.h -- is this AS the origin of that prefix, and which records say so? RFC 6811 section 2 over the route objects
 * of a state, by the rule that makes VRPs of them (vrp_build.h): the verdict is the one that routers reach with the set.
 */
#ifndef ORIGINS_VALIDITY_H
#define ORIGINS_VALIDITY_H

#include "vrp_build.h"

enum validity {
	VALIDITY_NONE, /* not asked, or too many routes around the prefix to say */
	VALIDITY_VALID,
	VALIDITY_INVALID,
	VALIDITY_UNKNOWN, /* no record covers the prefix */
};

/* What a covering route object has to do with a prefix and an AS. */
enum validity_part {
	VALIDITY_MATCH,    /* lets the AS originate the prefix */
	VALIDITY_TOO_LONG, /* is of the AS, for prefixes that are shorter */
	VALIDITY_OTHER_AS, /* is of another AS */
	VALIDITY_HOLD,     /* is of AS0: nobody may */
	VALIDITY_HELD,     /* gives no record, because a hold takes it out */
};

#define VALIDITY_ROUTES_MAX 64u /* that are looked at around one prefix */

struct validity_record {
	const struct al_object *route; /* borrowed from the state */
	struct vrp vrp;
	enum validity_part part;
	unsigned hold; /* of VALIDITY_HELD: the record that takes it out */
};

struct validity_look {
	enum validity verdict;
	unsigned count; /* of records; with VALIDITY_NONE those that were looked at */
	struct validity_record records[VALIDITY_ROUTES_MAX]; /* shortest prefix first */
};

/* "valid", "invalid", "not_found"; "" for none. */
const char *validity_name(enum validity validity);
enum validity validity_look(const struct al_state *state, const struct al_prefix *prefix, uint32_t asn,
			    struct validity_look *look);
enum validity validity_of(const struct al_state *state, const struct al_prefix *prefix, uint32_t asn);
/* Of a route or route6 object; VALIDITY_NONE for others, and for AS0, which originates nothing. */
enum validity validity_of_route(const struct al_state *state, const struct al_object *route);

#endif
