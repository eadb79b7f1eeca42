/* SPDX-License-Identifier: MIT */
/* state_read.c -- what a state is asked: by key, by prefix, by number, by class. */
#include "alamo/rpsl/state.h"

#include "state_parts.h"

uint64_t al_state_size(const struct al_state *state)
{
	return state->size;
}

uint64_t al_state_time(const struct al_state *state)
{
	return state->time;
}

size_t al_state_count(const struct al_state *state, enum al_class cls)
{
	return state->counts[cls];
}

const struct al_object *al_state_version(const struct al_state *state, enum al_class cls, struct al_slice key)
{
	const struct slot *slot = state_slot(state, cls, key);

	return slot != NULL ? state_slot_object(slot) : NULL;
}

const struct al_object *al_state_get(const struct al_state *state, enum al_class cls, struct al_slice key)
{
	const struct al_object *object = al_state_version(state, cls, key);

	return object != NULL && !object->deleted ? object : NULL;
}

const struct al_object *al_state_registry(const struct al_state *state)
{
	return state->registry;
}

void al_state_each(const struct al_state *state, enum al_class cls, al_object_fn visit, void *arg)
{
	for (size_t i = 0; i < state->slots.count; i++) {
		const struct slot *slot = state_slot_at(state, i);
		const struct al_object *object = state_slot_object(slot);

		if (slot->cls == (uint8_t)cls && object != NULL && !object->deleted && !visit(object, arg))
			return;
	}
}

static const struct al_trie *trie_view(const struct al_state *state, enum al_class cls)
{
	/* state_trie() does not change the state; the cast only shares its switch. */
	return state_trie((struct al_state *)(uintptr_t)state, cls);
}

struct bucket_visit {
	al_object_at_fn visit;
	void *arg;
};

static bool bucket_visit(const struct al_prefix *key, void *value, void *arg)
{
	const struct bucket_visit *v = arg;

	for (size_t i = 0; i < bucket_count(value); i++)
		if (!v->visit(key, bucket_item(value, i), v->arg))
			return false;
	return true;
}

void al_state_covering(const struct al_state *state, enum al_class cls, const struct al_prefix *key,
		       al_object_at_fn visit, void *arg)
{
	struct bucket_visit v = { visit, arg };
	const struct al_trie *trie = trie_view(state, cls);

	if (trie != NULL)
		al_trie_covering(trie, key, bucket_visit, &v);
}

void al_state_within(const struct al_state *state, enum al_class cls, const struct al_prefix *key,
		     al_object_at_fn visit, void *arg)
{
	struct bucket_visit v = { visit, arg };
	const struct al_trie *trie = trie_view(state, cls);

	if (trie != NULL)
		al_trie_within(trie, key, bucket_visit, &v);
}

void al_state_children(const struct al_state *state, enum al_class cls, const struct al_prefix *key,
		       al_object_at_fn visit, void *arg)
{
	struct bucket_visit v = { visit, arg };
	const struct al_trie *trie = trie_view(state, cls);

	if (trie != NULL)
		al_trie_children(trie, key, bucket_visit, &v);
}

const struct al_object *al_state_covering_inet(const struct al_state *state, const struct al_prefix *key, bool strict)
{
	void *value = al_trie_longest(&state->tries[key->bits == 128 ? 1 : 0], key, strict, NULL);

	return value != NULL ? bucket_item(value, 0) : NULL;
}

const struct al_object *al_state_as_block(const struct al_state *state, uint32_t asn)
{
	const struct al_object *best = NULL;
	struct al_asn_range range, smallest = { 0, 0 };

	for (size_t i = 0; i < state->as_block_count; i++) {
		const struct al_object *block = state->as_blocks[i];

		if (al_asn_range_parse(al_object_key(block), &range) != AL_OK || asn < range.first || asn > range.last)
			continue;
		if (best == NULL || range.last - range.first < smallest.last - smallest.first) {
			best = block;
			smallest = range;
		}
	}
	return best;
}

void al_state_as_blocks(const struct al_state *state, al_object_fn visit, void *arg)
{
	for (size_t i = 0; i < state->as_block_count; i++)
		if (!visit(state->as_blocks[i], arg))
			return;
}

size_t al_state_references(const struct al_state *state, enum al_class cls, struct al_slice key)
{
	const struct slot *slot = state_slot(state, cls, key);

	return slot != NULL ? slot->references : 0;
}
