/* SPDX-License-Identifier: MIT */
/*
 * diff.h -- what changed between two texts, line by line, in unified form
 * without file names ("@@ -1,3 +1,4 @@" and three lines of context).
 */
#ifndef WHOIS_DIFF_H
#define WHOIS_DIFF_H

#include "alamo/base/buf.h"

/* AL_ENOMEM. Nothing is written when the texts are equal. */
AL_MUST_USE enum al_err whois_put_diff(struct al_slice from, struct al_slice to, struct al_buf *out);

#endif
