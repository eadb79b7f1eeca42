/* SPDX-License-Identifier: MIT */
/*
 * moment.h -- what is known right now, for everybody who serves it: the set, the log's word for it, and how fresh that is.
 *
 * One owner (rpkid.c) changes it, on the loop's thread; all others look.
 */
#ifndef RPKI_LITE_MOMENT_H
#define RPKI_LITE_MOMENT_H

#include "alamo/tlog/note.h"

#include "vrp_delta.h"

struct moment {
	const struct vrp_set *set;         /* counted; NULL before the first */
	bool expired;                      /* too old to be given to anybody */
	const struct vrp_history *history; /* borrowed; leads to `set` */
	struct al_checkpoint cp;           /* newest that the set is known to be right for */
	struct al_buf note;                /* of it, signed; empty before the first */
	uint64_t shown_s;                  /* the set is what it is since then (Unix seconds); grows with every set */
	uint64_t fresh_s;                  /* last time at which this was the newest there is */
	int64_t clock_s;    /* Unix time less the clock that only counts, when both were looked at last */
	struct al_buf text; /* of the set, origin_set.h; empty: not asked for yet */
};

void moment_init(struct moment *moment);
void moment_release(struct moment *moment);

/* From now on `set` (a reference is taken), known to be right for `cp`, since `fresh_s`. */
void moment_show(struct moment *moment, const struct vrp_set *set, const struct vrp_history *history,
		 const struct al_checkpoint *cp, struct al_slice note, uint64_t fresh_s);
/* May anything be given out? */
bool moment_serves(const struct moment *moment);
/*
 * The last sign of life of the log is `silent_s` old: what is shown was the newest then. An open stream is no such sign;
 * whoever sits on it can leave the dates out.
 */
void moment_heard(struct moment *moment, uint64_t now_s, uint64_t silent_s);
/*
 * Looks at both clocks. When Unix time was set back, what seems to be of a time to come is as old as it was before, and does not
 * stay young until that time; when it was set ahead, the next sign of life says so.
 */
void moment_clock(struct moment *moment, uint64_t now_s, uint64_t now_ms);
/* The set's text, made when first asked for; valid until the set changes. AL_ENOTFOUND: no set yet. AL_ENOMEM, AL_ELIMIT. */
AL_MUST_USE enum al_err moment_text(struct moment *moment, struct al_slice *out);
/* It is not needed for now: at a million records it is more than all the rest. */
void moment_text_forget(struct moment *moment);

#endif
