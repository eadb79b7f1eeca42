/* SPDX-License-Identifier: MIT */
/*
 * zone_tree.c -- names, claims, dirt: see zone_tree.h. Builder's thread.
 */
#include "zone_tree.h"

#include <stdlib.h>
#include <string.h>

#include <utlist.h>

/* ---- names ---- */

struct zname *zone_tree_find(const struct zone_tree *tree, const uint8_t *wire, size_t len)
{
	struct zname *name = NULL;

	HASH_FIND(hh, tree->names, wire, len, name);
	return name;
}

static struct zname *name_new(struct zone_tree *tree, const uint8_t *wire, size_t len, struct zname *parent)
{
	uint8_t key[DNAME_KEY_MAX];
	size_t key_len = dname_key(wire, tree->apex_labels, key);
	struct zname *name = calloc(1, sizeof(*name) + key_len);

	if (name == NULL)
		return NULL;
	dname_of_wire(wire, len, &name->name);
	name->key_len = (uint16_t)key_len;
	if (key_len > 0)
		memcpy(name->key, key, key_len);
	HASH_ADD_KEYPTR(hh, tree->names, name->name.b, name->name.len, name);
	if (name->lost) {
		free(name);
		return NULL;
	}
	name->parent = parent;
	if (parent != NULL) {
		name->labels = (uint8_t)(parent->labels + 1);
		DL_APPEND(parent->child, name);
	}
	return name;
}

/* The name and all that is missing between it and the apex; NULL: out of memory. */
static struct zname *name_get(struct zone_tree *tree, const uint8_t *wire, size_t len)
{
	uint8_t start[DNAME_LABELS_MAX];
	struct zname *name;
	size_t at = 0, depth = 0;

	while ((name = zone_tree_find(tree, wire + at, len - at)) == NULL) {
		start[depth++] = (uint8_t)at;
		at += wire[at] + 1u;
	}
	while (depth > 0 && name != NULL) {
		at = start[--depth];
		name = name_new(tree, wire + at, len - at, name);
	}
	return name;
}

static void name_free(struct zone_tree *tree, struct zname *name)
{
	HASH_DEL(tree->names, name);
	if (name->parent != NULL)
		DL_DELETE(name->parent->child, name);
	free(name);
}

enum al_err zone_tree_init(struct zone_tree *tree, const struct dname *apex)
{
	*tree = (struct zone_tree){ .apex_name = *apex, .apex_labels = dname_labels(apex->b) };
	tree->apex = name_new(tree, apex->b, apex->len, NULL);
	return tree->apex != NULL ? AL_OK : AL_ENOMEM;
}

void zone_tree_release(struct zone_tree *tree)
{
	struct zname *name, *next;

	HASH_ITER(hh, tree->names, name, next)
	{
		name->parent = NULL;
		name_free(tree, name);
	}
	tree->apex = NULL;
	tree->dirty = NULL;
}

/* ---- dirt ---- */

void zone_tree_mark(struct zone_tree *tree, struct zname *name)
{
	if (name->dirty)
		return;
	name->dirty = true;
	name->dirty_next = tree->dirty;
	tree->dirty = name;
	tree->dirty_count++;
}

/* The name, the delegations whose answers carry its addresses, and the cuts above that hold it as glue. */
static void mark(struct zone_tree *tree, struct zname *name)
{
	struct claim *claim;

	zone_tree_mark(tree, name);
	DL_FOREACH2(name->refs, claim, ref_next)
	zone_tree_mark(tree, claim->owner);
	for (struct zname *up = name->parent; up != NULL; up = up->parent)
		DL_FOREACH2(up->claims, claim, at_next)
	if (claim->kind == CLAIM_NS)
		zone_tree_mark(tree, up);
}

static void mark_tree(struct zone_tree *tree, struct zname *top)
{
	struct zname *name = top;

	for (;;) {
		mark(tree, name);
		if (name->child != NULL) {
			name = name->child;
			continue;
		}
		while (name != top && name->next == NULL)
			name = name->parent;
		if (name == top)
			return;
		name = name->next;
	}
}

void zname_whole(const struct zname *name, struct dname *out)
{
	*out = name->name;
}

int zname_cmp(const struct zname *a, const struct zname *b)
{
	return dname_key_cmp(a->key, a->key_len, b->key, b->key_len);
}

static int dirty_cmp(const void *x, const void *y)
{
	return zname_cmp(*(struct zname *const *)x, *(struct zname *const *)y);
}

enum al_err zone_tree_take_dirty(struct zone_tree *tree, struct zname ***out, size_t *count)
{
	struct zname **names = malloc((tree->dirty_count + 1) * sizeof(*names));

	if (names == NULL)
		return AL_ENOMEM;
	*count = 0;
	for (struct zname *name = tree->dirty; name != NULL; name = name->dirty_next)
		names[(*count)++] = name;
	tree->dirty = NULL;
	tree->dirty_count = 0;
	qsort(names, *count, sizeof(*names), dirty_cmp);
	*out = names;
	return AL_OK;
}

static bool name_empty(const struct zname *name)
{
	return name->parent != NULL && name->claims == NULL && name->refs == NULL && name->child == NULL &&
	       name->node == NULL;
}

void zone_tree_clean(struct zone_tree *tree, struct zname **names, size_t count)
{
	/* From the end: a name comes before what is below it. A parent that is still dirty has its own turn. */
	while (count-- > 0) {
		struct zname *name = names[count];

		name->dirty = false;
		while (!name->dirty && name_empty(name)) {
			struct zname *parent = name->parent;

			name_free(tree, name);
			name = parent;
		}
	}
}

/* ---- claims ---- */

static bool shapes_tree(const struct claim *claim)
{
	return claim->kind == CLAIM_ANCHOR || claim->kind == CLAIM_KEEP || claim->kind == CLAIM_NS;
}

static enum al_err attach_target(struct zone_tree *tree, struct claim *claim)
{
	const uint8_t *server = claim_rdata(claim);

	if (!dname_within(server, claim->rdata_len, tree->apex_name.b, tree->apex_name.len))
		return AL_OK;
	claim->target = name_get(tree, server, claim->rdata_len);
	if (claim->target == NULL)
		return AL_ENOMEM;
	DL_APPEND2(claim->target->refs, claim, ref_prev, ref_next);
	mark(tree, claim->target);
	return AL_OK;
}

enum al_err zone_tree_attach(struct zone_tree *tree, struct claim *claim, const struct source *source)
{
	claim->source = source;
	claim->target = NULL;
	claim->owner = name_get(tree, claim->bytes, claim->owner_len);
	if (claim->owner == NULL)
		return AL_ENOMEM;
	DL_APPEND2(claim->owner->claims, claim, at_prev, at_next);
	if (shapes_tree(claim))
		mark_tree(tree, claim->owner);
	else
		mark(tree, claim->owner);
	return claim->kind == CLAIM_NS ? attach_target(tree, claim) : AL_OK;
}

void zone_tree_detach(struct zone_tree *tree, struct claim *claim)
{
	if (claim->owner == NULL)
		return;
	if (shapes_tree(claim))
		mark_tree(tree, claim->owner);
	else
		mark(tree, claim->owner);
	if (claim->target != NULL) {
		mark(tree, claim->target);
		DL_DELETE2(claim->target->refs, claim, ref_prev, ref_next);
	}
	DL_DELETE2(claim->owner->claims, claim, at_prev, at_next);
	claim->owner = NULL;
	claim->target = NULL;
}

/* ---- which claims stand ---- */

struct rule {
	uint8_t rank; /* of the object that owns the name from here down; 0: none */
	bool cut;
	const struct source *source;
};

static struct rule rule_at(const struct zname *name, uint8_t floor)
{
	struct rule rule = { 0, false, NULL };
	const struct claim *claim;
	bool keep = false;

	DL_FOREACH2(name->claims, claim, at_next)
	keep = keep || claim->kind == CLAIM_KEEP;
	DL_FOREACH2(name->claims, claim, at_next)
	{
		bool ns = claim->kind == CLAIM_NS;

		if ((!ns && claim->kind != CLAIM_ANCHOR) || claim->rank < floor || claim->rank < rule.rank ||
		    (ns && keep && claim->rank != RANK_OWN))
			continue;
		rule = (struct rule){ claim->rank, ns, claim->source };
	}
	return rule;
}

void zone_tree_view(const struct zname *name, struct zone_view *out)
{
	const struct zname *path[DNAME_LABELS_MAX + 1];
	const struct claim *claim;
	unsigned depth = 0;
	uint8_t floor = 0;

	*out = (struct zone_view){ .kind = VIEW_NONE };
	for (const struct zname *up = name; up->parent != NULL; up = up->parent)
		path[depth++] = up;
	while (depth > 0) {
		const struct zname *at = path[--depth];
		struct rule rule = rule_at(at, floor);

		if (rule.cut) {
			*out = (struct zone_view){ at == name ? VIEW_CUT : VIEW_BELOW, rule.rank, rule.source, at };
			return;
		}
		if (rule.rank > floor)
			floor = rule.rank;
	}
	DL_FOREACH2(name->claims, claim, at_next)
	if (claim->kind == CLAIM_DATA && claim->rank >= floor && claim->rank >= out->rank) {
		out->kind = VIEW_DATA;
		out->rank = claim->rank;
	}
}

bool zone_view_holds(const struct zone_view *view, const struct claim *claim)
{
	if (view->kind == VIEW_DATA)
		return claim->kind == CLAIM_DATA && claim->rank == view->rank;
	if (view->kind == VIEW_CUT)
		return (claim->kind == CLAIM_NS || claim->kind == CLAIM_DS) && claim->rank == view->rank &&
		       claim->source == view->source;
	return false;
}

/* ---- glue ---- */

static bool glue_believed(const struct zone_view *view, const struct claim *claim)
{
	return claim->rank == RANK_OWN || claim->source == view->source;
}

const struct claim *zone_tree_glue(const struct zone_view *view, const struct zname *name, const struct claim **at)
{
	const struct claim *claim;
	bool own = false;

	if (view->kind != VIEW_CUT && view->kind != VIEW_BELOW)
		return NULL;
	DL_FOREACH2(name->claims, claim, at_next)
	own = own || (claim->kind == CLAIM_GLUE && glue_believed(view, claim));
	while ((claim = *at) != NULL) {
		*at = claim->at_next;
		if (claim->kind == CLAIM_GLUE && (!own || glue_believed(view, claim)))
			return claim;
	}
	return NULL;
}
