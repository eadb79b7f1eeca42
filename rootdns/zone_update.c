/* SPDX-License-Identifier: MIT */
/*
 * zone_update.c -- changed names to the next snapshot: see zone_update.h.
 *
 *   dirty names -> resolve -> chain edits -> NSEC and nodes -> tables
 *
 * The cost is that of the touched names and of copying three tables of
 * pointers; a node that did not change is shared with the snapshot before.
 */
#include "zone_update.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "alamo/base/wire.h"
#include "answer_compile.h"
#include "history.h"
#include "zone_fill.h"
#include "zone_resolve.h"
#include "zonemd.h"

/* A name comes into the chain, or leaves it, at `at` in the order before. */
struct edit {
	size_t at;
	struct zname *name;      /* comes; NULL: leaves */
	const struct node *gone; /* leaves: its node, */
	uint64_t hash;           /* and the hash of its name */
};

/* A name of the chain that needs a look at its NSEC and its node. */
struct touch {
	size_t at;    /* in the new order */
	bool changed; /* its own data did */
};

struct update {
	struct zone_master *master;
	const struct zone_signer *signer;
	struct update_stats *stats;
	struct zname **dirty; /* canonical order */
	size_t dirty_count;
	struct edit *edits; /* by rising `at` */
	size_t edit_count;
	struct touch *touches;
	size_t touch_count;
	struct draft draft;
	struct zone *next;
};

/* ---- dirty names ---- */

static int zname_cmp(const void *x, const void *y)
{
	const struct zname *a = *(struct zname *const *)x, *b = *(struct zname *const *)y;

	return dname_key_cmp(a->key, a->key_len, b->key, b->key_len);
}

static enum al_err take_dirty(struct update *update)
{
	struct zone_tree *tree = &update->master->tree;
	size_t count = tree->dirty_count;
	struct zname *name;

	update->dirty = malloc(count * sizeof(struct zname *));
	update->edits = malloc(count * sizeof(*update->edits));
	update->touches = malloc((2 * count + 1) * sizeof(*update->touches));
	if (update->dirty == NULL || update->edits == NULL || update->touches == NULL)
		return AL_ENOMEM;
	while ((name = zone_tree_take_dirty(tree)) != NULL)
		update->dirty[update->dirty_count++] = name;
	qsort(update->dirty, update->dirty_count, sizeof(struct zname *), zname_cmp);
	return AL_OK;
}

static bool is_wildcard(const struct zname *name)
{
	return name->name.b[0] == 1 && name->name.b[1] == '*';
}

/* Keeps the counts of the zone that every query asks about. */
static void count_name(struct zone_master *master, const struct zname *name, bool add)
{
	size_t step = add ? 1 : (size_t)-1;

	if (name->sets == NULL)
		return;
	if (name->cut)
		master->cuts_at[master->tree.apex_labels + name->labels] += step;
	if (is_wildcard(name))
		master->wildcards += step;
}

static enum al_err resolve_dirty(struct update *update)
{
	struct zone_master *master = update->master;
	enum al_err err = AL_OK;

	for (size_t i = 0; i < update->dirty_count && err == AL_OK; i++) {
		struct zname *name = update->dirty[i];
		struct rrset *own = NULL;

		if (name == master->tree.apex)
			err = zone_master_apex_sets(master, &own);
		count_name(master, name, false);
		if (err == AL_OK)
			err = zone_resolve(name, own, update->signer, &update->stats->signatures);
		else
			rrset_list_free(own);
		count_name(master, name, true);
	}
	return err;
}

/* ---- the chain ---- */

/* Where the name stands, or would stand. */
static size_t order_find(const struct zone_master *master, const struct zname *name)
{
	size_t low = 0, high = master->count;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		const struct zname *other = master->order[mid];

		if (dname_key_cmp(other->key, other->key_len, name->key, name->key_len) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static void touch(struct update *update, size_t at, bool changed)
{
	struct touch *last = update->touch_count > 0 ? &update->touches[update->touch_count - 1] : NULL;

	assert(update->touches != NULL);
	/* They come in rising order, and only neighbours can be the same. */
	if (last != NULL && last->at == at) {
		last->changed = last->changed || changed;
		return;
	}
	update->touches[update->touch_count++] = (struct touch){ at, changed };
}

/* What comes, what leaves, and which places of the new order that concerns. */
static void find_edits(struct update *update)
{
	struct zone_master *master = update->master;
	size_t come = 0, leave = 0;

	for (size_t i = 0; i < update->dirty_count; i++) {
		struct zname *name = update->dirty[i];
		size_t at = order_find(master, name), new_at = at + come - leave;
		bool was = name->node != NULL, is = name->sets != NULL;

		if (!was && !is)
			continue;
		if (was != is) {
			/* The apex never comes or leaves after the first time, so that there is one before. */
			if (new_at > 0)
				touch(update, new_at - 1, false);
			update->edits[update->edit_count++] = (struct edit){ at, is ? name : NULL, name->node,
									     dname_hash(master->seed, name->name.b) };
			come += is;
			leave += was;
		}
		if (is)
			touch(update, new_at, true);
		else
			name->node = NULL;
	}
}

/* dst = src with the edits; the places of names that come are left as they are. */
static void table_edit(const struct update *update, void *dst, const void *src, size_t count, size_t size)
{
	const uint8_t *from = src;
	uint8_t *to = dst;
	size_t at = 0;

	for (size_t i = 0; i < update->edit_count; i++) {
		const struct edit *edit = &update->edits[i];
		size_t run = (edit->at - at) * size;

		if (run > 0)
			memcpy(to, from + at * size, run);
		to += run;
		at = edit->at;
		if (edit->name != NULL)
			to += size;
		else
			at++;
	}
	if (count > at)
		memcpy(to, from + at * size, (count - at) * size);
}

static enum al_err edit_order(struct update *update, size_t new_count)
{
	struct zone_master *master = update->master;
	struct zname **order;
	size_t shift = 0;

	if (update->edit_count == 0)
		return AL_OK;
	order = malloc(new_count * sizeof(struct zname *));
	if (order == NULL)
		return AL_ENOMEM;
	table_edit(update, order, master->order, master->count, sizeof(struct zname *));
	for (size_t i = 0; i < update->edit_count; i++) {
		const struct edit *edit = &update->edits[i];

		if (edit->name != NULL)
			order[edit->at + shift] = edit->name;
		shift += edit->name != NULL ? 1 : (size_t)-1;
	}
	free(master->order);
	master->order = order;
	master->count = new_count;
	return AL_OK;
}

static size_t edited_count(const struct update *update)
{
	size_t count = update->master->count;

	for (size_t i = 0; i < update->edit_count; i++)
		count += update->edits[i].name != NULL ? 1 : (size_t)-1;
	return count;
}

/* ---- nodes and tables ---- */

static enum al_err slots_make(struct zone *next, const struct zone *before, const struct update *update)
{
	size_t slots = before != NULL ? before->slot_mask + 1 : 16;

	if (before != NULL && next->count * 2 <= slots) {
		next->slots = malloc(slots * sizeof(*next->slots));
		if (next->slots == NULL)
			return AL_ENOMEM;
		next->slot_mask = before->slot_mask;
		memcpy(next->slots, before->slots, slots * sizeof(*next->slots));
		for (size_t i = 0; i < update->edit_count; i++)
			if (update->edits[i].name == NULL)
				zone_slot_remove(next,
						 zone_slot_of(next, update->edits[i].hash, update->edits[i].gone));
		return AL_OK;
	}
	while (slots < next->count * 4)
		slots *= 2;
	next->slots = calloc(slots, sizeof(*next->slots));
	if (next->slots == NULL)
		return AL_ENOMEM;
	next->slot_mask = slots - 1;
	for (size_t i = 0; i < next->count; i++)
		if (next->nodes[i] != NULL)
			zone_slot_put(next, dname_hash(update->master->seed, node_name(next->nodes[i])),
				      next->nodes[i]);
	return AL_OK;
}

/* Copies of the tables, with holes where names have come. */
static enum al_err tables_make(struct update *update, size_t old_count)
{
	const struct zone *before = update->master->newest;
	struct zone *next = update->next;

	next->count = update->master->count;
	next->nodes = calloc(next->count, sizeof(*next->nodes));
	next->prefixes = malloc(next->count * sizeof(*next->prefixes));
	if (next->nodes == NULL || next->prefixes == NULL)
		return AL_ENOMEM;
	if (before != NULL) {
		table_edit(update, next->nodes, before->nodes, old_count, sizeof(*next->nodes));
		table_edit(update, next->prefixes, before->prefixes, old_count, sizeof(*next->prefixes));
	}
	return slots_make(next, before, update);
}

static void retire(struct zone *before, const struct node *node)
{
	if (before != NULL && node != NULL)
		before->retired[before->retired_count++] = node;
}

static enum al_err node_replace(struct update *update, size_t at)
{
	struct zone_master *master = update->master;
	struct zname *name = master->order[at];
	uint64_t hash = dname_hash(master->seed, name->name.b);
	struct zone *next = update->next;
	struct node *node;
	enum al_err err = answer_compile(name, &node);

	if (err != AL_OK)
		return err;
	node->born = next->number;
	if (name->node != NULL)
		zone_slot_remove(next, zone_slot_of(next, hash, name->node));
	if (master->newest != NULL)
		draft_node(&update->draft, name->node, node);
	next->bytes += node->size - (name->node != NULL ? name->node->size : 0);
	retire(master->newest, name->node);
	zone_slot_put(next, hash, node);
	next->nodes[at] = node;
	next->prefixes[at] = dname_key_prefix(name->key, name->key_len);
	name->node = node;
	update->stats->names++;
	return AL_OK;
}

/* The NSEC of a place of the chain; *changed: the node has to be made anew. */
static enum al_err place_resolve(struct update *update, const struct touch *place, bool *changed)
{
	struct zone_master *master = update->master;
	const struct zname *after = master->order[place->at + 1 < master->count ? place->at + 1 : 0];
	enum al_err err = zone_resolve_nsec(master->order[place->at], &after->name, update->signer,
					    &update->stats->signatures, changed);

	*changed = *changed || place->changed;
	return err;
}

/* The apex is the last, for it holds the digest of the others; it is always among the places, as the first. */
static enum al_err nodes_make(struct update *update)
{
	struct zone_master *master = update->master;
	struct zname *apex = master->order[0];
	enum al_err err = AL_OK;
	bool changed;

	for (size_t i = 1; i < update->touch_count && err == AL_OK; i++) {
		err = place_resolve(update, &update->touches[i], &changed);
		if (err == AL_OK && changed)
			err = node_replace(update, update->touches[i].at);
	}
	if (err == AL_OK)
		err = place_resolve(update, &update->touches[0], &changed);
	if (err == AL_OK)
		err = zonemd_fill(apex, update->next->nodes, update->next->count);
	if (err == AL_OK)
		err = zone_resolve_digest(apex, update->signer, &update->stats->signatures);
	return err == AL_OK ? node_replace(update, 0) : err;
}

/* ---- the snapshot ---- */

static size_t bytes_kept(const struct update *update)
{
	size_t bytes = update->master->newest != NULL ? update->master->newest->bytes : 0;

	for (size_t i = 0; i < update->edit_count; i++)
		if (update->edits[i].name == NULL)
			bytes -= update->edits[i].gone->size;
	return bytes;
}

/* Room for every node that this step can retire. */
static enum al_err retired_make(struct update *update)
{
	struct zone *before = update->master->newest;

	if (before == NULL)
		return AL_OK;
	before->retired = malloc((update->touch_count + update->edit_count + 1) * sizeof(*before->retired));
	if (before->retired == NULL)
		return AL_ENOMEM;
	for (size_t i = 0; i < update->edit_count; i++)
		if (update->edits[i].name == NULL) {
			retire(before, update->edits[i].gone);
			draft_node(&update->draft, update->edits[i].gone, NULL);
		}
	return AL_OK;
}

static enum al_err snapshot_make(struct update *update)
{
	struct zone_master *master = update->master;
	size_t old_count = master->count;
	enum al_err err;

	find_edits(update);
	err = edit_order(update, edited_count(update));
	if (err == AL_OK)
		err = retired_make(update);
	update->next = zone_alloc();
	if (err == AL_OK && update->next == NULL)
		err = AL_ENOMEM;
	if (err == AL_OK)
		update->next->number = ++master->snapshots;
	if (err == AL_OK)
		err = tables_make(update, old_count);
	if (err == AL_OK) {
		update->next->bytes = bytes_kept(update);
		err = nodes_make(update);
	}
	if (err == AL_OK)
		err = zone_fill(update->next, master);
	if (err == AL_OK && master->newest != NULL)
		err = history_set(update->next, master->newest, &update->draft);
	return err;
}

bool zone_update_due(const struct zone_master *master)
{
	return master->tree.dirty_count > 0 || master->newest == NULL;
}

enum al_err zone_update(struct zone_master *master, const struct zone_signer *clock, uint32_t serial,
			struct update_stats *stats)
{
	struct zone_signer signer = *clock;
	struct update update = { .master = master, .signer = &signer, .stats = stats };
	enum al_err err;

	signer.apex = &master->tree.apex_name;
	signer.keys = &master->keys;
	master->serial = serial;
	zone_tree_mark(&master->tree, master->tree.apex); /* for its SOA */
	draft_init(&update.draft);
	err = take_dirty(&update);
	if (err == AL_OK)
		err = resolve_dirty(&update);
	if (err == AL_OK)
		err = snapshot_make(&update);
	if (err == AL_OK) {
		if (master->newest != NULL)
			master->newest->next = update.next;
		else
			master->oldest = update.next;
		master->newest = update.next;
		zone_tree_clean(&master->tree, update.dirty, update.dirty_count);
	} else {
		zone_free(update.next);
	}
	free(update.dirty);
	free(update.edits);
	free(update.touches);
	draft_release(&update.draft);
	return err;
}
