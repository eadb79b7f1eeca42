/* SPDX-License-Identifier: MIT */
/*
 * zone_names.c -- the plan of zones: see zone_names.h. Pure.
 */
#include "zone_names.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alamo/base/log.h"

static const char *const plan_attrs[] = { "tld", "super-prefix", "root-server", "hostmaster" };

/* ---- reverse names ---- */

static unsigned unit_of(const struct al_prefix *prefix)
{
	return prefix->bits == 32 ? 8 : 4;
}

static unsigned boundary_of(const struct al_prefix *prefix)
{
	unsigned unit = unit_of(prefix);

	return (prefix->len + unit - 1) / unit * unit;
}

unsigned reverse_count(const struct al_prefix *prefix)
{
	return 1u << (boundary_of(prefix) - prefix->len);
}

static unsigned unit_value(const struct al_prefix *prefix, unsigned number)
{
	if (prefix->bits == 32)
		return prefix->addr[number];
	return number % 2 == 0 ? prefix->addr[number / 2] >> 4 : prefix->addr[number / 2] & 15;
}

void reverse_name(const struct al_prefix *prefix, unsigned i, struct dname *out)
{
	unsigned units = boundary_of(prefix) / unit_of(prefix);
	char text[AL_NAME_MAX + 1] = "";
	size_t len = 0;

	for (unsigned n = units; n-- > 0;) {
		unsigned value = unit_value(prefix, n) + (n + 1 == units ? i : 0);

		if (prefix->bits == 32)
			len += (size_t)snprintf(text + len, sizeof(text) - len, "%u.", value);
		else
			len += (size_t)snprintf(text + len, sizeof(text) - len, "%x.", value);
	}
	len += (size_t)snprintf(text + len, sizeof(text) - len, prefix->bits == 32 ? "in-addr.arpa" : "ip6.arpa");
	if (dname_of_text(al_slice_of(text, len), out) != AL_OK)
		out->len = 0; /* cannot be: at most 73 bytes */
}

/* ---- the plan ---- */

static void plan_add(struct zone_plan *plan, const struct dname *apex, bool reverse)
{
	char text[DNAME_TEXT_MAX];

	for (size_t i = 0; i < plan->zone_count; i++)
		if (dname_eq(&plan->zones[i].apex, apex))
			return;
	if (plan->zone_count == PLAN_ZONES_MAX) {
		al_log(AL_LOG_WARN, "zone-ignored", "zone=%s why=\"more than %d zones\"", dname_text(apex->b, text),
		       PLAN_ZONES_MAX);
		return;
	}
	plan->zones[plan->zone_count++] = (struct plan_zone){
		.apex = *apex, .labels = dname_labels(apex->b), .parent = PLAN_NONE, .reverse = reverse
	};
}

static void plan_add_reverse(struct zone_plan *plan, struct al_slice value)
{
	struct al_prefix prefix;
	struct dname apex;

	if (al_prefix_parse(value, &prefix) != AL_OK)
		return;
	if (prefix.bits == 32 && prefix.len > 24) {
		al_log(AL_LOG_WARN, "zone-ignored", "super-prefix=%.*s why=\"longer than /24\"", AL_FMT(value));
		return;
	}
	for (unsigned i = 0; i < reverse_count(&prefix); i++) {
		reverse_name(&prefix, i, &apex);
		plan_add(plan, &apex, true);
	}
}

static size_t plan_server(struct zone_plan *plan, char letter)
{
	size_t i;

	for (i = 0; i < plan->server_count; i++)
		if (plan->servers[i].letter == letter)
			return i;
	plan->servers[i].letter = letter;
	/* 26 letters, and the parent's name leaves room: checked when it was made. */
	if (dname_child(al_slice_of(&letter, 1), &plan->server_parent, &plan->servers[i].name) == AL_OK)
		plan->server_count++;
	return i;
}

static enum al_err plan_add_server(struct zone_plan *plan, struct al_slice value)
{
	struct al_slice letter, addr;
	struct plan_address *grown;
	struct al_prefix parsed;
	char ch;

	if (!al_slice_word(&value, "", &letter) || !al_slice_word(&value, "", &addr) || letter.len != 1 ||
	    al_addr_parse(addr, &parsed) != AL_OK)
		return AL_OK;
	ch = (char)(letter.ptr[0] | 0x20);
	if (ch < 'a' || ch > 'z')
		return AL_OK;
	grown = realloc(plan->addresses, (plan->address_count + 1) * sizeof(*grown));
	if (grown == NULL)
		return AL_ENOMEM;
	plan->addresses = grown;
	grown[plan->address_count++] = (struct plan_address){ .server = plan_server(plan, ch), .addr = parsed };
	return AL_OK;
}

/* Below the servers' name, where no member has anything; the last zone of the plan. */
static void plan_add_catalog(struct zone_plan *plan)
{
	size_t before = plan->zone_count;
	struct dname apex;

	if (dname_of_text(AL_S(PLAN_CATALOG), &apex) == AL_OK)
		plan_add(plan, &apex, false);
	if (plan->zone_count > before)
		plan->zones[before].catalog = true;
}

static enum al_err plan_fill_zones(struct zone_plan *plan, const struct al_object *registry, struct dname *first_tld)
{
	static const struct dname root = { .len = 1, .b = { 0 } };
	struct al_slice rest = al_object_text(registry), value;
	struct dname apex;
	bool first = true;

	*first_tld = root;
	plan_add(plan, &root, false);
	while (al_attr_find(&rest, "tld", &value)) {
		if (dname_of_text(value, &apex) != AL_OK || apex.len > DNAME_MAX - 64)
			continue;
		plan_add(plan, &apex, false);
		if (first)
			*first_tld = apex;
		first = false;
	}
	rest = al_object_text(registry);
	while (al_attr_find(&rest, "super-prefix", &value))
		plan_add_reverse(plan, value);
	for (size_t i = 0; i < plan->zone_count; i++)
		plan->zones[i].parent = zone_plan_find(plan, &plan->zones[i].apex, true);
	plan_add_catalog(plan);
	return dname_of_text(AL_S("root-servers"), &plan->server_parent);
}

static enum al_err plan_fill_servers(struct zone_plan *plan, const struct al_object *registry,
				     const struct dname *first_tld)
{
	struct al_slice rest = al_object_text(registry), value;
	enum al_err err = AL_OK;

	while (err == AL_OK && al_attr_find(&rest, "root-server", &value))
		err = plan_add_server(plan, value);
	if (err != AL_OK)
		return err;
	if (plan->server_count == 0) {
		al_log(AL_LOG_WARN, "plan", "why=\"no root-server in the registry object\"");
		(void)plan_server(plan, 'a');
	}
	value = al_object_attr(registry, "hostmaster");
	if (value.len > 0 && dname_of_text(value, &plan->hostmaster) == AL_OK)
		return AL_OK;
	return dname_child(AL_S("hostmaster"), first_tld, &plan->hostmaster);
}

enum al_err zone_plan_new(const struct al_object *registry, struct zone_plan **out)
{
	struct zone_plan *plan = calloc(1, sizeof(*plan));
	struct dname first_tld;
	enum al_err err;

	if (plan == NULL)
		return AL_ENOMEM;
	err = plan_fill_zones(plan, registry, &first_tld);
	if (err == AL_OK)
		err = plan_fill_servers(plan, registry, &first_tld);
	if (err != AL_OK) {
		zone_plan_free(plan);
		return err;
	}
	*out = plan;
	return AL_OK;
}

void zone_plan_free(struct zone_plan *plan)
{
	if (plan == NULL)
		return;
	free(plan->addresses);
	free(plan);
}

int zone_plan_find(const struct zone_plan *plan, const struct dname *name, bool strict)
{
	int best = PLAN_NONE;

	for (size_t i = 0; i < plan->zone_count; i++) {
		const struct plan_zone *zone = &plan->zones[i];

		if (!dname_within(name->b, name->len, zone->apex.b, zone->apex.len) ||
		    (strict && zone->apex.len == name->len))
			continue;
		if (best == PLAN_NONE || zone->apex.len > plan->zones[best].apex.len)
			best = (int)i;
	}
	return best;
}

bool zone_plan_same(const struct al_object *a, const struct al_object *b)
{
	if (a == NULL || b == NULL)
		return a == b;
	for (size_t i = 0; i < AL_COUNT(plan_attrs); i++) {
		struct al_slice a_rest = al_object_text(a), b_rest = al_object_text(b), a_value, b_value;
		bool a_more, b_more;

		do {
			a_more = al_attr_find(&a_rest, plan_attrs[i], &a_value);
			b_more = al_attr_find(&b_rest, plan_attrs[i], &b_value);
			if (a_more != b_more || (a_more && !al_slice_eq(a_value, b_value)))
				return false;
		} while (a_more);
	}
	return true;
}
