/* SPDX-License-Identifier: MIT */
/*
 * note_file.c -- small files that are replaced whole. Any thread; blocks on
 * the disk when asked to sync.
 */
#include "alamo/tlog/note_file.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "alamo/base/save.h"

enum al_err al_note_save(const char *path, struct al_slice note, bool sync)
{
	return al_save(path, note, 0644, sync ? AL_SAVE_SYNCED : AL_SAVE_SEEN);
}

enum al_err al_note_load(const char *path, struct al_buf *out)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char bytes[4096];
	ssize_t len;

	if (fd < 0)
		return errno == ENOENT ? AL_ENOTFOUND : AL_EIO;
	do {
		len = read(fd, bytes, sizeof(bytes));
		if (len > 0)
			al_buf_put(out, bytes, (size_t)len);
	} while (out->err == AL_OK && (len > 0 || (len < 0 && errno == EINTR)));
	(void)close(fd);
	return out->err == AL_OK && len < 0 ? AL_EIO : out->err;
}
