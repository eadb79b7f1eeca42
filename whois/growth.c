/* SPDX-License-Identifier: MIT */
/* growth.c -- a row a day, moved on by every change. */
#include "growth.h"

#include <stdlib.h>

#define DAY_S 86400u

void whois_growth_release(struct whois_growth *growth)
{
	free(growth->days);
	*growth = (struct whois_growth){ .days = NULL };
}

static struct whois_day *day_of(struct whois_growth *growth, uint32_t day)
{
	struct whois_day *last = NULL;
	uint32_t objects = 0;

	if (growth->count > 0) {
		last = &growth->days[growth->count - 1];
		objects = last->objects;
		if (last->day >= day)
			return last;
	}
	if (growth->count == growth->cap) {
		size_t cap = growth->cap > 0 ? growth->cap * 2 : 64;
		struct whois_day *days = realloc(growth->days, cap * sizeof(*days));

		if (days == NULL)
			return last;
		growth->days = days;
		growth->cap = cap;
	}
	growth->days[growth->count] = (struct whois_day){ day, objects, 0 };
	return &growth->days[growth->count++];
}

void whois_growth_change(void *arg, const struct al_object *old, const struct al_object *now)
{
	struct whois_day *day = day_of(arg, (uint32_t)(now->time / DAY_S));
	bool was = old != NULL && !old->deleted;

	if (day == NULL)
		return;
	day->changes++;
	if (was && now->deleted)
		day->objects--;
	else if (!was && !now->deleted)
		day->objects++;
}
