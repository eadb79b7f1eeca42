/*
 * supervise.h -- keep a set of daemons running until a signal says stop.
 *
 * The first program starts alone; the others once it is ready. One that dies
 * is started again after 50 ms, doubling to 5 s while it keeps dying. One that
 * exits by itself before it was ever ready ends everything: its configuration
 * is wrong and starting it again would not mend that.
 */
#ifndef CLI_SUPERVISE_H
#define CLI_SUPERVISE_H

#include "alamo/base/base.h"

#define SUPERVISE_MAX 8

/*
 * `dir` has alamo.conf and run/. Writes run/PROGRAM.pid and run/endpoints;
 * prints one line an endpoint and "ready" on standard output when all are up.
 * Returns an exit code of the program.
 */
int supervise(const char *dir, const char *const programs[], size_t count);

#endif
