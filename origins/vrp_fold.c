/* SPDX-License-Identifier: MIT */
/*
 * vrp_fold.c -- changed route objects in, next set and one delta an entry out.
 *
 * Thread: the loop's. Invariant: events are in log order, and an event says what is true of its key (prefix and
 * AS number) right after its entry, whatever was true before; of several events of one entry and key the last
 * one counts. So it does not matter whether the state shows an entry's objects one by one or all at once.
 */
#include <stdlib.h>
#include <string.h>

#include "aspa_fold.h"
#include "vrp_fold.h"

struct vrp_event {
	struct vrp vrp;
	uint64_t index; /* of the entry */
	uint32_t seq;   /* order of arrival, within one take */
	bool present;   /* after the entry */
	/* Filled by batch_resolve(): what the key was before the entry. */
	bool was;
	uint8_t was_max;
};

struct vrp_fold {
	struct vrp_holds holds;
	struct aspa_fold *links;
	struct vrp_event *events;
	size_t count, cap;
};

/* What a run of events comes to: the set's own difference, and deltas for the history. */
struct fold_batch {
	struct vrp_event *events; /* owned; sorted as each step needs it */
	size_t count;
	struct vrp_delta *net;     /* from the base to the end */
	struct vrp_delta **deltas; /* the newest ones, in order */
	size_t delta_count;
};

enum al_err vrp_fold_new(struct vrp_fold **out)
{
	struct vrp_fold *fold = calloc(1, sizeof(*fold));

	if (fold == NULL)
		return AL_ENOMEM;
	vrp_holds_init(&fold->holds);
	if (aspa_fold_new(&fold->links) != AL_OK) {
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
	aspa_fold_free(fold->links);
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

struct hold_walk {
	struct vrp_fold *fold;
	uint64_t index;
	uint8_t reach; /* longest prefix that the hold touches or touched */
	enum al_err err;
};

static bool hold_visit(const struct al_object *object, void *arg)
{
	struct hold_walk *walk = arg;
	struct vrp vrp;

	if (vrp_of_object(object, &vrp) && vrp.asn != 0 && vrp.len <= walk->reach)
		walk->err = fold_emit(walk->fold, &vrp, walk->index, !vrp_holds_hide(&walk->fold->holds, &vrp));
	return walk->err == AL_OK;
}

/* `hold` came, went or changed its reach: say again what is true of all that it may hide. */
static enum al_err fold_hold(struct vrp_fold *fold, const struct al_state *state, const struct vrp *hold, uint8_t reach,
			     const struct al_object *now)
{
	struct hold_walk walk = { .fold = fold, .index = now->index, .reach = reach, .err = AL_OK };
	struct al_prefix prefix = vrp_prefix(hold);

	if (now->deleted)
		vrp_holds_remove(&fold->holds, hold);
	else
		walk.err = vrp_holds_put(&fold->holds, hold);
	if (walk.err == AL_OK)
		walk.err = fold_emit(fold, hold, now->index, !now->deleted);
	if (walk.err == AL_OK)
		al_state_within(state, (enum al_class)now->cls, &prefix, hold_visit, &walk);
	return walk.err;
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

enum al_err vrp_fold_change(struct vrp_fold *fold, const struct al_state *state, const struct al_object *old,
			    const struct al_object *now)
{
	struct link_walk walk = { .fold = fold, .index = now->index };
	struct aspa_ops ops = { .link = fold_link, .arg = &walk };
	bool lived = old != NULL && !old->deleted;
	struct vrp vrp, before;

	if (now->cls == AL_NODE || now->cls == AL_PEERING)
		return aspa_fold_change(fold->links, now, &ops);
	if (!vrp_of_object(now, &vrp) || (!lived && now->deleted))
		return AL_OK;
	if (!lived || !vrp_of_object(old, &before))
		before = vrp;
	else if (!now->deleted && vrp_cmp(&before, &vrp) == 0)
		return AL_OK; /* another attribute changed */
	if (vrp.asn == 0)
		return fold_hold(fold, state, &vrp, before.max > vrp.max ? before.max : vrp.max, now);
	return fold_emit(fold, &vrp, now->index, !now->deleted && !vrp_holds_hide(&fold->holds, &vrp));
}

/* ---- taking ---- */

static int event_cmp_key(const void *pa, const void *pb)
{
	const struct vrp_event *a = pa, *b = pb;
	int cmp = vrp_key_cmp(&a->vrp, &b->vrp);

	return cmp != 0 ? cmp : (a->seq > b->seq) - (a->seq < b->seq);
}

static int event_cmp_index(const void *pa, const void *pb)
{
	const struct vrp_event *a = pa, *b = pb;

	if (a->index != b->index)
		return a->index < b->index ? -1 : 1;
	return vrp_cmp(&a->vrp, &b->vrp);
}

/* One key's events, in log order: keep those that change what is true. `was` starts as what the base says. */
static size_t resolve_key(struct vrp_event *events, size_t count, struct vrp_event *kept, bool was, uint8_t was_max)
{
	size_t i, n = 0;

	for (i = 0; i < count; i++) {
		struct vrp_event event = events[i];

		if (i + 1 < count && events[i + 1].index == event.index)
			continue; /* the entry says more about this key */
		if (event.present == was && (!was || event.vrp.max == was_max))
			continue;
		event.was = was;
		event.was_max = was_max;
		kept[n++] = event;
		was = event.present;
		was_max = event.vrp.max;
	}
	return n;
}

/* Drop the events that change nothing and tell the others what they replace; leaves key order. */
static void batch_resolve(struct fold_batch *batch, const struct vrp_set *base)
{
	size_t first, last, kept = 0;

	qsort(batch->events, batch->count, sizeof(*batch->events), event_cmp_key);
	for (first = 0; first < batch->count; first = last) {
		const struct vrp *found = base != NULL ? vrp_set_find(base, &batch->events[first].vrp) : NULL;

		for (last = first + 1; last < batch->count; last++)
			if (vrp_key_cmp(&batch->events[first].vrp, &batch->events[last].vrp) != 0)
				break;
		kept += resolve_key(&batch->events[first], last - first, &batch->events[kept], found != NULL,
				    found != NULL ? found->max : 0);
	}
	batch->count = kept;
}

static struct vrp event_before(const struct vrp_event *event)
{
	struct vrp vrp = event->vrp;

	vrp.max = event->was_max;
	return vrp;
}

/* First and last event of each key (still in key order) give the set's own difference. */
static enum al_err batch_net(struct fold_batch *batch)
{
	size_t first, last, announced = 0;
	struct vrp_delta *net = vrp_delta_alloc(0, 0, batch->count, batch->count);
	struct vrp *withdrawn;

	if (net == NULL)
		return AL_ENOMEM;
	withdrawn = net->items + batch->count;
	net->withdrawn = 0;
	for (first = 0; first < batch->count; first = last + 1) {
		const struct vrp_event *a = &batch->events[first], *b;

		for (last = first; last + 1 < batch->count; last++)
			if (vrp_key_cmp(&a->vrp, &batch->events[last + 1].vrp) != 0)
				break;
		b = &batch->events[last];
		if (a->was == b->present && (!a->was || a->was_max == b->vrp.max))
			continue; /* there and back again */
		if (a->was)
			withdrawn[net->withdrawn++] = event_before(a);
		if (b->present)
			net->items[announced++] = b->vrp;
	}
	net->announced = announced;
	memmove(net->items + announced, withdrawn, net->withdrawn * sizeof(*withdrawn));
	vrp_delta_sort(net);
	batch->net = net;
	return AL_OK;
}

/* The delta of one entry's events. */
static struct vrp_delta *entry_delta(const struct vrp_event *events, size_t count, uint32_t from)
{
	size_t i, announced = 0, withdrawn = 0;
	struct vrp_delta *delta;

	for (i = 0; i < count; i++) {
		announced += events[i].present ? 1 : 0;
		withdrawn += events[i].was ? 1 : 0;
	}
	delta = vrp_delta_alloc(from, vrp_serial(events[0].index + 1), announced, withdrawn);
	if (delta == NULL)
		return NULL;
	withdrawn = announced;
	announced = 0;
	for (i = 0; i < count; i++) {
		if (events[i].present)
			delta->items[announced++] = events[i].vrp;
		if (events[i].was)
			delta->items[withdrawn++] = event_before(&events[i]);
	}
	vrp_delta_sort(delta);
	return delta;
}

/* Start of the newest `entries` entries among events in log order. */
static size_t batch_tail(const struct fold_batch *batch, size_t entries)
{
	size_t at = batch->count;

	while (at != 0 && entries != 0) {
		at--;
		if (at == 0 || batch->events[at - 1].index != batch->events[at].index)
			entries--;
	}
	return at;
}

/* Deltas of the newest entries, at most `cap`; `base_size` is the size of the set before all events. */
static enum al_err batch_deltas(struct fold_batch *batch, size_t cap, uint64_t base_size)
{
	size_t first, last;

	qsort(batch->events, batch->count, sizeof(*batch->events), event_cmp_index);
	batch->deltas = calloc(cap + 1, sizeof(struct vrp_delta *));
	if (batch->deltas == NULL)
		return AL_ENOMEM;
	for (first = batch_tail(batch, cap); first < batch->count; first = last) {
		const struct vrp_event *event = &batch->events[first];
		uint32_t from = vrp_serial(first == 0 ? base_size : event[-1].index + 1);

		for (last = first; last < batch->count && batch->events[last].index == event->index; last++)
			;
		if (from == vrp_serial(event->index + 1))
			continue; /* the log's very first entry: nobody was given a set before it */
		batch->deltas[batch->delta_count] = entry_delta(event, last - first, from);
		if (batch->deltas[batch->delta_count] == NULL)
			return AL_ENOMEM;
		batch->delta_count++;
	}
	return AL_OK;
}

static enum al_err batch_apply(struct fold_batch *batch, const struct vrp_set *base, struct vrp_set **out)
{
	uint64_t size = batch->count != 0 ? batch->events[batch->count - 1].index + 1 : 0;
	const struct vrp_delta *net = batch->net;

	if (base == NULL)
		return vrp_set_new(net->items, net->announced, size, out);
	return vrp_set_apply(base, net->items, net->announced, net->items + net->announced, net->withdrawn, size, out);
}

static void batch_release(struct fold_batch *batch)
{
	size_t i;

	for (i = 0; i < batch->delta_count; i++)
		free(batch->deltas[i]);
	free(batch->deltas);
	free(batch->net);
	free(batch->events);
}

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
static enum al_err batch_of(const struct vrp_fold *fold, uint64_t size, struct fold_batch *batch)
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

/* Sorted and resolved events to a set, with the deltas ready to be pushed. */
static enum al_err batch_finish(struct fold_batch *batch, const struct vrp_set *base, size_t cap, struct vrp_set **out)
{
	enum al_err err = batch_net(batch);

	if (err == AL_OK)
		err = batch_deltas(batch, cap, base != NULL ? base->size : 0);
	if (err == AL_OK)
		err = batch_apply(batch, base, out);
	return err;
}

enum al_err vrp_fold_take(struct vrp_fold *fold, uint64_t size, const struct vrp_set *base, struct vrp_history *history,
			  const struct vrp_set **out)
{
	struct fold_batch batch = { 0 };
	struct vrp_set *set = NULL;
	size_t i, taken;
	enum al_err err = batch_of(fold, size, &batch);

	if (err != AL_OK)
		return err;
	taken = batch.count;
	batch_resolve(&batch, base);
	if (batch.count == 0 && base != NULL)
		*out = vrp_set_ref(base);
	else
		err = batch_finish(&batch, base, vrp_history_cap(history), &set);
	if (err == AL_OK)
		fold_forget(fold, taken);
	if (err == AL_OK && set != NULL) {
		for (i = 0; i < batch.delta_count; i++)
			vrp_history_push(history, batch.deltas[i], vrp_fold_records_max(set->count));
		batch.delta_count = 0;
		*out = set;
	}
	batch_release(&batch);
	return err;
}
