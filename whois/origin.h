/* SPDX-License-Identifier: MIT */
/*
 * origin.h -- is this AS the origin of that prefix? RFC 6811 over the route
 * objects of a state, by the rule that makes VRPs of them (docs/formats.md).
 */
#ifndef WHOIS_ORIGIN_H
#define WHOIS_ORIGIN_H

#include "alamo/rpsl/state.h"

enum whois_origin {
	WHOIS_ORIGIN_NONE, /* not asked, or too many routes around the prefix to say */
	WHOIS_ORIGIN_VALID,
	WHOIS_ORIGIN_INVALID,
	WHOIS_ORIGIN_UNKNOWN, /* no record covers the prefix */
};

/* "valid", "invalid", "not_found"; "" for none. */
const char *whois_origin_name(enum whois_origin origin);
enum whois_origin whois_origin_of(const struct al_state *state, const struct al_prefix *prefix, uint32_t asn);
/* Of a route or route6 object; WHOIS_ORIGIN_NONE for others, and for AS0, which originates nothing. */
enum whois_origin whois_origin_of_route(const struct al_state *state, const struct al_object *route);

#endif
