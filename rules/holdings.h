/* SPDX-License-Identifier: MIT */
/*
 * holdings.h -- who holds how much: the counts behind quotas, kept up to date
 * with each change. A cache of the state, like space.h.
 *
 * Everything counts for each maintainer in mnt-by, for each key of those, and
 * for the trees of vouchers that they belong to. What names two maintainers of
 * one key counts twice for that key.
 */
#ifndef RULES_HOLDINGS_H
#define RULES_HOLDINGS_H

#include "alamo/rpsl/state.h"
#include "tally.h"

#define VOUCHERS_MAX 8 /* generations that a tree is counted over */

struct holdings;

AL_MUST_USE enum al_err holdings_new(struct holdings **out);
void holdings_free(struct holdings *holdings);
/* Follow a change that `state` shows already. Objects are borrowed from the state. */
AL_MUST_USE enum al_err holdings_change(struct holdings *holdings, const struct al_state *state,
					const struct al_object *old, const struct al_object *now);
/* A returned number or block begins (+1) or ends (-1) to rest; counted with pool: its class's name. */
AL_MUST_USE enum al_err holdings_rest(struct holdings *holdings, const struct al_state *state,
				      const struct al_object *last, int change);
const struct tallies *holdings_tallies(const struct holdings *holdings);

/* ---- how an object counts, for who counts a request's too ---- */

/* A maintainer's newest version, or NULL. */
struct holdings_view {
	const struct al_object *(*mntner)(const void *arg, struct al_slice name);
	const void *arg;
};

/* More of each kind for one maintainer, its keys and its tree. */
AL_MUST_USE enum al_err holdings_credit(struct tallies *tallies, const struct holdings_view *view,
					struct al_slice mntner, const struct tally_change *changes, size_t count);
/* All that one object counts as, `sign` times; `pool`: the block that it lies in, for numbers and blocks. */
AL_MUST_USE enum al_err holdings_object(struct tallies *tallies, const struct holdings_view *view,
					const struct al_object *object, struct al_slice pool, int sign);
/* What rests, as holdings_rest() counts it. */
AL_MUST_USE enum al_err holdings_returned(struct tallies *tallies, const struct holdings_view *view,
					  const struct al_object *last, int change);
/* Numbers and blocks below another pool than before: a block was put around them, or taken away. */
AL_MUST_USE enum al_err holdings_move(struct tallies *tallies, const struct holdings_view *view,
				      const struct al_object *object, struct al_slice from, struct al_slice to);
/*
 * Is a new object handed out to somebody without a voucher, and how is that counted? Maintainers, and what a pool with
 * an assign-rate hands out to others than its own maintainers. *out lives with `period`.
 */
bool holdings_given(const struct holdings_view *view, const struct al_object *object, const struct al_object *pool,
		    char period[static TALLY_POOL_MAX], struct tally *out);
/* What a maintainer has in `of` counts for other keys now. `old` may be NULL. */
AL_MUST_USE enum al_err holdings_rekey(struct tallies *tallies, const struct tallies *of, const struct al_object *old,
				       const struct al_object *now);

#endif
