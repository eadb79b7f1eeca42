/* SPDX-License-Identifier: MIT */
/*
 * zone_tree.c -- names, claims, dirt: see zone_tree.h. Builder's thread.
 */
#include "zone_tree.h"

#include <stdlib.h>
#include <string.h>

#include <utlist.h>

/* ---- names ---- */

struct wire {
	const uint8_t *name;
	const struct dname *apex;
};

static bool name_is(const void *item, const void *key)
{
	const struct zname *name = item;
	const struct wire *wire = key;
	const uint8_t *at = wire->name;

	for (; name->parent != NULL; name = name->parent) {
		if (name->label[0] != at[0] || memcmp(name->label, at, at[0] + 1u) != 0)
			return false;
		at += at[0] + 1u;
	}
	return dname_wire_len(at) == wire->apex->len && memcmp(at, wire->apex->b, wire->apex->len) == 0;
}

uint64_t zone_tree_hash(const struct zone_tree *tree, const struct zname *name)
{
	const uint8_t *labels[DNAME_LABELS_MAX];
	uint64_t hash = tree->apex_hash;
	unsigned depth = 0;

	for (; name->parent != NULL; name = name->parent)
		labels[depth++] = name->label;
	while (depth > 0)
		hash = dname_hash_label(hash, labels[--depth]);
	return hash;
}

static uint64_t table_hash(const void *item, const void *arg)
{
	return zone_tree_hash(arg, item);
}

void zname_whole(const struct zname *name, struct dname *out)
{
	size_t at = 0, len;

	for (; name->parent != NULL; name = name->parent) {
		memcpy(out->b + at, name->label, name->label[0] + 1u);
		at += name->label[0] + 1u;
	}
	len = dname_wire_len(name->label);
	memcpy(out->b + at, name->label, len);
	out->len = (uint8_t)(at + len);
}

static int label_cmp(const uint8_t *a, const uint8_t *b)
{
	int cmp = memcmp(a + 1, b + 1, a[0] < b[0] ? a[0] : b[0]);

	return cmp != 0 ? cmp : a[0] - b[0];
}

int zname_cmp(const struct zname *a, const struct zname *b)
{
	int deeper = a->labels - b->labels;

	for (; a->labels > b->labels; a = a->parent)
		;
	for (; b->labels > a->labels; b = b->parent)
		;
	if (a == b)
		return deeper;
	for (; a->parent != b->parent; b = b->parent)
		a = a->parent;
	return label_cmp(a->label, b->label);
}

static struct zname *find(const struct zone_tree *tree, uint64_t hash, const uint8_t *wire)
{
	const struct wire key = { wire, &tree->apex_name };

	return al_table_find(&tree->names, hash, name_is, &key);
}

struct zname *zone_tree_find(const struct zone_tree *tree, const uint8_t *wire, size_t len)
{
	size_t apex = tree->apex_name.len;
	uint8_t at[DNAME_LABELS_MAX];
	uint64_t hash = tree->apex_hash;
	unsigned depth = 0;

	if (!dname_within(wire, len, tree->apex_name.b, apex))
		return NULL;
	for (size_t i = 0; i < len - apex; i += wire[i] + 1u)
		at[depth++] = (uint8_t)i;
	while (depth > 0)
		hash = dname_hash_label(hash, wire + at[--depth]);
	return find(tree, hash, wire);
}

/* `label_len`: bytes of `wire` that are its own label; of the apex all. */
static struct zname *name_new(struct zone_tree *tree, const uint8_t *wire, size_t label_len, struct zname *parent)
{
	struct zname *name = calloc(1, sizeof(*name) + label_len);

	if (name == NULL)
		return NULL;
	memcpy(name->label, wire, label_len);
	name->parent = parent;
	if (al_table_add(&tree->names, name) != AL_OK) {
		free(name);
		return NULL;
	}
	if (parent != NULL) {
		name->labels = (uint8_t)(parent->labels + 1);
		DL_APPEND(parent->child, name);
	}
	return name;
}

/* The name, which lies in the zone, and all that is missing between it and the apex; NULL: out of memory. */
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
		name = name_new(tree, wire + at, wire[at] + 1u, name);
	}
	return name;
}

static void name_free(struct zone_tree *tree, struct zname *name)
{
	al_table_remove(&tree->names, name);
	if (name->parent != NULL)
		DL_DELETE(name->parent->child, name);
	free(name);
}

enum al_err zone_tree_init(struct zone_tree *tree, const struct dname *apex, uint64_t seed)
{
	*tree = (struct zone_tree){ .apex_name = *apex,
				    .apex_labels = dname_labels(apex->b),
				    .apex_hash = dname_hash(seed, apex->b) };
	al_table_init(&tree->names, table_hash, tree);
	tree->apex = name_new(tree, apex->b, apex->len, NULL);
	return tree->apex != NULL ? AL_OK : AL_ENOMEM;
}

void zone_tree_release(struct zone_tree *tree)
{
	size_t at = 0;

	for (struct zname *name; (name = al_table_next(&tree->names, &at)) != NULL;)
		free(name);
	al_table_release(&tree->names);
	free(tree->dirty);
	*tree = (struct zone_tree){ .apex = NULL };
}

/* ---- dirt ---- */

void zone_tree_mark(struct zone_tree *tree, struct zname *name)
{
	if (name->dirty)
		return;
	if (tree->dirty_count == tree->dirty_cap) {
		size_t cap = tree->dirty_cap > 0 ? tree->dirty_cap * 2 : 64;
		struct zname **grown = realloc(tree->dirty, cap * sizeof(struct zname *));

		if (grown == NULL) {
			tree->err = AL_ENOMEM;
			return;
		}
		tree->dirty = grown;
		tree->dirty_cap = cap;
	}
	name->dirty = true;
	tree->dirty[tree->dirty_count++] = name;
}

/* The name, the delegations whose answers carry its addresses, and above it the cuts that hold it as glue and DNAMEs. */
static void mark(struct zone_tree *tree, struct zname *name)
{
	struct claim_ref *ref;
	struct claim *claim;

	zone_tree_mark(tree, name);
	DL_FOREACH(name->refs, ref)
	zone_tree_mark(tree, claim_of_ref(ref)->owner);
	for (struct zname *up = name->parent; up != NULL; up = up->parent)
		DL_FOREACH2(up->claims, claim, at_next)
	if (claim->kind == CLAIM_NS || claim->type == RR_DNAME)
		zone_tree_mark(tree, up);
}

/* The next name at or below `top`, parents first; NULL: that was the last. */
static struct zname *tree_next(const struct zname *top, struct zname *name)
{
	if (name->child != NULL)
		return name->child;
	while (name != top && name->next == NULL)
		name = name->parent;
	return name != top ? name->next : NULL;
}

static void mark_tree(struct zone_tree *tree, struct zname *top)
{
	for (struct zname *name = top; name != NULL; name = tree_next(top, name))
		mark(tree, name);
}

static int dirty_cmp(const void *x, const void *y)
{
	return zname_cmp(*(struct zname *const *)x, *(struct zname *const *)y);
}

enum al_err zone_tree_take_dirty(struct zone_tree *tree, struct zname ***out, size_t *count)
{
	if (tree->err != AL_OK)
		return tree->err;
	*out = tree->dirty;
	*count = tree->dirty_count;
	if (*count > 0)
		qsort(*out, *count, sizeof(struct zname *), dirty_cmp);
	tree->dirty = NULL;
	tree->dirty_count = tree->dirty_cap = 0;
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

static enum al_err attach_target(struct zone_tree *tree, struct claim *claim, const struct rdata *server)
{
	struct claim_ref *ref = claim_ref(claim);

	ref->target = name_get(tree, server->ptr, server->len);
	if (ref->target == NULL)
		return AL_ENOMEM;
	DL_APPEND(ref->target->refs, ref);
	mark(tree, ref->target);
	return AL_OK;
}

enum al_err zone_tree_attach(struct zone_tree *tree, struct claim *claim, const struct claim_view *view)
{
	claim->owner = name_get(tree, view->owner.ptr, view->owner.len);
	if (claim->owner == NULL)
		return AL_ENOMEM;
	DL_APPEND2(claim->owner->claims, claim, at_prev, at_next);
	if (shapes_tree(claim))
		mark_tree(tree, claim->owner);
	else
		mark(tree, claim->owner);
	return claim->inside ? attach_target(tree, claim, &view->data) : AL_OK;
}

static void detach_target(struct zone_tree *tree, struct claim *claim)
{
	struct claim_ref *ref = claim_ref(claim);

	if (ref->target == NULL)
		return;
	mark(tree, ref->target);
	DL_DELETE(ref->target->refs, ref);
	ref->target = NULL;
}

void zone_tree_detach(struct zone_tree *tree, struct claim *claim)
{
	if (claim->owner == NULL)
		return;
	if (shapes_tree(claim))
		mark_tree(tree, claim->owner);
	else
		mark(tree, claim->owner);
	if (claim->inside)
		detach_target(tree, claim);
	DL_DELETE2(claim->owner->claims, claim, at_prev, at_next);
	claim->owner = NULL;
}

struct rdata zone_tree_data(const struct claim *claim, struct dname *name)
{
	if (!claim->inside)
		return claim_data(claim);
	zname_whole(((const struct claim_ref *)(claim + 1))->target, name);
	return (struct rdata){ name->b, name->len };
}

/* ---- which claims stand ---- */

struct rule {
	uint8_t rank; /* of the object that owns the name from here down; 0: none */
	bool cut;
	const struct claimant *claimant;
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
		rule = (struct rule){ claim->rank, ns, claim_claimant(claim) };
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
			*out = (struct zone_view){ at == name ? VIEW_CUT : VIEW_BELOW, rule.rank, rule.claimant, at };
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

bool zone_tree_below(const struct zname *top)
{
	struct zone_view view;

	for (struct zname *name = top->child; name != NULL; name = tree_next(top, name)) {
		if (name->claims == NULL)
			continue;
		zone_tree_view(name, &view);
		if (view.kind == VIEW_DATA || view.kind == VIEW_CUT)
			return true;
	}
	return false;
}

bool zone_view_holds(const struct zone_view *view, const struct claim *claim)
{
	if (view->kind == VIEW_DATA)
		return claim->kind == CLAIM_DATA && claim->rank == view->rank;
	if (view->kind == VIEW_CUT)
		return (claim->kind == CLAIM_NS || claim->kind == CLAIM_DS) && claim->rank == view->rank &&
		       claim_claimant(claim) == view->claimant;
	return false;
}

/* ---- glue ---- */

static bool glue_believed(const struct zone_view *view, const struct claim *claim)
{
	return claim->rank == RANK_OWN || claim_claimant(claim) == view->claimant;
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
