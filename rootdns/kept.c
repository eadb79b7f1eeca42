/*
 * kept.c -- see kept.h.
 */
#include "kept.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "alamo/base/log.h"

enum al_err kept_failed(const char *call, const char *path)
{
	al_log(AL_LOG_ERROR, "key-file", "call=%s path=%s errno=%d", call, path, errno);
	return AL_ESYS;
}

enum al_err kept_dir(const char *dir)
{
	char path[PATH_MAX];

	if (snprintf(path, sizeof(path), "%s", dir) >= (int)sizeof(path))
		return AL_ELIMIT;
	for (char *slash = strchr(path + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		(void)mkdir(path, 0700);
		*slash = '/';
	}
	if (mkdir(path, 0700) != 0 && errno != EEXIST)
		return kept_failed("mkdir", path);
	return AL_OK;
}

static enum al_err write_all(int fd, const void *bytes, size_t len)
{
	const char *from = bytes;

	while (len > 0) {
		ssize_t put = write(fd, from, len);

		if (put < 0 && errno != EINTR)
			return AL_ESYS;
		if (put > 0) {
			from += put;
			len -= (size_t)put;
		}
	}
	return AL_OK;
}

/* The new name is on the disk too. */
static enum al_err dir_sync(const char *dir)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool ok = fd >= 0 && fsync(fd) == 0;

	if (fd >= 0)
		(void)close(fd);
	return ok ? AL_OK : kept_failed("fsync", dir);
}

enum al_err kept_put(const char *dir, const char *name, mode_t mode, const void *bytes, size_t len)
{
	char path[PATH_MAX], temp[PATH_MAX];
	enum al_err err = AL_OK;
	int fd;

	if (snprintf(path, sizeof(path), "%s/%s", dir, name) >= (int)sizeof(path) ||
	    snprintf(temp, sizeof(temp), "%s/.%s.new", dir, name) >= (int)sizeof(temp))
		return AL_ELIMIT;
	(void)unlink(temp);
	fd = open(temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
	if (fd < 0)
		return kept_failed("open", temp);
	if (fchmod(fd, mode) != 0 || write_all(fd, bytes, len) != AL_OK || fsync(fd) != 0)
		err = kept_failed("write", temp);
	(void)close(fd);
	if (err == AL_OK && rename(temp, path) != 0)
		err = kept_failed("rename", path);
	return err == AL_OK ? dir_sync(dir) : err;
}

static enum al_err read_all(int fd, const char *path, struct al_buf *out)
{
	uint8_t bytes[16384];

	for (;;) {
		ssize_t got = read(fd, bytes, sizeof(bytes));

		if (got == 0)
			return out->err;
		if (got < 0 && errno != EINTR)
			return kept_failed("read", path);
		if (got > 0)
			al_buf_put(out, bytes, (size_t)got);
		if (out->err != AL_OK)
			return out->err;
	}
}

enum al_err kept_get(const char *dir, const char *name, struct al_buf *out)
{
	char path[PATH_MAX];
	enum al_err err;
	int fd;

	if (snprintf(path, sizeof(path), "%s%s%s", dir, name != NULL ? "/" : "", name != NULL ? name : "") >=
	    (int)sizeof(path))
		return AL_ELIMIT;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? AL_ENOTFOUND : kept_failed("open", path);
	err = read_all(fd, path, out);
	(void)close(fd);
	return err;
}
