/* SPDX-License-Identifier: MIT */
/*
 * rrl.c -- see rrl.h.
 *
 * A place holds the tag of what is counted there, the second and the count. Of
 * two things at one place the later one takes it: under a flood the flood does.
 */
#include "rrl.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "edns.h"
#include "zone.h"

#define PLACES 65536u /* 512 KiB */
#define SECOND_BITS 12u
#define COUNT_BITS 20u
#define COUNT_MAX ((1u << COUNT_BITS) - 1)

struct rrl {
	_Atomic uint32_t limit; /* 0: none */
	uint64_t seed;
	_Atomic uint64_t places[PLACES];
};

enum al_err rrl_new(uint32_t limit, struct rrl **out)
{
	struct rrl *rrl = calloc(1, sizeof(*rrl));

	if (rrl == NULL)
		return AL_ENOMEM;
	rrl_limit(rrl, limit);
	randombytes_buf(&rrl->seed, sizeof(rrl->seed));
	*out = rrl;
	return AL_OK;
}

void rrl_limit(struct rrl *rrl, uint32_t limit)
{
	atomic_store_explicit(&rrl->limit, limit, memory_order_relaxed);
}

void rrl_free(struct rrl *rrl)
{
	free(rrl);
}

static uint64_t mix(uint64_t h, uint64_t v)
{
	h ^= v;
	h *= UINT64_C(0x9e3779b97f4a7c15);
	return h ^ h >> 32;
}

/* IPv4 /24, IPv6 /56: what one attacker's victim has. */
static uint64_t network_of(const struct client *client)
{
	uint8_t bytes[8] = { 0 };
	uint64_t out;

	memcpy(bytes, client->addr, client->addr_len == 4 ? 3 : 7);
	memcpy(&out, bytes, sizeof(out));
	return out;
}

/*
 * Answers are alike when an attacker can have any number of them for the price of one: denials and
 * referrals of one zone, errors, and what is there under one name below the apex, for a wildcard may stand there.
 */
static uint64_t kind_of(const struct query *query, const uint8_t *reply)
{
	unsigned rcode = reply[3] & 15;
	bool authoritative = (reply[2] & 4) != 0;
	uint64_t kind = rcode << 1 | authoritative;

	if (query->zone == NULL || query->bare)
		return kind;
	if (rcode == RCODE_NOERROR && authoritative && query->name.labels > query->zone->labels)
		return mix(kind, query->name.hash[query->zone->labels + 1]);
	return mix(kind, query->name.hash[query->zone->labels]);
}

enum rrl_verdict rrl_judge(struct rrl *rrl, const struct query *query, const struct client *client,
			   const uint8_t *reply)
{
	_Atomic uint64_t *place;
	uint64_t hash, seen, tag;
	uint32_t second = (uint32_t)client->now & ((1u << SECOND_BITS) - 1), count = 1;
	uint32_t limit = rrl != NULL ? atomic_load_explicit(&rrl->limit, memory_order_relaxed) : 0;

	if (limit == 0 || client->tcp || client->addr_len == 0)
		return RRL_SEND;
	hash = mix(mix(rrl->seed, network_of(client)), kind_of(query, reply));
	tag = hash >> 32 << (SECOND_BITS + COUNT_BITS) | (uint64_t)second << COUNT_BITS;
	place = &rrl->places[hash % PLACES];
	seen = atomic_load_explicit(place, memory_order_relaxed);
	if ((seen & ~(uint64_t)COUNT_MAX) == tag)
		count = (uint32_t)(seen & COUNT_MAX) + ((seen & COUNT_MAX) < COUNT_MAX);
	atomic_store_explicit(place, tag | count, memory_order_relaxed);
	if (count <= limit || edns_cookie_good(query, client))
		return RRL_SEND;
	return count % 2 == 0 ? RRL_SHORT : RRL_DROP;
}
