/* SPDX-License-Identifier: MIT */
/*
 * outlet.h -- somebody who is told of events, in their order and each until he has taken it.
 *
 * A bounded queue, a thread that gives, and a file that remembers what was taken: after a restart it goes on there. An
 * event may be given twice (the answer, or our power, was lost behind it), and none is left out. The log is the queue
 * that has no bound: who takes nothing for so long that ours is full is told of the rest when the log is read again.
 */
#ifndef CLI_OUTLET_H
#define CLI_OUTLET_H

#include "alamo/base/buf.h"

#define OUTLET_EVENTS 256        /* that wait, at most */
#define OUTLET_BYTES (16u << 20) /* of them, if there is more than one */
#define OUTLET_ASKED_MAX 16      /* requests whose outcome is told */
#define OUTLET_BACKOFF_MS 1000u  /* after the first failure; doubled with each */
#define OUTLET_BACKOFF_MAX 300000u

struct outlet;

struct outlet_conf {
	const char *name; /* "webhook": the file in `dir` */
	const char *whom; /* for messages: a command, a URL */
	/* In the outlet's thread. False: not taken, and said why; again later. */
	bool (*give)(void *arg, struct al_slice event);
	void *arg;
	const char *dir;       /* NULL: nothing is remembered */
	const char *log, *mnt; /* whose events these are: a file about others is refused */
	uint64_t since;        /* where it begins when nothing is remembered */
	bool once;             /* one try for each; without a memory the next one is tried all the same */
};

/* An exit code; said. The strings of `conf` are borrowed. */
int outlet_open(const struct outlet_conf *conf, struct outlet **out);

/* The next entry of the log that it is to be told of. */
uint64_t outlet_next(struct outlet *o);
/*
 * One event, copied; entries come in the order of the log, and those that it had are passed over. Waits for room
 * while it takes what it is given.
 */
void outlet_put(struct outlet *o, uint64_t index, struct al_slice event);
/* The same for the outcome of a request, by its 64 digits. */
void outlet_put_request(struct outlet *o, const char *hash, struct al_slice event);
/* Was it told of the outcome, or is about to be? */
bool outlet_has_request(struct outlet *o, const char *hash);
/* It takes again, and has taken all that waited; but events were passed over meanwhile. */
bool outlet_behind(struct outlet *o);
/* The log is read again from outlet_next() on. */
void outlet_again(struct outlet *o);
/* Gives what waits, trying each once more; NULL is allowed. How many were not taken, which is said. */
uint64_t outlet_close(struct outlet *o);

#endif
