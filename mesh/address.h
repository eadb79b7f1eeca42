/* SPDX-License-Identifier: MIT */
/*
 * address.h -- a node's address in the mesh half of a network's prefix, from its key.
 *
 * The nibble behind the prefix P/L (L a multiple of 4) says what an address is. Its first bit is the half (0: routed by BGP,
 * 1: mesh), so the halves are P0/(L+1) and P1/(L+1), and reverse zones are cut at nibbles.
 *
 *   0-7  the routed half, allocated by the registry
 *   8    a node, self-certifying, suite 0
 *   9    a node of suite 1, which does not exist yet
 *   a    subnets that the registry gives to a key
 *   b    anycast and service addresses, given by the registry
 *   c-f  reserved: no router forwards them
 *
 * Suite 0: the last 128 - L - 4 bits are the last bits of BLAKE2b-256 over
 * "alamesh-addr-v1", suite (1 byte), P (16 bytes, host bits zero), L (1 byte), Ed25519 key (32 bytes).
 * The hash has P in it, so that no address of one network is one in another.
 */
#ifndef MESH_ADDRESS_H
#define MESH_ADDRESS_H

#include "alamo/base/ident.h"

#define MESH_KEY_LEN 32
#define MESH_PREFIX_MIN 8  /* bits of P: shorter is no network's */
#define MESH_PREFIX_MAX 64 /* longer leaves fewer than 60 bits of hash */

enum mesh_kind {
	MESH_OUTSIDE,  /* not in P, or not IPv6 */
	MESH_ROUTED,   /* nibble 0-7 */
	MESH_NODE,     /* 8 */
	MESH_SUITE1,   /* 9 */
	MESH_SUBNET,   /* a */
	MESH_ANYCAST,  /* b */
	MESH_RESERVED, /* c-f */
};

/* Is `network` a prefix that addresses can be made in: IPv6, a multiple of 4 bits, within the bounds above? */
bool mesh_prefix_ok(const struct al_prefix *network);

/* The address of `key`. AL_EINVAL: the network is none; AL_EUNSUPPORTED: a suite other than 0. */
AL_MUST_USE enum al_err mesh_address(const struct al_prefix *network, unsigned suite,
				     const uint8_t key[static MESH_KEY_LEN], struct al_prefix *out);

/* What an address or a whole prefix is. One that is no longer than L + 3 bits, and so spans kinds: MESH_OUTSIDE. */
enum mesh_kind mesh_kind_of(const struct al_prefix *network, const struct al_prefix *address);

/* Does `address` belong to `key`? False for every other kind than a node's. */
bool mesh_address_is(const struct al_prefix *network, const struct al_prefix *address,
		     const uint8_t key[static MESH_KEY_LEN]);

/* The space of one kind, P and the nibble; MESH_ROUTED gives P0/(L+1). Not for MESH_OUTSIDE and MESH_RESERVED. */
struct al_prefix mesh_space(const struct al_prefix *network, enum mesh_kind kind);
/* The mesh half, P1/(L+1): what gateways announce. */
struct al_prefix mesh_half(const struct al_prefix *network);

/* A subnet (kind MESH_SUBNET) to the prefix of the routed half with the same suffix, whose holder has both. */
struct al_prefix mesh_twin(const struct al_prefix *network, const struct al_prefix *subnet);

const char *mesh_kind_name(enum mesh_kind kind);

#endif
