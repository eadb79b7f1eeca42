/* SPDX-License-Identifier: MIT */
/*
 * name_sync.h -- a new file's name survives a power cut as well as its bytes.
 */
#ifndef REGISTRY_NAME_SYNC_H
#define REGISTRY_NAME_SYNC_H

#include "alamo/base/base.h"

/* The folder that `path` is in is on the disk. AL_ELIMIT: the path is too long; AL_EIO: errno says why. */
AL_MUST_USE enum al_err name_sync(const char *path);

#endif
