/* SPDX-License-Identifier: MIT */
/*
 * expand.h -- all levels of an as-set or route-set (RFC 2622 section 5), worked
 * out in steps of bounded work.
 *
 * Members are those listed in members and mp-members, and those that say
 * member-of while one of their maintainers stands in the set's mbrs-by-ref
 * (or that says ANY). Loops end where they close; sets that do not exist are
 * left out. An expansion whose registry changes between two steps starts over:
 * the result is of one log size, the one at which it was finished.
 */
#ifndef WHOIS_EXPAND_H
#define WHOIS_EXPAND_H

#include "lookup.h"
#include "members.h"

/* Bounds of one expansion; over any of them it is AL_ELIMIT. */
#define WHOIS_SET_STEPS_MAX (1u << 18) /* sets and ASes visited */
#define WHOIS_SET_WORK_MAX (1u << 20)  /* members looked at, over all visits */

enum { WHOIS_V4 = 1, WHOIS_V6 = 2 }; /* families, as bits */

struct whois_expand {
	struct al_slice set;      /* canonical name; empty: `asn` */
	uint32_t asn;             /* whose routes are wanted */
	unsigned families;        /* of the prefixes that are taken */
	bool routes;              /* AS numbers stand for their routes: ranges come out, else AS numbers */
	struct al_slice excluded; /* comma list of sets that are passed over where others name them */
};

struct whois_expansion;

/* Copies what it needs of `ask`; `view` is borrowed. */
AL_MUST_USE enum al_err whois_expansion_new(const struct whois_view *view, const struct whois_expand *ask,
					    struct whois_expansion **out);
void whois_expansion_free(struct whois_expansion *expansion); /* NULL is allowed */
/* Look at about `work` members more. AL_EAGAIN: not finished. AL_OK: members are complete and sorted. */
AL_MUST_USE enum al_err whois_expansion_run(struct whois_expansion *expansion, size_t work);
/* Did nothing change since it was finished? */
bool whois_expansion_current(const struct whois_expansion *expansion);
const struct whois_members *whois_expansion_members(const struct whois_expansion *expansion);

/* ---- what a finished expansion depends on, as hashes ---- */

/* Of a finished one, ascending. */
const uint64_t *whois_expansion_deps(const struct whois_expansion *expansion, size_t *count);
/* Every hash that an expansion may hold which saw this version of an object, or missed it. */
void whois_object_deps(const struct al_object *object, void (*visit)(uint64_t dep, void *arg), void *arg);

/* Does the set's mbrs-by-ref take what this object's maintainers claim (RFC 2622 section 5.1)? */
bool whois_set_takes(const struct al_object *set, const struct al_object *object);
/* The as-set or route-set of that canonical name, or NULL. */
const struct al_object *whois_set_named(const struct whois_view *view, struct al_slice name);

#endif
