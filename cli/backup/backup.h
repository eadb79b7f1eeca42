/* SPDX-License-Identifier: MIT */
/*
 * backup.h -- what a backup consists of (docs/operations.md): the log as tiles, and what is private in one file.
 *
 *   TO/log/             the published log (c2sp.org/tlog-tiles); grows with each backup
 *   TO/private.sealed   configuration, keys, contact texts, DNS and route-origin state (seal.h)
 *   TO/private.tar      the same, in the clear: --plain, or --no-keys
 *   TO/lock             one backup at a time
 */
#ifndef CLI_BACKUP_H
#define CLI_BACKUP_H

#include <limits.h>

#include "alamo/base/buf.h"
#include "alamo/tlog/note.h"

#define BACKUP_LOG "log"
#define BACKUP_SEALED "private.sealed"
#define BACKUP_PLAIN "private.tar"

/* The authority, of its alamo.conf. */
struct backup_authority {
	const char *dir;
	char ledger[PATH_MAX];
	char side[PATH_MAX];    /* run/side */
	char stream[PATH_MAX];  /* socket */
	char publish[PATH_MAX]; /* folder of the published log, or empty */
	struct al_vkey key;
};
/* An exit code; what is wrong is said. */
int backup_authority(const char *dir, struct backup_authority *out);

struct backup_log {
	uint64_t before; /* entries that the copy had */
	struct al_checkpoint head;
};
/* Brings the copy in `to` up to the present of the running registry and reads all of it again. An exit code. */
int backup_log_take(const struct backup_authority *authority, const char *to, struct backup_log *out);

/* What is private, as a tar file appended to `out`; without `keys`, nothing of keys/. An exit code. */
int backup_private_take(const struct backup_authority *authority, bool keys, struct al_buf *out);
/* Unpacks it into `dir`. An exit code. */
int backup_private_put(struct al_slice tar, const char *dir);

/* The first line of the file, at least SEAL_PASSPHRASE_MIN bytes; an exit code. */
int backup_passphrase(const char *path, struct al_buf *out);

#endif
