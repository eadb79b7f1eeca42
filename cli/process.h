/* SPDX-License-Identifier: MIT */
/*
 * process.h -- run another program with bytes in and bytes out, no shell.
 */
#ifndef CLI_PROCESS_H
#define CLI_PROCESS_H

#include "alamo/base/buf.h"

/*
 * Starts argv[0] (PATH is searched), writes `input` to it and appends its
 * standard output to `output` (NULL: ours). Its standard error is ours; with
 * `merge`, it goes to `output` too. *status is the exit code, 128 + N for
 * signal N, 127 when it could not be started. AL_ENOTFOUND: there is no such
 * program. AL_ESYS: no pipe, no process.
 */
AL_MUST_USE enum al_err process_run(const char *const argv[], struct al_slice input, bool merge, struct al_buf *output,
				    int *status);

/* The same for a line of at most 16 words with blanks between them; no shell reads it. Its output is ours. AL_EINVAL: no word, or too much. */
AL_MUST_USE enum al_err process_run_line(const char *line, struct al_slice input, int *status);

#endif
