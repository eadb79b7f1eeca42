/* SPDX-License-Identifier: MIT */
/*
 * irrd.h -- IRRd's '!' commands.
 *
 *   A<len> LF data LF C LF     data; len counts its last LF
 *   C LF                       done, no data
 *   D LF                       no such key
 *   F text LF                  refused
 *   nothing                    "!!" and "!q"
 *
 * "!at SIZE|DATE" is ours: the look-ups that follow on the connection are of
 * that moment. Its answer names the log's size and root then, since those of
 * the commands have no place for it.
 */
#ifndef WHOIS_IRRD_H
#define WHOIS_IRRD_H

#include "dialogue.h"

/* `command` is what follows the '!'. The answer, or `job` has all of it. */
void whois_irrd(const struct whois_view *view, struct whois_dialogue *dialogue, struct al_slice command,
		struct whois_job *job, struct al_buf *out);
/* One piece of work; true: the answer is in `out`. */
bool whois_irrd_more(struct whois_job *job, struct al_buf *out);
/* A command that waits for the past: one piece of the way, or its answer. True: that is all. */
bool whois_irrd_past(struct whois_job *job, struct al_buf *out);
void whois_irrd_error(const char *text, struct al_buf *out);

#endif
