/* SPDX-License-Identifier: MIT */
/*
 * history.c -- see history.h. Builder's thread.
 */
#include "history.h"

#include <stdlib.h>
#include <string.h>

/* But for when it was made. */
static bool same_node(const struct node *a, const struct node *b)
{
	size_t skip = offsetof(struct node, below_at);

	return a->size == b->size && memcmp((const uint8_t *)a + skip, (const uint8_t *)b + skip, a->size - skip) == 0;
}

void history_compare(const struct zone *before, const struct zone *after, struct draft *out)
{
	struct chain_at i = { 0, 0 }, j = { 0, 0 };
	const struct node *old = zone_chain_apex(&before->chain), *new = zone_chain_apex(&after->chain);

	while (old != NULL || new != NULL) {
		int order = old == NULL   ? 1
			    : new == NULL ? -1
					  : dname_key_cmp(node_key(old), old->key_len, node_key(new), new->key_len);

		if (order != 0 || !same_node(old, new))
			draft_node(out, order <= 0 ? old : NULL, order >= 0 ? new : NULL);
		if (order <= 0)
			old = zone_chain_node(&before->chain, i = zone_chain_after(&before->chain, i));
		if (order >= 0)
			new = zone_chain_node(&after->chain, j = zone_chain_after(&after->chain, j));
	}
}

static void history_drop(struct zone *zone)
{
	for (size_t i = 0; i < zone->delta_count; i++)
		if (--zone->deltas[i]->refs == 0)
			free(zone->deltas[i]);
	free(zone->deltas);
	zone->deltas = NULL;
	zone->delta_count = zone->delta_bytes = 0;
}

/* The newest deltas that fit, and `last` unless it is NULL. */
static enum al_err history_take(struct zone *after, const struct zone *before, struct delta *last)
{
	size_t first = 0, bytes = before->delta_bytes + (last != NULL ? last->len : 0);

	after->deltas = malloc((before->delta_count + 1) * sizeof(*after->deltas));
	if (after->deltas == NULL) {
		free(last);
		return AL_ENOMEM;
	}
	for (;
	     first < before->delta_count && (bytes > DELTA_BYTES_MAX || before->delta_count - first >= DELTA_COUNT_MAX);
	     first++)
		bytes -= before->deltas[first]->len;
	for (; first < before->delta_count; first++)
		after->deltas[after->delta_count++] = before->deltas[first];
	if (last != NULL)
		after->deltas[after->delta_count++] = last;
	for (size_t i = 0; i < after->delta_count; i++)
		after->deltas[i]->refs++;
	after->delta_bytes = bytes;
	return AL_OK;
}

enum al_err history_set(struct zone *after, const struct zone *before, struct draft *draft)
{
	struct delta *delta = NULL;
	enum al_err err = AL_OK;

	history_drop(after);
	if (after->serial != before->serial || !draft_empty(draft))
		err = draft_finish(draft, zone_chain_apex(&before->chain), zone_chain_apex(&after->chain), &delta);
	if (err == AL_ELIMIT)
		return AL_OK; /* who is behind gets the whole zone */
	return err == AL_OK ? history_take(after, before, delta) : err;
}
