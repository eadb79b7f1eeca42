/* SPDX-License-Identifier: MIT */
/*
 * validity.c -- one walk over the routes that cover a prefix reads their records;
 * then each of them is judged, those that a hold takes out first.
 */
#include "validity.h"

struct walk {
	struct validity_look *look;
	const struct al_object *known; /* this one's record is read already; or NULL */
	struct vrp known_vrp;
	unsigned routes; /* seen */
};

const char *validity_name(enum validity validity)
{
	static const char *const names[] = {
		[VALIDITY_NONE] = "",
		[VALIDITY_VALID] = "valid",
		[VALIDITY_INVALID] = "invalid",
		[VALIDITY_UNKNOWN] = "not_found",
	};

	return names[validity];
}

static bool take_record(const struct al_prefix *at, const struct al_object *route, void *arg)
{
	struct walk *walk = arg;
	struct validity_record *record;

	(void)at;
	if (++walk->routes > VALIDITY_ROUTES_MAX)
		return false;
	record = &walk->look->records[walk->look->count];
	record->route = route;
	if (route == walk->known)
		record->vrp = walk->known_vrp;
	else if (!vrp_of_object(route, &record->vrp))
		return true;
	walk->look->count++;
	return true;
}

/* The hold that takes a record out of the set, or `count`. */
static unsigned hold_of(const struct validity_look *look, const struct vrp *vrp)
{
	unsigned i = 0;

	while (i < look->count && !vrp_hides(&look->records[i].vrp, vrp))
		i++;
	return i;
}

static enum validity_part part_of(const struct validity_look *look, struct validity_record *record, uint8_t len,
				  uint32_t asn)
{
	if (record->vrp.asn == 0)
		return VALIDITY_HOLD;
	record->hold = hold_of(look, &record->vrp);
	if (record->hold < look->count)
		return VALIDITY_HELD;
	if (record->vrp.asn != asn)
		return VALIDITY_OTHER_AS;
	return len <= record->vrp.max ? VALIDITY_MATCH : VALIDITY_TOO_LONG;
}

static enum validity look_around(const struct al_state *state, struct walk *walk, const struct al_prefix *prefix,
				 uint32_t asn)
{
	struct validity_look *look = walk->look;

	look->count = 0;
	look->verdict = VALIDITY_NONE;
	al_state_covering(state, prefix->bits == 32 ? AL_ROUTE : AL_ROUTE6, prefix, take_record, walk);
	if (walk->routes > VALIDITY_ROUTES_MAX)
		return VALIDITY_NONE;
	look->verdict = VALIDITY_UNKNOWN;
	for (unsigned i = 0; i < look->count; i++) {
		struct validity_record *record = &look->records[i];

		record->part = part_of(look, record, prefix->len, asn);
		if (record->part == VALIDITY_MATCH)
			look->verdict = VALIDITY_VALID;
		else if (record->part != VALIDITY_HELD && look->verdict == VALIDITY_UNKNOWN)
			look->verdict = VALIDITY_INVALID;
	}
	return look->verdict;
}

enum validity validity_look(const struct al_state *state, const struct al_prefix *prefix, uint32_t asn,
			    struct validity_look *look)
{
	struct walk walk = { .look = look };

	return look_around(state, &walk, prefix, asn);
}

enum validity validity_of(const struct al_state *state, const struct al_prefix *prefix, uint32_t asn)
{
	struct validity_look look;

	return validity_look(state, prefix, asn, &look);
}

enum validity validity_of_route(const struct al_state *state, const struct al_object *route)
{
	struct validity_look look;
	struct walk walk = { .look = &look, .known = route };
	struct al_prefix prefix;

	if (!vrp_of_object(route, &walk.known_vrp) || walk.known_vrp.asn == 0)
		return VALIDITY_NONE;
	prefix = vrp_prefix(&walk.known_vrp);
	return look_around(state, &walk, &prefix, walk.known_vrp.asn);
}
