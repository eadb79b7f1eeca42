/*
 * origin.c -- two walks over the routes that cover a prefix: holds first (those
 * of AS0), then what they leave. A hold on P with maximum length L takes out
 * every record of another AS inside P that is no longer than L.
 */
#include "origin.h"

#include <string.h>

#define ROUTES_MAX 64u /* that are looked at around one prefix */

struct walk {
	const struct al_prefix *prefix;
	uint32_t asn;
	uint8_t hold[129]; /* by prefix length: 1 + the longest maximum length of a hold on it */
	unsigned routes;
	bool covered, matched;
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
static bool record_of(const struct al_object *route, uint8_t *len, uint8_t *max, uint32_t *asn)
{
	struct al_prefix prefix;
	uint64_t most;

	if (al_object_prefix(route, &prefix) != AL_OK || al_object_asn(route, asn) != AL_OK)
		return false;
	*len = *max = prefix.len;
	if (al_slice_u64(al_object_attr(route, "max-length"), prefix.bits, &most) == AL_OK && most > prefix.len)
		*max = (uint8_t)most;
	return true;
}

static bool take_hold(const struct al_object *route, void *arg)
{
	struct walk *walk = arg;
	uint8_t len, max;
	uint32_t asn;

	if (record_of(route, &len, &max, &asn) && asn == 0 && walk->hold[len] <= max)
		walk->hold[len] = (uint8_t)(max + 1);
	return ++walk->routes <= ROUTES_MAX;
}

static bool held(const struct walk *walk, uint8_t len)
{
	for (unsigned at = 0; at <= len; at++)
		if (walk->hold[at] > len)
			return true;
	return false;
}

static bool take_record(const struct al_object *route, void *arg)
{
	struct walk *walk = arg;
	uint8_t len, max;
	uint32_t asn;

	if (!record_of(route, &len, &max, &asn) || (asn != 0 && held(walk, len)))
		return true;
	walk->covered = true;
	walk->matched = asn != 0 && asn == walk->asn && walk->prefix->len <= max;
	return !walk->matched;
}

enum whois_origin whois_origin_of(const struct al_state *state, const struct al_prefix *prefix, uint32_t asn)
{
	enum al_class cls = prefix->bits == 32 ? AL_ROUTE : AL_ROUTE6;
	struct walk walk;

	memset(&walk, 0, sizeof(walk));
	walk.prefix = prefix;
	walk.asn = asn;
	al_state_covering(state, cls, prefix, take_hold, &walk);
	if (walk.routes > ROUTES_MAX)
		return WHOIS_ORIGIN_NONE;
	al_state_covering(state, cls, prefix, take_record, &walk);
	if (walk.matched)
		return WHOIS_ORIGIN_VALID;
	return walk.covered ? WHOIS_ORIGIN_INVALID : WHOIS_ORIGIN_UNKNOWN;
}

enum whois_origin whois_origin_of_route(const struct al_state *state, const struct al_object *route)
{
	struct al_prefix prefix;
	uint32_t asn;

	if ((route->cls != AL_ROUTE && route->cls != AL_ROUTE6) || al_object_prefix(route, &prefix) != AL_OK ||
	    al_object_asn(route, &asn) != AL_OK || asn == 0)
		return WHOIS_ORIGIN_NONE;
	return whois_origin_of(state, &prefix, asn);
}
