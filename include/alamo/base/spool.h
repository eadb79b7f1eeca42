/* SPDX-License-Identifier: MIT */
/*
 * spool.h -- bytes that a program can make again, in a file that has no name: it goes with the process. Memory holds
 * where each piece begins, which is the caller's to remember, and the last pieces until they are written together.
 *
 * One thread owns a spool.
 */
#ifndef ALAMO_SPOOL_H
#define ALAMO_SPOOL_H

#include "alamo/base/buf.h"

struct al_spool;

/* `folder` gets the file, which is named after `program` for as long as it has a name. The reason of a failure is in the log. */
AL_MUST_USE enum al_err al_spool_new(const char *folder, const char *program, struct al_spool **out);
void al_spool_free(struct al_spool *spool); /* NULL is allowed */

/* Bytes so far: where the next piece will begin. */
uint64_t al_spool_end(const struct al_spool *spool);
/*
 * What cannot be written, as when the disk is full, is held in memory and tried again, up to AL_SPOOL_HELD_MAX bytes.
 * AL_EIO: there are more; the piece may be read nevertheless.
 */
#define AL_SPOOL_HELD_MAX (16u << 20)
AL_MUST_USE enum al_err al_spool_put(struct al_spool *spool, struct al_slice piece);
/* Resets `out` and puts the bytes there. AL_EIO: they are not there, or not to be read. */
AL_MUST_USE enum al_err al_spool_read(const struct al_spool *spool, uint64_t at, size_t len, struct al_buf *out);

#endif
