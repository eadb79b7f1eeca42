/* SPDX-License-Identifier: MIT */
/*
 * state.h -- the registry's present state: a fold over the log.
 *
 * state = apply(state, entry): pure, no clock, no I/O. The registry's policy
 * and whois read this one structure, each its own copy.
 * Tombstones stay: a key, once used, keeps its last version's index for ever.
 * One thread owns a state.
 */
#ifndef ALAMO_STATE_H
#define ALAMO_STATE_H

#include "alamo/rpsl/entry.h"
#include "alamo/rpsl/request.h"
#include "alamo/base/trie.h"

struct al_state;

/*
 * Called for each object that an entry changes, in the request's order, after
 * the state shows it. `old` is NULL or a tombstone for a create; now->deleted
 * for a delete. Both are borrowed: ref what you keep.
 */
typedef void (*al_change_fn)(void *arg, const struct al_object *old, const struct al_object *now);

AL_MUST_USE enum al_err al_state_new(struct al_state **out);
void al_state_free(struct al_state *state);
void al_state_observe(struct al_state *state, al_change_fn change, void *arg); /* one observer */

/* `bytes` is an encoded entry whose index must equal al_state_size(). All or nothing. */
AL_MUST_USE enum al_err al_state_apply(struct al_state *state, struct al_slice bytes);
/* The registry's way in, which has the objects built already: takes one reference of each. */
AL_MUST_USE enum al_err al_state_put(struct al_state *state, struct al_object *const *objects, size_t count,
				     uint64_t time);

uint64_t al_state_size(const struct al_state *state);                   /* entries applied */
uint64_t al_state_time(const struct al_state *state);                   /* of the newest entry */
size_t al_state_count(const struct al_state *state, enum al_class cls); /* living objects */

/* The newest version, which may be a tombstone; NULL: never existed. */
const struct al_object *al_state_version(const struct al_state *state, enum al_class cls, struct al_slice key);
/* The living object or NULL. `key` canonical (al_key_canon). */
const struct al_object *al_state_get(const struct al_state *state, enum al_class cls, struct al_slice key);
/* The network's registry object, or NULL before the first entry. */
const struct al_object *al_state_registry(const struct al_state *state);

/* Return false to stop. */
typedef bool (*al_object_fn)(const struct al_object *object, void *arg);
void al_state_each(const struct al_state *state, enum al_class cls, al_object_fn visit, void *arg); /* no order */
/* `at` is the object's prefix, which is not parsed again for this. */
typedef bool (*al_object_at_fn)(const struct al_prefix *at, const struct al_object *object, void *arg);
/* inetnum, inet6num, route, route6: living objects whose prefix covers / lies in `key`; equal counts. */
void al_state_covering(const struct al_state *state, enum al_class cls, const struct al_prefix *key,
		       al_object_at_fn visit, void *arg); /* least specific first */
void al_state_within(const struct al_state *state, enum al_class cls, const struct al_prefix *key,
		     al_object_at_fn visit, void *arg); /* address order */
/* One level down from `key`: strictly inside, nothing of the class between. */
void al_state_children(const struct al_state *state, enum al_class cls, const struct al_prefix *key,
		       al_object_at_fn visit, void *arg);
/* The smallest inetnum/inet6num that covers `key` (with `strict`, and is larger), or NULL. */
const struct al_object *al_state_covering_inet(const struct al_state *state, const struct al_prefix *key, bool strict);
/* The smallest as-block that holds `asn`, or NULL. */
const struct al_object *al_state_as_block(const struct al_state *state, uint32_t asn);
/* All living as-blocks, no order. */
void al_state_as_blocks(const struct al_state *state, al_object_fn visit, void *arg);
/* How many living objects name this one in a strong reference. */
size_t al_state_references(const struct al_state *state, enum al_class cls, struct al_slice key);

#endif
