/* SPDX-License-Identifier: MIT */
/*
 * subject.h -- what a rule looks at: the request under decision, seen against
 * the state before it and the state that it would leave; and how it complains.
 *
 * A rule looks, and complains with a clause id. It never changes anything.
 */
#ifndef RULES_SUBJECT_H
#define RULES_SUBJECT_H

#include "decision.h"
#include "view.h"

struct policy {
	const struct al_state *state; /* before the request: the only source of authority */
	const struct space *space;    /* free, resting and held: an index of state */
	struct view view;             /* as the request would leave it */
	struct decision *d;
	bool hostmaster;     /* signed by a maintainer of the registry object */
	bool counted;        /* the next is filled in */
	struct tallies adds; /* what the request holds more than the state, and less */
};

/* One object under a rule. */
struct subject {
	unsigned number;
	enum al_class cls;
	enum al_action action;
	const struct al_object *now; /* as asked for */
	const struct al_object *old; /* living present version, or NULL */
};

/* Complain under the first line of attribute `attr` (NULL: about the whole object). */
void policy_refuse(struct policy *policy, const struct subject *subject, const char *attr, const char *clause,
		   const char *fmt, ...) AL_PRINTF(5, 6);

/* The same as a warning: shown, nothing refused. */
void policy_warn(struct policy *policy, const struct subject *subject, const char *attr, const char *fmt, ...)
	AL_PRINTF(4, 5);

/* A text of ours that lacked memory is no ground for an answer: then there is no decision. */
void policy_built(const struct policy *policy, const struct al_buf *text);

#endif
