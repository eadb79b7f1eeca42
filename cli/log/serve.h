/* SPDX-License-Identifier: MIT */
/*
 * serve.h -- what the commands share that stay and serve.
 */
#ifndef CLI_SERVE_H
#define CLI_SERVE_H

#include "alamo/net/loop.h"
#include "alamo/base/slice.h"

typedef enum al_err (*serve_bind_fn)(void *object, struct al_slice addr, uint16_t port, uint16_t *bound);

/* Binds to "ADDR:PORT" (port 0: any) and prints "endpoint NAME ADDR:PORT". An exit code. */
int serve_listen(serve_bind_fn bind, void *object, const char *address, const char *name);
/* Runs the loop until al_loop_stop(), SIGTERM or SIGINT. */
void serve_run(struct al_loop *loop);

#endif
