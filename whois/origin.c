/* SPDX-License-Identifier: MIT */
/*
 * origin.c -- one walk over the routes that cover a prefix reads their records;
 * then the holds among them (those of AS0) take out others: a hold on P with
 * maximum length L every record of another AS inside P that is no longer than L.
 */
#include "origin.h"

#define ROUTES_MAX 64u /* that are looked at around one prefix */

struct record {
	uint8_t len, max;
	uint32_t asn;
};

struct walk {
	const struct al_object *known; /* this one's record is read already; or NULL */
	struct record known_record;
	struct record records[ROUTES_MAX];
	unsigned routes, count; /* seen; of them read */
};

const char *whois_origin_name(enum whois_origin origin)
{
	static const char *const names[] = {
		[WHOIS_ORIGIN_NONE] = "",
		[WHOIS_ORIGIN_VALID] = "valid",
		[WHOIS_ORIGIN_INVALID] = "invalid",
		[WHOIS_ORIGIN_UNKNOWN] = "not_found",
	};

	return names[origin];
}

/* Length and maximum length of a route's record; a max-length that makes no sense loosens nothing. */
static bool record_of(const struct al_object *route, struct al_prefix *prefix, struct record *record)
{
	uint64_t most;

	if (al_object_prefix(route, prefix) != AL_OK || al_object_asn(route, &record->asn) != AL_OK)
		return false;
	record->len = record->max = prefix->len;
	if (al_slice_u64(al_object_attr(route, "max-length"), prefix->bits, &most) == AL_OK && most > prefix->len)
		record->max = (uint8_t)most;
	return true;
}

static bool take_record(const struct al_object *route, void *arg)
{
	struct walk *walk = arg;
	struct al_prefix prefix;

	if (++walk->routes > ROUTES_MAX)
		return false;
	if (route == walk->known)
		walk->records[walk->count++] = walk->known_record;
	else if (record_of(route, &prefix, &walk->records[walk->count]))
		walk->count++;
	return true;
}

/* All records cover one prefix, so that of two the shorter one has the other inside. */
static bool held(const struct walk *walk, const struct record *record)
{
	for (unsigned i = 0; i < walk->count; i++) {
		const struct record *hold = &walk->records[i];

		if (hold->asn == 0 && hold->len <= record->len && hold->max >= record->len)
			return true;
	}
	return false;
}

static enum whois_origin look_around(const struct al_state *state, struct walk *walk, const struct al_prefix *prefix,
				     uint32_t asn)
{
	bool covered = false;

	al_state_covering(state, prefix->bits == 32 ? AL_ROUTE : AL_ROUTE6, prefix, take_record, walk);
	if (walk->routes > ROUTES_MAX)
		return WHOIS_ORIGIN_NONE;
	for (unsigned i = 0; i < walk->count; i++) {
		const struct record *record = &walk->records[i];

		if (record->asn != 0 && held(walk, record))
			continue;
		if (record->asn != 0 && record->asn == asn && prefix->len <= record->max)
			return WHOIS_ORIGIN_VALID;
		covered = true;
	}
	return covered ? WHOIS_ORIGIN_INVALID : WHOIS_ORIGIN_UNKNOWN;
}

enum whois_origin whois_origin_of(const struct al_state *state, const struct al_prefix *prefix, uint32_t asn)
{
	struct walk walk;

	walk.known = NULL;
	walk.routes = walk.count = 0;
	return look_around(state, &walk, prefix, asn);
}

enum whois_origin whois_origin_of_route(const struct al_state *state, const struct al_object *route)
{
	struct walk walk;
	struct al_prefix prefix;

	if ((route->cls != AL_ROUTE && route->cls != AL_ROUTE6) || !record_of(route, &prefix, &walk.known_record) ||
	    walk.known_record.asn == 0)
		return WHOIS_ORIGIN_NONE;
	walk.known = route;
	walk.routes = walk.count = 0;
	return look_around(state, &walk, &prefix, walk.known_record.asn);
}
