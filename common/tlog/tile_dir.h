/* SPDX-License-Identifier: MIT */
/*
 * tile_dir.h -- what tile_dir.c (growing, resuming), tile_file.c (single files)
 * and tile_census.c (what there is) share. Private to them.
 */
#ifndef COMMON_TILE_DIR_H
#define COMMON_TILE_DIR_H

#include "alamo/tlog/tile_dir.h"

#define TILE_CHECKPOINT "checkpoint"

/* Replaces DIR/NAME at once; makes the folders above it. `sync`: the bytes are on the disk before. Logs AL_EIO. */
AL_MUST_USE enum al_err tile_file_write(int dirfd, const char *name, struct al_slice bytes, bool sync);
/* The whole file, appended, at most `max` bytes. AL_ENOTFOUND, AL_ELIMIT, AL_EIO. */
AL_MUST_USE enum al_err tile_file_read(int dirfd, const char *name, size_t max, struct al_buf *out);

/* AL_OK when all full tiles of a tree of `size` are there. Removes what belongs to no checkpoint. AL_EVERIFY, AL_ESYS. */
AL_MUST_USE enum al_err tile_census(const char *path, uint64_t size);
/* Removes all tiles. */
AL_MUST_USE enum al_err tile_clear(const char *path);

#endif
