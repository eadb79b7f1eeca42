/* SPDX-License-Identifier: MIT */
/*
 * file.h -- whole files, directory trees and the place of our programs.
 */
#ifndef CLI_FILE_H
#define CLI_FILE_H

#include <stdbool.h>
#include <sys/types.h>

#include "alamo/base/buf.h"

/* Appends the file's bytes ("-": standard input), at most out->max; failures leave errno set. */
AL_MUST_USE enum al_err file_read(const char *path, struct al_buf *out);
/* Replaces the file at once (temporary file, rename); synced to disk. AL_ESYS with errno set. */
AL_MUST_USE enum al_err file_write(const char *path, struct al_slice bytes, mode_t mode);
/* Its time of last change, seconds; 0: there is none. */
time_t file_date(const char *path);
/*
 * Dates a file that others fetch and that replaces one dated `before`. If-Modified-Since (RFC 9110 section 13.1.3) and
 * rsync tell two versions by whole seconds: the date is later than `before`, and than whoever read that one up to now.
 */
bool file_date_after(const char *path, time_t before);
/* "DIR/NAME"; AL_ELIMIT. */
AL_MUST_USE enum al_err file_join(const char *dir, const char *name, char *out, size_t cap);
/* Removes everything below `dir`, and `dir` itself unless `keep`. Follows no links. */
void file_remove_tree(const char *dir, bool keep);
/* A program of ours: beside this one when it is there, else the bare name for PATH. */
AL_MUST_USE enum al_err file_program(const char *name, char *out, size_t cap);

#endif
