/* SPDX-License-Identifier: MIT */
/* state_parts.h -- what a state is made of: state.c changes it, state_read.c reads it. */
#ifndef ALAMO_RPSL_STATE_PARTS_H
#define ALAMO_RPSL_STATE_PARTS_H

#include "alamo/rpsl/state.h"

#include "alamo/base/table.h"

#define SLOT_CHUNK 4096u

struct slot {
	union {
		struct al_object *object; /* newest version */
		char *name;               /* NUL-terminated key of what is only referenced so far */
	} u;
	uint32_t references; /* living objects that name it */
	uint8_t cls;
	bool named;
};

struct slot_place {
	uint32_t hash;
	uint32_t at; /* 1 + number of the slot; 0: free */
};

struct slots {
	struct slot_place *table; /* open addressing, at most three quarters full */
	size_t size;              /* of the table, a power of two */
	struct slot **chunks;     /* of SLOT_CHUNK each */
	size_t chunk_count;
	size_t count;
	uint8_t secret[AL_TABLE_SECRET_LEN];
};

/* Several objects of one prefix: routes with different origins. */
struct bucket {
	size_t count;
	struct al_object *items[]; /* borrowed from the slots; ordered by key */
};

/*
 * What a trie has of a prefix: nearly always one object, which then stands there itself; else a bucket's address with
 * this bit set, until the last of its objects is gone.
 */
#define BUCKET ((uintptr_t)1)

/* NULL: one object, or none. */
static inline struct bucket *bucket_of(void *value)
{
	return ((uintptr_t)value & BUCKET) != 0 ? (struct bucket *)((uintptr_t)value & ~BUCKET) : NULL;
}

static inline size_t bucket_count(void *value)
{
	const struct bucket *bucket = bucket_of(value);

	return bucket != NULL ? bucket->count : value != NULL;
}

static inline struct al_object *bucket_item(void *value, size_t i)
{
	const struct bucket *bucket = bucket_of(value);

	return bucket != NULL ? bucket->items[i] : value;
}

struct al_state {
	struct slots slots;
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
/* The same, made if there is none; NULL: memory, or no key is so long. It stays where it is. */
struct slot *state_slot_get(struct al_state *state, enum al_class cls, struct al_slice key);
/* Takes the reference; the one to the version before is the caller's. */
void state_slot_set(struct slot *slot, struct al_object *object);
/* In the order in which they came: 0 to slots.count - 1. */
struct slot *state_slot_at(const struct al_state *state, size_t i);
/* Newest version; NULL: only referenced so far. */
static inline struct al_object *state_slot_object(const struct slot *slot)
{
	return slot->named ? NULL : slot->u.object;
}
void state_slots_init(struct slots *slots);
void state_slots_release(struct al_state *state);

/* The trie of a class whose key is a prefix; NULL: it has none. */
struct al_trie *state_trie(struct al_state *state, unsigned cls);

#endif
