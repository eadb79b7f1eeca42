/*
 * holdings.h -- which numbers and blocks each maintainer holds: the index
 * behind quotas. A cache of the state, like space.h.
 */
#ifndef RULES_HOLDINGS_H
#define RULES_HOLDINGS_H

#include "alamo/rpsl/state.h"

struct holdings;

AL_MUST_USE enum al_err holdings_new(struct holdings **out);
void holdings_free(struct holdings *holdings);
/* Follow a state's change; aut-num, inetnum and inet6num count. Objects are borrowed from the state. */
AL_MUST_USE enum al_err holdings_change(struct holdings *holdings, const struct al_object *old,
					const struct al_object *now);
/* What a maintainer is named in as mnt-by, in no order; stops when visit says false. */
void holdings_each(const struct holdings *holdings, struct al_slice mntner, al_object_fn visit, void *arg);

#endif
