/* SPDX-License-Identifier: MIT */
/*
 * origin_brake.c -- counts what a step from one set to another takes away. Pure.
 *
 * Cost: what the two do not share (vrp_set_diff()), and for each record that is gone one look-up for each shorter prefix.
 */
#include "origin_brake.h"

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

struct loss {
	const struct vrp_set *after;
	size_t gone, lost;
};

static bool loss_visit(const struct vrp *vrp, bool in_after, void *arg)
{
	struct loss *loss = arg;

	if (in_after || vrp->bits == VRP_ASPA)
		return true;
	loss->gone++;
	if (vrp->asn != 0 && !route_valid(loss->after, vrp))
		loss->lost++;
	return true;
}

size_t origin_lost(const struct vrp_set *before, const struct vrp_set *after, size_t *gone)
{
	struct loss loss = { .after = after };

	vrp_set_diff(before, after, loss_visit, &loss);
	if (gone != NULL)
		*gone = loss.gone;
	return loss.lost;
}

bool origin_brake(const struct vrp_set *before, size_t lost, unsigned percent)
{
	return percent < 100 && lost >= ORIGIN_BRAKE_LEAST && lost * 100 > before->vrps * percent;
}
