/* SPDX-License-Identifier: MIT */
/*
 * fresh.h -- how old is what we follow? Pure: no clock of its own.
 *
 * A log dates its newest checkpoint once a minute, whether or not anything happened. A date that is newer than any
 * before is a sign of life, and so is one that our own clock agrees with. The age is the time since the last sign:
 * by a clock that only counts, so that a wrong date on our side neither makes old data young nor young data old. Over
 * a restart it goes on from the time at which the program wrote down what it had seen, by the same clock both times.
 */
#ifndef COMMON_FRESH_H
#define COMMON_FRESH_H

#include "alamo/base/slice.h"

struct fresh {
	uint64_t stale_ms;  /* the age that is too much */
	uint64_t date;      /* newest, Unix seconds; 0: this log dates nothing */
	uint64_t sign_ms;   /* the last sign of life came then, */
	uint64_t before_ms; /* and was so old already */
};

void fresh_init(struct fresh *fresh, uint64_t stale_s, uint64_t now_ms);
/* What an earlier run remembered: this date, written down `age_s` ago. */
void fresh_remember(struct fresh *fresh, uint64_t date, uint64_t age_s);
/* A date that verified; `now_s` by our own clock. True: a sign of life. */
bool fresh_hear(struct fresh *fresh, uint64_t date, uint64_t now_ms, uint64_t now_s);
/* A longer log. A sign of life as long as it dates nothing: then there is no other. */
void fresh_grow(struct fresh *fresh, uint64_t now_ms);
/* Seconds since the last sign of life. */
uint64_t fresh_silent_s(const struct fresh *fresh, uint64_t now_ms);
/* The same, or how long ago the date is by our own clock, if that is more: wrong, or kept from us. */
uint64_t fresh_age_s(const struct fresh *fresh, uint64_t now_ms, uint64_t now_s);
bool fresh_is_stale(const struct fresh *fresh, uint64_t now_ms, uint64_t now_s);

#endif
