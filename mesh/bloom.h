/* SPDX-License-Identifier: MIT */
/*
 * bloom.h -- which addresses may be behind a link, in 1,024 bytes.
 *
 * A lookup is sent along a tree, on those links only whose filter has the address. A filter never misses what was put
 * in; for others it is wrong the oftener the fuller it is. Where the bits are follows from the address and nothing else,
 * so that filters of different nodes can be united.
 */
#ifndef MESH_BLOOM_H
#define MESH_BLOOM_H

#include "alamo/base/base.h"

#define MESH_BLOOM_BITS 8192
#define MESH_BLOOM_HASHES 8
#define MESH_BLOOM_LEN (MESH_BLOOM_BITS / 8)

struct mesh_bloom {
	uint8_t bits[MESH_BLOOM_LEN];
};

void mesh_bloom_clear(struct mesh_bloom *bloom);
void mesh_bloom_add(struct mesh_bloom *bloom, const uint8_t address[static 16]);
bool mesh_bloom_has(const struct mesh_bloom *bloom, const uint8_t address[static 16]);
/* `bloom` becomes the union of both. */
void mesh_bloom_unite(struct mesh_bloom *bloom, const struct mesh_bloom *other);
/* Bits set, 0 .. MESH_BLOOM_BITS. The share of others that it takes wrongly is (set / MESH_BLOOM_BITS) ^ MESH_BLOOM_HASHES. */
unsigned mesh_bloom_set(const struct mesh_bloom *bloom);

#endif
