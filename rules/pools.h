/* SPDX-License-Identifier: MIT */
/*
 * pools.h -- a set of blocks in address order.
 */
#ifndef RULES_POOLS_H
#define RULES_POOLS_H

#include "alamo/base/ident.h"

struct pools {
	struct al_prefix *items;
	size_t count, cap;
};

/* In or out of the set, whatever it was before. */
AL_MUST_USE enum al_err pools_set(struct pools *pools, const struct al_prefix *prefix, bool in);
void pools_release(struct pools *pools);

#endif
