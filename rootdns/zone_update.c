/* SPDX-License-Identifier: MIT */
/*
 * zone_update.c -- changed names to the next snapshot: see zone_update.h.
 *
 *   dirty names -> do they show? -> chain edits -> sets, NSEC and nodes, one name after the other -> tables
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
#include "zone_place.h"

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
	bool *shows;          /* each of them, as it is now */
	size_t dirty_count;
	struct edit *edits; /* by rising `at` */
	size_t edit_count;
	struct touch *touches;
	size_t touch_count;
	struct draft draft;
	struct zone *next;
};

/* ---- dirty names ---- */

static enum al_err take_dirty(struct update *update)
{
	enum al_err err = zone_tree_take_dirty(&update->master->tree, &update->dirty, &update->dirty_count);

	if (err != AL_OK)
		return err;
	update->shows = malloc(update->dirty_count * sizeof(*update->shows));
	update->edits = malloc(update->dirty_count * sizeof(*update->edits));
	update->touches = malloc((2 * update->dirty_count + 1) * sizeof(*update->touches));
	return update->shows != NULL && update->edits != NULL && update->touches != NULL ? AL_OK : AL_ENOMEM;
}

static bool is_wildcard(const struct zname *name)
{
	return name->label[0] == 1 && name->label[1] == '*';
}

/* Keeps the counts of the zone that every query asks about. */
static void count_name(struct zone_master *master, const struct zname *name, bool cut, size_t step)
{
	if (cut)
		master->cuts_at[master->tree.apex_labels + name->labels] += step;
	if (is_wildcard(name))
		master->wildcards += step;
}

static enum al_err look_at_dirty(struct update *update)
{
	enum al_err err = AL_OK;
	bool cut;

	for (size_t i = 0; i < update->dirty_count && err == AL_OK; i++) {
		struct zname *name = update->dirty[i];

		err = zone_resolve_look(name, &update->shows[i], &cut);
		if (err == AL_OK && name->node != NULL)
			count_name(update->master, name, name->node->cut, (size_t)-1);
		if (err == AL_OK && update->shows[i])
			count_name(update->master, name, cut, 1);
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

		if (zname_cmp(master->order[mid], name) < 0)
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
		bool was = name->node != NULL, is = update->shows[i];

		if (!was && !is)
			continue;
		if (was != is) {
			/* The apex never comes or leaves after the first time, so that there is one before. */
			if (new_at > 0)
				touch(update, new_at - 1, false);
			update->edits[update->edit_count++] = (struct edit){ at, is ? name : NULL, name->node,
									     zone_tree_hash(&master->tree, name) };
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
	while (slots < next->count * 2)
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

static enum al_err node_replace(struct update *update, size_t at, const struct shown *shown)
{
	struct zone_master *master = update->master;
	struct zname *name = master->order[at];
	uint64_t hash = zone_tree_hash(&master->tree, name);
	struct zone *next = update->next;
	struct node *node;
	enum al_err err = answer_compile(shown, &node);

	if (err != AL_OK)
		return err;
	node->shared.born = next->number;
	if (name->node != NULL)
		zone_slot_remove(next, zone_slot_of(next, hash, name->node));
	if (master->newest != NULL)
		draft_node(&update->draft, name->node, node);
	next->bytes += node->size;
	next->bytes -= name->node != NULL ? name->node->size : 0;
	retire(master->newest, name->node);
	zone_slot_put(next, hash, node);
	next->nodes[at] = node;
	next->prefixes[at] = dname_key_prefix(node_key(node), node->key_len);
	name->node = node;
	update->stats->names++;
	return AL_OK;
}

static enum al_err place_make(struct update *update, const struct touch *touch)
{
	struct place place;
	enum al_err err = place_open(update->master, update->signer, touch->at, touch->changed, &place);

	if (err == AL_OK && touch->at == 0)
		err = place_digest(&place, update->signer, update->next->nodes, update->next->count);
	if (err == AL_OK && place.changed)
		err = node_replace(update, touch->at, place_shown(&place));
	update->stats->signatures += place.signatures;
	place_close(&place);
	return err;
}

/* The apex is the last, for it holds the digest of the others; it is always among the places, as the first. */
static enum al_err nodes_make(struct update *update)
{
	enum al_err err = AL_OK;

	for (size_t i = 1; i < update->touch_count && err == AL_OK; i++)
		err = place_make(update, &update->touches[i]);
	return err == AL_OK ? place_make(update, &update->touches[0]) : err;
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
		err = look_at_dirty(&update);
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
	free(update.shows);
	free(update.edits);
	free(update.touches);
	draft_release(&update.draft);
	return err;
}
