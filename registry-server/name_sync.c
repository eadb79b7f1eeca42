/* SPDX-License-Identifier: MIT */
/*
 * name_sync.c -- see name_sync.h.
 */
#include "name_sync.h"

#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "alamo/base/slice.h"

enum al_err name_sync(const char *path)
{
	char dir[PATH_MAX];
	const char *slash = strrchr(path, '/');
	struct al_slice part = slash != NULL ? al_slice_of(path, (size_t)(slash - path) + 1) : AL_S(".");
	enum al_err err;
	int fd;

	if (al_slice_copy(part, dir, sizeof(dir)) != AL_OK)
		return AL_ELIMIT;
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return AL_EIO;
	err = fsync(fd) == 0 ? AL_OK : AL_EIO;
	(void)close(fd);
	return err;
}
