/* SPDX-License-Identifier: MIT */
/*
 * zone_update.c -- changed names to the next snapshot: see zone_update.h.
 *
 *   dirty names -> do they show? -> chain -> sets, NSEC and nodes, one name after the other
 *
 * The cost is that of the touched names, and of copying what leads to them; all else is shared with the snapshot before.
 * A name that comes has a node without records in the chain until its neighbours are known.
 */
#include "zone_update.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "answer_compile.h"
#include "history.h"
#include "zone_fill.h"
#include "zone_place.h"

enum fate { ABSENT, STAYS, COMES, LEAVES };

/* A name of the chain that needs a look at its NSEC and its node. */
struct touch {
	struct zname *name;
	bool changed; /* its own data did */
};

struct update {
	struct zone_master *master;
	const struct zone_signer *signer;
	struct update_stats *stats;
	struct zname **dirty; /* canonical order */
	enum fate *fates;     /* of each of them */
	size_t dirty_count;
	struct touch *touches; /* canonical order: the apex is the first */
	size_t touch_count;
	struct draft draft;
	struct zone *next;
	struct making making;
};

/* ---- dirty names ---- */

static enum al_err take_dirty(struct update *update)
{
	enum al_err err = zone_tree_take_dirty(&update->master->tree, &update->dirty, &update->dirty_count);

	if (err != AL_OK)
		return err;
	update->fates = malloc(update->dirty_count * sizeof(*update->fates));
	update->touches = calloc(2 * update->dirty_count, sizeof(*update->touches));
	return update->fates != NULL && update->touches != NULL ? AL_OK : AL_ENOMEM;
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
	bool cut, shows;

	for (size_t i = 0; i < update->dirty_count && err == AL_OK; i++) {
		struct zname *name = update->dirty[i];

		err = zone_resolve_look(name, &shows, &cut);
		if (err != AL_OK)
			break;
		if (name->node != NULL)
			count_name(update->master, name, name->node->cut, (size_t)-1);
		if (shows)
			count_name(update->master, name, cut, 1);
		if (name->node != NULL)
			update->fates[i] = shows ? STAYS : LEAVES;
		else
			update->fates[i] = shows ? COMES : ABSENT;
	}
	return err;
}

/* ---- the chain ---- */

static size_t key_of(const struct zname *name, const struct dname *whole, uint8_t key[static DNAME_KEY_MAX])
{
	return dname_key(whole->b, dname_labels(whole->b) - name->labels, key);
}

/* A place in the chain until there is the node. */
static enum al_err come(struct update *update, const struct zname *name)
{
	uint8_t key[DNAME_KEY_MAX];
	const struct node *none;
	struct node *node;
	struct dname whole;
	enum al_err err;

	zname_whole(name, &whole);
	node = node_blank(&whole, key, key_of(name, &whole, key));
	if (node == NULL)
		return AL_ENOMEM;
	node->shared.born = update->making.number;
	err = zone_chain_put(&update->next->chain, &update->making, node, &none);
	if (err != AL_OK)
		free(node);
	return err;
}

static enum al_err leave(struct update *update, struct zname *name)
{
	const struct node *node = name->node;
	struct zone *next = update->next;
	enum al_err err = zone_chain_remove(&next->chain, &update->making, node);

	if (err == AL_OK)
		err = zone_slots_remove(&next->slots, &update->making, node);
	if (err != AL_OK)
		return err;
	next->bytes -= node->size;
	draft_node(&update->draft, node, NULL);
	name->node = NULL;
	return shared_drop(&update->making, &node->shared);
}

static enum al_err chain_edit(struct update *update)
{
	enum al_err err = AL_OK;

	for (size_t i = 0; i < update->dirty_count && err == AL_OK; i++) {
		if (update->fates[i] == COMES)
			err = come(update, update->dirty[i]);
		if (update->fates[i] == LEAVES)
			err = leave(update, update->dirty[i]);
	}
	return err;
}

static struct zname *name_of(const struct update *update, const struct node *node)
{
	return zone_tree_find(&update->master->tree, node_name(node), node->name_len);
}

static struct chain_at place_of(const struct update *update, const struct zname *name)
{
	uint8_t key[DNAME_KEY_MAX];
	struct dname whole;

	zname_whole(name, &whole);
	return zone_chain_before(&update->next->chain, key, key_of(name, &whole, key));
}

/* Who stands before a name that has come or left. */
static struct zname *name_before(const struct update *update, const struct zname *name, bool has_come)
{
	struct chain_at at = place_of(update, name);

	if (has_come)
		at = zone_chain_back(&update->next->chain, at);
	return name_of(update, zone_chain_node(&update->next->chain, at));
}

/* The chain is a ring. */
static struct zname *name_after(const struct update *update, const struct zname *name)
{
	const struct zone_chain *chain = &update->next->chain;
	const struct node *node = zone_chain_node(chain, zone_chain_after(chain, place_of(update, name)));

	return node != NULL ? name_of(update, node) : update->master->tree.apex;
}

static void touch(struct update *update, struct zname *name, bool changed)
{
	struct touch *last = update->touch_count > 0 ? &update->touches[update->touch_count - 1] : NULL;

	assert(update->touches != NULL);
	/* They come in rising order, and only neighbours can be the same. */
	if (last != NULL && last->name == name) {
		last->changed = last->changed || changed;
		return;
	}
	update->touches[update->touch_count++] = (struct touch){ name, changed };
}

/* What came or left concerns the name before it as well; the apex comes once, and has none. */
static void find_touches(struct update *update)
{
	for (size_t i = 0; i < update->dirty_count; i++) {
		struct zname *name = update->dirty[i];
		enum fate fate = update->fates[i];

		if ((fate == COMES || fate == LEAVES) && name->parent != NULL)
			touch(update, name_before(update, name, fate == COMES), false);
		if (fate == COMES || fate == STAYS)
			touch(update, name, true);
	}
}

/* ---- nodes ---- */

static enum al_err tables_make(struct update *update)
{
	const struct zone *before = update->master->newest;
	struct zone *next = update->next;
	enum al_err err;

	if (before == NULL)
		return zone_slots_new(&next->slots, update->master->seed, &update->making, update->dirty_count);
	err = zone_chain_share(&before->chain, &next->chain);
	return err == AL_OK ? zone_slots_share(&before->slots, &next->slots) : err;
}

/* In the chain and the slots, instead of what is there. */
static enum al_err node_place(struct update *update, const struct zname *name, const struct node *node)
{
	struct zone *next = update->next;
	const struct node *replaced;
	enum al_err err = zone_chain_put(&next->chain, &update->making, node, &replaced);

	if (err == AL_OK && name->node != NULL)
		err = zone_slots_replace(&next->slots, &update->making, name->node, node);
	else if (err == AL_OK)
		err = zone_slots_add(&next->slots, &update->making, node);
	return err == AL_OK ? shared_drop(&update->making, &replaced->shared) : err;
}

static enum al_err node_replace(struct update *update, struct zname *name, const struct shown *shown)
{
	struct zone_master *master = update->master;
	struct zone *next = update->next;
	struct node *node = NULL;
	enum al_err err = answer_compile(shown, &node);

	if (err != AL_OK)
		return err;
	node->shared.born = next->number;
	if (master->newest != NULL)
		draft_node(&update->draft, name->node, node);
	next->bytes += node->size;
	next->bytes -= name->node != NULL ? name->node->size : 0;
	err = node_place(update, name, node);
	name->node = node;
	update->stats->names++;
	return err;
}

static enum al_err place_make(struct update *update, const struct touch *touch)
{
	struct zname *name = touch->name;
	struct place place;
	enum al_err err;

	assert(name != NULL); /* the apex is always touched: zone_update() marks it */
	err = place_open(update->master, update->signer, name, name_after(update, name), touch->changed, &place);
	if (err == AL_OK && name->parent == NULL)
		err = place_digest(&place, update->signer, &update->next->chain);
	if (err == AL_OK && place.changed)
		err = node_replace(update, name, place_shown(&place));
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

static enum al_err snapshot_make(struct update *update)
{
	struct zone_master *master = update->master;
	struct zone *before = master->newest;
	enum al_err err;

	update->next = zone_alloc();
	if (update->next == NULL)
		return AL_ENOMEM;
	update->next->number = ++master->snapshots;
	update->next->bytes = before != NULL ? before->bytes : 0;
	update->making = (struct making){ update->next->number, before != NULL ? &before->retired : NULL };
	err = tables_make(update);
	if (err == AL_OK)
		err = chain_edit(update);
	if (err == AL_OK) {
		find_touches(update);
		err = nodes_make(update);
	}
	if (err == AL_OK)
		err = zone_fill(update->next, master);
	if (err == AL_OK && before != NULL)
		err = history_set(update->next, before, &update->draft);
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
	free(update.fates);
	free(update.touches);
	draft_release(&update.draft);
	return err;
}
