/* SPDX-License-Identifier: MIT */
/*
 * der.c -- see der.h.
 */
#include "der.h"

#include <stdio.h>

#include "alamo/base/ident.h"
#include "alamo/base/wire.h"

void der_put(struct al_buf *out, enum der_tag tag, struct al_slice content)
{
	uint8_t len[8];
	unsigned skip = 0;

	al_buf_u8(out, (uint8_t)tag);
	if (content.len < 0x80) {
		al_buf_u8(out, (uint8_t)content.len);
	} else {
		al_set_u64(len, content.len);
		while (len[skip] == 0)
			skip++;
		al_buf_u8(out, (uint8_t)(0x80 | (sizeof(len) - skip)));
		al_buf_put(out, len + skip, sizeof(len) - skip);
	}
	al_buf_slice(out, content);
}

void der_wrap(struct al_buf *out, enum der_tag tag, struct al_buf *inner)
{
	if (out->err == AL_OK && inner->err != AL_OK)
		out->err = inner->err;
	der_put(out, tag, al_buf_view(inner));
	al_buf_release(inner);
}

void der_unsigned(struct al_buf *out, uint64_t n)
{
	uint8_t bytes[9] = { 0 };
	unsigned skip = 0;

	al_set_u64(bytes + 1, n);
	/* One zero byte stays where the number would else look negative. */
	while (skip < 8 && bytes[skip] == 0 && bytes[skip + 1] < 0x80)
		skip++;
	der_put(out, DER_INTEGER, al_slice_of(bytes + skip, sizeof(bytes) - skip));
}

void der_bits(struct al_buf *out, const uint8_t *bits, unsigned count)
{
	unsigned bytes = (count + 7) / 8;
	struct al_buf inner;

	al_buf_init(&inner, 64);
	al_buf_u8(&inner, (uint8_t)(bytes * 8 - count));
	al_buf_put(&inner, bits, bytes);
	der_wrap(out, DER_BIT_STRING, &inner);
}

void der_time(struct al_buf *out, uint64_t unix_seconds)
{
	char text[AL_TIME_STRLEN], digits[16];
	size_t used = 0;

	al_time_format(unix_seconds, text);
	for (const char *at = text; *at != '\0' && used < sizeof(digits) - 1; at++)
		if ((*at >= '0' && *at <= '9') || *at == 'Z')
			digits[used++] = *at;
	der_put(out, DER_TIME, al_slice_of(digits, used));
}
