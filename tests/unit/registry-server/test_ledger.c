/* SPDX-License-Identifier: MIT */
/*
 * test_ledger.c -- append, commit, reopen, proofs and reads; damage found at
 * the opening; a disk that fails under a commit (by a SQLite VFS of ours).
 */
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

static void shim_ShmBarrier(sqlite3_file *file)
{
	REAL(file)->pMethods->xShmBarrier(REAL(file));
}

static int shim_Write(sqlite3_file *file, const void *bytes, int len, sqlite3_int64 at)
{
	if (atomic_load(&fail_write))
		return SQLITE_FULL;
	return REAL(file)->pMethods->xWrite(REAL(file), bytes, len, at);
}

static int shim_Sync(sqlite3_file *file, int flags)
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

static int shim_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *out_flags)
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

static int shim_setup(void **state)
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

static struct al_slice entry_text(uint64_t index, char out[static 64])
{
	(void)snprintf(out, 64, "entry number %llu of the test", (unsigned long long)index);
	return al_slice_str(out);
}

static void on_commit(void *arg, const struct ledger_batch *batch)
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

static void check_receipt(const struct fixture *f, const struct ledger_receipt *receipt)
{
	char text[64];
	struct al_hash leaf = al_leaf_hash(entry_text(receipt->index, text));
	struct al_checkpoint cp;

	assert_int_equal(al_checkpoint_open(receipt->note, &f->key.pub, &cp), AL_OK);
	assert_true(al_inclusion_ok(receipt->index, cp.size, &leaf, receipt->proof, receipt->proof_count, &cp.root));
	assert_int_equal(receipt->checkpoint.size, cp.size);
}

static void on_done(void *arg, enum al_err err, const struct ledger_receipt *receipt)
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

static void run(struct fixture *f)
{
	if (f->waiting > 0)
		al_loop_run(f->loop);
	assert_int_equal(f->waiting, 0);
}

static void append(struct fixture *f, uint64_t from, uint64_t to)
{
	char text[64];

	for (uint64_t i = from; i < to; i++) {
		assert_int_equal(ledger_append(f->ledger, i, entry_text(i, text), on_done, f), AL_OK);
		f->waiting++;
	}
}

static enum al_err try_open(struct fixture *f, bool create, struct ledger **out)
{
	struct ledger_opts opts = {
		.path = f->path, .key = &f->key.pub, .signer = signer_local(&f->key), .create = create
	};

	return ledger_open(&opts, out);
}

static void start(struct fixture *f, bool create)
{
	assert_int_equal(try_open(f, create, &f->ledger), AL_OK);
	f->committed = ledger_head(f->ledger, NULL).size;
	assert_int_equal(ledger_start(f->ledger, f->loop, on_commit, f), AL_OK);
}

/* What the ledger had posted and then delivered itself goes out with the last round of the loop. */
static void stop(struct fixture *f)
{
	ledger_close(f->ledger);
	f->ledger = NULL;
	al_loop_stop(f->loop);
	al_loop_run(f->loop);
}

static int setup(void **state)
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

static int teardown(void **state)
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

/* ---- tests ---- */

static enum al_err count_entry(void *arg, uint64_t index, struct al_slice entry)
{
	uint64_t *count = arg;
	char text[64];

	assert_int_equal(index, *count);
	assert_true(al_slice_eq(entry, entry_text(index, text)));
	(*count)++;
	return AL_OK;
}

/* Each of them alone, and none behind the last. */
static void one_by_one(const struct fixture *f, uint64_t size)
{
	struct al_buf bytes;
	char text[64];

	al_buf_init(&bytes, AL_ENTRY_MAX);
	for (uint64_t i = 0; i < size; i++) {
		al_buf_reset(&bytes);
		assert_int_equal(ledger_entry(f->ledger, i, &bytes), AL_OK);
		assert_true(al_slice_eq(al_buf_view(&bytes), entry_text(i, text)));
	}
	assert_int_equal(ledger_entry(f->ledger, size, &bytes), AL_ENOTFOUND);
	al_buf_release(&bytes);
	al_buf_init(&bytes, 4);
	assert_int_equal(ledger_entry(f->ledger, 0, &bytes), AL_ELIMIT);
	al_buf_release(&bytes);
}

static void append_commit_reopen(void **state)
{
	struct fixture *f = *state;
	struct al_buf note, again;
	struct al_checkpoint head;
	uint64_t count = 0;

	al_buf_init(&note, AL_NOTE_MAX);
	al_buf_init(&again, AL_NOTE_MAX);
	start(f, true);
	assert_int_equal(ledger_head(f->ledger, &note).size, 0);
	assert_int_equal(note.len, 0);
	for (uint64_t i = 0; i < 20; i++) {
		append(f, i, i + 1);
		run(f);
	}
	append(f, 20, 50);
	run(f);
	assert_int_equal(f->ok, 50);
	assert_int_equal(f->committed, 50);
	head = ledger_head(f->ledger, &note);
	assert_int_equal(head.size, 50);
	stop(f);
	start(f, false);
	assert_int_equal(ledger_head(f->ledger, &again).size, 50);
	assert_true(al_slice_eq(al_buf_view(&note), al_buf_view(&again)));
	assert_int_equal(ledger_load(f->ledger, count_entry, &count), AL_OK);
	assert_int_equal(count, 50);
	one_by_one(f, 50);
	append(f, 50, 51);
	run(f);
	assert_int_equal(f->ok, 51);
	al_buf_release(&note);
	al_buf_release(&again);
}

static void one_sync_for_many(void **state)
{
	struct fixture *f = *state;
	unsigned before;

	start(f, true);
	before = atomic_load(&wal_syncs);
	append(f, 0, 1);
	run(f);
	assert_true(atomic_load(&wal_syncs) > before);
	/* Queued faster than they are written: they share commits, none over the bound. */
	append(f, 1, 5000);
	run(f);
	assert_int_equal(f->ok, 5000);
	assert_true(f->largest <= 1000);
	assert_true(f->commits < 2500);
}

static void compare_and_set(void **state)
{
	struct fixture *f = *state;
	char large[65536] = { 'x' };

	start(f, true);
	append(f, 0, 3);
	assert_int_equal(ledger_append(f->ledger, 2, AL_S("again"), on_done, f), AL_ESTALE);
	assert_int_equal(ledger_append(f->ledger, 4, AL_S("gap"), on_done, f), AL_ESTALE);
	assert_int_equal(ledger_append(f->ledger, 3, AL_S(""), on_done, f), AL_EINVAL);
	assert_int_equal(ledger_append(f->ledger, 3, al_slice_of(large, sizeof(large)), on_done, f), AL_ELIMIT);
	append(f, 3, 4);
	run(f);
	assert_int_equal(f->ok, 4);
}

static void proofs(void **state)
{
	struct fixture *f = *state;

	start(f, true);
	append(f, 0, 37);
	run(f);
	for (uint64_t i = 0; i < 37; i++) {
		assert_int_equal(ledger_prove(f->ledger, i, on_done, f), AL_OK);
		f->waiting++;
	}
	run(f);
	assert_int_equal(f->ok, 74);
	assert_int_equal(ledger_prove(f->ledger, 37, on_done, f), AL_OK);
	f->waiting++;
	run(f);
	assert_int_equal(f->other, 1);
}

struct reading {
	struct fixture *f;
	enum al_err err;
	uint64_t first;
	size_t count;
	bool noted;
};

static void on_read(void *arg, enum al_err err, const struct ledger_batch *batch)
{
	struct reading *r = arg;
	struct al_checkpoint cp;
	char text[64];

	r->err = err;
	if (err == AL_OK) {
		r->first = batch->first;
		r->count = batch->count;
		r->noted = batch->note.len > 0;
		for (size_t i = 0; i < batch->count; i++)
			assert_true(al_slice_eq(batch->entries[i], entry_text(batch->first + i, text)));
		if (r->noted) {
			assert_int_equal(al_checkpoint_open(batch->note, &r->f->key.pub, &cp), AL_OK);
			assert_int_equal(cp.size, batch->first + batch->count);
			assert_true(al_hash_eq(&cp.root, &batch->checkpoint.root));
		}
	}
	if (--r->f->waiting == 0)
		al_loop_stop(r->f->loop);
}

static struct reading read_from(struct fixture *f, uint64_t from, size_t max_bytes)
{
	struct reading r = { .f = f };

	assert_int_equal(ledger_read(f->ledger, from, max_bytes, on_read, &r), AL_OK);
	f->waiting++;
	run(f);
	return r;
}

/* Where the contract wants a read to end. */
static uint64_t expected_end(const struct fixture *f, uint64_t from, size_t max_bytes)
{
	uint64_t fits = from, end;
	size_t bytes = 0;
	char text[64];

	while (fits < f->committed && (fits == from || bytes + 2 + entry_text(fits, text).len <= max_bytes))
		bytes += 2 + entry_text(fits++, text).len;
	for (end = from + 1024; end <= fits; end++)
		if (f->boundary[end])
			return end;
	for (end = fits; end > from; end--)
		if (f->boundary[end])
			return end;
	return fits;
}

static void reads(void **state)
{
	static const size_t sizes[] = { 1, 100, 4000, 20000, 1u << 20, SIZE_MAX };
	struct fixture *f = *state;
	struct reading r;
	uint64_t at;

	start(f, true);
	assert_int_equal(read_from(f, 0, 1000).count, 0);
	for (uint64_t i = 0; i < 3000; i += 100) {
		append(f, i, i + 100);
		run(f);
	}
	for (size_t i = 0; i < AL_COUNT(sizes); i++)
		for (at = 0; at < 3000; at += sizes[i] < 1000 ? 61 : r.count) {
			r = read_from(f, at, sizes[i]);
			assert_int_equal(r.err, AL_OK);
			assert_int_equal(r.first, at);
			assert_int_equal(r.first + r.count, expected_end(f, at, sizes[i]));
			assert_int_equal(r.noted, f->boundary[r.first + r.count]);
		}
	r = read_from(f, 3000, 1u << 20);
	assert_int_equal(r.err, AL_OK);
	assert_int_equal(r.count, 0);
	assert_int_equal(read_from(f, 3001, 1u << 20).err, AL_EINVAL);
}

static void failed_commit_then_resume(struct fixture *f, atomic_bool *fault)
{
	uint64_t count = 0;

	start(f, true);
	append(f, 0, 10);
	run(f);
	atomic_store(fault, true);
	append(f, 10, 1500);
	run(f);
	assert_true(f->eio > 0);
	assert_int_equal(f->eio + f->stale, 1490);
	assert_int_equal(f->ok, 10);
	/* Until it is told that somebody took note. */
	atomic_store(fault, false);
	append(f, 10, 11);
	run(f);
	assert_int_equal(f->ok, 10);
	ledger_resume(f->ledger);
	assert_int_equal(ledger_head(f->ledger, NULL).size, 10);
	assert_int_equal(ledger_load(f->ledger, count_entry, &count), AL_OK);
	assert_int_equal(count, 10);
	append(f, 10, 40);
	run(f);
	assert_int_equal(f->ok, 40);
	assert_int_equal(f->other, 0);
	stop(f);
	start(f, false);
	assert_int_equal(ledger_head(f->ledger, NULL).size, 40);
}

static void full_disk(void **state)
{
	failed_commit_then_resume(*state, &fail_write);
}

static void failing_sync(void **state)
{
	failed_commit_then_resume(*state, &fail_sync);
}

static void close_finishes_the_queue(void **state)
{
	struct fixture *f = *state;

	start(f, true);
	append(f, 0, 300);
	stop(f);
	assert_int_equal(f->ok, 300);
	assert_int_equal(f->waiting, 0);
	start(f, false);
	assert_int_equal(f->committed, 300);
}

/* Change the file behind the ledger's back, with its CHECKs off. */
static void tamper(const struct fixture *f, const char *sql)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "PRAGMA ignore_check_constraints = ON", NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_changes(db) > 0 || strncmp(sql, "PRAGMA", 6) == 0, 1);
	(void)sqlite3_close(db);
}

static void damage_found_at_the_opening(void **state)
{
	static const struct {
		const char *damage, *repair;
	} cases[] = {
		{ "UPDATE entry SET body = CAST('entry number 5 of the tesu' AS BLOB) WHERE idx = 5",
		  "UPDATE entry SET body = CAST('entry number 5 of the test' AS BLOB) WHERE idx = 5" },
		{ "UPDATE entry SET leaf = zeroblob(32) WHERE idx = 29",
		  "UPDATE entry SET leaf = (SELECT hash FROM side WHERE idx = 29) WHERE idx = 29" },
		{ "UPDATE entry SET idx = 100 WHERE idx = 29", "UPDATE entry SET idx = 29 WHERE idx = 100" },
		{ "UPDATE entry SET idx = 100 WHERE idx = 7", "UPDATE entry SET idx = 7 WHERE idx = 100" },
		{ "UPDATE checkpoint SET size = 1000 WHERE size = 30",
		  "UPDATE checkpoint SET size = 30 WHERE size = 1000" },
		{ "UPDATE checkpoint SET size = -10 WHERE size = 10",
		  "UPDATE checkpoint SET size = 10 WHERE size = -10" },
		{ "UPDATE checkpoint SET note = (SELECT note FROM checkpoint WHERE size = 11) WHERE size = 10",
		  "UPDATE checkpoint SET note = (SELECT CAST(text AS TEXT) FROM side WHERE idx = 10) WHERE size = 10" },
		{ "UPDATE checkpoint SET note = replace(note, 'registry', 'registrx') WHERE size = 10",
		  "UPDATE checkpoint SET note = replace(note, 'registrx', 'registry') WHERE size = 10" },
		{ "UPDATE checkpoint SET note = note || ' ' WHERE size = 20",
		  "UPDATE checkpoint SET note = rtrim(note, ' ') WHERE size = 20" },
	};
	struct fixture *f = *state;
	struct ledger *ledger;
	struct al_skey other;

	start(f, true);
	for (uint64_t i = 0; i < 30; i++) {
		append(f, i, i + 1);
		run(f);
	}
	stop(f);
	tamper(f, "INSERT INTO side (object, hash, idx, text) SELECT 'a', leaf, 29, zeroblob(1) FROM entry WHERE idx = "
		  "29");
	tamper(f, "INSERT INTO side (object, hash, idx, text) "
		  "SELECT 'b', zeroblob(32), 10, CAST(note AS BLOB) FROM checkpoint WHERE size = 10");
	for (size_t i = 0; i < AL_COUNT(cases); i++) {
		tamper(f, cases[i].damage);
		assert_int_equal(try_open(f, false, &ledger), AL_EVERIFY);
		tamper(f, cases[i].repair);
		assert_int_equal(try_open(f, false, &ledger), AL_OK);
		ledger_close(ledger);
	}
	other = f->key;
	assert_int_equal(al_skey_generate(AL_S("registry.test/ledger"), &f->key), AL_OK);
	assert_int_equal(try_open(f, false, &ledger), AL_EVERIFY);
	f->key = other;
	tamper(f, "DELETE FROM checkpoint WHERE size = 30");
	assert_int_equal(try_open(f, false, &ledger), AL_EVERIFY);
	tamper(f, "DELETE FROM checkpoint");
	assert_int_equal(try_open(f, false, &ledger), AL_EVERIFY);
}

static void a_flipped_bit_in_the_file(void **state)
{
	struct fixture *f = *state;
	struct ledger *ledger;
	FILE *file;
	char *bytes;
	long len, at = -1;

	start(f, true);
	append(f, 0, 30);
	run(f);
	stop(f);
	file = fopen(f->path, "r+b");
	assert_non_null(file);
	assert_int_equal(fseek(file, 0, SEEK_END), 0);
	len = ftell(file);
	bytes = malloc((size_t)len);
	assert_non_null(bytes);
	rewind(file);
	assert_int_equal(fread(bytes, 1, (size_t)len, file), len);
	for (long i = 0; i + 26 < len; i++)
		if (memcmp(bytes + i, "entry number 7 of the test", 26) == 0)
			at = i;
	assert_true(at > 0);
	assert_int_equal(fseek(file, at + 3, SEEK_SET), 0);
	assert_int_equal(fputc(bytes[at + 3] ^ 1, file), bytes[at + 3] ^ 1);
	assert_int_equal(fclose(file), 0);
	free(bytes);
	assert_int_equal(try_open(f, false, &ledger), AL_EVERIFY);
}

static void who_may_open(void **state)
{
	struct fixture *f = *state;
	struct ledger *second;
	FILE *file;
	char text[32] = { 0 };

	assert_int_equal(try_open(f, false, &second), AL_ENOTFOUND);
	start(f, true);
	append(f, 0, 1);
	run(f);
	assert_int_equal(try_open(f, false, &second), AL_EAGAIN);
	assert_int_equal(try_open(f, true, &second), AL_EAGAIN);
	stop(f);
	assert_int_equal(try_open(f, true, &second), AL_EEXIST);
	tamper(f, "PRAGMA user_version = 4");
	assert_int_equal(try_open(f, false, &second), AL_EUNSUPPORTED);
	tamper(f, "PRAGMA user_version = 3; PRAGMA application_id = 1");
	assert_int_equal(try_open(f, false, &second), AL_EUNSUPPORTED);
	file = fopen(f->path, "w");
	assert_non_null(file);
	assert_true(fputs("this is no database at all", file) >= 0);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(try_open(f, false, &second), AL_EUNSUPPORTED);
	file = fopen(f->path, "r");
	assert_non_null(file);
	assert_non_null(fgets(text, sizeof(text), file));
	assert_int_equal(fclose(file), 0);
	assert_string_equal(text, "this is no database at all");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(append_commit_reopen),
		TEST(one_sync_for_many),
		TEST(compare_and_set),
		TEST(proofs),
		TEST(reads),
		TEST(full_disk),
		TEST(failing_sync),
		TEST(close_finishes_the_queue),
		TEST(damage_found_at_the_opening),
		TEST(a_flipped_bit_in_the_file),
		TEST(who_may_open),
	};

	return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, shim_setup, NULL);
}
