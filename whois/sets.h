/* SPDX-License-Identifier: MIT */
/*
 * sets.h -- an as-set or route-set by its name, and one level of it; expand.h
 * has all levels.
 */
#ifndef WHOIS_SETS_H
#define WHOIS_SETS_H

#include "lookup.h"
#include "members.h"

/* The as-set or route-set of that name (as typed), or NULL. */
const struct al_object *whois_set_get(const struct whois_view *view, struct al_slice name);
/* One level: members->names, sorted, each once. AL_ENOMEM, AL_ELIMIT. */
AL_MUST_USE enum al_err whois_set_direct(const struct whois_view *view, const struct al_object *set,
					 struct whois_members *members);

#endif
