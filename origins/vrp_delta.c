/* SPDX-License-Identifier: MIT */
/*
 * vrp_delta.c -- differences between sets: a bounded ring of them, and netting.
 *
 * Thread: the loop's. Invariant: the ring's deltas are contiguous, deltas[i].to == deltas[i + 1].from.
 */
#include <stdlib.h>
#include <string.h>

#include "vrp_delta.h"

struct vrp_history {
	size_t cap;
	size_t first; /* position of the oldest */
	size_t count;
	size_t records; /* in all deltas together */
	struct vrp_delta *ring[];
};

/* One record of one delta, while several are put together. */
struct net_item {
	struct vrp vrp;
	uint32_t order; /* which delta */
	bool announce;
};

struct vrp_delta *vrp_delta_alloc(uint32_t from, uint32_t to, size_t announced, size_t withdrawn)
{
	struct vrp_delta *delta = NULL;

	if (announced <= SIZE_MAX / 64 && withdrawn <= SIZE_MAX / 64)
		delta = malloc(sizeof(*delta) + (announced + withdrawn) * sizeof(delta->items[0]));
	if (delta != NULL)
		*delta = (struct vrp_delta){ .from = from, .to = to, .announced = announced, .withdrawn = withdrawn };
	return delta;
}

void vrp_delta_sort(struct vrp_delta *delta)
{
	vrp_sort(delta->items, delta->announced);
	vrp_sort(delta->items + delta->announced, delta->withdrawn);
}

/* While two sets are compared: how many there are of each, and where the next goes; `items` NULL only counts. */
struct between {
	struct vrp *items;
	size_t put[2]; /* withdrawn, announced */
};

static bool between_visit(const struct vrp *vrp, bool in_b, void *arg)
{
	struct between *between = arg;

	if (between->items != NULL)
		between->items[between->put[in_b]] = *vrp;
	between->put[in_b]++;
	return true;
}

enum al_err vrp_delta_between(const struct vrp_set *a, const struct vrp_set *b, struct vrp_delta **out)
{
	struct between between = { .items = NULL };
	struct vrp_delta *delta;

	vrp_set_diff(a, b, between_visit, &between);
	delta = vrp_delta_alloc(a->serial, b->serial, between.put[true], between.put[false]);
	if (delta == NULL)
		return AL_ENOMEM;
	between = (struct between){ .items = delta->items, .put = { [false] = delta->announced } };
	vrp_set_diff(a, b, between_visit, &between);
	*out = delta;
	return AL_OK;
}

enum al_err vrp_history_new(size_t cap, struct vrp_history **out)
{
	struct vrp_history *history = NULL;

	if (cap <= SIZE_MAX / 64)
		history = calloc(1, sizeof(*history) + cap * sizeof(struct vrp_delta *));
	if (history == NULL)
		return AL_ENOMEM;
	history->cap = cap;
	*out = history;
	return AL_OK;
}

static struct vrp_delta *history_at(const struct vrp_history *history, size_t i)
{
	return history->ring[(history->first + i) % history->cap];
}

static void history_drop_oldest(struct vrp_history *history)
{
	struct vrp_delta *oldest = history_at(history, 0);

	history->records -= oldest->announced + oldest->withdrawn;
	history->first = (history->first + 1) % history->cap;
	history->count--;
	free(oldest);
}

void vrp_history_free(struct vrp_history *history)
{
	if (history == NULL)
		return;
	while (history->count != 0)
		history_drop_oldest(history);
	free(history);
}

size_t vrp_history_cap(const struct vrp_history *history)
{
	return history->cap;
}

size_t vrp_history_count(const struct vrp_history *history)
{
	return history->count;
}

void vrp_history_push(struct vrp_history *history, struct vrp_delta *delta, size_t records_max)
{
	if (history->cap == 0) {
		free(delta);
		return;
	}
	while (history->count == history->cap ||
	       (history->count != 0 && history_at(history, history->count - 1)->to != delta->from))
		history_drop_oldest(history);
	history->ring[(history->first + history->count) % history->cap] = delta;
	history->count++;
	history->records += delta->announced + delta->withdrawn;
	while (history->count != 0 && history->records > records_max)
		history_drop_oldest(history);
}

void vrp_history_move(struct vrp_history *from, struct vrp_history *to, size_t records_max)
{
	for (size_t i = 0; i < from->count; i++)
		vrp_history_push(to, history_at(from, i), records_max);
	from->first = from->count = from->records = 0;
}

/* Position of the delta that starts at `from`, or count. */
static size_t history_find(const struct vrp_history *history, uint32_t from)
{
	size_t i;

	for (i = 0; i < history->count; i++)
		if (history_at(history, i)->from == from)
			break;
	return i;
}

bool vrp_history_has(const struct vrp_history *history, uint32_t from)
{
	return history_find(history, from) < history->count;
}

static int net_cmp(const void *pa, const void *pb)
{
	const struct net_item *a = pa, *b = pb;
	int cmp = vrp_cmp(&a->vrp, &b->vrp);

	return cmp != 0 ? cmp : (a->order > b->order) - (a->order < b->order);
}

static size_t net_collect(const struct vrp_history *history, size_t first, struct net_item *items)
{
	size_t i, j, count = 0;

	for (i = first; i < history->count; i++) {
		const struct vrp_delta *delta = history_at(history, i);

		for (j = 0; j < delta->announced + delta->withdrawn; j++)
			items[count++] = (struct net_item){ delta->items[j], (uint32_t)i, j < delta->announced };
	}
	return count;
}

/*
 * Sorted items to net ones, in place. The records of one VRP alternate, so the first tells whether it was
 * there before and the last whether it is there after; only when both say the same did anything change.
 */
static size_t net_reduce(struct net_item *items, size_t count, size_t *announced)
{
	size_t first, last, kept = 0;

	*announced = 0;
	for (first = 0; first < count; first = last + 1) {
		for (last = first; last + 1 < count; last++)
			if (vrp_cmp(&items[first].vrp, &items[last + 1].vrp) != 0)
				break;
		if (items[first].announce != items[last].announce)
			continue;
		*announced += items[last].announce ? 1 : 0;
		items[kept++] = items[last];
	}
	return kept;
}

enum al_err vrp_history_net(const struct vrp_history *history, uint32_t from, struct vrp_delta **out)
{
	size_t first = history_find(history, from);
	size_t i, count, announced, put[2];
	struct net_item *items;
	struct vrp_delta *net;

	if (first == history->count)
		return AL_ENOTFOUND;
	items = malloc((history->records + 1) * sizeof(*items));
	if (items == NULL)
		return AL_ENOMEM;
	count = net_collect(history, first, items);
	if (count > 1)
		qsort(items, count, sizeof(*items), net_cmp);
	count = net_reduce(items, count, &announced);
	net = vrp_delta_alloc(from, history_at(history, history->count - 1)->to, announced, count - announced);
	if (net != NULL) {
		put[true] = 0;
		put[false] = announced;
		for (i = 0; i < count; i++)
			net->items[put[items[i].announce]++] = items[i].vrp;
		*out = net;
	}
	free(items);
	return net != NULL ? AL_OK : AL_ENOMEM;
}
