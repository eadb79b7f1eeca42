/* SPDX-License-Identifier: MIT */
/*
 * vrp_build.c -- from the registry's state to records: a pure function of the state.
 *
 * No clock, no I/O. Two passes over the route objects: holds first, then what they leave; one over the peerings.
 */
#include <stdlib.h>
#include <string.h>

#include "aspa_fold.h"
#include "vrp_build.h"

static const enum al_class route_classes[] = { AL_ROUTE, AL_ROUTE6 };

bool vrp_of_object(const struct al_object *object, struct vrp *out)
{
	struct al_prefix prefix;
	struct vrp vrp = { 0 };
	uint64_t max;

	if (object->cls != AL_ROUTE && object->cls != AL_ROUTE6)
		return false;
	if (al_object_prefix(object, &prefix) != AL_OK || al_object_asn(object, &vrp.asn) != AL_OK)
		return false;
	memcpy(vrp.addr, prefix.addr, sizeof(vrp.addr));
	vrp.bits = prefix.bits;
	vrp.len = prefix.len;
	vrp.max = prefix.len;
	if (al_slice_u64(al_object_attr(object, "max-length"), prefix.bits, &max) == AL_OK && max > prefix.len)
		vrp.max = (uint8_t)max;
	*out = vrp;
	return true;
}

bool vrp_hides(const struct vrp *hold, const struct vrp *vrp)
{
	struct al_prefix outer, inner;

	if (hold->asn != 0 || vrp->asn == 0 || hold->max < vrp->len || hold->bits != vrp->bits)
		return false;
	outer = vrp_prefix(hold);
	inner = vrp_prefix(vrp);
	return al_prefix_covers(&outer, &inner);
}

void vrp_holds_init(struct vrp_holds *holds)
{
	al_trie_init(&holds->trie);
}

void vrp_holds_release(struct vrp_holds *holds)
{
	al_trie_release(&holds->trie);
}

enum al_err vrp_holds_put(struct vrp_holds *holds, const struct vrp *hold)
{
	struct al_prefix prefix = vrp_prefix(hold);
	void **slot = al_trie_slot(&holds->trie, &prefix);

	if (slot == NULL)
		return AL_ENOMEM;
	*slot = (void *)((uintptr_t)hold->max + 1);
	return AL_OK;
}

void vrp_holds_remove(struct vrp_holds *holds, const struct vrp *hold)
{
	struct al_prefix prefix = vrp_prefix(hold);

	(void)al_trie_remove(&holds->trie, &prefix);
}

struct hide_walk {
	uint8_t len;
	bool hidden;
};

static bool hide_visit(const struct al_prefix *key, void *value, void *arg)
{
	struct hide_walk *walk = arg;

	(void)key;
	walk->hidden = (uintptr_t)value > walk->len; /* maxLength + 1 > len */
	return !walk->hidden;
}

bool vrp_holds_hide(const struct vrp_holds *holds, const struct vrp *vrp)
{
	struct al_prefix prefix;
	struct hide_walk walk = { .len = vrp->len };

	if (vrp->asn == 0 || holds->trie.count == 0)
		return false;
	prefix = vrp_prefix(vrp);
	al_trie_covering(&holds->trie, &prefix, hide_visit, &walk);
	return walk.hidden;
}

struct build_walk {
	const struct al_state *state;
	struct vrp_holds holds;
	struct vrp *items;
	size_t count, cap;
	enum al_err err;
};

static bool build_hold(const struct al_object *object, void *arg)
{
	struct build_walk *walk = arg;
	struct vrp vrp;

	if (vrp_of_object(object, &vrp) && vrp.asn == 0)
		walk->err = vrp_holds_put(&walk->holds, &vrp);
	return walk->err == AL_OK;
}

static bool build_item(const struct al_object *object, void *arg)
{
	struct build_walk *walk = arg;
	struct vrp vrp;

	if (walk->count < walk->cap && vrp_of_object(object, &vrp) && !vrp_holds_hide(&walk->holds, &vrp))
		walk->items[walk->count++] = vrp;
	return true;
}

static bool build_pairs(const struct al_object *peering, void *arg)
{
	struct build_walk *walk = arg;
	uint32_t asn[2];

	if (walk->count + 2 <= walk->cap && aspa_of_peering(walk->state, peering, asn)) {
		walk->items[walk->count++] = vrp_pair(asn[0], asn[1]);
		walk->items[walk->count++] = vrp_pair(asn[1], asn[0]);
	}
	return true;
}

enum al_err vrp_build(const struct al_state *state, uint64_t size, struct vrp_set **out)
{
	struct build_walk walk = { .state = state, .err = AL_OK };
	size_t i;

	vrp_holds_init(&walk.holds);
	for (i = 0; i < AL_COUNT(route_classes) && walk.err == AL_OK; i++) {
		walk.cap += al_state_count(state, route_classes[i]);
		al_state_each(state, route_classes[i], build_hold, &walk);
	}
	walk.cap += 2 * al_state_count(state, AL_PEERING);
	if (walk.err == AL_OK)
		walk.items = calloc(walk.cap + 1, sizeof(*walk.items));
	if (walk.items == NULL)
		walk.err = AL_ENOMEM;
	for (i = 0; i < AL_COUNT(route_classes) && walk.err == AL_OK; i++)
		al_state_each(state, route_classes[i], build_item, &walk);
	if (walk.err == AL_OK)
		al_state_each(state, AL_PEERING, build_pairs, &walk);
	if (walk.err == AL_OK)
		walk.err = vrp_set_new(walk.items, walk.count, size, out);
	free(walk.items);
	vrp_holds_release(&walk.holds);
	return walk.err;
}
