/* SPDX-License-Identifier: MIT */
/*
 * past.h -- the registry as it was: a state and an index at an earlier size of the log, with the root that the log had then.
 *
 * There is one for all who ask. It is read out of the history, forward: a question of the same size finds it there, one of
 * a later size goes on from it, one of an earlier size begins anew. A version read costs some microseconds and, while it is
 * kept, the memory of its object; sixty seconds after the last question all of it is given back. Any thread may ask,
 * as long as nothing changes meanwhile in the present (share.h).
 */
#ifndef WHOIS_PAST_H
#define WHOIS_PAST_H

#include "lookup.h"

struct whois_past;

#define WHOIS_PAST_KEEP_S 60u
#define WHOIS_PAST_LOST_S 5u  /* after which one who was on his way, and did not ask again, is taken to be gone */
#define WHOIS_PAST_PIECE 200u /* versions in one piece of work */

/* `most`: versions that are read for one question; a moment behind more of them is refused. 0: every one. */
AL_MUST_USE enum al_err whois_past_new(uint64_t most, struct whois_past **out);
void whois_past_free(struct whois_past *past); /* NULL is allowed */
/* Sets *size to that of the moment. The view has history and entries, or AL_EUNSUPPORTED. AL_ENOTFOUND: before the log, or behind it. AL_ELIMIT: too many versions. */
AL_MUST_USE enum al_err whois_past_size(const struct whois_past *past, const struct whois_view *present,
					struct al_moment moment, uint64_t *size);
/* The number of whois_error_text() for what could not be told of the past; 0: "internal error". */
unsigned whois_past_number(enum al_err err);
/*
 * One piece of work towards that size, for `who`; AL_EAGAIN: there is more, or another is at it. AL_OK: *view is of that
 * size, and nobody else's, until whois_past_done().
 */
AL_MUST_USE enum al_err whois_past_step(struct whois_past *past, const struct whois_view *present, uint64_t size,
					const void *who, struct whois_view *view);
void whois_past_done(struct whois_past *past); /* after AL_OK */
/* After AL_OK instead: *view stays as it is and is read without a lock, and others wait, until he leaves. For bounded work. */
void whois_past_keep(struct whois_past *past, const void *who);
void whois_past_leave(struct whois_past *past, const void *who); /* he does not wait, or keep it, any more */
void whois_past_tick(struct whois_past *past);                   /* once a second */

#endif
