/* SPDX-License-Identifier: MIT */
/*
 * file.c -- whole files, directory trees and the place of our programs.
 */
#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "alamo/base/save.h"

enum al_err file_read(const char *path, struct al_buf *out)
{
	bool standard = strcmp(path, "-") == 0;
	int fd = standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
	char chunk[16384];
	ssize_t got = -1;

	if (fd < 0)
		return errno == ENOENT ? AL_ENOTFOUND : AL_ESYS;
	while (out->err == AL_OK) {
		got = read(fd, chunk, sizeof(chunk));
		if (got > 0)
			al_buf_put(out, chunk, (size_t)got);
		else if (got == 0 || errno != EINTR)
			break;
	}
	if (!standard) {
		int saved = errno;

		close(fd);
		errno = saved;
	}
	if (out->err != AL_OK) {
		errno = out->err == AL_ELIMIT ? EFBIG : ENOMEM;
		return out->err;
	}
	return got < 0 ? AL_ESYS : AL_OK;
}

enum al_err file_write(const char *path, struct al_slice bytes, mode_t mode)
{
	enum al_err err = al_save(path, bytes, mode, AL_SAVE_SYNCED);

	return err == AL_EIO ? AL_ESYS : err;
}

time_t file_date(const char *path)
{
	struct stat info;

	return stat(path, &info) == 0 ? info.st_mtim.tv_sec : 0;
}

bool file_date_after(const char *path, time_t before)
{
	time_t now = time(NULL);
	struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, { .tv_sec = (now > before ? now : before) + 1 } };

	return utimensat(AT_FDCWD, path, times, 0) == 0;
}

enum al_err file_join(const char *dir, const char *name, char *out, size_t cap)
{
	int length = snprintf(out, cap, "%s/%s", dir, name);

	return length < 0 || (size_t)length >= cap ? AL_ELIMIT : AL_OK;
}

static int tree_visit(const char *path, const struct stat *info, int type, struct FTW *where)
{
	(void)info;
	(void)type;
	if (where->level > 0)
		(void)remove(path);
	return 0;
}

void file_remove_tree(const char *dir, bool keep)
{
	nftw(dir, tree_visit, 16, FTW_DEPTH | FTW_PHYS);
	if (!keep)
		(void)rmdir(dir);
}

enum al_err file_program(const char *name, char *out, size_t cap)
{
	char self[PATH_MAX];
	ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1);
	int written;

	if (length > 0) {
		self[length] = '\0';
		char *slash = strrchr(self, '/');

		if (slash != NULL) {
			slash[1] = '\0';
			written = snprintf(out, cap, "%s%s", self, name);
			if (written > 0 && (size_t)written < cap && access(out, X_OK) == 0)
				return AL_OK;
		}
	}
	return al_slice_copy(al_slice_str(name), out, cap);
}
