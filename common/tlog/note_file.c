/*
 * note_file.c -- small files that are replaced whole. Any thread; blocks on
 * the disk when asked to sync.
 */
#include "alamo/tlog/note_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* The folder's entry must be as durable as the file. */
static bool folder_sync(const char *path)
{
	char folder[PATH_MAX];
	const char *slash = strrchr(path, '/');
	struct al_slice name = slash != NULL ? al_slice_of(path, (size_t)(slash - path) + 1) : AL_S(".");
	bool ok;
	int fd;

	if (al_slice_copy(name, folder, sizeof(folder)) != AL_OK)
		return false;
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return false;
	ok = fsync(fd) == 0;
	(void)close(fd);
	return ok;
}

enum al_err al_note_save(const char *path, struct al_slice note, bool sync)
{
	char temp[PATH_MAX];
	int len = snprintf(temp, sizeof(temp), "%s.new", path);
	bool ok;
	int fd;

	if (len < 0 || (size_t)len >= sizeof(temp)) {
		errno = ENAMETOOLONG;
		return AL_EIO;
	}
	fd = open(temp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd < 0)
		return AL_EIO;
	/* A note is one write; less than all of it is a full disk. */
	errno = ENOSPC;
	ok = write(fd, note.ptr, note.len) == (ssize_t)note.len && (!sync || fsync(fd) == 0);
	ok = close(fd) == 0 && ok;
	if (!ok || rename(temp, path) != 0 || (sync && !folder_sync(path)))
		return AL_EIO;
	return AL_OK;
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
