/* SPDX-License-Identifier: MIT */
/* state_parts.h -- what a state is made of: state.c changes it, state_read.c reads it. */
#ifndef ALAMO_RPSL_STATE_PARTS_H
#define ALAMO_RPSL_STATE_PARTS_H

#include "alamo/rpsl/state.h"

#define HASH_NONFATAL_OOM 1
#define uthash_nonfatal_oom(slot) ((slot)->lost = true)
#include <uthash.h>

struct slot {
	UT_hash_handle hh;
	struct al_object *object; /* newest version; NULL: only referenced so far */
	uint32_t references;      /* living objects that name it */
	uint16_t key_len;
	bool lost;  /* uthash could not add it */
	char key[]; /* class byte, key */
};

struct bucket {
	size_t count;
	struct al_object *items[]; /* borrowed from the slots; ordered by key */
};

struct al_state {
	struct slot *slots;
	struct al_trie tries[4]; /* inetnum, inet6num, route, route6 */
	size_t counts[AL_CLASS_COUNT];
	struct al_object **as_blocks; /* borrowed from the slots */
	size_t as_block_count, as_block_cap;
	const struct al_object *registry;
	uint64_t size;
	uint64_t time;
	al_change_fn change;
	void *arg;
};

/* The slot of a key; NULL: none. */
struct slot *state_slot(const struct al_state *state, enum al_class cls, struct al_slice key);

/* The trie of a class whose key is a prefix; NULL: it has none. */
struct al_trie *state_trie(struct al_state *state, unsigned cls);

#endif
