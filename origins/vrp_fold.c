/* SPDX-License-Identifier: MIT */
/*
 * vrp_fold.c -- changed route objects in, next set and one delta an entry out.
 *
 * Thread: the loop's. Invariant: events are in log order, and an event says what is true of its key (prefix and
 * AS number) right after its entry, whatever was true before; of several events of one entry and key the last
 * one counts. `set` is what the events before `events` come to, and `hidden` has the routes that live and are not in
 * it, as of the newest event.
 */
#include <stdlib.h>
#include <string.h>

#include "aspa_fold.h"
#include "vrp_batch.h"
#include "vrp_fold.h"
#include "vrp_hidden.h"

struct vrp_fold {
	struct vrp_holds holds;
	struct vrp_hidden hidden;
	struct aspa_fold *links;
	struct vrp_event *events;
	size_t count, cap;
	const struct vrp_set *set;   /* counted; NULL: nothing was taken yet */
	struct vrp_history *history; /* leads to it */
};

static enum al_err fold_absorb(struct vrp_fold *fold, uint64_t size);

enum al_err vrp_fold_new(size_t history, struct vrp_fold **out)
{
	struct vrp_fold *fold = calloc(1, sizeof(*fold));

	if (fold == NULL)
		return AL_ENOMEM;
	vrp_holds_init(&fold->holds);
	if (aspa_fold_new(&fold->links) != AL_OK || vrp_history_new(history, &fold->history) != AL_OK) {
		vrp_fold_free(fold);
		return AL_ENOMEM;
	}
	*out = fold;
	return AL_OK;
}

void vrp_fold_free(struct vrp_fold *fold)
{
	if (fold == NULL)
		return;
	vrp_holds_release(&fold->holds);
	vrp_hidden_release(&fold->hidden);
	aspa_fold_free(fold->links);
	vrp_history_free(fold->history);
	vrp_set_unref(fold->set);
	free(fold->events);
	free(fold);
}

size_t vrp_fold_records_max(size_t count)
{
	return count > 65536 ? count : 65536;
}

/* ---- collecting ---- */

static enum al_err fold_emit(struct vrp_fold *fold, const struct vrp *vrp, uint64_t index, bool present)
{
	if (fold->count == fold->cap) {
		size_t cap = fold->cap != 0 ? fold->cap * 2 : 64;
		struct vrp_event *events = NULL;

		if (cap < UINT32_MAX)
			events = realloc(fold->events, cap * sizeof(*events));
		if (events == NULL)
			return AL_ENOMEM;
		fold->events = events;
		fold->cap = cap;
	}
	fold->events[fold->count++] = (struct vrp_event){ .vrp = *vrp, .index = index, .present = present };
	return AL_OK;
}

/* ---- holds ---- */

static int event_cmp_only_key(const void *pa, const void *pb)
{
	const struct vrp_event *a = pa, *b = pb;

	return vrp_key_cmp(&a->vrp, &b->vrp);
}

/* While a hold is put: the events of the same entry, by key, and the routes that it hides. */
struct hold_walk {
	struct vrp_fold *fold;
	uint64_t index;
	struct al_prefix prefix;
	struct vrp_event *recent; /* owned */
	size_t count;
	enum al_err err;
};

static enum al_err walk_recent(struct hold_walk *walk)
{
	const struct vrp_fold *fold = walk->fold;

	walk->recent = calloc(fold->count + 1, sizeof(*walk->recent));
	if (walk->recent == NULL)
		return AL_ENOMEM;
	for (size_t i = 0; i < fold->count; i++) {
		walk->recent[i] = fold->events[i];
		walk->recent[i].seq = (uint32_t)i;
	}
	walk->count = fold->count;
	qsort(walk->recent, walk->count, sizeof(*walk->recent), vrp_event_cmp);
	return AL_OK;
}

static void walk_hide(struct hold_walk *walk, const struct vrp *vrp)
{
	if (vrp->bits == VRP_ASPA || !vrp_holds_hide(&walk->fold->holds, vrp))
		return;
	walk->err = vrp_hidden_put(&walk->fold->hidden, vrp);
	if (walk->err == AL_OK)
		walk->err = fold_emit(walk->fold, vrp, walk->index, false);
}

/* One of the set, unless the entry has said something else about it already. */
static bool walk_set(const struct vrp *vrp, void *arg)
{
	struct hold_walk *walk = arg;
	struct vrp_event probe = { .vrp = *vrp };

	if (walk->count == 0 || bsearch(&probe, walk->recent, walk->count, sizeof(probe), event_cmp_only_key) == NULL)
		walk_hide(walk, vrp);
	return walk->err == AL_OK;
}

/* Those that the entry itself has brought: the last word about each counts. */
static void walk_entry(struct hold_walk *walk)
{
	for (size_t i = 0; i < walk->count && walk->err == AL_OK; i++) {
		const struct vrp_event *event = &walk->recent[i];
		bool last = i + 1 == walk->count || event_cmp_only_key(event, event + 1) != 0;

		if (last && event->present)
			walk_hide(walk, &event->vrp);
	}
}

static bool walk_back(const struct vrp *vrp, void *arg)
{
	struct hold_walk *walk = arg;

	if (walk->err != AL_OK || vrp_holds_hide(&walk->fold->holds, vrp))
		return false;
	walk->err = fold_emit(walk->fold, vrp, walk->index, true);
	return walk->err == AL_OK;
}

/* What it hides goes, what it hid and nothing else hides comes back. */
static enum al_err hold_apply(struct vrp_fold *fold, const struct vrp *hold, uint64_t index, bool gone)
{
	struct hold_walk walk = { .fold = fold, .index = index, .prefix = vrp_prefix(hold) };

	walk.err = walk_recent(&walk);
	if (walk.err == AL_OK && gone)
		vrp_holds_remove(&fold->holds, hold);
	else if (walk.err == AL_OK)
		walk.err = vrp_holds_put(&fold->holds, hold);
	if (walk.err == AL_OK)
		walk.err = fold_emit(fold, hold, index, !gone);
	if (walk.err == AL_OK)
		vrp_hidden_take(&fold->hidden, walk_back, &walk);
	if (walk.err == AL_OK && !gone && fold->set != NULL)
		vrp_set_within(fold->set, &walk.prefix, walk_set, &walk);
	if (walk.err == AL_OK && !gone)
		walk_entry(&walk);
	free(walk.recent);
	return walk.err;
}

/* The events before this entry become a set first, in which what the hold covers can be looked up. */
static enum al_err fold_hold(struct vrp_fold *fold, const struct vrp *hold, uint64_t index, bool gone)
{
	enum al_err err = fold_absorb(fold, index);

	return err == AL_OK ? hold_apply(fold, hold, index, gone) : err;
}

/* ---- changes ---- */

static enum al_err fold_route(struct vrp_fold *fold, const struct vrp *vrp, uint64_t index, bool gone)
{
	bool hidden = !gone && vrp_holds_hide(&fold->holds, vrp);

	if (!hidden)
		vrp_hidden_remove(&fold->hidden, vrp);
	else if (vrp_hidden_put(&fold->hidden, vrp) != AL_OK)
		return AL_ENOMEM;
	return fold_emit(fold, vrp, index, !gone && !hidden);
}

struct link_walk {
	struct vrp_fold *fold;
	uint64_t index;
};

static enum al_err fold_link(void *arg, uint32_t a, uint32_t b, bool linked)
{
	const struct link_walk *walk = arg;
	struct vrp pairs[2] = { vrp_pair(a, b), vrp_pair(b, a) };
	enum al_err err = fold_emit(walk->fold, &pairs[0], walk->index, linked);

	return err == AL_OK ? fold_emit(walk->fold, &pairs[1], walk->index, linked) : err;
}

enum al_err vrp_fold_change(struct vrp_fold *fold, const struct al_object *now)
{
	struct link_walk walk = { .fold = fold, .index = now->index };
	struct aspa_ops ops = { .link = fold_link, .arg = &walk };
	enum al_err err = AL_OK;
	struct vrp vrp;

	/* Of whole entries only, or the one under way would be two. */
	if (fold->count >= VRP_FOLD_EVENTS && fold->events[fold->count - 1].index < now->index)
		err = fold_absorb(fold, now->index);
	if (err != AL_OK)
		return err;
	if (now->cls == AL_NODE || now->cls == AL_PEERING)
		return aspa_fold_change(fold->links, now, &ops);
	if (!vrp_of_object(now, &vrp))
		return AL_OK;
	if (now->edit != AL_EDIT_NONE && al_object_attr(now, "max-length").len == 0)
		return AL_OK; /* the one attribute that can change and counts */
	if (now->edit == AL_EDIT_SHRINK)
		vrp.max = vrp.len;
	return vrp.asn == 0 ? fold_hold(fold, &vrp, now->index, now->deleted)
			    : fold_route(fold, &vrp, now->index, now->deleted);
}

/* ---- taking ---- */

/* The first `taken` events have become a set. */
static void fold_forget(struct vrp_fold *fold, size_t taken)
{
	if (taken == 0)
		return;
	fold->count -= taken;
	memmove(fold->events, fold->events + taken, fold->count * sizeof(*fold->events));
	if (fold->count == 0 && fold->cap > 65536) {
		free(fold->events); /* a replay's worth of memory is not needed again */
		fold->events = NULL;
		fold->cap = 0;
	}
}

/* A private copy of what is to be taken: the fold's own events stay as they are until all has succeeded. */
static enum al_err batch_of(const struct vrp_fold *fold, uint64_t size, struct vrp_batch *batch)
{
	size_t i, count = 0;

	while (count < fold->count && fold->events[count].index < size)
		count++;
	batch->events = malloc((count + 1) * sizeof(*batch->events));
	if (batch->events == NULL)
		return AL_ENOMEM;
	for (i = 0; i < count; i++) {
		batch->events[i] = fold->events[i];
		batch->events[i].seq = (uint32_t)i;
	}
	batch->count = count;
	return AL_OK;
}

static enum al_err fold_absorb(struct vrp_fold *fold, uint64_t size)
{
	struct vrp_batch batch = { 0 };
	struct vrp_set *set = NULL;
	size_t taken;
	enum al_err err;

	if (fold->count == 0 || fold->events[0].index >= size)
		return AL_OK;
	err = batch_of(fold, size, &batch);
	if (err != AL_OK)
		return err;
	taken = batch.count;
	err = vrp_batch_run(&batch, fold->set, vrp_history_cap(fold->history), &set);
	if (err == AL_OK)
		fold_forget(fold, taken);
	if (err == AL_OK && set != NULL) {
		for (size_t i = 0; i < batch.delta_count; i++)
			vrp_history_push(fold->history, batch.deltas[i], vrp_fold_records_max(set->count));
		batch.delta_count = 0;
		vrp_set_unref(fold->set);
		fold->set = set;
	}
	vrp_batch_release(&batch);
	return err;
}

enum al_err vrp_fold_take(struct vrp_fold *fold, uint64_t size, struct vrp_history *history, const struct vrp_set **out)
{
	struct vrp_set *empty;
	enum al_err err = fold_absorb(fold, size);

	if (err == AL_OK && fold->set == NULL) {
		err = vrp_set_new(NULL, 0, 0, &empty);
		if (err == AL_OK)
			fold->set = empty;
	}
	if (err == AL_OK && fold->set->size > size)
		err = AL_EINVAL;
	if (err != AL_OK)
		return err;
	vrp_history_move(fold->history, history, vrp_fold_records_max(fold->set->count));
	*out = vrp_set_ref(fold->set);
	return AL_OK;
}
