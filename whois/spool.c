/* SPDX-License-Identifier: MIT */
/* spool.c -- an unlinked file and the bytes behind its end. */
#include "spool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "alamo/base/log.h"

#define TAIL_MAX (256u << 10) /* bytes kept back to be written at once */

struct whois_spool {
	int fd;
	uint64_t written;   /* bytes in the file */
	struct al_buf tail; /* bytes behind them */
};

enum al_err whois_spool_new(const char *folder, struct whois_spool **out)
{
	char path[4096];
	int len = snprintf(path, sizeof(path), "%s/whois-history-XXXXXX", folder);
	struct whois_spool *spool;
	int fd;

	if (len < 0 || (size_t)len >= sizeof(path))
		return AL_ELIMIT;
	fd = mkostemp(path, O_CLOEXEC);
	if (fd < 0 || unlink(path) != 0) {
		al_log(AL_LOG_ERROR, "history-file", "errno=%d folder=%s", errno, folder);
		if (fd >= 0)
			close(fd);
		return AL_ESYS;
	}
	spool = calloc(1, sizeof(*spool));
	if (spool == NULL) {
		close(fd);
		return AL_ENOMEM;
	}
	spool->fd = fd;
	al_buf_init(&spool->tail, TAIL_MAX + WHOIS_SPOOL_RECORD_MAX);
	*out = spool;
	return AL_OK;
}

void whois_spool_free(struct whois_spool *spool)
{
	if (spool == NULL)
		return;
	close(spool->fd);
	al_buf_release(&spool->tail);
	free(spool);
}

uint64_t whois_spool_end(const struct whois_spool *spool)
{
	return spool->written + spool->tail.len;
}

struct al_buf *whois_spool_tail(struct whois_spool *spool)
{
	return &spool->tail;
}

static enum al_err tail_write(struct whois_spool *spool)
{
	size_t done = 0;

	while (done < spool->tail.len) {
		ssize_t put = pwrite(spool->fd, spool->tail.ptr + done, spool->tail.len - done,
				     (off_t)(spool->written + done));

		if (put <= 0 && errno != EINTR) {
			al_log(AL_LOG_ERROR, "history-write", "errno=%d", errno);
			return AL_EIO;
		}
		done += put > 0 ? (size_t)put : 0;
	}
	spool->written += done;
	al_buf_reset(&spool->tail);
	return AL_OK;
}

enum al_err whois_spool_added(struct whois_spool *spool)
{
	if (spool->tail.err != AL_OK)
		return spool->tail.err;
	return spool->tail.len >= TAIL_MAX ? tail_write(spool) : AL_OK;
}

static enum al_err file_read(const struct whois_spool *spool, uint64_t offset, size_t len, struct al_buf *out)
{
	size_t done = 0;

	while (done < len) {
		char bytes[4096];
		size_t want = len - done < sizeof(bytes) ? len - done : sizeof(bytes);
		ssize_t got = pread(spool->fd, bytes, want, (off_t)(offset + done));

		if (got == 0 || (got < 0 && errno != EINTR))
			return AL_EIO;
		al_buf_put(out, bytes, got > 0 ? (size_t)got : 0);
		done += got > 0 ? (size_t)got : 0;
	}
	return AL_OK;
}

enum al_err whois_spool_read(const struct whois_spool *spool, uint64_t offset, size_t len, struct al_buf *out)
{
	uint64_t end = whois_spool_end(spool), split = spool->written;
	enum al_err err = AL_OK;

	al_buf_reset(out);
	if (offset > end || end - offset < len)
		return AL_EIO;
	if (offset < split)
		err = file_read(spool, offset, split - offset < len ? (size_t)(split - offset) : len, out);
	else
		split = offset;
	if (err == AL_OK && offset + len > split)
		al_buf_put(out, spool->tail.ptr + (split - spool->written), (size_t)(offset + len - split));
	return err != AL_OK ? err : out->err;
}
