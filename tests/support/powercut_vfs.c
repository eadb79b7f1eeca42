/* SPDX-License-Identifier: MIT */
/*
 * powercut_vfs.c -- SQLite's VFS of a disk in memory that loses power
 * (powercut_vfs.h).
 *
 * Only one connection exists, so locks are granted and its shared memory is
 * its own.
 */
#include "powercut_internal.h"

#include <stdlib.h>
#include <string.h>

struct open_file {
	sqlite3_file base;
	struct inode *inode;
	char *remove; /* at the closing */
};

/* ---- operations ---- */

enum op { OP_OPEN, OP_WRITE, OP_SYNC, OP_TRUNCATE, OP_DELETE, OP_READ };

/* Whether the next operation fails, and as what. SQLITE_OK: it does not. */
static int op_next(enum op op)
{
	static const int codes[] = {
		[OP_OPEN] = SQLITE_CANTOPEN,       [OP_WRITE] = SQLITE_IOERR_WRITE,
		[OP_SYNC] = SQLITE_IOERR_FSYNC,    [OP_TRUNCATE] = SQLITE_IOERR_TRUNCATE,
		[OP_DELETE] = SQLITE_IOERR_DELETE, [OP_READ] = SQLITE_IOERR_READ,
	};

	if (disk.off)
		return codes[op];
	if (op == OP_READ && !disk.reads)
		return SQLITE_OK;
	disk.ops++;
	if (disk.ops == disk.cut_at) {
		disk.off = true;
		return codes[op];
	}
	if (disk.fail_at == 0 || disk.ops < disk.fail_at || disk.ops - disk.fail_at >= disk.fail_count)
		return SQLITE_OK;
	disk.failures++;
	return op == OP_WRITE && disk.how == POWERCUT_FULL ? SQLITE_FULL : codes[op];
}

static struct inode *inode_of(sqlite3_file *file)
{
	return ((struct open_file *)file)->inode;
}

static int on_read(sqlite3_file *file, void *bytes, int len, sqlite3_int64 at)
{
	const struct image *image = &inode_of(file)->now;
	size_t want = (size_t)len, from = (size_t)at, have;
	int rc;

	pthread_mutex_lock(&disk.lock);
	rc = op_next(OP_READ);
	if (rc == SQLITE_OK) {
		have = from < image->len ? image->len - from : 0;
		have = have < want ? have : want;
		if (have > 0)
			memcpy(bytes, image->bytes + from, have);
		memset((uint8_t *)bytes + have, 0, want - have);
		rc = have == want ? SQLITE_OK : SQLITE_IOERR_SHORT_READ;
	}
	pthread_mutex_unlock(&disk.lock);
	return rc;
}

static int on_write(sqlite3_file *file, const void *bytes, int len, sqlite3_int64 at)
{
	bool ok = true, dark;
	int rc;

	pthread_mutex_lock(&disk.lock);
	dark = disk.off;
	rc = op_next(OP_WRITE);
	/* Of the write at which the power goes anything may be there, of a failed one the first half is. */
	if (!dark)
		ok = inode_change(inode_of(file), false, (size_t)at, bytes,
				  rc == SQLITE_OK || disk.off ? (size_t)len : (size_t)len / 2);
	pthread_mutex_unlock(&disk.lock);
	return ok ? rc : SQLITE_IOERR_NOMEM;
}

static int on_truncate(sqlite3_file *file, sqlite3_int64 size)
{
	int rc;

	pthread_mutex_lock(&disk.lock);
	rc = op_next(OP_TRUNCATE);
	if (rc == SQLITE_OK && !inode_change(inode_of(file), true, (size_t)size, NULL, 0))
		rc = SQLITE_IOERR_NOMEM;
	pthread_mutex_unlock(&disk.lock);
	return rc;
}

static int on_sync(sqlite3_file *file, int flags)
{
	struct inode *inode = inode_of(file);
	int rc;

	(void)flags;
	pthread_mutex_lock(&disk.lock);
	rc = op_next(OP_SYNC);
	if (rc != SQLITE_OK) {
		for (size_t i = 0; !disk.off && i < inode->count; i++)
			inode->changes[i].forgotten = true;
	} else {
		rc = inode_sync(inode) ? SQLITE_OK : SQLITE_IOERR_NOMEM;
		if (inode->names_pending)
			names_sync();
		inode->names_pending = false;
	}
	pthread_mutex_unlock(&disk.lock);
	return rc;
}

static int on_size(sqlite3_file *file, sqlite3_int64 *size)
{
	pthread_mutex_lock(&disk.lock);
	*size = (sqlite3_int64)inode_of(file)->now.len;
	pthread_mutex_unlock(&disk.lock);
	return SQLITE_OK;
}

/* ---- what needs no disk ---- */

static int on_lock(sqlite3_file *file, int level)
{
	(void)file;
	(void)level;
	return SQLITE_OK;
}

static int on_check_lock(sqlite3_file *file, int *held)
{
	(void)file;
	*held = 0;
	return SQLITE_OK;
}

static int on_control(sqlite3_file *file, int op, void *arg)
{
	char *const *pragma = arg;

	(void)file;
	if (op == SQLITE_FCNTL_POWERSAFE_OVERWRITE) {
		disk.careful = *(const int *)arg == 0;
		return SQLITE_OK;
	}
	/* With sync_off the ledger's own setting is taken and not heeded. */
	if (op == SQLITE_FCNTL_PRAGMA && disk.settings.sync_off && sqlite3_stricmp(pragma[1], "synchronous") == 0 &&
	    pragma[2] != NULL && sqlite3_stricmp(pragma[2], "OFF") != 0)
		return SQLITE_OK;
	return SQLITE_NOTFOUND;
}

static int on_sector_size(sqlite3_file *file)
{
	(void)file;
	return POWERCUT_SECTOR;
}

static int on_characteristics(sqlite3_file *file)
{
	(void)file;
	return disk.careful ? 0 : SQLITE_IOCAP_POWERSAFE_OVERWRITE;
}

static int on_shm_map(sqlite3_file *file, int region, int size, int extend, void volatile **out)
{
	int rc = SQLITE_OK;

	(void)file;
	pthread_mutex_lock(&disk.lock);
	if (region >= SHM_REGIONS)
		rc = SQLITE_IOERR_SHMMAP;
	else if (disk.shm[region] == NULL && extend != 0 && (disk.shm[region] = calloc(1, (size_t)size)) == NULL)
		rc = SQLITE_IOERR_NOMEM;
	*out = rc == SQLITE_OK ? disk.shm[region] : NULL;
	pthread_mutex_unlock(&disk.lock);
	return rc;
}

static int on_shm_lock(sqlite3_file *file, int at, int count, int flags)
{
	(void)file;
	(void)at;
	(void)count;
	(void)flags;
	return SQLITE_OK;
}

static void on_shm_barrier(sqlite3_file *file)
{
	(void)file;
	pthread_mutex_lock(&disk.lock);
	pthread_mutex_unlock(&disk.lock);
}

static int on_shm_unmap(sqlite3_file *file, int remove)
{
	(void)file;
	(void)remove;
	pthread_mutex_lock(&disk.lock);
	for (int i = 0; i < SHM_REGIONS; i++) {
		free(disk.shm[i]);
		disk.shm[i] = NULL;
	}
	pthread_mutex_unlock(&disk.lock);
	return SQLITE_OK;
}

/* ---- files ---- */

static int delete_locked(const char *path, int sync)
{
	struct name *name = name_find(path);
	bool dark = disk.off;
	int rc;

	if (name_inode(path) == NULL)
		return SQLITE_IOERR_DELETE_NOENT;
	rc = op_next(OP_DELETE);
	if (rc == SQLITE_OK || (!dark && disk.off))
		name_bind(name, NULL);
	if (rc != SQLITE_OK || sync == 0)
		return rc;
	rc = op_next(OP_SYNC);
	if (rc != SQLITE_OK)
		return SQLITE_IOERR_DIR_FSYNC;
	names_sync();
	return SQLITE_OK;
}

static int on_close(sqlite3_file *file)
{
	struct open_file *open = (struct open_file *)file;

	if (open->remove != NULL) {
		pthread_mutex_lock(&disk.lock);
		(void)delete_locked(open->remove, 0);
		pthread_mutex_unlock(&disk.lock);
		free(open->remove);
	}
	return SQLITE_OK;
}

static const sqlite3_io_methods methods = {
	.iVersion = 2,
	.xClose = on_close,
	.xRead = on_read,
	.xWrite = on_write,
	.xTruncate = on_truncate,
	.xSync = on_sync,
	.xFileSize = on_size,
	.xLock = on_lock,
	.xUnlock = on_lock,
	.xCheckReservedLock = on_check_lock,
	.xFileControl = on_control,
	.xSectorSize = on_sector_size,
	.xDeviceCharacteristics = on_characteristics,
	.xShmMap = on_shm_map,
	.xShmLock = on_shm_lock,
	.xShmBarrier = on_shm_barrier,
	.xShmUnmap = on_shm_unmap,
};

/* The file of that name, made when it may be. */
static int open_locked(const char *path, int flags, struct inode **out)
{
	struct name *name;
	int rc;

	*out = path != NULL ? name_inode(path) : NULL;
	if (*out != NULL || (flags & SQLITE_OPEN_CREATE) == 0)
		return *out != NULL ? SQLITE_OK : SQLITE_CANTOPEN;
	rc = op_next(OP_OPEN);
	if (rc != SQLITE_OK)
		return rc;
	name = path != NULL ? name_make(path) : NULL;
	if (path != NULL && name == NULL)
		return SQLITE_CANTOPEN;
	*out = inode_new();
	if (*out == NULL)
		return SQLITE_NOMEM;
	(*out)->names_pending = (flags & (SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_SUPER_JOURNAL | SQLITE_OPEN_WAL)) != 0;
	if (name != NULL)
		name_bind(name, *out);
	return SQLITE_OK;
}

static int on_open(sqlite3_vfs *vfs, const char *path, sqlite3_file *file, int flags, int *out_flags)
{
	struct open_file *open = (struct open_file *)file;
	int rc;

	(void)vfs;
	memset(open, 0, sizeof(*open));
	if (path != NULL && (flags & SQLITE_OPEN_DELETEONCLOSE) != 0 && (open->remove = strdup(path)) == NULL)
		return SQLITE_NOMEM;
	pthread_mutex_lock(&disk.lock);
	rc = open_locked(path, flags, &open->inode);
	pthread_mutex_unlock(&disk.lock);
	if (rc == SQLITE_OK) {
		open->base.pMethods = &methods;
		if (out_flags != NULL)
			*out_flags = flags;
	} else {
		free(open->remove);
	}
	return rc;
}

static int on_delete(sqlite3_vfs *vfs, const char *path, int sync)
{
	int rc;

	(void)vfs;
	pthread_mutex_lock(&disk.lock);
	rc = delete_locked(path, sync);
	pthread_mutex_unlock(&disk.lock);
	return rc;
}

static int on_access(sqlite3_vfs *vfs, const char *path, int flags, int *out)
{
	const struct inode *inode;

	(void)vfs;
	pthread_mutex_lock(&disk.lock);
	inode = name_inode(path);
	/* An empty file does not exist: so it is in SQLite's own VFS. */
	*out = inode != NULL && (flags != SQLITE_ACCESS_EXISTS || inode->now.len > 0);
	pthread_mutex_unlock(&disk.lock);
	return SQLITE_OK;
}

static int on_full_path(sqlite3_vfs *vfs, const char *path, int len, char *out)
{
	size_t need = strlen(path) + 1;

	(void)vfs;
	if (need > (size_t)len)
		return SQLITE_CANTOPEN;
	memcpy(out, path, need);
	return SQLITE_OK;
}

static int on_randomness(sqlite3_vfs *vfs, int len, char *out)
{
	(void)vfs;
	pthread_mutex_lock(&disk.lock);
	for (int i = 0; i < len; i++)
		out[i] = (char)disk_below(256);
	pthread_mutex_unlock(&disk.lock);
	return len;
}

/* Called for each new connection. */
static int on_connection(sqlite3 *db, char **message, const sqlite3_api_routines *api)
{
	(void)message;
	(void)api;
	disk.careful = false;
	return disk.settings.sync_off ? sqlite3_exec(db, "PRAGMA synchronous = OFF", NULL, NULL, NULL) : SQLITE_OK;
}

/* ---- the test's side ---- */

bool powercut_register(void)
{
	disk.real = sqlite3_vfs_find(NULL);
	if (disk.real == NULL)
		return false;
	disk.vfs = *disk.real;
	disk.vfs.iVersion = 2;
	disk.vfs.zName = "powercut";
	disk.vfs.szOsFile = (int)sizeof(struct open_file);
	disk.vfs.mxPathname = PATH_LEN;
	disk.vfs.pNext = NULL;
	disk.vfs.xOpen = on_open;
	disk.vfs.xDelete = on_delete;
	disk.vfs.xAccess = on_access;
	disk.vfs.xFullPathname = on_full_path;
	disk.vfs.xRandomness = on_randomness;
	return sqlite3_vfs_register(&disk.vfs, 1) == SQLITE_OK &&
	       sqlite3_auto_extension((void (*)(void))on_connection) == SQLITE_OK;
}

void powercut_release(void)
{
	disk.name_count = 0;
	inodes_sweep();
	(void)on_shm_unmap(NULL, 1);
}

void powercut_reset(uint64_t seed, const struct powercut_settings *settings)
{
	powercut_release();
	disk.settings = *settings;
	disk.random = seed;
	disk.off = false;
	disk.careful = false;
	disk.failures = 0;
	powercut_fail(0, 0, POWERCUT_EIO, false);
	powercut_arm(0);
}

void powercut_set(const struct powercut_settings *settings)
{
	disk.settings = *settings;
}

void powercut_arm(uint64_t op)
{
	disk.ops = 0;
	disk.cut_at = op;
}

bool powercut_is_off(void)
{
	bool off;

	pthread_mutex_lock(&disk.lock);
	off = disk.off;
	pthread_mutex_unlock(&disk.lock);
	return off;
}

void powercut_fail(uint64_t op, uint64_t count, enum powercut_failure how, bool reads)
{
	disk.ops = 0;
	disk.fail_at = op;
	disk.fail_count = count;
	disk.how = how;
	disk.reads = reads;
}

uint64_t powercut_failures(void)
{
	return disk.failures;
}
