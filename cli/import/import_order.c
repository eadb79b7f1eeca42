/* SPDX-License-Identifier: MIT */
/*
 * import_order.c -- what others refer to comes first.
 *
 * Classes in the order of enum al_class, which is that of their dependence;
 * large blocks before what lies in them, short names before long ones; then
 * each object behind those that its strong references name. Objects that refer to each other in a circle are
 * glued: they must travel in one request.
 */
#include "import.h"

#include <stdlib.h>
#include <string.h>

#define DEPTH_MAX 64
#define ABSENT SIZE_MAX

/* ---- first order: class and size ---- */

/* Smaller comes first: the length of a prefix, what a block lacks to all numbers, the labels of a name. */
static uint32_t item_depth(const struct import_item *item)
{
	struct al_asn_range range;
	struct al_prefix prefix;

	if (item->object == NULL)
		return 0;
	if (item->cls == AL_AS_BLOCK && al_asn_range_parse(al_slice_str(item->key), &range) == AL_OK)
		return UINT32_MAX - (range.last - range.first);
	if (item->cls == AL_DOMAIN)
		return al_name_labels(al_slice_str(item->key));
	return al_object_prefix(item->object, &prefix) == AL_OK ? prefix.len : 0;
}

static int item_cmp(const void *left, const void *right)
{
	const struct import_item *a = left, *b = right;
	uint32_t x = item_depth(a), y = item_depth(b);

	if (a->cls != b->cls)
		return a->cls < b->cls ? -1 : 1;
	if (x != y)
		return x < y ? -1 : 1;
	return strcmp(a->key, b->key);
}

/* Equal keys stand side by side now. */
static void duplicates_mark(struct import *import)
{
	for (size_t i = 1; i < import->count; i++) {
		struct import_item *a = &import->items[i - 1], *b = &import->items[i];

		if (b->object == NULL || a->object == NULL || a->cls != b->cls || strcmp(a->key, b->key) != 0)
			continue;
		b->state = al_slice_eq(al_object_text(a->object), al_object_text(b->object)) ? IMPORT_PRESENT
											     : IMPORT_REFUSED;
		free(b->note);
		b->note = strdup("the same key came before in the input");
	}
}

/* ---- second order: references ---- */

struct order {
	const struct import *import;
	const struct import_item **by_name; /* sorted by class and key, for look-up */
	size_t named;
	unsigned char *seen; /* 0 not yet, else 1 + depth while on the stack, DONE afterwards */
	size_t *out;
	bool *glued;
	size_t placed;
	unsigned circle; /* least depth that something already placed refers back to */
};

#define DONE 255

static int name_cmp(const void *left, const void *right)
{
	const struct import_item *a = *(const struct import_item *const *)left;
	const struct import_item *b = *(const struct import_item *const *)right;

	return a->cls != b->cls ? (a->cls < b->cls ? -1 : 1) : strcmp(a->key, b->key);
}

static size_t item_find(const struct order *order, enum al_class cls, struct al_slice key)
{
	char text[512];
	struct import_item wanted = { .cls = cls, .key = text };
	const struct import_item *pointer = &wanted, *const * found;

	if (al_slice_copy(key, text, sizeof(text)) != AL_OK)
		return ABSENT;
	found = bsearch(&pointer, order->by_name, order->named, sizeof(*order->by_name), name_cmp);
	return found != NULL ? (size_t)(*found - order->import->items) : ABSENT;
}

static void item_place(struct order *order, size_t at, unsigned depth);

static void reference_place(struct order *order, size_t at, unsigned depth)
{
	if (at == ABSENT || order->seen[at] == DONE)
		return;
	if (order->seen[at] == 0) {
		if (depth + 1 < DEPTH_MAX)
			item_place(order, at, depth + 1);
	} else if (order->seen[at] - 1u < order->circle && order->seen[at] - 1u < depth) {
		order->circle = order->seen[at] - 1u;
	}
}

static void references_place(struct order *order, const struct import_item *item, unsigned depth)
{
	struct al_slice rest = al_object_text(item->object), value;
	struct al_attr attr;

	while (al_attr_next(&rest, &attr)) {
		const struct al_attr_rule *rule = al_class_rule(item->cls, attr.name);

		if (rule == NULL || (rule->flags & (AL_STRONG | AL_NAMED)) == 0)
			continue;
		do {
			(void)al_slice_cut(&attr.value, ',', &value);
			value = al_slice_trim(value);
			for (unsigned cls = 0; cls < AL_CLASS_COUNT; cls++)
				if ((rule->refs & (1u << cls)) != 0)
					reference_place(order, item_find(order, (enum al_class)cls, value), depth);
		} while (attr.value.len > 0);
	}
}

static void item_place(struct order *order, size_t at, unsigned depth)
{
	const struct import_item *item = &order->import->items[at];

	order->seen[at] = (unsigned char)(depth + 1);
	if (item->object != NULL && item->state == IMPORT_WAITING)
		references_place(order, item, depth);
	order->seen[at] = DONE;
	if (order->circle >= depth)
		order->circle = UINT32_MAX; /* this was the circle's first */
	order->glued[order->placed] = order->circle != UINT32_MAX;
	order->out[order->placed++] = at;
}

static enum al_err items_permute(struct import *import, const struct order *order)
{
	struct import_item *sorted = calloc(import->count, sizeof(*sorted));

	if (sorted == NULL)
		return AL_ENOMEM;
	for (size_t i = 0; i < import->count; i++) {
		sorted[i] = import->items[order->out[i]];
		sorted[i].glued = order->glued[i];
	}
	free(import->items);
	import->items = sorted;
	import->cap = import->count;
	return AL_OK;
}

static enum al_err references_order(struct import *import)
{
	size_t count = import->count;
	struct order order = { .import = import, .circle = UINT32_MAX };
	enum al_err err = AL_ENOMEM;

	order.by_name = calloc(count, sizeof(*order.by_name));
	order.seen = calloc(count, sizeof(*order.seen));
	order.out = calloc(count, sizeof(*order.out));
	order.glued = calloc(count, sizeof(*order.glued));
	if (order.by_name != NULL && order.seen != NULL && order.out != NULL && order.glued != NULL) {
		for (size_t i = 0; i < count; i++)
			if (import->items[i].state == IMPORT_WAITING)
				order.by_name[order.named++] = &import->items[i];
		qsort(order.by_name, order.named, sizeof(*order.by_name), name_cmp);
		for (size_t i = 0; i < count; i++)
			if (order.seen[i] == 0)
				item_place(&order, i, 0);
		err = items_permute(import, &order);
	}
	free(order.by_name);
	free(order.seen);
	free(order.out);
	free(order.glued);
	return err;
}

enum al_err import_order(struct import *import)
{
	if (import->count == 0)
		return AL_OK;
	qsort(import->items, import->count, sizeof(*import->items), item_cmp);
	duplicates_mark(import);
	return references_order(import);
}
