/* SPDX-License-Identifier: MIT */
/*
 * node.c -- a node without records, and a node's records as they were before they were compiled: see node.h. Pure.
 */
#include "node.h"

#include <stdlib.h>
#include <string.h>

#include "alamo/base/wire.h"

#define REFERRAL_AT (12u + 4u) /* of a message, but for the question's name: header, type and class */
#define POINTER 0xc0u

struct node *node_blank(const struct dname *name, const uint8_t *key, size_t key_len)
{
	size_t size = sizeof(struct node) + name->len + key_len;
	struct node *node = calloc(1, size);

	if (node == NULL)
		return NULL;
	node->size = (uint32_t)size;
	node->name_len = name->len;
	node->key_at = (uint32_t)(sizeof(*node) + name->len);
	node->key_len = (uint16_t)key_len;
	memcpy((uint8_t *)node + sizeof(*node), name->b, name->len);
	memcpy((uint8_t *)node + node->key_at, key, key_len);
	return node;
}

void node_walk_begin(struct node_walk *walk, const struct node *node)
{
	walk->node = node;
	walk->piece = 0;
	walk->left = 0;
}

static void piece_set(struct node_walk *walk, size_t at, size_t len)
{
	walk->at = node_bytes(walk->node, at);
	walk->left = len;
}

/* Servers, sets, glue, what else lies below. */
static bool piece_next(struct node_walk *walk)
{
	const struct node *node = walk->node;
	size_t piece = walk->piece;

	if (node == NULL || piece == node->set_count + 3u)
		return false;
	if (piece == 0)
		piece_set(walk, node->part[PART_SERVERS].at, node->part[PART_SERVERS].len);
	else if (piece <= node->set_count)
		piece_set(walk, node->sets[piece - 1].at, node->sets[piece - 1].len + node->sets[piece - 1].sig_len);
	else if (piece == node->set_count + 1u)
		piece_set(walk, node->part[PART_GLUE].at, node->part[PART_GLUE].len);
	else
		piece_set(walk, node->below_at, node->below_len);
	walk->piece++;
	return true;
}

/* The name that stands compressed at *at, which moves behind it; pointers lead to the question or to the servers. */
static size_t name_expand(const struct node *node, const uint8_t **at, uint8_t out[static DNAME_MAX])
{
	const uint8_t *from = *at, *end = NULL;
	size_t base = REFERRAL_AT + node->name_len, len = 0;

	while (from[0] != 0) {
		size_t target;

		if (from[0] < POINTER) {
			memcpy(out + len, from, from[0] + 1u);
			len += from[0] + 1u;
			from += from[0] + 1u;
			continue;
		}
		target = al_get_u16(from) & 0x3fffu;
		end = end != NULL ? end : from + 2;
		from = target < base ? node_name(node) + (target - 12u)
				     : node_bytes(node, node->part[PART_SERVERS].at + (target - base));
	}
	out[len] = 0;
	*at = end != NULL ? end : from + 1;
	return len + 1;
}

static void take_server(struct node_walk *walk, struct node_record *out)
{
	const uint8_t *at = walk->at, *fixed;
	size_t len;

	out->name_len = name_expand(walk->node, &at, walk->owner);
	fixed = at;
	at += RR_FIXED - 2;
	al_set_u16(walk->run, 0xc00c);
	memcpy(walk->run + 2, fixed, RR_FIXED - 2);
	len = name_expand(walk->node, &at, walk->run + RR_FIXED);
	al_set_u16(walk->run + RR_FIXED - 2, (uint16_t)len);
	out->name = walk->owner;
	out->fixed = walk->run + 2;
	out->fixed_len = RR_FIXED - 2 + len;
	out->glue = false;
	walk->left -= (size_t)(at - walk->at);
	walk->at = at;
}

static void take_of_set(struct node_walk *walk, struct node_record *out)
{
	struct rr_view rr;

	(void)rr_next(&walk->at, &walk->left, &rr);
	out->name = node_name(walk->node);
	out->name_len = walk->node->name_len;
	out->fixed = rr.fixed;
	out->fixed_len = rr.fixed_len;
	out->glue = false;
}

static void take_glue(struct node_walk *walk, struct node_record *out)
{
	const uint8_t *at = walk->at;

	out->name_len = name_expand(walk->node, &at, walk->owner);
	out->name = walk->owner;
	out->fixed = at;
	out->fixed_len = RR_FIXED - 2u + al_get_u16(at + RR_FIXED - 4);
	out->glue = true;
	at += out->fixed_len;
	walk->left -= (size_t)(at - walk->at);
	walk->at = at;
}

bool node_walk_next(struct node_walk *walk, struct node_record *out)
{
	while (walk->left == 0)
		if (!piece_next(walk))
			return false;
	if (walk->piece == 1)
		take_server(walk, out);
	else if (walk->piece <= walk->node->set_count + 1u)
		take_of_set(walk, out);
	else
		take_glue(walk, out);
	out->type = al_get_u16(out->fixed);
	return true;
}
