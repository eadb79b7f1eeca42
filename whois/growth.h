/* SPDX-License-Identifier: MIT */
/* growth.h -- how many objects there were at the end of each day of log time on which something changed. */
#ifndef WHOIS_GROWTH_H
#define WHOIS_GROWTH_H

#include "alamo/rpsl/state.h"

struct whois_day {
	uint32_t day;     /* since 1970-01-01, UTC */
	uint32_t objects; /* living */
	uint32_t changes; /* of that day */
};

struct whois_growth {
	struct whois_day *days; /* owned, ascending */
	size_t count, cap;
};

void whois_growth_release(struct whois_growth *growth);
/* An al_change_fn. Out of memory: the day is not counted apart. */
void whois_growth_change(void *growth, const struct al_object *old, const struct al_object *now);

#endif
