/* SPDX-License-Identifier: MIT */
/*
 * dir.h -- a directory that one process owns at a time.
 */
#ifndef MIRROR_DIR_H
#define MIRROR_DIR_H

#include "alamo/base/base.h"

/* Makes `path` if it is missing and locks PATH/lock. AL_EAGAIN: another process has it. *fd: close it to let go. */
AL_MUST_USE enum al_err dir_take(const char *path, int *fd);
/* "DIR/NAME"; AL_ELIMIT. */
AL_MUST_USE enum al_err dir_path(const char *dir, const char *name, char *out, size_t cap);

#endif
