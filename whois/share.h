/* SPDX-License-Identifier: MIT */
/*
 * share.h -- what the threads that answer have in common with the one that follows the log.
 *
 * State, index, history and head are one, and are changed in place by one thread, the writer: between begin and end,
 * which is all that one verified head brings. Whoever answers on another thread reads them for one piece of work
 * (job.h) at a time, between read and unread. So a piece sees one size of the log, and the writer waits for the pieces
 * at hand only: once he waits nobody begins another. The writer's own thread reads as it likes.
 *
 * The rest are bounds that hold for all of them together.
 */
#ifndef WHOIS_SHARE_H
#define WHOIS_SHARE_H

#include <pthread.h>
#include <stdatomic.h>

#include "alamo/base/base.h"

#define WHOIS_EXPANSIONS_MAX 4 /* at a time; each may hold some ten megabytes */

struct whois_share {
	pthread_rwlock_t lock;
	char apart[64];        /* a cache line: what follows is read for each line, and seldom written */
	_Atomic size_t unsent; /* bytes of answers that wait, but for connections that have a few of them only */
	_Atomic unsigned expansions;
};

AL_MUST_USE enum al_err whois_share_new(struct whois_share **out);
void whois_share_free(struct whois_share *share); /* NULL is allowed */

/* The writer's. */
void whois_share_begin(struct whois_share *share);
void whois_share_end(struct whois_share *share);

/* Of any other thread. Not nested. */
void whois_share_read(struct whois_share *share);
void whois_share_unread(struct whois_share *share);

/* A place for one more expansion; false: all are taken. */
bool whois_share_expand(struct whois_share *share);
void whois_share_expanded(struct whois_share *share);

#endif
