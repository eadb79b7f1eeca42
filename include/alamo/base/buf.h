/* SPDX-License-Identifier: MIT */
/*
 * buf.h -- growable bytes with an upper bound and a sticky error.
 *
 * Writers are straight-line code: after a failed put every later put does
 * nothing, and the error is looked at once, at the end. Integers are written
 * big-endian.
 */
#ifndef ALAMO_BUF_H
#define ALAMO_BUF_H

#include "alamo/base/slice.h"

struct al_buf {
	uint8_t *ptr; /* owned */
	size_t len;   /* bytes written */
	size_t cap;
	size_t max;      /* never grows beyond; AL_ELIMIT */
	enum al_err err; /* first failure, or AL_OK */
};

void al_buf_init(struct al_buf *buf, size_t max);
void al_buf_release(struct al_buf *buf); /* safe on a zeroed or released one */
void al_buf_reset(struct al_buf *buf);   /* len = 0, err = AL_OK, memory kept */

void al_buf_put(struct al_buf *buf, const void *bytes, size_t len);
static inline void al_buf_slice(struct al_buf *buf, struct al_slice s)
{
	al_buf_put(buf, s.ptr, s.len);
}
static inline void al_buf_str(struct al_buf *buf, const char *str)
{
	al_buf_put(buf, str, strlen(str));
}
void al_buf_printf(struct al_buf *buf, const char *fmt, ...) AL_PRINTF(2, 3);
void al_buf_u8(struct al_buf *buf, uint8_t v);
void al_buf_u16(struct al_buf *buf, uint16_t v);
void al_buf_u32(struct al_buf *buf, uint32_t v);
void al_buf_u64(struct al_buf *buf, uint64_t v);
void al_buf_base64(struct al_buf *buf, const void *bytes, size_t len); /* standard, padded */
void al_buf_hex(struct al_buf *buf, const void *bytes, size_t len);    /* lower case */
/* uint32 length, then the bytes: the SSH wire's "string" (RFC 4251 section 5). */
void al_buf_string(struct al_buf *buf, const void *bytes, size_t len);

struct al_slice al_buf_view(const struct al_buf *buf); /* valid until the next put */

/* NUL-terminated contents that the caller frees, or NULL on a sticky error; buf is reset. */
char *al_buf_take(struct al_buf *buf, size_t *len);

#endif
