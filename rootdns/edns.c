/* SPDX-License-Identifier: MIT */
/*
 * edns.c -- see edns.h. Pure.
 */
#include "edns.h"

#include <sodium.h>
#include <string.h>

#include "alamo/base/wire.h"
#include "rrset.h"
#include "zone.h"

#define OPTION_NSID 3u
#define OPTION_EXPIRE 9u
#define OPTION_COOKIE 10u
#define OPTION_KEEPALIVE 11u
#define OPTION_EDE 15u
#define OPT_LEN 11u
#define COOKIE_OLD_S 3600u /* RFC 9018 section 4.3 */
#define COOKIE_AHEAD_S 300u

/* RFC 9018 section 4.4: SipHash-2-4 over the client's cookie, version to timestamp, and its address. */
static void cookie_hash(const struct client *client, const uint8_t head[static 16], uint8_t out[static 8])
{
	uint8_t bytes[32];

	memcpy(bytes, head, 16);
	memcpy(bytes + 16, client->addr, client->addr_len);
	(void)crypto_shorthash(out, bytes, 16u + client->addr_len, client->self->cookie_key);
}

static bool cookies_on(const struct query *query, const struct client *client)
{
	return client->self != NULL && client->self->cookies && client->addr_len > 0 && query->cookie_len > 0;
}

bool edns_cookie_good(const struct query *query, const struct client *client)
{
	uint8_t hash[8];
	int32_t age;

	if (!cookies_on(query, client) || query->cookie_len != COOKIE_LEN || query->cookie[8] != 1)
		return false;
	age = (int32_t)((uint32_t)client->now - al_get_u32(query->cookie + 12));
	if (age > (int32_t)COOKIE_OLD_S || age < -(int32_t)COOKIE_AHEAD_S)
		return false;
	cookie_hash(client, query->cookie, hash);
	return sodium_memcmp(hash, query->cookie + 16, sizeof(hash)) == 0;
}

static size_t option_head(uint8_t *out, uint16_t code, size_t len)
{
	al_set_u16(out, code);
	al_set_u16(out + 2, (uint16_t)len);
	return 4;
}

static size_t put_cookie(const struct query *query, const struct client *client, uint8_t *out)
{
	uint8_t *cookie = out + option_head(out, OPTION_COOKIE, COOKIE_LEN);

	memcpy(cookie, query->cookie, COOKIE_CLIENT_LEN);
	cookie[8] = 1;
	memset(cookie + 9, 0, 3);
	al_set_u32(cookie + 12, (uint32_t)client->now);
	cookie_hash(client, cookie, cookie + 16);
	return 4 + COOKIE_LEN;
}

/* RFC 7314 section 3.2: in answers about the zone as a whole; a primary says what its SOA says. */
static bool expire_wanted(const struct query *query)
{
	const struct zone *zone = query->zone;

	return query->expire && zone != NULL && zone->labels == query->name.labels &&
	       (query->type == RR_SOA || query->type == RR_AXFR || query->type == RR_IXFR);
}

static size_t put_options(const struct query *query, const struct client *client, enum ede ede, uint8_t *out)
{
	const struct dns_self *self = client->self;
	size_t len = 0;

	if (self != NULL && query->nsid && self->nsid_len > 0) {
		len += option_head(out, OPTION_NSID, self->nsid_len);
		memcpy(out + len, self->nsid, self->nsid_len);
		len += self->nsid_len;
	}
	if (cookies_on(query, client))
		len += put_cookie(query, client, out + len);
	if (self != NULL && query->keepalive && client->tcp) {
		len += option_head(out + len, OPTION_KEEPALIVE, 2);
		al_set_u16(out + len, self->keepalive);
		len += 2;
	}
	if (expire_wanted(query)) {
		len += option_head(out + len, OPTION_EXPIRE, 4);
		al_set_u32(out + len, query->zone->expire_s);
		len += 4;
	}
	if (ede != EDE_NONE) {
		len += option_head(out + len, OPTION_EDE, 2);
		al_set_u16(out + len, (uint16_t)ede);
		len += 2;
	}
	return len;
}

size_t edns_len(const struct query *query, const struct client *client)
{
	const struct dns_self *self = client->self;
	size_t len = OPT_LEN;

	if (!query->edns)
		return 0;
	if (self != NULL && query->nsid && self->nsid_len > 0)
		len += 4u + self->nsid_len;
	if (cookies_on(query, client))
		len += 4 + COOKIE_LEN;
	if (self != NULL && query->keepalive && client->tcp)
		len += 6;
	if (expire_wanted(query))
		len += 8;
	return len;
}

/* RFC 6891 section 6.1.2, RFC 3225: our size, the high bits of the RCODE, version 0, DO as asked. */
size_t edns_put(const struct query *query, const struct client *client, uint16_t rcode, enum ede ede,
		uint8_t out[static EDNS_MAX])
{
	static const uint8_t opt[OPT_LEN] = { 0, 0, 41, UDP_SIZE_MAX >> 8, UDP_SIZE_MAX & 0xff };
	size_t len;

	if (!query->edns)
		return 0;
	memcpy(out, opt, sizeof(opt));
	out[5] = (uint8_t)(rcode >> 4);
	out[7] = query->dnssec_ok ? 0x80 : 0;
	len = put_options(query, client, ede, out + OPT_LEN);
	al_set_u16(out + 9, (uint16_t)len);
	return OPT_LEN + len;
}
