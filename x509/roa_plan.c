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

	if (a->asn != b->asn)
		return a->asn < b->asn ? -1 : 1;
	return econtent_vrp_cmp(x, y);
}

/* One record, or the two halves of one. */
static void take(struct roa_plan *out, const struct vrp *vrp)
{
	struct vrp half = *vrp;

	if (vrp->asn != 0 || vrp->len != 0) {
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

static enum al_err group(struct roa_plan *out)
{
	size_t ases = 0;

	for (size_t i = 0; i < out->item_count; i++)
		ases += i == 0 || out->items[i].asn != out->items[i - 1].asn;
	out->roas = calloc(ases + 1, sizeof(*out->roas));
	if (out->roas == NULL)
		return AL_ENOMEM;
	for (size_t i = 0; i < out->item_count; i++) {
		if (i == 0 || out->items[i].asn != out->items[i - 1].asn) {
			struct planned_roa *roa = &out->roas[out->roa_count++];

			(void)snprintf(roa->path, sizeof(roa->path), "ca/AS%" PRIu32 ".roa", out->items[i].asn);
			roa->first = i;
		}
		out->roas[out->roa_count - 1].count++;
	}
	return AL_OK;
}

enum al_err roa_plan_make(const struct vrp_set *set, const struct resources *resources, struct roa_plan *out)
{
	enum al_err err;

	*out = (struct roa_plan){ .items = calloc(2 * set->count + 1, sizeof(struct vrp)) };
	if (out->items == NULL)
		return AL_ENOMEM;
	for (size_t i = 0; i < set->count; i++)
		if (resources_cover(resources, &set->items[i]))
			take(out, &set->items[i]);
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
	free(plan->roas);
	*plan = (struct roa_plan){ 0 };
}
