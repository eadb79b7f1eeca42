/* SPDX-License-Identifier: MIT */
/*
 * gzip.c -- see gzip.h.
 */
#include "alamo/base/gzip.h"

#include <stdlib.h>
#include <string.h>

#include <zlib.h>

#define LEVEL 6
#define GZIP (15 + 16) /* window bits, and zlib's mark for the gzip format: no name, no time in its head */

enum al_err al_gzip_begin(struct al_gzip *gzip, struct al_buf *out)
{
	z_stream *stream = calloc(1, sizeof(*stream));

	*gzip = (struct al_gzip){ .stream = stream, .out = out };
	al_buf_reset(out);
	if (stream == NULL || deflateInit2(stream, LEVEL, Z_DEFLATED, GZIP, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
		free(stream);
		gzip->stream = NULL;
		gzip->err = AL_ENOMEM;
	}
	return gzip->err;
}

static void pack(struct al_gzip *gzip, const void *bytes, unsigned len, int flush)
{
	z_stream *stream = gzip->stream;
	unsigned char chunk[16384];

	stream->next_in = (unsigned char *)(uintptr_t)bytes;
	stream->avail_in = len;
	do {
		stream->next_out = chunk;
		stream->avail_out = sizeof(chunk);
		if (deflate(stream, flush) == Z_STREAM_ERROR)
			gzip->err = AL_EINVAL;
		else
			al_buf_put(gzip->out, chunk, sizeof(chunk) - stream->avail_out);
		if (gzip->err == AL_OK)
			gzip->err = gzip->out->err;
	} while (gzip->err == AL_OK && stream->avail_out == 0);
}

void al_gzip_put(struct al_gzip *gzip, const void *bytes, size_t len)
{
	const unsigned char *at = bytes;

	while (len > 0 && gzip->err == AL_OK) {
		unsigned some = len < (1u << 30) ? (unsigned)len : 1u << 30;

		pack(gzip, at, some, Z_NO_FLUSH);
		at += some;
		len -= some;
	}
}

enum al_err al_gzip_end(struct al_gzip *gzip)
{
	if (gzip->err == AL_OK)
		pack(gzip, "", 0, Z_FINISH);
	al_gzip_drop(gzip);
	return gzip->err;
}

void al_gzip_drop(struct al_gzip *gzip)
{
	if (gzip->stream != NULL)
		(void)deflateEnd(gzip->stream);
	free(gzip->stream);
	gzip->stream = NULL;
}
