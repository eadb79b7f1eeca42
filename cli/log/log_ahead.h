/* SPDX-License-Identifier: MIT */
/*
 * log_ahead.h -- entries of a log that is read, some of whose work threads do ahead of their turn (alamo/base/ahead.h).
 */
#ifndef CLI_LOG_AHEAD_H
#define CLI_LOG_AHEAD_H

#include "audit.h"
#include "log_read.h"

/* Before the reading runs: it is an audit's. */
void log_ahead_audit(struct log_read *read);
/* In entry(): audit_entry() of it. */
AL_MUST_USE enum al_err log_ahead_audited(struct log_read *read, struct audit *audit, struct al_slice bytes);

/* ---- for log_read.c ---- */

struct log_ahead;

/* `read` has ahead(), and stays where it is. */
AL_MUST_USE enum al_err log_ahead_new(struct log_read *read, struct log_ahead **out);
void log_ahead_free(struct log_ahead *ahead); /* what no entry() had is unmade; NULL is allowed */
/* A copy of `bytes`, for read->entry() in its turn, from here or from a later call. What entry() refused ends it: the same again and again. */
AL_MUST_USE enum al_err log_ahead_put(struct log_ahead *ahead, uint64_t index, struct al_slice bytes);
/* entry() has had all that was put. */
AL_MUST_USE enum al_err log_ahead_settle(struct log_ahead *ahead);

#endif
