/* SPDX-License-Identifier: MIT */
/*
 * frame.c -- frames of the log stream: u32 length of kind and body, u8 kind,
 * body. Pure: bytes in, bytes out.
 */
#include "alamo/follow/follow.h"

#include <assert.h>

#include "alamo/base/wire.h"

#define FIRST_LEN 8 /* u64 index of an E frame's first entry */

enum al_err al_frame_next(struct al_slice *rest, struct al_frame *out)
{
	struct al_reader r = al_reader_of(rest->ptr, rest->len);
	uint32_t len = al_read_u32(&r);

	if (r.err != AL_OK)
		return AL_EAGAIN;
	if (len == 0)
		return AL_EINVAL;
	if (len > AL_FRAME_MAX)
		return AL_ELIMIT;
	if (r.left < len)
		return AL_EAGAIN;
	out->kind = al_read_u8(&r);
	out->body = al_read_bytes(&r, len - 1);
	*rest = al_slice_of(r.ptr, r.left);
	return AL_OK;
}

void al_frame_put(struct al_buf *out, enum al_frame_kind kind, struct al_slice body)
{
	assert(body.len < AL_FRAME_MAX);
	al_buf_u32(out, (uint32_t)body.len + 1);
	al_buf_u8(out, (uint8_t)kind);
	al_buf_slice(out, body);
}

size_t al_frame_put_entries(struct al_buf *out, uint64_t first, const struct al_slice *entries, size_t count)
{
	size_t len = 1 + FIRST_LEN;
	size_t n;

	for (n = 0; n < count; n++) {
		assert(entries[n].len <= UINT16_MAX);
		if (len + 2 + entries[n].len > AL_FRAME_MAX)
			break;
		len += 2 + entries[n].len;
	}
	assert(n > 0);
	al_buf_u32(out, (uint32_t)len);
	al_buf_u8(out, AL_FRAME_ENTRIES);
	al_buf_u64(out, first);
	for (size_t i = 0; i < n; i++) {
		al_buf_u16(out, (uint16_t)entries[i].len);
		al_buf_slice(out, entries[i]);
	}
	return n;
}
