/* SPDX-License-Identifier: MIT */
/*
 * recover_run.h -- alamo-registryd brings a ledger forward; only that opens one. It tells how far it is, and we show it.
 */
#ifndef CLI_RECOVER_RUN_H
#define CLI_RECOVER_RUN_H

/*
 * `what`: under which name progress is shown. `from`: numeric HOST:PORT or socket of a log stream, or a folder with a
 * published log. `side` (may be NULL): what was beside the log (run/side of a backup). An exit code, or
 * RECOVER_INTERRUPTED: SIGINT or SIGTERM ended it, which it gets when we do.
 */
#define RECOVER_INTERRUPTED (-1)
int recover_run(const char *what, const char *dir, const char *from, const char *side);

#endif
