/* SPDX-License-Identifier: MIT */
/*
 * tile_file.c -- single files of a published log: whole when they appear,
 * bounded when they are read. Names come from al_tile_path() or are constant:
 * nothing that a stranger wrote becomes part of a path.
 */
#include "tile_dir.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alamo/base/log.h"
#include "alamo/base/save.h"

#define NAME_MAX_LEN (AL_TILE_PATH_MAX + 8)

static enum al_err failed(const char *what, const char *name)
{
	al_log(AL_LOG_ERROR, "tile-file", "call=%s name=%s errno=%d", what, name, errno);
	return AL_EIO;
}

/* ---- writing ---- */

static void folders_make(int dirfd, const char *name)
{
	char folder[NAME_MAX_LEN];

	for (size_t i = 0; i < sizeof(folder) && name[i] != '\0'; i++) {
		if (name[i] == '/') {
			folder[i] = '\0';
			/* If one fails, so does what comes behind. */
			if (mkdirat(dirfd, folder, 0755) == 0 && fchmodat(dirfd, folder, 0755, 0) != 0)
				return;
		}
		folder[i] = name[i];
	}
}

enum al_err tile_file_write(int dirfd, const char *name, struct al_slice bytes, bool sync)
{
	enum al_save how = sync ? AL_SAVE_SYNCED : AL_SAVE_SEEN;
	enum al_err err = al_save_at(dirfd, name, bytes, 0644, how);

	if (err == AL_EIO && errno == ENOENT) {
		folders_make(dirfd, name);
		err = al_save_at(dirfd, name, bytes, 0644, how);
	}
	return err == AL_EIO ? failed("save", name) : err;
}

/* ---- reading ---- */

static enum al_err read_all(int fd, size_t max, struct al_buf *out)
{
	char chunk[65536];
	size_t total = 0;
	ssize_t got;

	while ((got = read(fd, chunk, sizeof(chunk))) != 0) {
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return AL_EIO;
		total += (size_t)got;
		if (total > max)
			return AL_ELIMIT;
		al_buf_put(out, chunk, (size_t)got);
	}
	return out->err;
}

enum al_err tile_file_read(int dirfd, const char *name, size_t max, struct al_buf *out)
{
	int fd = openat(dirfd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	enum al_err err;

	if (fd < 0)
		return errno == ENOENT || errno == ENOTDIR ? AL_ENOTFOUND : failed("open", name);
	err = read_all(fd, max, out);
	(void)close(fd);
	return err == AL_EIO ? failed("read", name) : err;
}

/* The first `width` of a tile's bytes, appended. */
static enum al_err cut_put(const struct al_tile *tile, struct al_slice bytes, struct al_buf *out)
{
	struct al_slice part = al_slice_head(bytes, (size_t)tile->width * AL_HASH_LEN);
	enum al_err err = AL_OK;

	if (tile->entries)
		err = al_bundle_cut(bytes, tile->width, &part);
	else if (part.len != (size_t)tile->width * AL_HASH_LEN)
		err = AL_EINVAL;
	if (err != AL_OK)
		return AL_ENOTFOUND;
	al_buf_slice(out, part);
	return out->err;
}

static enum al_err read_from(int dirfd, const struct al_tile *tile, unsigned width, struct al_buf *out)
{
	struct al_tile wider = *tile;
	char name[AL_TILE_PATH_MAX];
	struct al_buf bytes;
	enum al_err err;

	if (width <= tile->width)
		return AL_ENOTFOUND;
	wider.width = (uint16_t)width;
	al_tile_path(&wider, name);
	al_buf_init(&bytes, AL_TILE_BYTES_MAX);
	err = tile_file_read(dirfd, name, AL_TILE_BYTES_MAX, &bytes);
	if (err == AL_OK)
		err = cut_put(tile, al_buf_view(&bytes), out);
	al_buf_release(&bytes);
	return err;
}

enum al_err al_tile_dir_read(const char *path, const struct al_tile *tile, uint64_t size, struct al_buf *out)
{
	int dirfd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char name[AL_TILE_PATH_MAX];
	enum al_err err;

	if (dirfd < 0)
		return errno == ENOENT ? AL_ENOTFOUND : failed("open", path);
	al_tile_path(tile, name);
	err = tile_file_read(dirfd, name, AL_TILE_BYTES_MAX, out);
	if (err == AL_ENOTFOUND)
		err = read_from(dirfd, tile, AL_TILE_WIDTH, out);
	if (err == AL_ENOTFOUND && tile->index == al_tile_full(size, tile->level))
		err = read_from(dirfd, tile, al_tile_rest(size, tile->level), out);
	(void)close(dirfd);
	return err;
}

enum al_err al_tile_dir_note(const char *path, struct al_buf *note)
{
	int dirfd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	enum al_err err;

	if (dirfd < 0)
		return errno == ENOENT ? AL_ENOTFOUND : failed("open", path);
	err = tile_file_read(dirfd, TILE_CHECKPOINT, AL_NOTE_MAX, note);
	(void)close(dirfd);
	return err;
}
