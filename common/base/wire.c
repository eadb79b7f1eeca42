/* SPDX-License-Identifier: MIT */
/*
 * wire.c -- bounded big-endian reading.
 */
#include "alamo/base/wire.h"

struct al_reader al_reader_of(const void *bytes, size_t len)
{
	return (struct al_reader){ .ptr = bytes, .left = len };
}

static const uint8_t *reader_take(struct al_reader *r, size_t len)
{
	const uint8_t *at = r->ptr;

	if (r->err != AL_OK || r->left < len) {
		r->err = AL_EINVAL;
		r->left = 0; /* a loop that reads on while something is left ends here */
		return NULL;
	}
	if (len > 0)
		r->ptr += len;
	r->left -= len;
	return at;
}

uint8_t al_read_u8(struct al_reader *r)
{
	const uint8_t *p = reader_take(r, 1);

	return p != NULL ? p[0] : 0;
}

uint16_t al_read_u16(struct al_reader *r)
{
	const uint8_t *p = reader_take(r, 2);

	return p != NULL ? al_get_u16(p) : 0;
}

uint32_t al_read_u32(struct al_reader *r)
{
	const uint8_t *p = reader_take(r, 4);

	return p != NULL ? al_get_u32(p) : 0;
}

uint64_t al_read_u64(struct al_reader *r)
{
	const uint8_t *p = reader_take(r, 8);

	return p != NULL ? al_get_u64(p) : 0;
}

struct al_slice al_read_bytes(struct al_reader *r, size_t len)
{
	const uint8_t *p = reader_take(r, len);

	return p != NULL ? al_slice_of(p, len) : (struct al_slice){ NULL, 0 };
}

struct al_slice al_read_string(struct al_reader *r)
{
	uint32_t len = al_read_u32(r);

	return al_read_bytes(r, len);
}

bool al_reader_done(const struct al_reader *r)
{
	return r->err == AL_OK && r->left == 0;
}
