/* SPDX-License-Identifier: MIT */
/*
 * rng.h -- numbers that look random and are the same for the same seed, on every machine (splitmix64).
 */
#ifndef MESH_SIM_RNG_H
#define MESH_SIM_RNG_H

#include <stdint.h>

struct sim_rng {
	uint64_t state;
};

static inline uint64_t sim_random64(struct sim_rng *rng)
{
	uint64_t z = rng->state += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

/* 0 .. below - 1; `below` is at least 1. */
static inline uint32_t sim_random(struct sim_rng *rng, uint32_t below)
{
	return (uint32_t)(((sim_random64(rng) >> 32) * below) >> 32);
}

/* One stream for each use, so that a new use does not change what the others draw. */
static inline struct sim_rng sim_rng_of(uint64_t seed, uint64_t use)
{
	struct sim_rng rng = { seed * 0x2545f4914f6cdd1du + use };

	(void)sim_random64(&rng);
	return rng;
}

#endif
