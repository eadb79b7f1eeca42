/* SPDX-License-Identifier: MIT */
/*
 * progress.h -- how far long work is, on standard error: at a terminal one line that is written again and again,
 * elsewhere a line a minute, so that a log gets none of what is over before that.
 *
 * One at a time. At a terminal, what else is said on standard error ends the line first (command_fail()), and so does
 * Ctrl-C.
 */
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

#include "alamo/base/base.h"

#define PROGRESS_TEXT_MAX 320

struct progress {
	const char *what; /* "verify"; borrowed */
	const char *unit; /* "entries" */
	bool terminal;
	uint64_t from; /* units that were done before */
	uint64_t began_ms, shown_ms;
	bool shown; /* something was */
};

/* `done`: what was there already, of which no rate is made. */
void progress_begin(struct progress *p, const char *what, const char *unit, uint64_t done);
/* So much of it is done; `total` 0: nobody knows of how much. Cheap enough for each entry. */
void progress_step(struct progress *p, uint64_t done, uint64_t total);
/* It is over, well or not: the line is ended, if there is one. */
void progress_end(struct progress *p);
/* Ends the line, for something else that is said; NULL is not needed, and nothing to end is no harm. */
void progress_break(void);

/* ---- what is shown, and when, without a clock or a terminal ---- */

/* Is it time to show something? True at most five times a second at a terminal, once a minute elsewhere. */
bool progress_due(struct progress *p, uint64_t now_ms);
/* "verify: 300000 of 1000000 entries, 30 %, 25000/s, 28 s left" */
void progress_text(const struct progress *p, uint64_t done, uint64_t total, uint64_t now_ms,
		   char text[static PROGRESS_TEXT_MAX]);

#endif
