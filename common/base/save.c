/* SPDX-License-Identifier: MIT */
/*
 * save.c -- see save.h.
 */
#include "alamo/base/save.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool al_write_all(int fd, struct al_slice bytes)
{
	while (bytes.len > 0) {
		ssize_t put = write(fd, bytes.ptr, bytes.len);

		if (put < 0 && errno == EINTR)
			continue;
		if (put <= 0) {
			errno = put == 0 ? ENOSPC : errno;
			return false;
		}
		bytes = al_slice_from(bytes, (size_t)put);
	}
	return true;
}

/* The folder's entry must be as durable as the file. */
static bool folder_sync(int dirfd, const char *name)
{
	char folder[PATH_MAX];
	const char *slash = strrchr(name, '/');
	struct al_slice part = slash != NULL ? al_slice_of(name, (size_t)(slash - name) + 1) : AL_S(".");
	bool ok;
	int fd;

	if (al_slice_copy(part, folder, sizeof(folder)) != AL_OK)
		return false;
	fd = openat(dirfd, folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return false;
	ok = fsync(fd) == 0;
	(void)close(fd);
	return ok;
}

static bool aside(int dirfd, const char *temp, struct al_slice bytes, unsigned mode, enum al_save how)
{
	bool ok;
	int fd;

	/* What a crash left; never something that somebody else has put there for us to follow. */
	if (unlinkat(dirfd, temp, 0) != 0 && errno != ENOENT)
		return false;
	fd = openat(dirfd, temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
	if (fd < 0)
		return false;
	ok = fchmod(fd, mode) == 0 && al_write_all(fd, bytes) && (how != AL_SAVE_SYNCED || fsync(fd) == 0);
	return close(fd) == 0 && ok;
}

enum al_err al_save_at(int dirfd, const char *name, struct al_slice bytes, unsigned mode, enum al_save how)
{
	char temp[PATH_MAX];
	int len = snprintf(temp, sizeof(temp), "%s.new", name), why;

	if (len < 0 || (size_t)len >= sizeof(temp)) {
		errno = ENAMETOOLONG;
		return AL_ELIMIT;
	}
	if (aside(dirfd, temp, bytes, mode, how) && renameat(dirfd, temp, dirfd, name) == 0)
		return how != AL_SAVE_SYNCED || folder_sync(dirfd, name) ? AL_OK : AL_EIO;
	why = errno;
	(void)unlinkat(dirfd, temp, 0);
	errno = why;
	return AL_EIO;
}

enum al_err al_save(const char *path, struct al_slice bytes, unsigned mode, enum al_save how)
{
	return al_save_at(AT_FDCWD, path, bytes, mode, how);
}
