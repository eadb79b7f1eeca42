/* SPDX-License-Identifier: MIT */
/*
 * ahead.h -- work that threads do ahead of its turn: whoever put items in gets them back, done, in that order.
 *
 * One thread, the owner, puts in and takes out. An item is a struct of the caller's that begins with a struct al_ahead_item; it is the
 * queue's from put to take.
 */
#ifndef ALAMO_AHEAD_H
#define ALAMO_AHEAD_H

#include <stdbool.h>
#include <stddef.h>

#include "alamo/base/base.h"

struct al_ahead_item {
	/* private */
	struct al_ahead_item *next;
	size_t weight;
	bool done;
};

struct al_ahead;

struct al_ahead_ops {
	const char *name; /* of the threads; at most 15 bytes */
	/* On any of the threads, or the owner's. */
	void (*work)(void *arg, struct al_ahead_item *item);
	/* On any of the threads: there is something to take. Called again and again while that is so; no call of ours in it. NULL: none. */
	void (*ready)(void *arg);
	size_t most; /* weight that may wait for work; beyond it the owner works: who floods, waits */
};

#define AL_AHEAD_THREADS_MAX 8u
/* A good number of threads on so many cores (sysconf(_SC_NPROCESSORS_ONLN)): one is left to the owner, if there are more. At least 1. */
unsigned al_ahead_threads(long cores);

/*
 * `ops` and `arg` are borrowed. No threads: the owner does it all when it waits; more than AL_AHEAD_THREADS_MAX are so many.
 * AL_ESYS: a thread could not be started.
 */
AL_MUST_USE enum al_err al_ahead_new(unsigned threads, const struct al_ahead_ops *ops, void *arg,
				     struct al_ahead **out);
/* Nothing is begun any more, and the threads end; what was put in can be taken, done or not. */
void al_ahead_stop(struct al_ahead *ahead);
/* Stops; nothing is in it. NULL is allowed. */
void al_ahead_free(struct al_ahead *ahead);

/* `weight`: what it holds, as bytes. */
void al_ahead_put(struct al_ahead *ahead, struct al_ahead_item *item, size_t weight);
/* The oldest, if it is done; NULL: it is not, or there is none. After a stop: the oldest, whatever it is. */
struct al_ahead_item *al_ahead_take(struct al_ahead *ahead);
/* The oldest, worked on here if need be, waited for if another has it in hand; NULL: there is none. */
struct al_ahead_item *al_ahead_wait(struct al_ahead *ahead);

#endif
