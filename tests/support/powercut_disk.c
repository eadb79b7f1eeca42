/* SPDX-License-Identifier: MIT */
/*
 * powercut_disk.c -- files and names in memory, what of them was synced, and
 * what a cut leaves of the rest (powercut_internal.h).
 */
#include "powercut_internal.h"

#include <stdlib.h>
#include <string.h>

struct disk disk = { .lock = PTHREAD_MUTEX_INITIALIZER };

uint64_t powercut_random(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

uint64_t powercut_below(uint64_t *state, uint64_t bound)
{
	return powercut_random(state) % bound;
}

uint64_t disk_below(uint64_t bound)
{
	return powercut_below(&disk.random, bound);
}

/* ---- images ---- */

static bool image_grow(struct image *image, size_t len)
{
	uint8_t *grown;

	if (len > image->cap) {
		grown = realloc(image->bytes, len * 2);
		if (grown == NULL)
			return false;
		image->bytes = grown;
		image->cap = len * 2;
	}
	if (len > image->len) {
		memset(image->bytes + image->len, 0, len - image->len);
		image->len = len;
	}
	return true;
}

static bool image_put(struct image *image, size_t at, const uint8_t *bytes, size_t len)
{
	if (len == 0)
		return true;
	if (!image_grow(image, at + len))
		return false;
	memcpy(image->bytes + at, bytes, len);
	return true;
}

static bool image_truncate(struct image *image, size_t len)
{
	if (len > image->len)
		return image_grow(image, len);
	image->len = len;
	return true;
}

static bool image_apply(struct image *image, const struct change *change)
{
	return change->truncation ? image_truncate(image, change->at)
				  : image_put(image, change->at, change->bytes, change->len);
}

static bool image_copy(struct image *to, const struct image *from)
{
	to->len = 0;
	return image_put(to, 0, from->bytes, from->len);
}

/* ---- inodes ---- */

struct inode *inode_new(void)
{
	struct inode *inode = calloc(1, sizeof(*inode));

	if (inode != NULL) {
		inode->next = disk.inodes;
		disk.inodes = inode;
	}
	return inode;
}

static void changes_drop(struct inode *inode)
{
	for (size_t i = 0; i < inode->count; i++)
		free(inode->changes[i].bytes);
	inode->count = 0;
}

static void inode_free(struct inode *inode)
{
	changes_drop(inode);
	free(inode->changes);
	free(inode->now.bytes);
	free(inode->synced.bytes);
	free(inode);
}

bool inode_change(struct inode *inode, bool truncation, size_t at, const void *bytes, size_t len)
{
	struct change change = { .truncation = truncation, .at = at, .len = len };

	if (inode->count == inode->cap) {
		size_t cap = inode->cap != 0 ? inode->cap * 2 : 64;
		struct change *grown = realloc(inode->changes, cap * sizeof(*grown));

		if (grown == NULL)
			return false;
		inode->changes = grown;
		inode->cap = cap;
	}
	if (len > 0) {
		change.bytes = malloc(len);
		if (change.bytes == NULL)
			return false;
		memcpy(change.bytes, bytes, len);
	}
	if (!image_apply(&inode->now, &change)) {
		free(change.bytes);
		return false;
	}
	inode->changes[inode->count++] = change;
	return true;
}

/* One sector's part [at, at + len) of a write, as a cut may leave it. */
static bool damage_sector(struct image *image, const uint8_t *bytes, size_t at, size_t len)
{
	size_t start = at, end = at + len, torn;

	switch (disk_below(16)) {
	case 0: /* torn: the first bytes got there */
		return image_put(image, at, bytes, (size_t)disk_below(len));
	case 1: /* or the last */
		torn = (size_t)disk_below(len);
		return image_put(image, at + torn, bytes + torn, len - torn);
	case 2:
	case 3: /* zeroes or noise, where writing a part may damage all */
		if (disk.settings.whole_sectors) {
			start = at / POWERCUT_SECTOR * POWERCUT_SECTOR;
			end = start + POWERCUT_SECTOR;
		}
		if (!image_grow(image, end))
			return false;
		memset(image->bytes + start, (int)(disk_below(2) == 0 ? 0 : disk_below(256)), end - start);
		return true;
	case 4:
	case 5: /* only the length got there */
		return image_grow(image, end);
	default:
		return disk_below(2) == 0 || image_put(image, at, bytes, len);
	}
}

/* What may be on the disk of a change that no successful sync covers. */
static bool damage(struct image *image, const struct change *change)
{
	size_t done = 0;

	if (change->truncation)
		return disk_below(2) == 0 || image_truncate(image, change->at);
	while (done < change->len) {
		size_t at = change->at + done;
		size_t len = POWERCUT_SECTOR - at % POWERCUT_SECTOR;

		if (len > change->len - done)
			len = change->len - done;
		if (!damage_sector(image, change->bytes + done, at, len))
			return false;
		done += len;
	}
	return true;
}

bool inode_sync(struct inode *inode)
{
	bool ok = true;

	for (size_t i = 0; ok && i < inode->count; i++)
		ok = inode->changes[i].forgotten ? damage(&inode->synced, &inode->changes[i])
						 : image_apply(&inode->synced, &inode->changes[i]);
	changes_drop(inode);
	return ok;
}

/* Mostly a mixture; at times nothing or everything got there. */
static bool inode_cut(struct inode *inode)
{
	uint64_t kind = disk_below(8);
	bool ok = true;

	for (size_t i = 0; ok && kind != 0 && i < inode->count; i++)
		ok = kind == 1 && !inode->changes[i].forgotten ? image_apply(&inode->synced, &inode->changes[i])
							       : damage(&inode->synced, &inode->changes[i]);
	changes_drop(inode);
	inode->names_pending = false;
	return ok && image_copy(&inode->now, &inode->synced);
}

/* ---- names ---- */

struct name *name_find(const char *path)
{
	for (size_t i = 0; i < disk.name_count; i++)
		if (strcmp(disk.names[i].path, path) == 0)
			return &disk.names[i];
	return NULL;
}

struct name *name_make(const char *path)
{
	struct name *name = name_find(path);

	if (name != NULL || disk.name_count == NAMES || strlen(path) >= PATH_LEN)
		return name;
	name = &disk.names[disk.name_count++];
	memset(name, 0, sizeof(*name));
	memcpy(name->path, path, strlen(path) + 1);
	name->count = 1;
	return name;
}

struct inode *name_inode(const char *path)
{
	const struct name *name = name_find(path);

	return name != NULL ? name->bound[name->count - 1] : NULL;
}

void name_bind(struct name *name, struct inode *inode)
{
	if (name->count == BINDINGS)
		name->count--;
	name->bound[name->count++] = inode;
}

void names_sync(void)
{
	for (size_t i = 0; i < disk.name_count; i++) {
		disk.names[i].bound[0] = disk.names[i].bound[disk.names[i].count - 1];
		disk.names[i].count = 1;
	}
}

void inodes_sweep(void)
{
	struct inode **at = &disk.inodes, *inode;

	while ((inode = *at) != NULL) {
		bool used = false;

		for (size_t i = 0; i < disk.name_count; i++)
			used = used || disk.names[i].bound[0] == inode;
		if (used) {
			at = &inode->next;
		} else {
			*at = inode->next;
			inode_free(inode);
		}
	}
}

/* ---- the test's side ---- */

void powercut_restore(void)
{
	bool ok = true;

	for (size_t i = 0; i < disk.name_count; i++) {
		disk.names[i].bound[0] = disk.names[i].bound[disk_below(disk.names[i].count)];
		disk.names[i].count = 1;
	}
	inodes_sweep();
	for (struct inode *inode = disk.inodes; inode != NULL; inode = inode->next)
		ok = inode_cut(inode) && ok;
	if (!ok)
		abort(); /* no memory */
	disk.off = false;
	powercut_arm(0);
}

uint8_t *powercut_read(const char *path, size_t *len)
{
	const struct inode *inode = name_inode(path);
	uint8_t *bytes;

	if (inode == NULL)
		return NULL;
	bytes = malloc(inode->now.len + 1);
	if (bytes == NULL)
		return NULL;
	if (inode->now.len > 0)
		memcpy(bytes, inode->now.bytes, inode->now.len);
	*len = inode->now.len;
	return bytes;
}

bool powercut_write(const char *path, const uint8_t *bytes, size_t len)
{
	struct name *name = name_make(path);
	struct inode *inode = NULL;

	if (name == NULL)
		return false;
	if (bytes != NULL) {
		inode = inode_new();
		if (inode == NULL || !image_put(&inode->now, 0, bytes, len) ||
		    !image_put(&inode->synced, 0, bytes, len))
			return false;
	}
	name->bound[0] = inode;
	name->count = 1;
	inodes_sweep();
	return true;
}
