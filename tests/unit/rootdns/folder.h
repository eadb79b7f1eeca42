/* SPDX-License-Identifier: MIT */
/*
 * folder.h -- a folder for one test program: *state is its path.
 */
#ifndef TESTS_ROOTDNS_FOLDER_H
#define TESTS_ROOTDNS_FOLDER_H

#include "fixture.h"

#include <dirent.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static inline int folder_make(void **state)
{
	static char dir[32];

	(void)snprintf(dir, sizeof(dir), "/tmp/alamo-dns-XXXXXX");
	*state = mkdtemp(dir);
	return *state != NULL ? 0 : -1;
}

static inline void folder_remove(const char *dir)
{
	struct dirent *item;
	char path[512];
	DIR *folder = opendir(dir);

	if (folder == NULL)
		return;
	while ((item = readdir(folder)) != NULL) {
		if (snprintf(path, sizeof(path), "%s/%s", dir, item->d_name) >= (int)sizeof(path))
			continue;
		if (strcmp(item->d_name, ".") != 0 && strcmp(item->d_name, "..") != 0 && unlink(path) != 0)
			folder_remove(path);
	}
	(void)closedir(folder);
	(void)rmdir(dir);
}

static inline int folder_drop(void **state)
{
	folder_remove(*state);
	return 0;
}

#endif
