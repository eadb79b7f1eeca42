/* SPDX-License-Identifier: MIT */
/*
 * wire.h -- bounded big-endian reader with a sticky error.
 *
 * A read past the end returns zero (or an empty slice), sets err to AL_EINVAL
 * for good and leaves nothing: loops over `left` end. Check `err` once after a
 * run of reads.
 */
#ifndef ALAMO_WIRE_H
#define ALAMO_WIRE_H

#include "alamo/base/slice.h"

struct al_reader {
	const uint8_t *ptr;
	size_t left; /* bytes not read yet; 0 after an error */
	enum al_err err;
};

struct al_reader al_reader_of(const void *bytes, size_t len);
uint8_t al_read_u8(struct al_reader *r);
uint16_t al_read_u16(struct al_reader *r);
uint32_t al_read_u32(struct al_reader *r);
uint64_t al_read_u64(struct al_reader *r);
struct al_slice al_read_bytes(struct al_reader *r, size_t len);
struct al_slice al_read_string(struct al_reader *r); /* uint32 length first */
bool al_reader_done(const struct al_reader *r);      /* no error and nothing left */

/* Unaligned big-endian access where the caller has checked the bounds. */
static inline uint16_t al_get_u16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static inline uint32_t al_get_u32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static inline uint64_t al_get_u64(const uint8_t *p)
{
	return (uint64_t)al_get_u32(p) << 32 | al_get_u32(p + 4);
}

static inline void al_set_u16(uint8_t *p, uint16_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static inline void al_set_u32(uint8_t *p, uint32_t v)
{
	al_set_u16(p, (uint16_t)(v >> 16));
	al_set_u16(p + 2, (uint16_t)v);
}

static inline void al_set_u64(uint8_t *p, uint64_t v)
{
	al_set_u32(p, (uint32_t)(v >> 32));
	al_set_u32(p + 4, (uint32_t)v);
}

#endif
