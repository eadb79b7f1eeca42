/* SPDX-License-Identifier: MIT */
/*
 * routing.c -- see routing.h.
 */
#include "routing.h"

#include <stdio.h>

#include "address.h"

/* Members announce blocks of 24 to 32 bits below the super-prefix: /40 to /48 below a /16. */
size_t routing_announced(const struct node_view *view, struct routing_range out[static ROUTING_RANGES_MAX])
{
	unsigned least = view->super.len + 24u < 48 ? view->super.len + 24u : 48;
	struct al_prefix half;

	out[0] = (struct routing_range){ view->super, least, 48 };
	if (!mesh_prefix_ok(&view->super))
		return 1;
	/* What gateways announce is one prefix, shorter than a member's. */
	half = mesh_half(&view->super);
	out[1] = (struct routing_range){ half, half.len, half.len };
	return 2;
}

bool routing_is_own(const struct node_view *view, size_t prefix)
{
	return !view->prefix_anycast[prefix];
}

enum routing_session routing_session(const struct node_view *view, const struct node_peer *peer)
{
	if (peer->asn != view->asn)
		return ROUTING_OUTSIDE;
	return view->reflector && !peer->reflector ? ROUTING_CLIENT : ROUTING_INSIDE;
}

void routing_id(const struct node_view *view, char out[static 16])
{
	unsigned last = view->asn % 65536;
	uint8_t number = 0;

	for (const char *c = view->name; *c != '\0'; c++)
		number = (uint8_t)(number * 31u + (unsigned char)*c);
	snprintf(out, 16, "10.%u.%u.%u", number, last / 256, last % 256);
}

/* The n-th value is for up to so many milliseconds, one way: powers of e. */
static unsigned latency_value(unsigned ms)
{
	static const unsigned most[] = { 2, 7, 20, 55, 148, 403, 1097, 2981 };
	unsigned value = 1;

	while (value <= AL_COUNT(most) && ms > most[value - 1])
		value++;
	return value;
}

/* 100 kbit/s and ten times as much each. */
static unsigned bandwidth_value(unsigned kbit)
{
	unsigned value = 21;

	while (value < 25 && (kbit /= 10) >= 100)
		value++;
	return value;
}

/* WireGuard is 34: encrypted, with forward secrecy. */
const struct routing_kind routing_kinds[ROUTING_KINDS] = { { "latency", 1, 9, true },
							   { "bandwidth", 21, 25, false },
							   { "crypto", 31, 34, false } };

unsigned routing_mark(const struct node_peer *peer, size_t kind)
{
	if (kind == 0)
		return peer->latency_ms > 0 ? latency_value(peer->latency_ms) : 0;
	if (kind == 1)
		return peer->kbit > 0 ? bandwidth_value(peer->kbit) : 0;
	return 34;
}

bool routing_worse(size_t kind, unsigned value, unsigned *first, unsigned *last)
{
	const struct routing_kind *of = &routing_kinds[kind];

	*first = of->high_is_worse ? value + 1 : of->first;
	*last = of->high_is_worse ? of->last : value - 1;
	return *first <= *last;
}
