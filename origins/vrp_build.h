/* SPDX-License-Identifier: MIT */
/*
 * vrp_build.h -- the rule: which records a registry's route and route6 objects, nodes and peerings give.
 *
 * 1. A living object with prefix P, origin A and optional max-length M gives (P, L, A), where
 *    L = M if length(P) <= M <= 32 (IPv4) or 128 (IPv6), else L = length(P): an attribute that
 *    is missing or makes no sense never loosens anything (RFC 9319 section 3).
 * 2. An object with origin AS0 is a hold (RFC 6483 section 4): (P, L, AS0) is in the set, and no VRP
 *    of another AS is whose prefix lies in P (or is P) and has length(P) <= length <= L. So a hold
 *    without max-length replaces exactly the VRPs of its own prefix; one with max-length 128 takes
 *    everything below too. It has to replace, because by RFC 6811 one matching VRP makes a route valid
 *    whatever AS0 says beside it. Holds do not remove holds. A VRP of a *less* specific prefix whose
 *    maxLength reaches down to P stays: it is about another prefix, and its holder has to be asked.
 * 3. Two equal (prefix, maxLength, AS) are one.
 * 4. Two different ASs between whose nodes a peering stands are each a provider of the other (aspa_fold.h): an AS
 *    with a peering has an ASPA with all ASs that it has peerings with, and an AS without one has none. So whoever
 *    registers one link of an AS has to register all that its routes take; a peering needs no link: for that.
 *
 * tests/vectors/vrp has examples in plain text. Whoever changes the rule must add 1 to
 * VRP_RULE_VERSION: it is part of the RTR session's identity (rtr_session.h).
 */
#ifndef ORIGINS_VRP_BUILD_H
#define ORIGINS_VRP_BUILD_H

#include "alamo/rpsl/state.h"

#include "vrp_set.h"

#define VRP_RULE_VERSION 2

/* Rule 1 for one route or route6 object, living or not; false for any other class. */
bool vrp_of_object(const struct al_object *object, struct vrp *out);

/* Does rule 2 take `vrp` out of a set that has `hold`? */
bool vrp_hides(const struct vrp *hold, const struct vrp *vrp);

/* The holds of a state, for rule 2. */
struct vrp_holds {
	struct al_trie trie; /* prefix -> maxLength + 1 as a pointer's value */
};

void vrp_holds_init(struct vrp_holds *holds);
void vrp_holds_release(struct vrp_holds *holds);
/* `hold` has asn 0. */
AL_MUST_USE enum al_err vrp_holds_put(struct vrp_holds *holds, const struct vrp *hold);
void vrp_holds_remove(struct vrp_holds *holds, const struct vrp *hold);
/* The same of all of them. */
bool vrp_holds_hide(const struct vrp_holds *holds, const struct vrp *vrp);

/* The whole rule over a whole state. `size` is what the set is to be known by (vrp_set.h). */
AL_MUST_USE enum al_err vrp_build(const struct al_state *state, uint64_t size, struct vrp_set **out);

#endif
