/* SPDX-License-Identifier: MIT */
/* vrp_batch.c -- events by key to one difference, and by entry to the history's deltas. */
#include "vrp_batch.h"

#include <stdlib.h>
#include <string.h>

int vrp_event_cmp(const void *pa, const void *pb)
{
	const struct vrp_event *a = pa, *b = pb;
	int cmp = vrp_key_cmp(&a->vrp, &b->vrp);

	return cmp != 0 ? cmp : (a->seq > b->seq) - (a->seq < b->seq);
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
static void batch_resolve(struct vrp_batch *batch, const struct vrp_set *base)
{
	size_t first, last, kept = 0;
	struct vrp_finder finder;

	qsort(batch->events, batch->count, sizeof(*batch->events), vrp_event_cmp);
	vrp_finder_start(&finder, base);
	for (first = 0; first < batch->count; first = last) {
		const struct vrp *found = base != NULL ? vrp_finder_find(&finder, &batch->events[first].vrp) : NULL;

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
static enum al_err batch_net(struct vrp_batch *batch)
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

/*
 * Which event comes first in the log, and so on: each `seq`, below `taken`, has one place, so that nothing has to be
 * compared.
 */
static enum al_err batch_order(struct vrp_batch *batch, size_t taken)
{
	size_t put = 0;

	batch->order = malloc((taken + 1) * sizeof(*batch->order));
	if (batch->order == NULL)
		return AL_ENOMEM;
	for (size_t i = 0; i < taken; i++)
		batch->order[i] = UINT32_MAX;
	for (size_t i = 0; i < batch->count; i++)
		batch->order[batch->events[i].seq] = (uint32_t)i;
	for (size_t i = 0; i < taken; i++)
		if (batch->order[i] != UINT32_MAX)
			batch->order[put++] = batch->order[i];
	return AL_OK;
}

/* The event that is so far down the log. */
static const struct vrp_event *batch_at(const struct vrp_batch *batch, size_t at)
{
	return &batch->events[batch->order[at]];
}

/* The delta of one entry's events: those from `first` to before `end` in the log. */
static struct vrp_delta *entry_delta(const struct vrp_batch *batch, size_t first, size_t end, uint32_t from)
{
	size_t i, announced = 0, withdrawn = 0;
	struct vrp_delta *delta;

	for (i = first; i < end; i++) {
		announced += batch_at(batch, i)->present ? 1 : 0;
		withdrawn += batch_at(batch, i)->was ? 1 : 0;
	}
	delta = vrp_delta_alloc(from, vrp_serial(batch_at(batch, first)->index + 1), announced, withdrawn);
	if (delta == NULL)
		return NULL;
	withdrawn = announced;
	announced = 0;
	for (i = first; i < end; i++) {
		const struct vrp_event *event = batch_at(batch, i);

		if (event->present)
			delta->items[announced++] = event->vrp;
		if (event->was)
			delta->items[withdrawn++] = event_before(event);
	}
	vrp_delta_sort(delta);
	return delta;
}

/* Start of the newest `entries` entries among events in log order. */
static size_t batch_tail(const struct vrp_batch *batch, size_t entries)
{
	size_t at = batch->count;

	while (at != 0 && entries != 0) {
		at--;
		if (at == 0 || batch_at(batch, at - 1)->index != batch_at(batch, at)->index)
			entries--;
	}
	return at;
}

/* Deltas of the newest entries, at most `cap`; `base_size` is the size of the set before all events. */
static enum al_err batch_deltas(struct vrp_batch *batch, size_t cap, uint64_t base_size)
{
	size_t first, last;

	batch->deltas = calloc(cap + 1, sizeof(struct vrp_delta *));
	if (batch->deltas == NULL)
		return AL_ENOMEM;
	for (first = batch_tail(batch, cap); first < batch->count; first = last) {
		const struct vrp_event *event = batch_at(batch, first);
		uint32_t from = vrp_serial(first == 0 ? base_size : batch_at(batch, first - 1)->index + 1);

		for (last = first; last < batch->count && batch_at(batch, last)->index == event->index; last++)
			;
		if (from == vrp_serial(event->index + 1))
			continue; /* the log's very first entry: nobody was given a set before it */
		batch->deltas[batch->delta_count] = entry_delta(batch, first, last, from);
		if (batch->deltas[batch->delta_count] == NULL)
			return AL_ENOMEM;
		batch->delta_count++;
	}
	return AL_OK;
}

static enum al_err batch_apply(struct vrp_batch *batch, const struct vrp_set *base, struct vrp_set **out)
{
	uint64_t size = batch_at(batch, batch->count - 1)->index + 1;
	const struct vrp_delta *net = batch->net;

	if (base == NULL)
		return vrp_set_new(net->items, net->announced, size, out);
	return vrp_set_apply(base, net->items, net->announced, net->items + net->announced, net->withdrawn, size, out);
}

void vrp_batch_release(struct vrp_batch *batch)
{
	size_t i;

	for (i = 0; i < batch->delta_count; i++)
		free(batch->deltas[i]);
	free(batch->deltas);
	free(batch->net);
	free(batch->order);
	free(batch->events);
}

enum al_err vrp_batch_run(struct vrp_batch *batch, const struct vrp_set *base, size_t cap, struct vrp_set **out)
{
	size_t taken = batch->count;
	enum al_err err;

	*out = NULL;
	batch_resolve(batch, base);
	if (batch->count == 0)
		return AL_OK;
	err = batch_order(batch, taken);
	if (err == AL_OK)
		err = batch_net(batch);
	if (err == AL_OK)
		err = batch_deltas(batch, cap, base != NULL ? base->size : 0);
	if (err == AL_OK)
		err = batch_apply(batch, base, out);
	return err;
}
