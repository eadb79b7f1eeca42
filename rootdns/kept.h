/* SPDX-License-Identifier: MIT */
/*
 * kept.h -- small files that must be whole or not there: keys, serials,
 * anchors. Failures are logged with the file's name.
 */
#ifndef ROOTDNS_KEPT_H
#define ROOTDNS_KEPT_H

#include <sys/stat.h>

#include "alamo/base/buf.h"

/* The folder and those above it, 0700. */
AL_MUST_USE enum al_err kept_dir(const char *dir);
/* Atomic: the name shows the old file or the whole new one, which is on the disk. */
AL_MUST_USE enum al_err kept_put(const char *dir, const char *name, mode_t mode, const void *bytes, size_t len);
/* The file's bytes (`name` NULL: of the file `dir`), appended to `out`. AL_ENOTFOUND, AL_ELIMIT over out->max, AL_ESYS. */
AL_MUST_USE enum al_err kept_get(const char *dir, const char *name, struct al_buf *out);
/* The same in pieces: begin, write, end. kept_end() frees the file, and drops it unless `err` is AL_OK. */
struct kept_file;
AL_MUST_USE enum al_err kept_begin(const char *dir, const char *name, mode_t mode, struct kept_file **out);
AL_MUST_USE enum al_err kept_write(struct kept_file *file, const void *bytes, size_t len);
AL_MUST_USE enum al_err kept_end(struct kept_file *file, enum al_err err);
/* A secret of `len` bytes (at most KEPT_SECRET_MAX), as a line of hex digits; made when there is none. AL_EINVAL: damaged. */
#define KEPT_SECRET_MAX 64
AL_MUST_USE enum al_err kept_secret(const char *dir, const char *name, uint8_t *secret, size_t len);
/* AL_ESYS, with errno in the log. */
enum al_err kept_failed(const char *call, const char *path);

#endif
