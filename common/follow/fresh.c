/* SPDX-License-Identifier: MIT */
/*
 * fresh.c -- see fresh.h.
 */
#include "fresh.h"

#define SECOND_MS 1000u

void fresh_init(struct fresh *fresh, uint64_t stale_s, uint64_t now_ms)
{
	*fresh = (struct fresh){ .stale_ms = stale_s * SECOND_MS, .sign_ms = now_ms };
}

void fresh_remember(struct fresh *fresh, uint64_t date, uint64_t age_s)
{
	fresh->date = date;
	fresh->before_ms = age_s * SECOND_MS;
}

static void sign_of_life(struct fresh *fresh, uint64_t now_ms)
{
	fresh->sign_ms = now_ms;
	fresh->before_ms = 0;
}

bool fresh_hear(struct fresh *fresh, uint64_t date, uint64_t now_ms, uint64_t now_s)
{
	/* A registry whose clock was once ahead must not stay without a sign until that day comes. */
	bool agrees = date * SECOND_MS + fresh->stale_ms >= now_s * SECOND_MS &&
		      date * SECOND_MS <= now_s * SECOND_MS + fresh->stale_ms;
	bool sign = date > fresh->date || agrees;

	if (!sign)
		return false;
	fresh->date = date;
	sign_of_life(fresh, now_ms);
	return true;
}

void fresh_grow(struct fresh *fresh, uint64_t now_ms)
{
	if (fresh->date == 0)
		sign_of_life(fresh, now_ms);
}

uint64_t fresh_silent_s(const struct fresh *fresh, uint64_t now_ms)
{
	return (now_ms - fresh->sign_ms + fresh->before_ms) / SECOND_MS;
}

uint64_t fresh_age_s(const struct fresh *fresh, uint64_t now_ms, uint64_t now_s)
{
	uint64_t silent = fresh_silent_s(fresh, now_ms);
	uint64_t by_date = fresh->date != 0 && now_s > fresh->date ? now_s - fresh->date : 0;

	return by_date > silent ? by_date : silent;
}

bool fresh_is_stale(const struct fresh *fresh, uint64_t now_ms, uint64_t now_s)
{
	return fresh_age_s(fresh, now_ms, now_s) * SECOND_MS > fresh->stale_ms;
}
