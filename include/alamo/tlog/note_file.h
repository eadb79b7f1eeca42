/* SPDX-License-Identifier: MIT */
/*
 * note_file.h -- one signed note in a file of its own: whole or not there.
 */
#ifndef ALAMO_NOTE_FILE_H
#define ALAMO_NOTE_FILE_H

#include "alamo/tlog/note.h"

/*
 * Replace the file (written aside, renamed). With `sync` AL_OK means that the
 * file and its name are on the disk. AL_EIO with errno set; the old file stays.
 */
AL_MUST_USE enum al_err al_note_save(const char *path, struct al_slice note, bool sync);
/* The file's bytes, appended to `out`. AL_ENOTFOUND, AL_ELIMIT over out->max, AL_EIO with errno set. */
AL_MUST_USE enum al_err al_note_load(const char *path, struct al_buf *out);

#endif
