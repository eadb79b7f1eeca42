/* SPDX-License-Identifier: MIT */
/*
 * save.h -- a file that is replaced whole: written aside ("NAME.new"), renamed.
 * A reader sees the old bytes or the new ones, never a part. Any thread.
 */
#ifndef ALAMO_SAVE_H
#define ALAMO_SAVE_H

#include "alamo/base/slice.h"

enum al_save {
	AL_SAVE_SEEN,   /* for readers: the power may take it back, or leave it empty */
	AL_SAVE_SYNCED, /* AL_OK: the bytes and the name are on the disk; waits for it */
};

/*
 * `mode` holds whatever the umask. AL_ELIMIT: the path is too long. AL_EIO: errno
 * says why; the old file stays, and what was written aside is gone.
 */
AL_MUST_USE enum al_err al_save(const char *path, struct al_slice bytes, unsigned mode, enum al_save how);
/* Of a name below an open directory. */
AL_MUST_USE enum al_err al_save_at(int dirfd, const char *name, struct al_slice bytes, unsigned mode, enum al_save how);

/* All of it, over interruptions and short writes. False: errno says why. */
bool al_write_all(int fd, struct al_slice bytes);

#endif
