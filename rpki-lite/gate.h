/* SPDX-License-Identifier: MIT */
/*
 * gate.h -- lets the newest set out, or holds it back for a person to look at (origin_brake.h).
 *
 * A step is measured against the set that is served, and against one that was served up to GATE_WINDOW_S ago, so that
 * many small steps are not let through where one would be held. What is held is written to run/roa.held, logged as an error and counted; it goes out
 * when the operator says so (`alamo roa release`, which writes its serial to run/roa.release), when it has become
 * harmless again, or after [rpki] brake-seconds.
 */
#ifndef RPKI_LITE_GATE_H
#define RPKI_LITE_GATE_H

#include "vrp_set.h"

#define GATE_WINDOW_S 3600

struct gate_conf {
	char dir[4096];     /* of the two files */
	unsigned percent;   /* 100: nothing is held */
	uint64_t release_s; /* 0: never by itself */
};

struct gate;

AL_MUST_USE enum al_err gate_new(const struct gate_conf *conf, struct gate **out);
void gate_free(struct gate *gate);                                        /* NULL is allowed */
void gate_limit(struct gate *gate, unsigned percent, uint64_t release_s); /* from the next set on */
/* May `newest` be served instead of `served` (may be NULL)? Both times are monotonic seconds. */
bool gate_pass(struct gate *gate, const struct vrp_set *served, const struct vrp_set *newest, uint64_t now_s);
bool gate_holds(const struct gate *gate); /* ask again in a second */

#endif
