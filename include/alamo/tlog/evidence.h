/* SPDX-License-Identifier: MIT */
/*
 * evidence.h -- what to keep when a log contradicts itself: both signed
 * notes, as files that anybody can verify later.
 *
 * A file is called SIZE-HASH.note: the checkpoint's size, and the first 16
 * hex digits of the SHA-256 of the note's bytes. The same note is kept once.
 */
#ifndef ALAMO_EVIDENCE_H
#define ALAMO_EVIDENCE_H

#include "alamo/tlog/note.h"

#define AL_EVIDENCE_TEXT_MAX 1024
#define AL_EVIDENCE_FILES_MAX 512 /* in one directory: whoever floods us with forks does not fill the disk */

#define AL_EVIDENCE_FORK "two histories under one key"

/*
 * Keep both notes below `dir` (made if missing), synced to the disk, and say
 * in `text` (one line, after `what`) which checkpoints they are and where they are kept: that
 * line is for the log or the terminal, whatever the result. Notes may be of
 * any origin; that they verify is the caller's knowledge. AL_ELIMIT: the
 * directory is full. AL_EIO: the reason is in the text.
 */
AL_MUST_USE enum al_err al_evidence_keep(const char *dir, const char *what, struct al_slice ours,
					 struct al_slice theirs, char text[static AL_EVIDENCE_TEXT_MAX]);

#endif
