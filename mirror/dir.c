/* SPDX-License-Identifier: MIT */
/*
 * dir.c -- the lock on a directory. It ends with the process; the file stays.
 */
#include "dir.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alamo/base/log.h"

enum al_err dir_path(const char *dir, const char *name, char *out, size_t cap)
{
	int len = snprintf(out, cap, "%s/%s", dir, name);

	return len < 0 || (size_t)len >= cap ? AL_ELIMIT : AL_OK;
}

enum al_err dir_take(const char *path, int *fd)
{
	char lock[PATH_MAX];
	int taken;
	enum al_err err = dir_path(path, "lock", lock, sizeof(lock));

	if (err != AL_OK)
		return err;
	if (mkdir(path, 0755) != 0 && errno != EEXIST) {
		al_log(AL_LOG_ERROR, "dir", "path=%s errno=%d", path, errno);
		return AL_ESYS;
	}
	taken = open(lock, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	if (taken < 0) {
		al_log(AL_LOG_ERROR, "dir", "path=%s errno=%d", lock, errno);
		return AL_ESYS;
	}
	if (flock(taken, LOCK_EX | LOCK_NB) != 0) {
		(void)close(taken);
		return AL_EAGAIN;
	}
	*fd = taken;
	return AL_OK;
}
