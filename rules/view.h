/* SPDX-License-Identifier: MIT */
/*
 * view.h -- the state as a request would leave it: the present state with the
 * request's own objects on top.
 *
 * References and coverage are checked against the view; authority is only
 * ever taken from the state below it (policy_auth.c).
 */
#ifndef RULES_VIEW_H
#define RULES_VIEW_H

#include "alamo/rpsl/state.h"

struct view {
	const struct al_state *state;
	struct al_object *const *objects; /* the request's, in order; NULL where one did not build */
	size_t count;
	struct al_trie inets; /* the request's own living inet(6)nums */
	struct view_own *own; /* the request's objects by class and key */
	size_t own_count;
	struct view_ref
		*refs; /* strong references that come (+1) and go (-1), by key; made when something is deleted */
	size_t ref_count;
	uint64_t *work; /* steps taken are added here; NULL: nobody counts */
};

AL_MUST_USE enum al_err view_init(struct view *view, const struct al_state *state, struct al_object *const *objects,
				  size_t count);
void view_release(struct view *view);

/* The request's own object of that key, living or to be deleted, or NULL. */
const struct al_object *view_own(const struct view *view, enum al_class cls, struct al_slice key);
/* Does an object before it in the request have the same class and key? */
bool view_repeats(const struct view *view, size_t number);
/* What lives after the request, or NULL. */
const struct al_object *view_get(const struct view *view, enum al_class cls, struct al_slice key);
/* Smallest living inet(6)num that covers `key` (with `strict`: and is larger). */
const struct al_object *view_covering_inet(const struct view *view, const struct al_prefix *key, bool strict);
/* Smallest living as-block that holds first..last and is not that range itself. */
const struct al_object *view_as_block(const struct view *view, const struct al_asn_range *range);
/* Living strong references to an object after the request. */
size_t view_references(const struct view *view, enum al_class cls, struct al_slice key);

#endif
