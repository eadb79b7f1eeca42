/* SPDX-License-Identifier: MIT */
/*
 * loop.h -- one event base per thread, and a mailbox into it.
 *
 * Everything that touches a loop's events runs on the loop's thread; the only
 * call that other threads may make is al_loop_post().
 */
#ifndef ALAMO_LOOP_H
#define ALAMO_LOOP_H

#include "alamo/base/base.h"

struct event_base;
struct al_loop;
struct al_timer;

AL_MUST_USE enum al_err al_loop_new(struct al_loop **out);
void al_loop_free(struct al_loop *loop); /* undelivered posts are dropped */
struct event_base *al_loop_base(struct al_loop *loop);
void al_loop_run(struct al_loop *loop);  /* until al_loop_stop() */
void al_loop_stop(struct al_loop *loop); /* from the loop's own thread */
/* Run fn(arg) on the loop's thread, in order of posting. Thread-safe. AL_ENOMEM. */
AL_MUST_USE enum al_err al_loop_post(struct al_loop *loop, void (*fn)(void *arg), void *arg);
/* Takes the first such post back. False: there is none, or it is among those that are being run. From the loop's own thread. */
bool al_loop_unpost(struct al_loop *loop, void (*fn)(void *arg), const void *arg);

/* One-shot timer on the loop; set again to move it. fn may free the timer. */
AL_MUST_USE enum al_err al_timer_new(struct al_loop *loop, void (*fn)(void *arg), void *arg, struct al_timer **out);
void al_timer_free(struct al_timer *timer); /* NULL is allowed */
void al_timer_set(struct al_timer *timer, uint64_t ms);
void al_timer_clear(struct al_timer *timer);

uint64_t al_now_ms(void); /* monotonic */
uint64_t al_now_s(void);  /* wall clock, Unix seconds */

/* A thread that runs its own loop: start, then post to it; stop joins. */
struct al_worker;
AL_MUST_USE enum al_err al_worker_start(const char *name, struct al_worker **out);
struct al_loop *al_worker_loop(struct al_worker *worker);
void al_worker_stop(struct al_worker *worker); /* stops the loop, joins, frees */
/* The same in steps, for a loop that is filled before its thread runs, and emptied when that has ended. NULL is allowed. */
AL_MUST_USE enum al_err al_worker_new(struct al_worker **out);
AL_MUST_USE enum al_err al_worker_run(struct al_worker *worker, const char *name); /* borrows nothing */
void al_worker_halt(struct al_worker *worker);                                     /* joins, if it runs */
void al_worker_free(struct al_worker *worker);                                     /* halted, or never run */

#endif
