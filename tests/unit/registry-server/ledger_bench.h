/* SPDX-License-Identifier: MIT */
/* ledger_bench.h -- a ledger on a disk that fails on demand, and what it was told. For tests only. */
#ifndef TESTS_LEDGER_BENCH_H
#define TESTS_LEDGER_BENCH_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <sodium.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../locks.h"

#include "alamo/rpsl/entry.h"
#include "ledger/ledger.h"
#include "sign/signer.h"

/* ---- a VFS whose writes fail on demand, and that counts syncs of the log file ---- */

struct shim_file {
	sqlite3_file base;
	bool wal;
	sqlite3_file *real;
};

static sqlite3_vfs *real_vfs;
static sqlite3_vfs shim_vfs;
static atomic_bool fail_write, fail_sync;
static atomic_uint wal_syncs;

#define REAL(file) (((struct shim_file *)(file))->real)
#define FORWARD(name, params, args)                        \
	static int shim_##name params                      \
	{                                                  \
		return REAL(file)->pMethods->x##name args; \
	}

FORWARD(Close, (sqlite3_file * file), (REAL(file)))
FORWARD(Read, (sqlite3_file * file, void *bytes, int len, sqlite3_int64 at), (REAL(file), bytes, len, at))
FORWARD(Truncate, (sqlite3_file * file, sqlite3_int64 size), (REAL(file), size))
FORWARD(FileSize, (sqlite3_file * file, sqlite3_int64 *size), (REAL(file), size))
FORWARD(Lock, (sqlite3_file * file, int how), (REAL(file), how))
FORWARD(Unlock, (sqlite3_file * file, int how), (REAL(file), how))
FORWARD(CheckReservedLock, (sqlite3_file * file, int *out), (REAL(file), out))
FORWARD(FileControl, (sqlite3_file * file, int op, void *arg), (REAL(file), op, arg))
FORWARD(SectorSize, (sqlite3_file * file), (REAL(file)))
FORWARD(DeviceCharacteristics, (sqlite3_file * file), (REAL(file)))
FORWARD(ShmMap, (sqlite3_file * file, int page, int size, int extend, void volatile **out),
	(REAL(file), page, size, extend, out))
FORWARD(ShmLock, (sqlite3_file * file, int at, int n, int flags), (REAL(file), at, n, flags))
FORWARD(ShmUnmap, (sqlite3_file * file, int del), (REAL(file), del))

static inline void shim_ShmBarrier(sqlite3_file *file)
{
	REAL(file)->pMethods->xShmBarrier(REAL(file));
}

static inline int shim_Write(sqlite3_file *file, const void *bytes, int len, sqlite3_int64 at)
{
	if (atomic_load(&fail_write))
		return SQLITE_FULL;
	return REAL(file)->pMethods->xWrite(REAL(file), bytes, len, at);
}

static inline int shim_Sync(sqlite3_file *file, int flags)
{
	if (atomic_load(&fail_sync))
		return SQLITE_IOERR_FSYNC;
	if (((struct shim_file *)file)->wal)
		atomic_fetch_add(&wal_syncs, 1);
	return REAL(file)->pMethods->xSync(REAL(file), flags);
}

static const sqlite3_io_methods shim_methods = {
	.iVersion = 2,
	.xClose = shim_Close,
	.xRead = shim_Read,
	.xWrite = shim_Write,
	.xTruncate = shim_Truncate,
	.xSync = shim_Sync,
	.xFileSize = shim_FileSize,
	.xLock = shim_Lock,
	.xUnlock = shim_Unlock,
	.xCheckReservedLock = shim_CheckReservedLock,
	.xFileControl = shim_FileControl,
	.xSectorSize = shim_SectorSize,
	.xDeviceCharacteristics = shim_DeviceCharacteristics,
	.xShmMap = shim_ShmMap,
	.xShmLock = shim_ShmLock,
	.xShmBarrier = shim_ShmBarrier,
	.xShmUnmap = shim_ShmUnmap,
};

static inline int shim_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *out_flags)
{
	struct shim_file *shim = (struct shim_file *)file;
	int rc;

	(void)vfs;
	shim->real = (sqlite3_file *)(shim + 1);
	shim->wal = (flags & SQLITE_OPEN_WAL) != 0;
	rc = real_vfs->xOpen(real_vfs, name, shim->real, flags, out_flags);
	shim->base.pMethods = shim->real->pMethods != NULL ? &shim_methods : NULL;
	return rc;
}

static inline int shim_setup(void **state)
{
	(void)state;
	real_vfs = sqlite3_vfs_find(NULL);
	shim_vfs = *real_vfs;
	shim_vfs.zName = "shim";
	shim_vfs.szOsFile = real_vfs->szOsFile + (int)sizeof(struct shim_file);
	shim_vfs.xOpen = shim_open;
	shim_vfs.pNext = NULL;
	return sqlite3_vfs_register(&shim_vfs, 1) == SQLITE_OK ? 0 : -1;
}

/* ---- fixture ---- */

struct fixture {
	char dir[64];
	char path[96];
	struct al_skey key;
	struct al_loop *loop;
	struct ledger *ledger;
	uint64_t committed; /* end of the newest batch told */
	size_t commits;
	size_t largest; /* entries of the largest batch */
	size_t waiting; /* callbacks to come before the loop stops */
	size_t ok, eio, stale, other;
	bool boundary[5001]; /* sizes with a checkpoint */
};

static inline struct al_slice entry_text(uint64_t index, char out[static 64])
{
	(void)snprintf(out, 64, "entry number %llu of the test", (unsigned long long)index);
	return al_slice_str(out);
}

static inline void on_commit(void *arg, const struct ledger_batch *batch)
{
	struct fixture *f = arg;
	struct al_checkpoint cp;
	char text[64];

	assert_int_equal(batch->first, f->committed);
	assert_int_equal(al_checkpoint_open(batch->note, &f->key.pub, &cp), AL_OK);
	assert_int_equal(cp.size, batch->first + batch->count);
	assert_true(al_hash_eq(&cp.root, &batch->checkpoint.root));
	for (size_t i = 0; i < batch->count; i++)
		assert_true(al_slice_eq(batch->entries[i], entry_text(batch->first + i, text)));
	f->committed = cp.size;
	assert_true(cp.size < AL_COUNT(f->boundary));
	f->boundary[cp.size] = true;
	f->commits++;
	if (batch->count > f->largest)
		f->largest = batch->count;
}

static inline void check_receipt(const struct fixture *f, const struct ledger_receipt *receipt)
{
	char text[64];
	struct al_hash leaf = al_leaf_hash(entry_text(receipt->index, text));
	struct al_checkpoint cp;

	assert_int_equal(al_checkpoint_open(receipt->note, &f->key.pub, &cp), AL_OK);
	assert_true(al_inclusion_ok(receipt->index, cp.size, &leaf, receipt->proof, receipt->proof_count, &cp.root));
	assert_int_equal(receipt->checkpoint.size, cp.size);
}

static inline void on_done(void *arg, enum al_err err, const struct ledger_receipt *receipt)
{
	struct fixture *f = arg;

	if (err == AL_OK) {
		check_receipt(f, receipt);
		assert_true(receipt->index < f->committed);
	} else {
		assert_null(receipt);
	}
	f->ok += err == AL_OK;
	f->eio += err == AL_EIO;
	f->stale += err == AL_ESTALE;
	f->other += err != AL_OK && err != AL_EIO && err != AL_ESTALE;
	if (--f->waiting == 0)
		al_loop_stop(f->loop);
}

static inline void run(struct fixture *f)
{
	if (f->waiting > 0)
		al_loop_run(f->loop);
	assert_int_equal(f->waiting, 0);
}

static inline void append(struct fixture *f, uint64_t from, uint64_t to)
{
	char text[64];

	for (uint64_t i = from; i < to; i++) {
		assert_int_equal(ledger_append(f->ledger, i, entry_text(i, text), on_done, f), AL_OK);
		f->waiting++;
	}
}

static inline enum al_err try_open(struct fixture *f, bool create, struct ledger **out)
{
	struct ledger_opts opts = {
		.path = f->path, .key = &f->key.pub, .signer = signer_local(&f->key), .create = create
	};

	return ledger_open(&opts, out);
}

static inline void start(struct fixture *f, bool create)
{
	assert_int_equal(try_open(f, create, &f->ledger), AL_OK);
	f->committed = ledger_head(f->ledger, NULL).size;
	assert_int_equal(ledger_start(f->ledger, f->loop, on_commit, f), AL_OK);
}

/* What the ledger had posted and then delivered itself goes out with the last round of the loop. */
static inline void stop(struct fixture *f)
{
	ledger_close(f->ledger);
	f->ledger = NULL;
	al_loop_stop(f->loop);
	al_loop_run(f->loop);
}

static inline int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	if (f == NULL || al_loop_new(&f->loop) != AL_OK ||
	    al_skey_generate(AL_S("registry.test/ledger"), &f->key) != AL_OK)
		return -1;
	(void)snprintf(f->dir, sizeof(f->dir), "/tmp/test_ledger.XXXXXX");
	if (mkdtemp(f->dir) == NULL)
		return -1;
	(void)snprintf(f->path, sizeof(f->path), "%s/ledger.db", f->dir);
	atomic_store(&fail_write, false);
	atomic_store(&fail_sync, false);
	*state = f;
	return 0;
}

static inline int teardown(void **state)
{
	static const char *const suffixes[] = { "", ".lock", "-wal", "-shm", "-journal" };
	struct fixture *f = *state;
	char name[128];

	stop(f);
	al_loop_free(f->loop);
	for (size_t i = 0; i < AL_COUNT(suffixes); i++) {
		(void)snprintf(name, sizeof(name), "%s%s", f->path, suffixes[i]);
		(void)unlink(name);
	}
	(void)rmdir(f->dir);
	free(f);
	return 0;
}

#endif
