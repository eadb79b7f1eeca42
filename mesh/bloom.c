/* SPDX-License-Identifier: MIT */
#include "bloom.h"

#include <string.h>

#include <sodium.h>

/* Eight numbers of 13 bits from one hash of the address: whoever chooses an address can't choose the bits without work. */
static void places(const uint8_t *address, unsigned out[static MESH_BLOOM_HASHES])
{
	uint8_t digest[2 * MESH_BLOOM_HASHES];

	_Static_assert(sizeof(digest) >= crypto_generichash_BYTES_MIN, "BLAKE2b has that length");
	(void)crypto_generichash(digest, sizeof(digest), address, 16, NULL, 0);
	for (size_t i = 0; i < MESH_BLOOM_HASHES; i++)
		out[i] = ((unsigned)digest[2 * i] << 8 | digest[2 * i + 1]) % MESH_BLOOM_BITS;
}

void mesh_bloom_clear(struct mesh_bloom *bloom)
{
	memset(bloom, 0, sizeof(*bloom));
}

void mesh_bloom_add(struct mesh_bloom *bloom, const uint8_t address[static 16])
{
	unsigned at[MESH_BLOOM_HASHES];

	places(address, at);
	for (size_t i = 0; i < MESH_BLOOM_HASHES; i++)
		bloom->bits[at[i] / 8] |= (uint8_t)(1u << at[i] % 8);
}

bool mesh_bloom_has(const struct mesh_bloom *bloom, const uint8_t address[static 16])
{
	unsigned at[MESH_BLOOM_HASHES];

	places(address, at);
	for (size_t i = 0; i < MESH_BLOOM_HASHES; i++)
		if ((bloom->bits[at[i] / 8] & 1u << at[i] % 8) == 0)
			return false;
	return true;
}

void mesh_bloom_unite(struct mesh_bloom *bloom, const struct mesh_bloom *other)
{
	for (size_t i = 0; i < MESH_BLOOM_LEN; i++)
		bloom->bits[i] |= other->bits[i];
}

unsigned mesh_bloom_set(const struct mesh_bloom *bloom)
{
	unsigned set = 0;

	for (size_t i = 0; i < MESH_BLOOM_LEN; i++)
		set += (unsigned)__builtin_popcount(bloom->bits[i]);
	return set;
}
