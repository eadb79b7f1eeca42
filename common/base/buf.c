/* SPDX-License-Identifier: MIT */
/*
 * buf.c -- growable bytes with a bound and a sticky error.
 */
#include "alamo/base/buf.h"

#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alamo/base/wire.h"

#define BUF_FIRST 256 /* bytes of the first allocation */

void al_buf_init(struct al_buf *buf, size_t max)
{
	*buf = (struct al_buf){ .max = max };
}

void al_buf_release(struct al_buf *buf)
{
	free(buf->ptr);
	*buf = (struct al_buf){ .max = buf->max };
}

void al_buf_reset(struct al_buf *buf)
{
	buf->len = 0;
	buf->err = AL_OK;
}

/* `cap` never exceeds `max`, so that one comparison holds both bounds. */
static bool buf_grow(struct al_buf *buf, size_t len)
{
	uint8_t *grown;
	size_t cap = buf->cap > 0 ? buf->cap : BUF_FIRST;

	if (len > buf->max || buf->len > buf->max - len) {
		buf->err = AL_ELIMIT;
		return false;
	}
	while (cap - buf->len < len)
		cap *= 2;
	cap = cap < buf->max ? cap : buf->max;
	grown = realloc(buf->ptr, cap);
	if (grown == NULL) {
		buf->err = AL_ENOMEM;
		return false;
	}
	buf->ptr = grown;
	buf->cap = cap;
	return true;
}

/* Room for `len` more bytes, or a sticky error. */
static bool buf_reserve(struct al_buf *buf, size_t len)
{
	return buf->err == AL_OK && (len <= buf->cap - buf->len || buf_grow(buf, len));
}

void al_buf_put(struct al_buf *buf, const void *bytes, size_t len)
{
	if (len == 0 || !buf_reserve(buf, len))
		return;
	memcpy(buf->ptr + buf->len, bytes, len);
	buf->len += len;
}

void al_buf_printf(struct al_buf *buf, const char *fmt, ...)
{
	char small[512];
	va_list args;
	char *large;
	int len;

	va_start(args, fmt);
	len = vsnprintf(small, sizeof(small), fmt, args);
	va_end(args);
	if (len < 0) {
		buf->err = buf->err != AL_OK ? buf->err : AL_EINVAL;
		return;
	}
	if ((size_t)len < sizeof(small)) {
		al_buf_put(buf, small, (size_t)len);
		return;
	}
	large = malloc((size_t)len + 1);
	if (large == NULL) {
		buf->err = buf->err != AL_OK ? buf->err : AL_ENOMEM;
		return;
	}
	va_start(args, fmt);
	(void)vsnprintf(large, (size_t)len + 1, fmt, args);
	va_end(args);
	al_buf_put(buf, large, (size_t)len);
	free(large);
}

void al_buf_u8(struct al_buf *buf, uint8_t v)
{
	al_buf_put(buf, &v, 1);
}

void al_buf_u16(struct al_buf *buf, uint16_t v)
{
	uint8_t bytes[2];

	al_set_u16(bytes, v);
	al_buf_put(buf, bytes, sizeof(bytes));
}

void al_buf_u32(struct al_buf *buf, uint32_t v)
{
	uint8_t bytes[4];

	al_set_u32(bytes, v);
	al_buf_put(buf, bytes, sizeof(bytes));
}

void al_buf_u64(struct al_buf *buf, uint64_t v)
{
	uint8_t bytes[8];

	al_set_u64(bytes, v);
	al_buf_put(buf, bytes, sizeof(bytes));
}

void al_buf_base64(struct al_buf *buf, const void *bytes, size_t len)
{
	size_t text_len = sodium_base64_encoded_len(len, sodium_base64_VARIANT_ORIGINAL); /* with NUL */

	if (!buf_reserve(buf, text_len))
		return;
	(void)sodium_bin2base64((char *)buf->ptr + buf->len, text_len, bytes, len, sodium_base64_VARIANT_ORIGINAL);
	buf->len += text_len - 1;
}

void al_buf_hex(struct al_buf *buf, const void *bytes, size_t len)
{
	if (!buf_reserve(buf, len * 2 + 1))
		return;
	(void)sodium_bin2hex((char *)buf->ptr + buf->len, len * 2 + 1, bytes, len);
	buf->len += len * 2;
}

void al_buf_string(struct al_buf *buf, const void *bytes, size_t len)
{
	if (len > UINT32_MAX) {
		buf->err = buf->err != AL_OK ? buf->err : AL_ELIMIT;
		return;
	}
	al_buf_u32(buf, (uint32_t)len);
	al_buf_put(buf, bytes, len);
}

struct al_slice al_buf_view(const struct al_buf *buf)
{
	return al_slice_of(buf->ptr, buf->len);
}

char *al_buf_take(struct al_buf *buf, size_t *len)
{
	const size_t max = buf->max;
	char *text;

	buf->max = SIZE_MAX; /* the NUL is not contents */
	al_buf_u8(buf, 0);
	buf->max = max;
	if (buf->err != AL_OK) {
		al_buf_release(buf);
		return NULL;
	}
	text = (char *)buf->ptr;
	if (len != NULL)
		*len = buf->len - 1;
	*buf = (struct al_buf){ .max = max };
	return text;
}
