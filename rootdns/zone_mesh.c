/* SPDX-License-Identifier: MIT */
/*
 * zone_mesh.c -- see zone_mesh.h.
 */
#include "zone_mesh.h"

#include <string.h>

#define RANK_HOST 128 /* one address: nothing is more specific */

bool zone_mesh_concerns(const struct al_object *object)
{
	return object->cls == AL_MESH_NODE || object->cls == AL_MESH_BOOTSTRAP;
}

bool zone_mesh_same(const struct al_object *old, const struct al_object *now)
{
	bool was = old != NULL && !old->deleted;

	if (!was || now->deleted)
		return was == !now->deleted;
	return al_slice_eq(al_object_text(old), al_object_text(now));
}

struct mesh_build {
	const struct zone_plan *plan;
	struct claims *out;
	struct al_slice label; /* of the object's name */
};

/* "LABEL.mesh.TLD", or with `between` "LABEL.bootstrap.mesh.TLD". False: too long, or a label that DNS does not have. */
static bool name_make(const struct mesh_build *b, size_t zone, const char *between, struct dname *out)
{
	char lower[64];
	struct dname above, below;

	if (memchr(b->label.ptr, '_', b->label.len) != NULL || al_slice_copy(b->label, lower, sizeof(lower)) != AL_OK ||
	    dname_child(AL_S("mesh"), &b->plan->zones[zone].apex, &above) != AL_OK)
		return false;
	for (char *c = lower; *c != '\0'; c++)
		*c = (char)(*c >= 'A' && *c <= 'Z' ? *c - 'A' + 'a' : *c);
	if (between == NULL)
		return dname_child(al_slice_str(lower), &above, out) == AL_OK;
	return dname_child(al_slice_str(between), &above, &below) == AL_OK &&
	       dname_child(al_slice_str(lower), &below, out) == AL_OK;
}

static void add(const struct mesh_build *b, int zone, uint16_t type, uint8_t rank, const struct dname *owner,
		const uint8_t *rdata, size_t len)
{
	const struct claim_form form = {
		.zone = (uint8_t)zone, .type = type, .ttl = TTL_HOSTED, .kind = CLAIM_DATA, .rank = rank
	};

	claims_add(b->out, &form, owner, rdata, len);
}

/* Data at a name stands in the deepest zone of ours that holds it, or not at all. */
static void add_in(const struct mesh_build *b, size_t zone, uint16_t type, const struct dname *owner,
		   const uint8_t *rdata, size_t len)
{
	if (zone_plan_find(b->plan, owner, false) == (int)zone)
		add(b, (int)zone, type, (uint8_t)dname_labels(owner->b), owner, rdata, len);
}

/* ---- nodes ---- */

static void reverse_add(const struct mesh_build *b, const struct al_prefix *address, const struct dname *target)
{
	struct dname owner;
	int zone;

	reverse_name(address, 0, &owner);
	zone = zone_plan_find(b->plan, &owner, false);
	if (zone != PLAN_NONE && b->plan->zones[zone].reverse)
		add(b, zone, RR_PTR, RANK_HOST, &owner, target->b, target->len);
}

static void node_add(const struct mesh_build *b, const struct al_object *object)
{
	struct al_prefix address;
	struct dname owner;
	bool first = true;

	if (al_addr_parse(al_object_attr(object, "address"), &address) != AL_OK || address.bits != 128)
		return;
	for (size_t i = 0; i < b->plan->zone_count; i++) {
		if (!zone_plan_is_tld(b->plan, i) || !name_make(b, i, NULL, &owner))
			continue;
		add_in(b, i, RR_AAAA, &owner, address.addr, 16);
		if (first)
			reverse_add(b, &address, &owner);
		first = false;
	}
}

/* ---- where newcomers call ---- */

static void put16(uint8_t *at, uint64_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

/* The name that a service record points at: the endpoint's own, or one that is made for its address. */
static bool target_make(const struct mesh_build *b, size_t zone, struct al_slice host, struct dname *out)
{
	struct al_prefix address;

	if (al_addr_parse(host, &address) != AL_OK)
		return dname_of_text(host, out) == AL_OK;
	if (!name_make(b, zone, "bootstrap", out))
		return false;
	add_in(b, zone, address.bits == 32 ? RR_A : RR_AAAA, out, address.addr, address.bits / 8);
	return true;
}

static void endpoint_add(const struct mesh_build *b, size_t zone, const struct dname *service, struct al_slice endpoint)
{
	struct al_slice host, port;
	uint8_t rdata[6 + DNAME_MAX] = { 0 };
	struct dname target;
	uint64_t number;

	if (!al_slice_word(&endpoint, "", &host) || !al_slice_word(&endpoint, "", &port) ||
	    al_slice_u64(port, 65535, &number) != AL_OK || !target_make(b, zone, host, &target))
		return;
	put16(rdata + 4, number);
	memcpy(rdata + 6, target.b, target.len);
	add_in(b, zone, RR_SRV, service, rdata, 6u + target.len);
}

static void bootstrap_add(const struct mesh_build *b, const struct al_object *object)
{
	struct dname relative, service;

	if (dname_of_text(AL_S("_mesh._udp.mesh"), &relative) != AL_OK)
		return;
	for (size_t i = 0; i < b->plan->zone_count; i++) {
		struct al_slice rest = al_object_text(object), endpoint;

		if (!zone_plan_is_tld(b->plan, i) || dname_join(&relative, &b->plan->zones[i].apex, &service) != AL_OK)
			continue;
		while (al_attr_find(&rest, "endpoint", &endpoint))
			endpoint_add(b, i, &service, endpoint);
	}
}

void zone_mesh_object(const struct zone_plan *plan, const struct al_object *object, struct claims *out)
{
	const struct mesh_build b = { .plan = plan, .out = out, .label = al_object_key(object) };

	if (object->cls == AL_MESH_NODE)
		node_add(&b, object);
	else
		bootstrap_add(&b, object);
}
