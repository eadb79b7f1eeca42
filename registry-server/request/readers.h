/* SPDX-License-Identifier: MIT */
/*
 * readers.h -- threads that decode requests and verify their signatures:
 * most of the work of a request, and none of it needs the state.
 *
 * Requests come back on the loop in the order in which they were put in,
 * whichever thread had them, so what is decided first is what came first.
 */
#ifndef REGISTRY_READERS_H
#define REGISTRY_READERS_H

#include "alamo/net/loop.h"
#include "decision.h"

struct readers;

/*
 * decision_read() is done, with result `err`; `decision` is the callee's now.
 * AL_ECLOSED: readers_free() came first, nothing was looked at.
 */
typedef void (*readers_done_fn)(void *arg, struct decision *decision, enum al_err err);

/*
 * `threads` at least 1. Results come on `loop`, which lives longer than the
 * readers. `ns` is borrowed.
 */
AL_MUST_USE enum al_err readers_new(struct al_loop *loop, unsigned threads, struct al_slice ns, struct readers **out);
/* Joins the threads, then hands back what is left. The loop has run its last; NULL is allowed. */
void readers_free(struct readers *readers);
/*
 * Takes `decision` and a copy of `raw`; done() comes once, after this call
 * returned. With much queued the caller's own thread reads: who floods, waits.
 * AL_ENOMEM: nothing was taken.
 */
AL_MUST_USE enum al_err readers_put(struct readers *readers, struct decision *decision, struct al_slice raw,
				    readers_done_fn done, void *arg);
/* fn(arg) once all that was put in so far has come back. False: nothing is out (or no memory), and fn is not taken. */
bool readers_after(struct readers *readers, void (*fn)(void *arg), void *arg);

#endif
