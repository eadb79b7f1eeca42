/* SPDX-License-Identifier: MIT */
/*
 * state.c -- the fold: versions by key (state_slots.c), prefix tries, reference counts; state_read.c reads them.
 *
 * One slot a (class, key) for ever: it holds the newest version, living or
 * tombstone, and counts the living objects that name it. Prefix classes have
 * a trie of their objects (a route prefix may have several origins: a bucket).
 */
#include "alamo/rpsl/state.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "state_parts.h"

enum al_err al_state_new(struct al_state **out)
{
	struct al_state *state = calloc(1, sizeof(*state));

	if (state == NULL)
		return AL_ENOMEM;
	state_slots_init(&state->slots);
	for (size_t i = 0; i < AL_COUNT(state->tries); i++)
		al_trie_init(&state->tries[i]);
	*out = state;
	return AL_OK;
}

static bool bucket_free(const struct al_prefix *key, void *value, void *arg)
{
	(void)key;
	(void)arg;
	free(bucket_of(value));
	return true;
}

void al_state_free(struct al_state *state)
{
	static const struct al_prefix all[2] = { { .bits = 32 }, { .bits = 128 } };

	if (state == NULL)
		return;
	state_slots_release(state);
	for (size_t i = 0; i < AL_COUNT(state->tries); i++) {
		al_trie_within(&state->tries[i], &all[0], bucket_free, NULL);
		al_trie_within(&state->tries[i], &all[1], bucket_free, NULL);
		al_trie_release(&state->tries[i]);
	}
	free(state->as_blocks);
	free(state);
}

void al_state_observe(struct al_state *state, al_change_fn change, void *arg)
{
	state->change = change;
	state->arg = arg;
}

/* ---- references ---- */

/* Each class that `rule` lets a value name gets its count moved by `step`. */
static enum al_err reference_move(struct al_state *state, const struct al_attr_rule *rule, struct al_slice key,
				  int step)
{
	for (unsigned cls = 0; cls < AL_CLASS_COUNT; cls++) {
		struct slot *slot;

		if ((rule->refs >> cls & 1) == 0)
			continue;
		slot = state_slot_get(state, (enum al_class)cls, key);
		if (slot == NULL)
			return AL_ENOMEM;
		slot->references = (uint32_t)((int)slot->references + step);
	}
	return AL_OK;
}

static enum al_err references_move(struct al_state *state, const struct al_object *object, int step)
{
	struct al_slice rest = al_object_text(object), item;
	struct al_attr attr;
	enum al_err err = AL_OK;

	while (err == AL_OK && al_attr_next(&rest, &attr)) {
		const struct al_attr_rule *rule = al_class_rule((enum al_class)object->cls, attr.name);

		if (rule == NULL || (rule->flags & AL_STRONG) == 0)
			continue;
		while (err == AL_OK && al_ref_next(rule, &attr.value, &item))
			err = reference_move(state, rule, item, step);
	}
	return err;
}

/* ---- prefix tries ---- */

struct al_trie *state_trie(struct al_state *state, unsigned cls)
{
	switch (cls) {
	case AL_INETNUM:
		return &state->tries[0];
	case AL_INET6NUM:
		return &state->tries[1];
	case AL_ROUTE:
		return &state->tries[2];
	case AL_ROUTE6:
		return &state->tries[3];
	default:
		return NULL;
	}
}

/* A bucket of what stands there, with room for one more. */
static struct bucket *bucket_grow(void *value)
{
	struct bucket *old = bucket_of(value);
	size_t count = bucket_count(value);
	struct bucket *bucket = realloc(old, sizeof(*bucket) + (count + 1) * sizeof(bucket->items[0]));

	if (bucket != NULL && old == NULL) {
		bucket->count = 1;
		bucket->items[0] = value;
	}
	return bucket;
}

static enum al_err bucket_add(struct al_trie *trie, const struct al_prefix *prefix, struct al_object *object)
{
	void **at = al_trie_slot(trie, prefix);
	struct bucket *bucket;
	size_t i;

	if (at == NULL)
		return AL_ENOMEM;
	if (*at == NULL) {
		*at = object;
		return AL_OK;
	}
	bucket = bucket_grow(*at);
	if (bucket == NULL)
		return AL_ENOMEM;
	for (i = bucket->count; i > 0; i--) {
		if (al_slice_cmp(al_object_key(bucket->items[i - 1]), al_object_key(object)) <= 0)
			break;
		bucket->items[i] = bucket->items[i - 1];
	}
	bucket->items[i] = object;
	bucket->count++;
	*at = (void *)((uintptr_t)bucket | BUCKET);
	return AL_OK;
}

static void bucket_drop(struct al_trie *trie, const struct al_prefix *prefix, const struct al_object *object)
{
	void *value = al_trie_get(trie, prefix);
	struct bucket *bucket = bucket_of(value);
	size_t kept = 0;

	if (bucket == NULL) {
		if (value == object)
			(void)al_trie_remove(trie, prefix);
		return;
	}
	for (size_t i = 0; i < bucket->count; i++)
		if (bucket->items[i] != object)
			bucket->items[kept++] = bucket->items[i];
	bucket->count = kept;
	if (kept == 0) {
		(void)al_trie_remove(trie, prefix);
		free(bucket);
	}
}

/* ---- as-blocks: few, so a list ---- */

static enum al_err as_block_add(struct al_state *state, struct al_object *object)
{
	if (state->as_block_count == state->as_block_cap) {
		size_t cap = state->as_block_cap > 0 ? state->as_block_cap * 2 : 16;
		struct al_object **grown = realloc(state->as_blocks, cap * sizeof(struct al_object *));

		if (grown == NULL)
			return AL_ENOMEM;
		state->as_blocks = grown;
		state->as_block_cap = cap;
	}
	state->as_blocks[state->as_block_count++] = object;
	return AL_OK;
}

static void as_block_drop(struct al_state *state, const struct al_object *object)
{
	for (size_t i = 0; i < state->as_block_count; i++)
		if (state->as_blocks[i] == object)
			state->as_blocks[i] = state->as_blocks[--state->as_block_count];
}

/* ---- one object in, one out ---- */

static enum al_err object_link(struct al_state *state, struct al_object *object)
{
	struct al_trie *trie = state_trie(state, object->cls);
	struct al_prefix prefix;
	enum al_err err = AL_OK;

	state->counts[object->cls]++;
	if (trie != NULL) {
		err = al_object_prefix(object, &prefix);
		if (err == AL_OK)
			err = bucket_add(trie, &prefix, object);
	} else if (object->cls == AL_AS_BLOCK) {
		err = as_block_add(state, object);
	} else if (object->cls == AL_REGISTRY) {
		state->registry = object;
	}
	return err == AL_OK ? references_move(state, object, 1) : err;
}

static enum al_err object_unlink(struct al_state *state, struct al_object *object)
{
	struct al_trie *trie = state_trie(state, object->cls);
	struct al_prefix prefix;

	state->counts[object->cls]--;
	if (trie != NULL && al_object_prefix(object, &prefix) == AL_OK)
		bucket_drop(trie, &prefix, object);
	else if (object->cls == AL_AS_BLOCK)
		as_block_drop(state, object);
	else if (state->registry == object)
		state->registry = NULL;
	return references_move(state, object, -1);
}

static enum al_err object_put(struct al_state *state, struct al_object *object)
{
	struct slot *slot = state_slot_get(state, (enum al_class)object->cls, al_object_key(object));
	struct al_object *old;
	enum al_err err = AL_OK;

	if (slot == NULL)
		return AL_ENOMEM;
	old = state_slot_object(slot);
	if (old != NULL && !old->deleted) {
		object->created = old->created;
		err = object_unlink(state, old);
	} else {
		object->created = object->time;
	}
	state_slot_set(slot, al_object_ref(object));
	if (err == AL_OK && !object->deleted)
		err = object_link(state, object);
	if (err == AL_OK && state->change != NULL)
		state->change(state->arg, old, object);
	al_object_unref(old);
	return err;
}

enum al_err al_state_put(struct al_state *state, struct al_object *const *objects, size_t count, uint64_t time)
{
	for (size_t i = 0; i < count; i++) {
		enum al_err err = object_put(state, objects[i]);

		if (err != AL_OK)
			return err;
	}
	state->time = time;
	state->size++;
	return AL_OK;
}

/* ---- entries ---- */

static const struct al_object *present_object(const void *state, enum al_class cls, struct al_slice key)
{
	return al_state_get(state, cls, key);
}

static enum al_err apply_request(struct al_state *state, const struct al_entry *entry)
{
	const struct al_build how = { .present = present_object, .arg = state };
	struct al_object **objects;
	size_t count;
	enum al_err err = al_entry_objects(entry, UINT_MAX, &how, &objects, &count);

	if (err == AL_OK)
		err = al_state_put(state, objects, count, entry->time);
	al_entry_objects_free(objects, count);
	return err;
}

enum al_err al_state_apply(struct al_state *state, struct al_slice bytes)
{
	struct al_entry entry;
	enum al_err err = al_entry_decode(bytes, &entry);

	if (err != AL_OK)
		return err;
	if (entry.index != state->size || entry.time < state->time)
		return AL_EINVAL;
	if (al_slice_is(entry.kind, "request"))
		return apply_request(state, &entry);
	state->size++;
	state->time = entry.time;
	return AL_OK;
}
