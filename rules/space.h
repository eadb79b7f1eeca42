/* SPDX-License-Identifier: MIT */
/*
 * space.h -- which blocks of a pool are free: the index behind AUTO-n.
 *
 * A binary tree for each number space (IPv4, IPv6, AS numbers); every node
 * knows the largest free block below it, so the lowest free block of any
 * length is found in as many steps as the key has bits. A cache of the
 * state: rebuilt by feeding it every living object, never stored.
 */
#ifndef RULES_SPACE_H
#define RULES_SPACE_H

#include "holdings.h"

struct space;

AL_MUST_USE enum al_err space_new(struct space **out);
void space_free(struct space *space);
/* The state that space_change() is told the changes of, for who holds how much; without it nobody holds anything. */
void space_watch(struct space *space, const struct al_state *state);

/* Mark exactly this block as taken, or not any more. Nested marks are independent. */
AL_MUST_USE enum al_err space_take(struct space *space, const struct al_prefix *block);
void space_release(struct space *space, const struct al_prefix *block);
AL_MUST_USE enum al_err space_take_asn(struct space *space, uint32_t asn);
void space_release_asn(struct space *space, uint32_t asn);

/* Lowest block of `len` strictly inside `pool` that no taken block inside the pool touches. AL_ENOTFOUND: full. */
AL_MUST_USE enum al_err space_find(const struct space *space, const struct al_prefix *pool, unsigned len,
				   struct al_prefix *out);
/* Lowest AS number in first..last that is not taken. */
AL_MUST_USE enum al_err space_find_asn(const struct space *space, uint32_t first, uint32_t last, uint32_t *out);

/*
 * Log time goes on to `now`: what was returned longer ago than the registry
 * object's quarantine is free again. Never goes back; space_time() tells it.
 */
void space_advance(struct space *space, uint64_t now);
uint64_t space_time(const struct space *space);
/* The tombstone of a returned block or number that rests and touches the one asked for; NULL: none. */
const struct al_object *space_resting(const struct space *space, const struct al_object *asked);
/* As resting_of(), by edition: 3; before, nothing of one's own came first. */
const struct al_object *space_own(const struct space *space, struct al_slice mntner, size_t *place, uint64_t *work);
const struct holdings *space_holdings(const struct space *space);

/* Follow a state's change (al_change_fn's shape, with a result). */
AL_MUST_USE enum al_err space_change(struct space *space, const struct al_object *old, const struct al_object *now);

/*
 * Does AUTO pick from this block, by edition: of the registry object? 1, and without it: where policy is open; 2: such
 * with assign-auto: yes; 3: where policy is vouch too.
 */
bool space_feeds(const struct space *space, const struct al_object *block);
/* Living inet(6)nums with `policy: open` that AUTO picks from, in address order. Valid until the next change. */
const struct al_prefix *space_pools(const struct space *space, size_t *count);

#endif
