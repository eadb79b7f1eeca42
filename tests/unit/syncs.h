/* SPDX-License-Identifier: MIT */
/*
 * syncs.h -- which files this program, and those it forks, have synced. For tests only, that are programs of their own.
 */
#ifndef TESTS_SYNCS_H
#define TESTS_SYNCS_H

#include <dlfcn.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define SYNCS_MAX 64

struct syncs {
	_Atomic unsigned count;
	char path[SYNCS_MAX][128]; /* "" where /proc could not be asked */
	char fails[128];           /* whose syncs fail; "": nobody's */
};

static struct syncs *syncs;
static int (*syncs_next[2])(int fd);

/* Before anything is forked. */
static inline void syncs_begin(void)
{
	static const char *const names[] = { "fsync", "fdatasync" };

	syncs = mmap(NULL, sizeof(*syncs), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_true(syncs != MAP_FAILED);
	for (unsigned i = 0; i < 2; i++) {
		void *symbol = dlsym(RTLD_NEXT, names[i]);

		memcpy(&syncs_next[i], &symbol, sizeof(symbol)); /* ISO C has no cast between the two */
	}
}

static inline int syncs_note(int fd, unsigned which, bool named)
{
	unsigned at = atomic_fetch_add(&syncs->count, 1);
	char name[32];
	ssize_t len;

	if (named && at < SYNCS_MAX) {
		(void)snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
		len = readlink(name, syncs->path[at], sizeof(syncs->path[at]) - 1);
		syncs->path[at][len > 0 ? len : 0] = '\0';
		if (len > 0 && strcmp(syncs->path[at], syncs->fails) == 0) {
			errno = EIO;
			return -1;
		}
	}
	return syncs_next[which](fd);
}

/* Whether this path was, since syncs->count was set to 0. */
static inline bool syncs_has(const char *path)
{
	for (unsigned i = 0; i < syncs->count && i < SYNCS_MAX; i++)
		if (strcmp(syncs->path[i], path) == 0)
			return true;
	return false;
}

#ifndef SYNCS_NAMED
#define SYNCS_NAMED true
#endif

int fsync(int fd)
{
	return syncs_note(fd, 0, SYNCS_NAMED);
}

int fdatasync(int fd)
{
	return syncs_note(fd, 1, SYNCS_NAMED);
}

#endif
