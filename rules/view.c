/* SPDX-License-Identifier: MIT */
/*
 * view.c -- look-ups over state and request together, by index on both sides:
 * a request may hold a thousand objects, each of which asks about the others.
 */
#include "view.h"

#include <stdlib.h>
#include <string.h>

struct view_own {
	enum al_class cls;
	struct al_slice key;
	size_t at; /* in the request */
};

struct view_ref {
	struct al_slice key;
	unsigned classes; /* a bit for each class that the reference may mean */
	int change;
};

static void steps(const struct view *view, uint64_t count)
{
	if (view->work != NULL)
		*view->work += count;
}

/* ---- the request's own objects ---- */

static int own_compare(const void *a, const void *b)
{
	const struct view_own *x = a, *y = b;
	int order = x->cls != y->cls ? (x->cls < y->cls ? -1 : 1) : al_slice_cmp(x->key, y->key);

	return order != 0 ? order : (x->at > y->at) - (x->at < y->at);
}

static enum al_err own_index(struct view *view)
{
	view->own = calloc(view->count + 1, sizeof(*view->own));
	if (view->own == NULL)
		return AL_ENOMEM;
	for (size_t i = 0; i < view->count; i++)
		if (view->objects[i] != NULL)
			view->own[view->own_count++] = (struct view_own){ (enum al_class)view->objects[i]->cls,
									  al_object_key(view->objects[i]), i };
	qsort(view->own, view->own_count, sizeof(*view->own), own_compare);
	return AL_OK;
}

/* The last of its class and key that is in the request before asked->at, or NULL. */
static const struct view_own *own_before(const struct view *view, const struct view_own *asked)
{
	size_t low = 0, high = view->own_count;

	steps(view, 1);
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (own_compare(&view->own[middle], asked) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == 0 || view->own[low - 1].cls != asked->cls || !al_slice_eq(view->own[low - 1].key, asked->key))
		return NULL;
	return &view->own[low - 1];
}

const struct al_object *view_own(const struct view *view, enum al_class cls, struct al_slice key)
{
	const struct view_own asked = { cls, key, SIZE_MAX }; /* of objects that appear twice, the later one */
	const struct view_own *own = own_before(view, &asked);

	return own != NULL ? view->objects[own->at] : NULL;
}

bool view_repeats(const struct view *view, size_t number)
{
	const struct al_object *object = view->objects[number];
	const struct view_own asked = { (enum al_class)object->cls, al_object_key(object), number };

	return own_before(view, &asked) != NULL;
}

/* ---- references that the request changes ---- */

static size_t refs_of(const struct al_object *object, int change, struct view_ref *out)
{
	struct al_slice rest = al_object_text(object), item;
	struct al_attr attr;
	size_t count = 0;

	while (al_attr_next(&rest, &attr)) {
		const struct al_attr_rule *rule = al_class_rule((enum al_class)object->cls, attr.name);

		if (rule == NULL || (rule->flags & AL_STRONG) == 0)
			continue;
		while (al_ref_next(rule, &attr.value, &item)) {
			if (out != NULL)
				out[count] = (struct view_ref){ item, rule->refs, change };
			count++;
		}
	}
	return count;
}

static size_t refs_gather(const struct view *view, struct view_ref *out)
{
	size_t count = 0;

	for (size_t i = 0; i < view->count; i++) {
		const struct al_object *own = view->objects[i], *old;

		if (own == NULL)
			continue;
		old = al_state_get(view->state, (enum al_class)own->cls, al_object_key(own));
		if (old != NULL)
			count += refs_of(old, -1, out != NULL ? out + count : NULL);
		if (!own->deleted)
			count += refs_of(own, 1, out != NULL ? out + count : NULL);
	}
	return count;
}

static int ref_compare(const void *a, const void *b)
{
	const struct view_ref *x = a, *y = b;

	return al_slice_cmp(x->key, y->key);
}

static enum al_err refs_index(struct view *view)
{
	bool deletes = false;

	for (size_t i = 0; i < view->count; i++)
		deletes = deletes || (view->objects[i] != NULL && view->objects[i]->deleted);
	if (!deletes)
		return AL_OK;
	view->ref_count = refs_gather(view, NULL);
	view->refs = calloc(view->ref_count + 1, sizeof(*view->refs));
	if (view->refs == NULL)
		return AL_ENOMEM;
	(void)refs_gather(view, view->refs);
	qsort(view->refs, view->ref_count, sizeof(*view->refs), ref_compare);
	return AL_OK;
}

size_t view_references(const struct view *view, enum al_class cls, struct al_slice key)
{
	size_t count = al_state_references(view->state, cls, key), low = 0, high = view->ref_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (al_slice_cmp(view->refs[middle].key, key) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < view->ref_count && al_slice_eq(view->refs[low].key, key); low++) {
		steps(view, 1);
		if ((view->refs[low].classes >> cls & 1) != 0)
			count += (size_t)view->refs[low].change; /* modulo: never below 0 in the end */
	}
	return count;
}

/* ---- life ---- */

enum al_err view_init(struct view *view, const struct al_state *state, struct al_object *const *objects, size_t count)
{
	struct al_prefix prefix;
	enum al_err err;

	*view = (struct view){ .state = state, .objects = objects, .count = count };
	al_trie_init(&view->inets);
	for (size_t i = 0; i < count; i++) {
		struct al_object *own = objects[i];
		void **slot;

		if (own == NULL || own->deleted || (own->cls != AL_INETNUM && own->cls != AL_INET6NUM) ||
		    al_object_prefix(own, &prefix) != AL_OK)
			continue;
		slot = al_trie_slot(&view->inets, &prefix);
		if (slot == NULL) {
			view_release(view);
			return AL_ENOMEM;
		}
		*slot = own;
	}
	err = own_index(view);
	if (err == AL_OK)
		err = refs_index(view);
	if (err != AL_OK)
		view_release(view);
	return err;
}

void view_release(struct view *view)
{
	al_trie_release(&view->inets);
	free(view->own);
	free(view->refs);
}

/* ---- look-ups ---- */

const struct al_object *view_get(const struct view *view, enum al_class cls, struct al_slice key)
{
	const struct al_object *own = view_own(view, cls, key);

	if (own != NULL)
		return own->deleted ? NULL : own;
	return al_state_get(view->state, cls, key);
}

const struct al_object *view_covering_inet(const struct view *view, const struct al_prefix *key, bool strict)
{
	struct al_prefix own_at = { .len = 0 }, at;
	const struct al_object *own = al_trie_longest(&view->inets, key, strict, &own_at);
	const struct al_object *found = al_state_covering_inet(view->state, key, strict);

	steps(view, 1);
	/* The state's answer may be deleted by this very request: then its parent counts. */
	while (found != NULL && al_object_prefix(found, &at) == AL_OK) {
		const struct al_object *mine = view_own(view, (enum al_class)found->cls, al_object_key(found));

		if (mine == NULL || !mine->deleted)
			break;
		found = al_state_covering_inet(view->state, &at, true);
	}
	if (found == NULL)
		return own;
	if (own == NULL || own_at.len < at.len)
		return found;
	return own;
}

static const struct al_object *smaller_block(const struct al_object *a, const struct al_object *b)
{
	struct al_asn_range ra, rb;

	if (a == NULL || al_asn_range_parse(al_object_key(a), &ra) != AL_OK)
		return b;
	if (b == NULL || al_asn_range_parse(al_object_key(b), &rb) != AL_OK)
		return a;
	return rb.last - rb.first < ra.last - ra.first ? b : a;
}

struct block_search {
	const struct view *view;
	const struct al_asn_range *range;
	const struct al_object *best;
};

static bool holds(const struct al_object *block, const struct al_asn_range *range)
{
	struct al_asn_range r;

	return al_asn_range_parse(al_object_key(block), &r) == AL_OK && r.first <= range->first &&
	       range->last <= r.last && (r.first != range->first || r.last != range->last);
}

static bool block_visit(const struct al_object *block, void *arg)
{
	struct block_search *search = arg;

	steps(search->view, 1);
	if (holds(block, search->range) && view_get(search->view, AL_AS_BLOCK, al_object_key(block)) != NULL)
		search->best = smaller_block(search->best, block);
	return true;
}

const struct al_object *view_as_block(const struct view *view, const struct al_asn_range *range)
{
	struct block_search search = { view, range, NULL };

	steps(view, 1);
	if (range->first == range->last)
		search.best = al_state_as_block(view->state, range->first);
	if (search.best == NULL || view_get(view, AL_AS_BLOCK, al_object_key(search.best)) == NULL) {
		search.best = NULL;
		al_state_as_blocks(view->state, block_visit, &search);
	}
	for (size_t i = 0; i < view->count; i++)
		if (view->objects[i] != NULL && view->objects[i]->cls == AL_AS_BLOCK && !view->objects[i]->deleted)
			(void)block_visit(view->objects[i], &search);
	return search.best;
}
