/* SPDX-License-Identifier: MIT */
/*
 * gzip.h -- bytes packed as gzip (RFC 1952), piece by piece. A library of its own, alamo_gzip, for the programs that have zlib.
 *
 * The same bytes give the same file, wherever they are cut, as long as zlib is of one version: no name and no time in it.
 */
#ifndef ALAMO_GZIP_H
#define ALAMO_GZIP_H

#include "alamo/base/buf.h"

struct al_gzip {
	void *stream; /* NULL: there is none */
	struct al_buf *out;
	enum al_err err; /* of all that was put; AL_ELIMIT: `out` is full */
};

/* Empties `out`, which stays the caller's and gets what is packed. */
AL_MUST_USE enum al_err al_gzip_begin(struct al_gzip *gzip, struct al_buf *out);
void al_gzip_put(struct al_gzip *gzip, const void *bytes, size_t len);
AL_MUST_USE enum al_err al_gzip_end(struct al_gzip *gzip); /* `out` is whole if AL_OK; in any case it is over */
void al_gzip_drop(struct al_gzip *gzip);                   /* without an end; allowed at any time */

#endif
