/* SPDX-License-Identifier: MIT */
/*
 * test_bitflip.c -- one bit of the ledger's files turned over.
 *
 * In the file: opening reports an error or, when nothing reads the bit, shows
 * exactly the same entries and checkpoints, and goes on with them. In the WAL
 * that a killed process has left: an error, or the history up to a commit before
 * the damage, whole. That some of it is missing only somebody who remembers the
 * size can tell.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <sodium.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alamo/base/log.h"
#include "ledger_rig.h"
#include "ledger/ledger_writer.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define THIN 8 /* so many times fewer flips */
#else
#define THIN 1
#endif
#define HEADER_BITS 800 /* the file's own header: each of them */
#define FLIPS 3000
#define WAL_FLIPS 1500
#define COMMITS 24
#define PAGE 4096
#define SEED 271828

struct files {
	char wal_path[128];
	uint8_t *main;
	size_t main_len;
	uint8_t *wal;
	size_t wal_len;
};

struct counts {
	size_t refused;
	size_t same;
	size_t shortened;
	size_t stuck; /* opened, and an append was refused */
};

static enum al_err hash_note(void *arg, uint64_t size, struct al_slice note)
{
	crypto_hash_sha256_state *sha = arg;

	(void)crypto_hash_sha256_update(sha, (const unsigned char *)&size, sizeof(size));
	(void)crypto_hash_sha256_update(sha, (const unsigned char *)note.ptr, note.len);
	return AL_OK;
}

/* Over all stored checkpoints. */
static struct al_hash notes_hash(const struct rig *rig)
{
	crypto_hash_sha256_state sha;
	struct al_hash out;

	(void)crypto_hash_sha256_init(&sha);
	assert_int_equal(rig->ledger->engine->ops->each_note(rig->ledger->engine, hash_note, &sha), AL_OK);
	(void)crypto_hash_sha256_final(&sha, out.b);
	return out;
}

static void sql(const char *path, const char *text)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, text, NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static void flip(struct rig *rig, const struct files *files, uint8_t *bytes, uint64_t bit)
{
	bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
	assert_true(powercut_write(rig->path, files->main, files->main_len));
	assert_true(powercut_write(files->wal_path, files->wal, files->wal_len));
	bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
}

/* ---- the file ---- */

static void file_flip(struct rig *rig, const struct files *files, const struct al_hash *notes, uint64_t bit,
		      struct counts *counts)
{
	const struct rig model = *rig;
	struct al_hash found;
	enum rig_verdict verdict;

	flip(rig, files, files->main, bit);
	verdict = rig_check(rig);
	counts->refused += verdict == RIG_UNREADABLE;
	counts->same += verdict == RIG_SOUND;
	if (verdict == RIG_SOUND) {
		found = notes_hash(rig);
		assert_true(al_hash_eq(&found, notes));
		counts->stuck += !rig_append(rig, 3);
		rig_close(rig);
		verdict = rig_check(rig);
	}
	if (verdict != RIG_SOUND && verdict != RIG_UNREADABLE)
		print_error("bit %llu of byte %llu: verdict %d\n", (unsigned long long)bit % 8,
			    (unsigned long long)bit / 8, (int)verdict);
	assert_true(verdict == RIG_SOUND || verdict == RIG_UNREADABLE);
	rig_close(rig);
	rig->acked = model.acked;
	rig->released = model.released;
	rig->try_count = 0;
}

/* Every bit of the header, then as many in the heads of pages as anywhere. */
static uint64_t file_bit(struct rig *rig, size_t turn, size_t len)
{
	uint64_t pages = len / PAGE;

	if (turn < HEADER_BITS)
		return turn;
	if (turn % 2 == 0)
		return powercut_below(&rig->random, pages) * PAGE * 8 + powercut_below(&rig->random, 16 * 8);
	return powercut_below(&rig->random, len * 8);
}

static void in_the_file(void **state)
{
	struct files files = { .wal = NULL };
	struct counts counts = { 0 };
	struct al_hash notes;
	struct rig rig;

	(void)state;
	assert_true(rig_init(&rig, SEED));
	(void)snprintf(files.wal_path, sizeof(files.wal_path), "%s-wal", rig.path);
	powercut_reset(SEED, &(struct powercut_settings){ 0 });
	assert_int_equal(rig_open(&rig, true), AL_OK);
	for (int i = 0; i < COMMITS; i++)
		assert_true(rig_append(&rig, rig_batch(&rig)));
	notes = notes_hash(&rig);
	rig_close(&rig);
	/* Pages that are free. */
	sql(rig.path, "CREATE TABLE scrap (x); INSERT INTO scrap VALUES (randomblob(40000)); DROP TABLE scrap;");
	files.main = powercut_read(rig.path, &files.main_len);
	assert_non_null(files.main);
	for (size_t i = 0; i < FLIPS; i += THIN)
		file_flip(&rig, &files, &notes, file_bit(&rig, i, files.main_len), &counts);
	print_message("%zu bytes: %zu flips refused, %zu without effect (after %zu of them nothing can be added)\n",
		      files.main_len, counts.refused, counts.same, counts.stuck);
	assert_true(counts.refused > FLIPS / THIN / 4 && counts.same > 0);
	free(files.main);
	rig_release(&rig);
}

/* ---- the WAL ---- */

struct commit_end {
	uint64_t size; /* of the log */
	size_t wal_len;
};

static void wal_flip(struct rig *rig, const struct files *files, const struct commit_end ends[static COMMITS],
		     uint64_t bit, struct counts *counts)
{
	const struct rig model = *rig;
	enum al_err err;
	bool whole = false;
	uint64_t size;

	flip(rig, files, files->wal, bit);
	err = rig_open(rig, false);
	if (err != AL_OK) {
		counts->refused++;
		return;
	}
	size = ledger_head(rig->ledger, NULL).size;
	for (int i = 0; i < COMMITS; i++) {
		whole = whole || size == ends[i].size;
		/* What lies before the damage is all there. */
		assert_true(ends[i].wal_len > bit / 8 || size >= ends[i].size);
	}
	assert_true(whole || size == 0);
	counts->same += size == model.acked;
	counts->shortened += size < model.acked;
	rig->acked = size;
	rig->released.size = 0;
	assert_int_equal(rig_compare(rig), RIG_SOUND);
	rig_close(rig);
	rig->acked = model.acked;
	rig->released = model.released;
}

static void in_the_wal(void **state)
{
	struct files files = { .main = NULL };
	struct commit_end ends[COMMITS];
	struct counts counts = { 0 };
	struct rig rig;

	(void)state;
	assert_true(rig_init(&rig, SEED));
	(void)snprintf(files.wal_path, sizeof(files.wal_path), "%s-wal", rig.path);
	powercut_reset(SEED, &(struct powercut_settings){ 0 });
	assert_int_equal(rig_open(&rig, true), AL_OK);
	for (int i = 0; i < COMMITS; i++) {
		assert_true(rig_append(&rig, 1 + (size_t)i % 5));
		free(powercut_read(files.wal_path, &ends[i].wal_len));
		ends[i].size = rig.acked;
		assert_true(i == 0 || ends[i].wal_len > ends[i - 1].wal_len);
	}
	files.main = powercut_read(rig.path, &files.main_len);
	files.wal = powercut_read(files.wal_path, &files.wal_len);
	assert_non_null(files.main);
	assert_non_null(files.wal);
	rig_close(&rig);
	rig.try_count = 0;
	for (size_t i = 0; i < WAL_FLIPS; i += THIN)
		wal_flip(&rig, &files, ends, powercut_below(&rig.random, files.wal_len * 8), &counts);
	print_message("%zu bytes: %zu flips refused, %zu without effect, %zu end the history before them\n",
		      files.wal_len, counts.refused, counts.same, counts.shortened);
	assert_true(counts.shortened > 0);
	free(files.main);
	free(files.wal);
	rig_release(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(in_the_file),
		cmocka_unit_test(in_the_wal),
	};

	if (!powercut_register())
		return 1;
	al_log_init("test_bitflip", AL_LOG_ERROR + 1); /* damage is logged each time */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
