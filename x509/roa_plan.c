/* SPDX-License-Identifier: MIT */
/*
 * roa_plan.c -- see roa_plan.h.
 */
#include "roa_plan.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "econtent.h"

static int by_as(const void *x, const void *y)
{
	const struct vrp *a = x, *b = y;

	/* Pairs are behind the routes, and in the order of their addresses, which are customers. */
	if (a->bits == VRP_ASPA || b->bits == VRP_ASPA)
		return vrp_cmp(a, b);
	if (a->asn != b->asn)
		return a->asn < b->asn ? -1 : 1;
	return econtent_vrp_cmp(x, y);
}

/* One record, or the two halves of one. */
static void take(struct roa_plan *out, const struct vrp *vrp)
{
	struct vrp half = *vrp;

	if (vrp->bits == VRP_ASPA || vrp->asn != 0 || vrp->len != 0) {
		out->items[out->item_count++] = *vrp;
		return;
	}
	half.len = 1;
	half.max = half.max == 0 ? 1 : half.max;
	out->items[out->item_count++] = half;
	half.addr[0] = 0x80;
	out->items[out->item_count++] = half;
}

static size_t drop_twins(struct vrp *items, size_t count)
{
	size_t kept = 0;

	for (size_t i = 0; i < count; i++)
		if (kept == 0 || by_as(&items[kept - 1], &items[i]) != 0)
			items[kept++] = items[i];
	return kept;
}

static uint32_t owner(const struct vrp *vrp)
{
	return vrp->bits == VRP_ASPA ? vrp_customer(vrp) : vrp->asn;
}

static bool same_object(const struct vrp *a, const struct vrp *b)
{
	return owner(a) == owner(b) && (a->bits == VRP_ASPA) == (b->bits == VRP_ASPA);
}

static enum al_err group(struct roa_plan *out)
{
	size_t objects = 0;

	for (size_t i = 0; i < out->item_count; i++)
		objects += i == 0 || !same_object(&out->items[i - 1], &out->items[i]);
	out->objects = calloc(objects + 1, sizeof(*out->objects));
	if (out->objects == NULL)
		return AL_ENOMEM;
	for (size_t i = 0; i < out->item_count; i++) {
		const struct vrp *item = &out->items[i];

		if (i == 0 || !same_object(&out->items[i - 1], item)) {
			struct planned *object = &out->objects[out->object_count++];

			object->first = i;
			object->aspa = item->bits == VRP_ASPA;
			(void)snprintf(object->path, sizeof(object->path), "ca/AS%" PRIu32 "%s", owner(item),
				       object->aspa ? ".asa" : ".roa");
		}
		out->objects[out->object_count - 1].count++;
	}
	return AL_OK;
}

enum al_err roa_plan_make(const struct vrp_set *set, const struct resources *resources, struct roa_plan *out)
{
	const struct vrp *vrp;
	struct vrp_walk walk;
	enum al_err err;

	*out = (struct roa_plan){ .items = calloc(2 * set->count + 1, sizeof(struct vrp)) };
	if (out->items == NULL)
		return AL_ENOMEM;
	vrp_walk_start(&walk, set);
	while ((vrp = vrp_walk_next(&walk)) != NULL)
		if (resources_cover(resources, vrp))
			take(out, vrp);
		else
			out->left_out++;
	if (out->item_count > 1)
		qsort(out->items, out->item_count, sizeof(*out->items), by_as);
	out->item_count = drop_twins(out->items, out->item_count);
	err = group(out);
	if (err != AL_OK)
		roa_plan_release(out);
	return err;
}

void roa_plan_release(struct roa_plan *plan)
{
	free(plan->items);
	free(plan->objects);
	*plan = (struct roa_plan){ 0 };
}
