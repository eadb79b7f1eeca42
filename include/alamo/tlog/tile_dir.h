/* SPDX-License-Identifier: MIT */
/*
 * tile_dir.h -- a directory with the published log (c2sp.org/tlog-tiles):
 * `checkpoint` and `tile/`, as any web server can offer them.
 *
 * Files appear whole (written aside, renamed). The checkpoint is replaced
 * last, when everything it speaks of is on the disk. A partial tile stays until
 * its full tile is there and no longer belongs to one of the newest checkpoints.
 *
 * One writer a directory; readers need no handle, may be other threads or
 * processes. All calls block on the disk: keep them off event loops, but for
 * al_tile_dir_read() of files that are as good as always cached.
 */
#ifndef ALAMO_TILE_DIR_H
#define ALAMO_TILE_DIR_H

#include "alamo/tlog/note.h"
#include "alamo/tlog/tile.h"

struct al_tile_dir;

/*
 * Opens or makes `path`. What is there is taken over if the checkpoint is
 * signed by `key`, every file of its size is there in a fitting length and the
 * right edge gives its root; otherwise the directory begins at size 0 again,
 * without a checkpoint (logged). Leftovers are removed.
 */
AL_MUST_USE enum al_err al_tile_dir_open(const char *path, const struct al_vkey *key, struct al_tile_dir **out);
void al_tile_dir_close(struct al_tile_dir *dir); /* NULL is allowed */

uint64_t al_tile_dir_size(const struct al_tile_dir *dir); /* entries taken, published or not */
/* The tree's right edge at that size, for a follower that goes on from here. */
void al_tile_dir_edge(const struct al_tile_dir *dir, struct al_edge *out);
/* Takes the next entry; full tiles are written as they come. */
AL_MUST_USE enum al_err al_tile_dir_add(struct al_tile_dir *dir, struct al_slice entry);
/*
 * Publishes `note`: partial tiles, then everything to the disk, then the
 * checkpoint. The checkpoint alone when it is the published one with other
 * signature lines. AL_EVERIFY when it is not the signed checkpoint of exactly the
 * entries taken. After this or any AL_EIO of add or publish the handle is of
 * no more use: close it and open again.
 */
AL_MUST_USE enum al_err al_tile_dir_publish(struct al_tile_dir *dir, struct al_slice note);

/* The log goes on under this key, whose past has the one of before. */
void al_tile_dir_key(struct al_tile_dir *dir, const struct al_vkey *key);

/* The published note, appended. AL_ENOTFOUND, AL_ELIMIT, AL_EIO. */
AL_MUST_USE enum al_err al_tile_dir_note(const char *path, struct al_buf *note);
/*
 * One file's bytes, appended. A partial tile whose file is gone is cut from
 * the full one, or from the partial one of a tree of `size`, so that the tiles
 * of every checkpoint ever made can be had. AL_ENOTFOUND, AL_EIO.
 */
AL_MUST_USE enum al_err al_tile_dir_read(const char *path, const struct al_tile *tile, uint64_t size,
					 struct al_buf *out);

/* An entry as it stands in a bundle. Anything but AL_OK ends the walk and is its result. */
typedef enum al_err (*al_tile_visit_fn)(void *arg, uint64_t index, struct al_slice entry);
/*
 * Entries from `from` on up to the size of the published note, which is appended to `note` and is signed by `key`.
 * Whether they give its root is for the caller to find out. AL_ESTALE: the note's size is below `from`. AL_EVERIFY: not
 * signed by the key, or a bundle is no bundle. AL_ENOTFOUND: a file is missing. AL_EIO.
 */
AL_MUST_USE enum al_err al_tile_dir_walk(const char *path, const struct al_vkey *key, uint64_t from,
					 al_tile_visit_fn visit, void *arg, struct al_buf *note);
/* All entries give the root of the note, *out. Results as above; AL_EVERIFY: they do not. */
AL_MUST_USE enum al_err al_tile_dir_verify(const char *path, const struct al_vkey *key, struct al_checkpoint *out);

#endif
