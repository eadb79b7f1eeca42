/* SPDX-License-Identifier: MIT */
/*
 * powercut_internal.h -- what is on the disk of powercut_vfs.h. powercut_disk.c keeps and damages it, powercut_vfs.c is
 * SQLite's way to it.
 *
 * Invariants: an inode's `now` is `synced` with all of `changes` applied; a
 * name's last binding is its present one, the first is the synced one. Whoever
 * calls holds the lock, or is alone.
 */
#ifndef SUPPORT_POWERCUT_INTERNAL_H
#define SUPPORT_POWERCUT_INTERNAL_H

#include "powercut_vfs.h"

#include <pthread.h>
#include <sqlite3.h>

#define NAMES 8
#define BINDINGS 16 /* of one name between two syncs of the directory */
#define PATH_LEN 512
#define SHM_REGIONS 64

struct image {
	uint8_t *bytes;
	size_t len;
	size_t cap;
};

struct change {
	bool truncation; /* to `at` */
	bool forgotten;  /* a sync of it failed: no later one writes it */
	size_t at;
	size_t len;
	uint8_t *bytes;
};

struct inode {
	struct inode *next;
	struct image now;
	struct image synced;
	struct change *changes;
	size_t count;
	size_t cap;
	bool names_pending; /* a new journal: its first sync syncs the directory too, as SQLite's own VFS does */
};

struct name {
	char path[PATH_LEN];
	struct inode *bound[BINDINGS]; /* NULL: no such file */
	size_t count;
};

struct disk {
	pthread_mutex_t lock;
	struct powercut_settings settings;
	uint64_t random;
	uint64_t ops;
	uint64_t cut_at;
	bool off;
	bool careful; /* the connection does without IOCAP_POWERSAFE_OVERWRITE */
	uint64_t fail_at;
	uint64_t fail_count;
	enum powercut_failure how;
	bool reads;
	uint64_t failures;
	struct inode *inodes;
	struct name names[NAMES];
	size_t name_count;
	void *shm[SHM_REGIONS];
	sqlite3_vfs vfs;
	sqlite3_vfs *real;
};

extern struct disk disk;

/* By the disk's own chance. */
uint64_t disk_below(uint64_t bound);

/* An empty one of the disk's list; NULL, and false of what follows: no memory. */
struct inode *inode_new(void);
bool inode_change(struct inode *inode, bool truncation, size_t at, const void *bytes, size_t len);
bool inode_sync(struct inode *inode);
/* Frees those that no name is bound to. */
void inodes_sweep(void);

/* NULL: no such name; of name_make(), too many or too long. */
struct name *name_find(const char *path);
struct name *name_make(const char *path);
/* Of the present binding; NULL: no such file. */
struct inode *name_inode(const char *path);
void name_bind(struct name *name, struct inode *inode);
void names_sync(void);

#endif
