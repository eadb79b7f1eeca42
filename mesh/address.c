/* SPDX-License-Identifier: MIT */
#include "address.h"

#include <string.h>

#include <sodium.h>

static const char context[] = "alamesh-addr-v1";

bool mesh_prefix_ok(const struct al_prefix *network)
{
	return network->bits == 128 && network->len % 4 == 0 && network->len >= MESH_PREFIX_MIN &&
	       network->len <= MESH_PREFIX_MAX;
}

/* Writes the nibble that begins at bit `at`, a multiple of 4. */
static void put_nibble(uint8_t addr[static 16], unsigned at, unsigned nibble)
{
	uint8_t *byte = &addr[at / 8];

	*byte = at % 8 == 0 ? (uint8_t)(nibble << 4 | (*byte & 0x0f)) : (uint8_t)((*byte & 0xf0) | nibble);
}

static unsigned nibble_at(const uint8_t addr[static 16], unsigned at)
{
	return at % 8 == 0 ? addr[at / 8] >> 4 : addr[at / 8] & 0x0f;
}

static unsigned kind_nibble(enum mesh_kind kind)
{
	switch (kind) {
	case MESH_NODE:
		return 0x8;
	case MESH_SUITE1:
		return 0x9;
	case MESH_SUBNET:
		return 0xa;
	case MESH_ANYCAST:
		return 0xb;
	case MESH_OUTSIDE:
	case MESH_ROUTED:
	case MESH_RESERVED:
		break;
	}
	return 0;
}

static void hash(const struct al_prefix *network, uint8_t suite, const uint8_t *key, uint8_t out[static 32])
{
	crypto_generichash_state state;

	(void)crypto_generichash_init(&state, NULL, 0, 32);
	(void)crypto_generichash_update(&state, (const uint8_t *)context, sizeof(context) - 1);
	(void)crypto_generichash_update(&state, &suite, 1);
	(void)crypto_generichash_update(&state, network->addr, 16);
	(void)crypto_generichash_update(&state, &network->len, 1);
	(void)crypto_generichash_update(&state, key, MESH_KEY_LEN);
	(void)crypto_generichash_final(&state, out, 32);
}

enum al_err mesh_address(const struct al_prefix *network, unsigned suite, const uint8_t key[static MESH_KEY_LEN],
			 struct al_prefix *out)
{
	uint8_t digest[32];
	struct al_prefix made = { .len = 128, .bits = 128 };

	if (!mesh_prefix_ok(network))
		return AL_EINVAL;
	if (suite != 0)
		return AL_EUNSUPPORTED;
	hash(network, 0, key, digest);
	memcpy(made.addr, digest + 16, 16);
	for (unsigned at = 0; at < network->len; at += 4)
		put_nibble(made.addr, at, nibble_at(network->addr, at));
	put_nibble(made.addr, network->len, kind_nibble(MESH_NODE));
	*out = made;
	return AL_OK;
}

enum mesh_kind mesh_kind_of(const struct al_prefix *network, const struct al_prefix *address)
{
	static const enum mesh_kind upper[8] = {
		MESH_NODE,     MESH_SUITE1,   MESH_SUBNET,   MESH_ANYCAST,
		MESH_RESERVED, MESH_RESERVED, MESH_RESERVED, MESH_RESERVED,
	};
	unsigned nibble;

	if (!mesh_prefix_ok(network) || !al_prefix_covers(network, address) || address->len <= network->len)
		return MESH_OUTSIDE;
	nibble = nibble_at(address->addr, network->len);
	if (nibble < 8) /* the half's bit is inside, whatever the length */
		return MESH_ROUTED;
	return address->len < network->len + 4 ? MESH_OUTSIDE : upper[nibble - 8];
}

bool mesh_address_is(const struct al_prefix *network, const struct al_prefix *address,
		     const uint8_t key[static MESH_KEY_LEN])
{
	struct al_prefix made;

	return mesh_kind_of(network, address) == MESH_NODE && mesh_address(network, 0, key, &made) == AL_OK &&
	       al_prefix_eq(&made, address);
}

struct al_prefix mesh_space(const struct al_prefix *network, enum mesh_kind kind)
{
	struct al_prefix space = *network;

	put_nibble(space.addr, network->len, kind_nibble(kind));
	space.len = (uint8_t)(network->len + (kind == MESH_ROUTED ? 1 : 4));
	return space;
}

struct al_prefix mesh_half(const struct al_prefix *network)
{
	struct al_prefix half = mesh_space(network, MESH_NODE);

	al_prefix_truncate(&half, network->len + 1u);
	return half;
}

struct al_prefix mesh_twin(const struct al_prefix *network, const struct al_prefix *subnet)
{
	struct al_prefix twin = *subnet;

	put_nibble(twin.addr, network->len, kind_nibble(MESH_ROUTED));
	return twin;
}

const char *mesh_kind_name(enum mesh_kind kind)
{
	static const char *const names[] = { "outside", "routed", "node", "suite1", "subnet", "anycast", "reserved" };

	return names[kind];
}
