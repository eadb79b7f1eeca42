/* SPDX-License-Identifier: MIT */
/*
 * kept.c -- see kept.h.
 */
#include "kept.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "alamo/base/log.h"
#include "alamo/base/save.h"

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

/* The new name is on the disk too. */
static enum al_err dir_sync(const char *dir)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool ok = fd >= 0 && fsync(fd) == 0;

	if (fd >= 0)
		(void)close(fd);
	return ok ? AL_OK : kept_failed("fsync", dir);
}

struct kept_file {
	int fd;
	size_t used;
	char dir[PATH_MAX], path[PATH_MAX], temp[PATH_MAX];
	uint8_t bytes[65536];
};

static bool name_make(char out[static PATH_MAX], const char *form, const char *dir, const char *name, const char *end)
{
	return snprintf(out, PATH_MAX, "%s/%s%s%s", dir, form, name, end) < PATH_MAX;
}

enum al_err kept_begin(const char *dir, const char *name, mode_t mode, struct kept_file **out)
{
	struct kept_file *file = malloc(sizeof(*file));

	if (file == NULL)
		return AL_ENOMEM;
	file->used = 0;
	if (snprintf(file->dir, PATH_MAX, "%s", dir) >= PATH_MAX || !name_make(file->path, "", dir, name, "") ||
	    !name_make(file->temp, ".", dir, name, ".new")) {
		free(file);
		return AL_ELIMIT;
	}
	(void)unlink(file->temp);
	file->fd = open(file->temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
	if (file->fd < 0 || fchmod(file->fd, mode) != 0) {
		enum al_err err = kept_failed("open", file->temp);

		if (file->fd >= 0)
			(void)close(file->fd);
		free(file);
		return err;
	}
	*out = file;
	return AL_OK;
}

static enum al_err flush(struct kept_file *file)
{
	bool good = al_write_all(file->fd, al_slice_of(file->bytes, file->used));

	file->used = 0;
	return good ? AL_OK : kept_failed("write", file->temp);
}

enum al_err kept_write(struct kept_file *file, const void *bytes, size_t len)
{
	const uint8_t *from = bytes;

	while (len > 0) {
		size_t piece = sizeof(file->bytes) - file->used < len ? sizeof(file->bytes) - file->used : len;

		memcpy(file->bytes + file->used, from, piece);
		file->used += piece;
		from += piece;
		len -= piece;
		if (file->used == sizeof(file->bytes) && flush(file) != AL_OK)
			return AL_ESYS;
	}
	return AL_OK;
}

enum al_err kept_end(struct kept_file *file, enum al_err err)
{
	if (err == AL_OK)
		err = flush(file);
	if (err == AL_OK && fsync(file->fd) != 0)
		err = kept_failed("fsync", file->temp);
	(void)close(file->fd);
	if (err == AL_OK && rename(file->temp, file->path) != 0)
		err = kept_failed("rename", file->path);
	if (err == AL_OK)
		err = dir_sync(file->dir);
	else
		(void)unlink(file->temp);
	free(file);
	return err;
}

enum al_err kept_put(const char *dir, const char *name, mode_t mode, const void *bytes, size_t len)
{
	struct kept_file *file;
	enum al_err err = kept_begin(dir, name, mode, &file);

	return err == AL_OK ? kept_end(file, kept_write(file, bytes, len)) : err;
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

static enum al_err secret_make(const char *dir, const char *name, uint8_t *secret, size_t len)
{
	char hex[2 * KEPT_SECRET_MAX + 1];
	enum al_err err;

	randombytes_buf(secret, len);
	(void)sodium_bin2hex(hex, sizeof(hex), secret, len);
	hex[2 * len] = '\n';
	err = kept_put(dir, name, 0400, hex, 2 * len + 1);
	sodium_memzero(hex, sizeof(hex));
	return err;
}

enum al_err kept_secret(const char *dir, const char *name, uint8_t *secret, size_t len)
{
	struct al_slice digits;
	struct al_buf text;
	size_t got = 0;
	enum al_err err;

	assert(len <= KEPT_SECRET_MAX);
	al_buf_init(&text, 2 * KEPT_SECRET_MAX + 1);
	err = kept_get(dir, name, &text);
	digits = al_slice_trim(al_buf_view(&text));
	if (err == AL_ENOTFOUND) {
		err = secret_make(dir, name, secret, len);
	} else if (err == AL_ELIMIT ||
		   (err == AL_OK &&
		    (sodium_hex2bin(secret, len, digits.ptr, digits.len, NULL, &got, NULL) != 0 || got != len))) {
		al_log(AL_LOG_ERROR, "secret", "file=%s/%s why=\"not %zu hex digits\" mend=\"remove it\"", dir, name,
		       2 * len);
		err = AL_EINVAL;
	}
	al_buf_release(&text);
	return err;
}
