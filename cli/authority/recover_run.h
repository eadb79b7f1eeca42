/* SPDX-License-Identifier: MIT */
/*
 * recover_run.h -- alamo-registryd brings a ledger forward; only that opens one.
 */
#ifndef CLI_RECOVER_RUN_H
#define CLI_RECOVER_RUN_H

/*
 * `from`: numeric HOST:PORT or socket of a log stream, or a folder with a published log. `side` (may be NULL): what
 * was beside the log (run/side of a backup). An exit code, or RECOVER_INTERRUPTED: somebody pressed Ctrl-C.
 */
#define RECOVER_INTERRUPTED (-1)
int recover_run(const char *dir, const char *from, const char *side);

#endif
