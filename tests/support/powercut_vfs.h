/* SPDX-License-Identifier: MIT */
/*
 * powercut_vfs.h -- a disk in memory under SQLite's name for the default VFS,
 * which loses power, fills up or fails at a chosen operation.
 *
 * Of every file it keeps what was synced and what was only written, and of the
 * directory which names were synced. A cut keeps, loses, tears, zeroes or fills
 * with noise each written sector by chance, one independent of the other (so in
 * any order), and lets names that were not synced come back or go. After a sync
 * that failed, the next one that succeeds does not make up for it, as on Linux:
 * the pages count as clean although some never reached the disk.
 *
 * One disk a process. Operations are opens that make a file, writes, syncs,
 * truncations and deletions; numbers count from 1, from the call that names
 * one. SQLite's calls may come from any thread, these from one thread while
 * none is under way.
 */
#ifndef SUPPORT_POWERCUT_VFS_H
#define SUPPORT_POWERCUT_VFS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define POWERCUT_SECTOR 512
#define POWERCUT_FOR_EVER UINT64_MAX

/* What each connection is opened with. */
struct powercut_settings {
	bool sync_off;      /* synchronous=OFF, and who asks for another is not heard */
	bool whole_sectors; /* writing a part of a sector may damage all of it */
};

enum powercut_failure {
	POWERCUT_FULL, /* no space: a write stops half way */
	POWERCUT_EIO,
};

/* Once, before anything else of SQLite. False: it could not be. */
bool powercut_register(void);
/* An empty disk; no file may be open. All chance comes from `seed`. */
void powercut_reset(uint64_t seed, const struct powercut_settings *settings);
/* Other settings, for connections from now on. */
void powercut_set(const struct powercut_settings *settings);
/* The operation at which the power goes: neither it nor a later one succeeds. 0: none. */
void powercut_arm(uint64_t op);
bool powercut_is_off(void);
/* Cuts, if it has not happened, and restores the power: the disk is as it would be found. No file may be open. */
void powercut_restore(void);
/* `count` operations from the op-th on fail; with `reads`, reads are operations too. op 0: none. */
void powercut_fail(uint64_t op, uint64_t count, enum powercut_failure how, bool reads);
/* Operations that failed so since powercut_reset(). */
uint64_t powercut_failures(void);
/* A copy of a file's present bytes, for free(); NULL: there is none. */
uint8_t *powercut_read(const char *path, size_t *len);
/* Puts such bytes there, synced. NULL removes the file. False: no memory, or too many files. */
bool powercut_write(const char *path, const uint8_t *bytes, size_t len);
/* Frees everything. */
void powercut_release(void);

/* The next number of a sequence, the same for the same start. */
uint64_t powercut_random(uint64_t *state);
/* Below `bound`, which is not 0. */
uint64_t powercut_below(uint64_t *state, uint64_t bound);

#endif
