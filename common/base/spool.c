/* SPDX-License-Identifier: MIT */
/*
 * spool.c -- pieces in an unlinked file: see spool.h.
 */
#include "alamo/base/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "alamo/base/log.h"

#define TAIL_MAX (256u << 10) /* bytes kept back to be written at once */

struct al_spool {
	int fd;
	uint64_t written;   /* bytes in the file */
	struct al_buf tail; /* bytes behind them */
	size_t due;         /* so many of them are written */
	bool failing;       /* the last time they were not */
};

static int file_open(const char *folder, const char *program)
{
	char path[4096];
	int len = snprintf(path, sizeof(path), "%s/%s-XXXXXX", folder, program);
	int fd = len >= 0 && (size_t)len < sizeof(path) ? mkostemp(path, O_CLOEXEC) : -1;

	if (fd >= 0 && unlink(path) == 0)
		return fd;
	al_log(AL_LOG_ERROR, "spool-file", "errno=%d folder=%s", errno, folder);
	if (fd >= 0)
		(void)close(fd);
	return -1;
}

enum al_err al_spool_new(const char *folder, const char *program, struct al_spool **out)
{
	struct al_spool *spool = calloc(1, sizeof(*spool));

	if (spool == NULL)
		return AL_ENOMEM;
	spool->fd = file_open(folder, program);
	if (spool->fd < 0) {
		free(spool);
		return AL_ESYS;
	}
	al_buf_init(&spool->tail, SIZE_MAX);
	spool->due = TAIL_MAX;
	*out = spool;
	return AL_OK;
}

void al_spool_free(struct al_spool *spool)
{
	if (spool == NULL)
		return;
	(void)close(spool->fd);
	al_buf_release(&spool->tail);
	free(spool);
}

uint64_t al_spool_end(const struct al_spool *spool)
{
	return spool->written + spool->tail.len;
}

static enum al_err tail_write(struct al_spool *spool)
{
	size_t done = 0;

	while (done < spool->tail.len) {
		ssize_t put = pwrite(spool->fd, spool->tail.ptr + done, spool->tail.len - done,
				     (off_t)(spool->written + done));

		if (put <= 0 && errno != EINTR)
			return AL_EIO;
		done += put > 0 ? (size_t)put : 0;
	}
	spool->written += done;
	al_buf_release(&spool->tail);
	al_buf_init(&spool->tail, SIZE_MAX);
	return AL_OK;
}

/* A disk that is full may have room again: what was not written stays where it is, and is tried with what comes. */
static enum al_err tail_out(struct al_spool *spool)
{
	enum al_err err = tail_write(spool);
	bool failing = err != AL_OK;

	if (failing && !spool->failing)
		al_log(AL_LOG_ERROR, "spool-write", "errno=%d held=%zu most=%u", errno, spool->tail.len,
		       AL_SPOOL_HELD_MAX);
	else if (!failing && spool->failing)
		al_log(AL_LOG_INFO, "spool-written", "bytes=%" PRIu64, spool->written);
	spool->failing = failing;
	spool->due = spool->tail.len + TAIL_MAX;
	return spool->tail.len <= AL_SPOOL_HELD_MAX ? AL_OK : err;
}

enum al_err al_spool_put(struct al_spool *spool, struct al_slice piece)
{
	al_buf_slice(&spool->tail, piece);
	if (spool->tail.err != AL_OK)
		return spool->tail.err;
	return spool->tail.len >= spool->due ? tail_out(spool) : AL_OK;
}

enum al_err al_spool_read(const struct al_spool *spool, uint64_t at, size_t len, struct al_buf *out)
{
	al_buf_reset(out);
	while (out->err == AL_OK && out->len < len && at + out->len < spool->written) {
		uint64_t from = at + out->len, left = spool->written - from;
		char bytes[4096];
		size_t want = len - out->len < sizeof(bytes) ? len - out->len : sizeof(bytes);
		ssize_t got = pread(spool->fd, bytes, left < want ? (size_t)left : want, (off_t)from);

		if (got <= 0 && errno != EINTR)
			return AL_EIO;
		al_buf_put(out, bytes, got > 0 ? (size_t)got : 0);
	}
	if (out->err == AL_OK && out->len < len && at + out->len <= al_spool_end(spool))
		al_buf_slice(out, al_slice_head(al_slice_from(al_buf_view(&spool->tail),
							      (size_t)(at + out->len - spool->written)),
						len - out->len));
	return out->err != AL_OK ? out->err : out->len == len ? AL_OK : AL_EIO;
}
