/* SPDX-License-Identifier: MIT */
/* folder.h -- a test's folder goes with all that is in it. For tests only. */
#ifndef TESTS_FOLDER_H
#define TESTS_FOLDER_H

#include <ftw.h>
#include <stdio.h>

static inline int folder_visit(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	return remove(path);
}

static inline int folder_remove(const char *path)
{
	return nftw(path, folder_visit, 16, FTW_DEPTH | FTW_PHYS);
}

#endif
