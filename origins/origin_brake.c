/* SPDX-License-Identifier: MIT */
/*
 * origin_brake.c -- counts what a step from one set to another takes away. Pure.
 *
 * Cost: one merge of both sets, which passes over what they share a block at a time, and for each record that is gone one
 * look-up for each shorter prefix.
 */
#include "origin_brake.h"

#include <string.h>

#define BLOCK ((size_t)128)

/* Does any record let this AS originate exactly this prefix (RFC 6811)? */
static bool route_valid(const struct vrp_set *set, const struct vrp *route)
{
	struct vrp key = *route;
	struct al_prefix prefix = vrp_prefix(route);

	for (unsigned len = route->len + 1u; len-- > 0;) {
		const struct vrp *found;

		al_prefix_truncate(&prefix, len);
		for (size_t i = 0; i < sizeof(key.addr); i++)
			key.addr[i] = prefix.addr[i];
		key.len = (uint8_t)len;
		found = vrp_set_find(set, &key);
		if (found != NULL && found->max >= route->len)
			return true;
	}
	return false;
}

/* How many records from here on are the same in both: whole blocks, or the first alone, which is. */
static size_t same(const struct vrp *a, size_t a_count, const struct vrp *b, size_t b_count)
{
	size_t most = a_count < b_count ? a_count : b_count, n = 0;

	while (n + BLOCK <= most && memcmp(a + n, b + n, BLOCK * sizeof(*a)) == 0)
		n += BLOCK;
	return n != 0 ? n : 1;
}

size_t origin_lost(const struct vrp_set *before, const struct vrp_set *after)
{
	size_t lost = 0, at = 0, i = 0;

	while (i < before->vrps) {
		const struct vrp *vrp = &before->items[i];

		while (at < after->vrps && vrp_cmp(&after->items[at], vrp) < 0)
			at++;
		if (at < after->vrps && vrp_cmp(&after->items[at], vrp) == 0) {
			size_t run = same(vrp, before->vrps - i, &after->items[at], after->vrps - at);

			i += run;
			at += run;
			continue;
		}
		if (vrp->asn != 0 && !route_valid(after, vrp))
			lost++;
		i++;
	}
	return lost;
}

bool origin_brake(const struct vrp_set *before, size_t lost, unsigned percent)
{
	return percent < 100 && lost >= ORIGIN_BRAKE_LEAST && lost * 100 > before->vrps * percent;
}
