/* SPDX-License-Identifier: MIT */
/*
 * evidence.c -- both notes of a fork, kept as files and named in one line.
 * Any thread; blocks on the disk, once in the life of a broken log.
 */
#include "alamo/tlog/evidence.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alamo/base/save.h"
#include "alamo/base/sha.h"

#define NAME_LEN 64  /* "SIZE-HASH.note" */
#define HASH_SHOWN 8 /* bytes of the hash in a name */

/* Size and root of a note's text as they stand there; "?" for what is no checkpoint. */
static void note_read(struct al_slice note, struct al_slice *size, struct al_slice *root)
{
	struct al_slice origin;
	uint64_t number;

	if (!al_slice_cut(&note, '\n', &origin) || !al_slice_cut(&note, '\n', size) ||
	    al_slice_u64(*size, UINT64_MAX, &number) != AL_OK)
		*size = AL_S("?");
	if (!al_slice_cut(&note, '\n', root) || root->len > 64)
		*root = AL_S("?");
}

static void name_make(struct al_slice note, char name[static NAME_LEN])
{
	uint8_t hash[AL_HASH_LEN];
	char hex[2 * HASH_SHOWN + 1];
	struct al_slice size, root;

	al_sha256(&note, 1, hash);
	(void)sodium_bin2hex(hex, sizeof(hex), hash, HASH_SHOWN);
	note_read(note, &size, &root);
	(void)snprintf(name, NAME_LEN, "%.*s-%s.note", size.ptr[0] == '?' ? 1 : (int)size.len,
		       size.ptr[0] == '?' ? "0" : size.ptr, hex);
}

static bool is_full(int dirfd)
{
	int fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	size_t count = 0;

	if (dir == NULL) {
		if (fd >= 0)
			(void)close(fd);
		return true;
	}
	while (count <= AL_EVIDENCE_FILES_MAX && readdir(dir) != NULL)
		count++;
	(void)closedir(dir);
	return count > AL_EVIDENCE_FILES_MAX;
}

static enum al_err note_keep(int dirfd, struct al_slice note)
{
	char name[NAME_LEN];

	name_make(note, name);
	if (faccessat(dirfd, name, F_OK, 0) == 0)
		return AL_OK;
	if (is_full(dirfd))
		return AL_ELIMIT;
	return al_save_at(dirfd, name, note, 0644, AL_SAVE_SYNCED);
}

static enum al_err both_keep(const char *dir, struct al_slice ours, struct al_slice theirs)
{
	enum al_err err;
	int dirfd;

	if (mkdir(dir, 0755) != 0 && errno != EEXIST)
		return AL_EIO;
	dirfd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dirfd < 0)
		return AL_EIO;
	err = note_keep(dirfd, ours);
	if (err == AL_OK)
		err = note_keep(dirfd, theirs);
	(void)close(dirfd);
	return err;
}

enum al_err al_evidence_keep(const char *dir, const char *what, struct al_slice ours, struct al_slice theirs,
			     char text[static AL_EVIDENCE_TEXT_MAX])
{
	struct al_slice size[2], root[2];
	char kept[AL_EVIDENCE_TEXT_MAX / 2], names[2][NAME_LEN];
	enum al_err err = both_keep(dir, ours, theirs);

	name_make(ours, names[0]);
	name_make(theirs, names[1]);
	note_read(ours, &size[0], &root[0]);
	note_read(theirs, &size[1], &root[1]);
	if (err == AL_OK)
		(void)snprintf(kept, sizeof(kept), "kept in %s: %s and %s", dir, names[0], names[1]);
	else if (err == AL_ELIMIT)
		(void)snprintf(kept, sizeof(kept), "not kept: %s is full", dir);
	else
		(void)snprintf(kept, sizeof(kept), "NOT kept, %s: %s", dir, strerror(errno));
	(void)snprintf(text, AL_EVIDENCE_TEXT_MAX,
		       "%s: known is size %.*s root %.*s, given is size %.*s root %.*s; "
		       "both signed notes %s",
		       what, AL_FMT(size[0]), AL_FMT(root[0]), AL_FMT(size[1]), AL_FMT(root[1]), kept);
	return err;
}
