/* SPDX-License-Identifier: MIT */
/*
 * zone_names.c -- the plan of zones: see zone_names.h. Pure.
 */
#include "zone_names.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alamo/base/log.h"

static const char *const plan_attrs[] = { "tld", "super-prefix", "root-server", "hostmaster", "reserved-name" };

#define ORIGINS_BELOW_MAX 80 /* bytes of a name below the zone's apex: "*", 31 nibbles, "origin6" */

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

void reverse_prefix(const struct al_prefix *prefix, unsigned i, struct al_prefix *out)
{
	unsigned len = boundary_of(prefix), at = (len - 1) / 8;

	*out = *prefix;
	out->len = (uint8_t)len;
	if (len > 0)
		out->addr[at] = (uint8_t)(out->addr[at] + (len % 8 == 4 ? i << 4 : i));
}

#define REVERSE_TEXT_MAX (64 + 1) /* 32 nibbles */

static size_t reverse_text(const struct al_prefix *prefix, unsigned i, char out[static REVERSE_TEXT_MAX])
{
	struct al_prefix block;
	size_t len = 0;

	reverse_prefix(prefix, i, &block);
	out[0] = '\0';
	for (unsigned n = block.len / unit_of(prefix); n-- > 0;) {
		unsigned value = unit_value(&block, n);

		if (prefix->bits == 32)
			len += (size_t)snprintf(out + len, REVERSE_TEXT_MAX - len, "%u.", value);
		else
			len += (size_t)snprintf(out + len, REVERSE_TEXT_MAX - len, "%x.", value);
	}
	return len;
}

void reverse_name(const struct al_prefix *prefix, unsigned i, struct dname *out)
{
	struct dname arpa;

	if (dname_of_text(prefix->bits == 32 ? AL_S("in-addr.arpa") : AL_S("ip6.arpa"), &arpa) != AL_OK ||
	    reverse_below(prefix, i, false, &arpa, out) != AL_OK)
		out->len = 0; /* cannot be: at most 73 bytes */
}

enum al_err reverse_below(const struct al_prefix *prefix, unsigned i, bool wildcard, const struct dname *origin,
			  struct dname *out)
{
	char text[2 + REVERSE_TEXT_MAX] = "*.";
	size_t skip = wildcard ? 2 : 0, len = skip + reverse_text(prefix, i, text + skip);
	struct dname head;
	enum al_err err;

	if (len == 0) {
		*out = *origin;
		return AL_OK;
	}
	err = dname_of_text(al_slice_of(text, len - 1), &head);
	return err == AL_OK ? dname_join(&head, origin, out) : err;
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

/* No member has it below a top-level domain: what the rules reserve, and what the registry object does, as a whole word. */
static bool label_reserved(const struct al_object *registry, struct al_slice label)
{
	struct al_slice rest = al_object_text(registry), words, word;

	if (al_slice_is(label, "nic") || al_slice_is(label, "registry"))
		return true;
	while (al_attr_find(&rest, "reserved-name", &words))
		while (al_slice_word(&words, "", &word))
			if (al_slice_eq(word, label))
				return true;
	return false;
}

/* Why there is no zone of origin look-ups by this name; NULL: it was added. */
static const char *plan_add_origins(struct zone_plan *plan, const struct al_object *registry, struct al_slice name)
{
	struct al_slice above = al_name_parent(name), label = name;
	struct dname apex, parent;
	size_t before = plan->zone_count;

	while (above.len > 0 && !al_object_has(registry, "tld", above)) {
		label = above;
		above = al_name_parent(above);
	}
	label.len -= above.len + 1;
	if (above.len == 0 || dname_of_text(name, &apex) != AL_OK || dname_of_text(above, &parent) != AL_OK)
		return "not a name below a top-level domain of the registry";
	if (!label_reserved(registry, label))
		return "a member may have this name: reserved-name of the registry object does not say it";
	if (apex.len > DNAME_MAX - ORIGINS_BELOW_MAX)
		return "too long";
	plan_add(plan, &apex, false);
	if (plan->zone_count == before)
		return "another zone has this name, or there are as many as there may be";
	plan->zones[before].origins = true;
	return NULL;
}

static enum al_err plan_fill_zones(struct zone_plan *plan, const struct al_object *registry, struct al_slice origins,
				   struct dname *first_tld)
{
	static const struct dname root = { .len = 1, .b = { 0 } };
	struct al_slice rest = al_object_text(registry), value;
	char quoted[AL_LOG_QUOTE_LEN];
	const char *why;
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
	why = origins.len > 0 ? plan_add_origins(plan, registry, origins) : NULL;
	if (why != NULL)
		al_log(AL_LOG_WARN, "zone-ignored", "zone=%s why=\"%s\"", al_log_quote(origins, quoted), why);
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

enum al_err zone_plan_new(const struct al_object *registry, struct al_slice origins, struct zone_plan **out)
{
	struct zone_plan *plan = calloc(1, sizeof(*plan));
	struct dname first_tld;
	enum al_err err;

	if (plan == NULL)
		return AL_ENOMEM;
	err = plan_fill_zones(plan, registry, origins, &first_tld);
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

int zone_plan_origins(const struct zone_plan *plan)
{
	for (size_t i = 0; i < plan->zone_count; i++)
		if (plan->zones[i].origins)
			return (int)i;
	return PLAN_NONE;
}

bool zone_plan_is_tld(const struct zone_plan *plan, size_t zone)
{
	const struct plan_zone *z = &plan->zones[zone];

	return zone != PLAN_ROOT && !z->reverse && !z->catalog && !z->origins;
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
