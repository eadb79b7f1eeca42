/*
 * view.c -- look-ups over state and request together. Requests are small, so
 * their side is a plain walk.
 */
#include "view.h"

enum al_err view_init(struct view *view, const struct al_state *state, struct al_object *const *objects, size_t count)
{
	struct al_prefix prefix;

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
	return AL_OK;
}

void view_release(struct view *view)
{
	al_trie_release(&view->inets);
}

const struct al_object *view_own(const struct view *view, enum al_class cls, struct al_slice key)
{
	for (size_t i = view->count; i-- > 0;)
		if (view->objects[i] != NULL && view->objects[i]->cls == cls &&
		    al_slice_eq(al_object_key(view->objects[i]), key))
			return view->objects[i];
	return NULL;
}

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

	if (holds(block, search->range) && view_get(search->view, AL_AS_BLOCK, al_object_key(block)) != NULL)
		search->best = smaller_block(search->best, block);
	return true;
}

const struct al_object *view_as_block(const struct view *view, const struct al_asn_range *range)
{
	struct block_search search = { view, range, NULL };

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

/* Strong references that one object makes to (cls, key). */
static size_t references_of(const struct al_object *object, enum al_class cls, struct al_slice key)
{
	struct al_slice rest = al_object_text(object), item;
	struct al_attr attr;
	size_t count = 0;

	while (al_attr_next(&rest, &attr)) {
		const struct al_attr_rule *rule = al_class_rule((enum al_class)object->cls, attr.name);

		if (rule == NULL || (rule->flags & AL_STRONG) == 0 || (rule->refs >> cls & 1) == 0)
			continue;
		while (al_ref_next(rule, &attr.value, &item))
			count += al_slice_eq(item, key);
	}
	return count;
}

size_t view_references(const struct view *view, enum al_class cls, struct al_slice key)
{
	size_t count = al_state_references(view->state, cls, key);

	for (size_t i = 0; i < view->count; i++) {
		const struct al_object *own = view->objects[i], *old;

		if (own == NULL)
			continue;
		old = al_state_get(view->state, (enum al_class)own->cls, al_object_key(own));
		if (old != NULL)
			count -= references_of(old, cls, key);
		if (!own->deleted)
			count += references_of(own, cls, key);
	}
	return count;
}
