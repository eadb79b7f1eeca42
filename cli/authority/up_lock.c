/* SPDX-License-Identifier: MIT */
/*
 * up_lock.c -- who runs an authority.
 */
#include "up_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alamo/base/log.h"
#include "command.h"
#include "file.h"

static void pid_write(int fd)
{
	char text[32];
	int length = snprintf(text, sizeof(text), "%ld\n", (long)getpid());

	if (ftruncate(fd, 0) != 0 || pwrite(fd, text, (size_t)length, 0) != length)
		al_log(AL_LOG_WARN, "pid-file", "error=%s", strerror(errno));
}

int up_lock_take(const char *dir)
{
	char path[PATH_MAX];
	int fd;

	if (file_join(dir, "run", path, sizeof(path)) == AL_OK)
		(void)mkdir(path, 0755);
	if (file_join(dir, "run/alamo.pid", path, sizeof(path)) != AL_OK)
		return -1;
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	if (fd < 0) {
		command_fail(CLI_REFUSED, "%s: %s", path, strerror(errno));
		return -1;
	}
	if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
		command_fail(CLI_REFUSED, "%s is up already (%s is locked): `alamo down %s` stops it", dir, path, dir);
		close(fd);
		return -1;
	}
	pid_write(fd);
	return fd;
}

enum al_err up_lock_pid(const char *path, pid_t *pid)
{
	char text[32];
	enum al_err err = AL_ENOTFOUND;
	uint64_t number;
	ssize_t got;
	int fd;

	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? AL_ENOTFOUND : AL_ESYS;
	got = pread(fd, text, sizeof(text), 0);
	if (flock(fd, LOCK_SH | LOCK_NB) != 0 && got > 0 &&
	    al_slice_u64(al_slice_trim(al_slice_of(text, (size_t)got)), INT32_MAX, &number) == AL_OK) {
		*pid = (pid_t)number;
		err = AL_OK;
	}
	close(fd);
	return err;
}

enum al_err up_lock_holder(const char *dir, pid_t *pid)
{
	char path[PATH_MAX];

	return file_join(dir, "run/alamo.pid", path, sizeof(path)) == AL_OK ? up_lock_pid(path, pid) : AL_ELIMIT;
}
