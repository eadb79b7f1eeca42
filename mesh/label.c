/* SPDX-License-Identifier: MIT */
#include "label.h"

#include <stdlib.h>
#include <string.h>

static struct mesh_label *label_new(uint32_t anchor, size_t count)
{
	struct mesh_label *label = malloc(sizeof(*label) + count * sizeof(label->hops[0]));

	if (label == NULL)
		return NULL;
	label->refs = 1;
	label->anchor = anchor;
	label->count = (uint16_t)count;
	return label;
}

struct mesh_label *mesh_label_root(uint32_t anchor)
{
	return label_new(anchor, 0);
}

struct mesh_label *mesh_label_extend(const struct mesh_label *parent, uint32_t id, uint16_t port)
{
	struct mesh_label *label;

	if (parent->count >= MESH_HOPS_MAX)
		return NULL;
	label = label_new(parent->anchor, parent->count + 1u);
	if (label == NULL)
		return NULL;
	memcpy(label->hops, parent->hops, parent->count * sizeof(label->hops[0]));
	label->hops[parent->count] = (struct mesh_hop){ .id = id, .port = port };
	return label;
}

struct mesh_label *mesh_label_ref(struct mesh_label *label)
{
	if (label != NULL)
		label->refs++;
	return label;
}

void mesh_label_unref(struct mesh_label *label)
{
	if (label != NULL && --label->refs == 0)
		free(label);
}

bool mesh_label_has(const struct mesh_label *label, uint32_t id)
{
	if (label->anchor == id)
		return true;
	for (size_t i = 0; i < label->count; i++)
		if (label->hops[i].id == id)
			return true;
	return false;
}

/* Hops that both begin with. A port is a node's own, so where the ports so far agree the nodes do. */
static uint32_t common_hops(const struct mesh_label *a, const struct mesh_label *b)
{
	uint32_t n = 0;

	while (n < a->count && n < b->count && a->hops[n].port == b->hops[n].port)
		n++;
	return n;
}

bool mesh_label_eq(const struct mesh_label *a, const struct mesh_label *b)
{
	if (a == NULL || b == NULL)
		return a == b;
	if (a == b)
		return true;
	if (a->anchor != b->anchor || a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (a->hops[i].id != b->hops[i].id || a->hops[i].port != b->hops[i].port)
			return false;
	return true;
}

uint32_t mesh_label_distance(const struct mesh_label *a, const struct mesh_label *b)
{
	if (a->anchor != b->anchor)
		return UINT32_MAX;
	return a->count + b->count - 2 * common_hops(a, b);
}
