/* SPDX-License-Identifier: MIT */
/*
 * zone_build.c -- objects to claims: see zone_build.h. Runs on the thread of
 * the state; the claims then travel to the builder's thread.
 */
#include "zone_build.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alamo/base/log.h"
#include "alamo/base/sha.h"
#include "alamo/rpsl/rr.h"
#include "zone_mesh.h"
#include "zone_record.h"

static const char *const zone_attrs[] = { "nserver", "ds-rdata", "record", "reverse" };

/* ---- what concerns us ---- */

unsigned zone_build_classes(void)
{
	return 1u << AL_DOMAIN | 1u << AL_INETNUM | 1u << AL_INET6NUM | 1u << AL_MESH_NODE | 1u << AL_MESH_BOOTSTRAP;
}

/* Next attribute that says something to a zone. */
static bool attr_next(struct al_slice *rest, struct al_attr *out)
{
	while (al_attr_next(rest, out))
		for (size_t i = 0; i < AL_COUNT(zone_attrs); i++)
			if (al_slice_is(out->name, zone_attrs[i]))
				return true;
	return false;
}

bool zone_build_same(const struct al_object *old, const struct al_object *now)
{
	struct al_slice a_rest = { NULL, 0 }, b_rest = { NULL, 0 };
	struct al_attr a, b;
	bool a_more, b_more;

	if (zone_mesh_concerns(now))
		return zone_mesh_same(old, now);
	/* A domain object owns its name even when it has nothing to say. */
	if (now->cls == AL_DOMAIN && (old == NULL || old->deleted) != now->deleted)
		return false;
	if (old != NULL && !old->deleted)
		a_rest = al_object_text(old);
	if (!now->deleted)
		b_rest = al_object_text(now);
	do {
		a_more = attr_next(&a_rest, &a);
		b_more = attr_next(&b_rest, &b);
		if (a_more != b_more || (a_more && (!al_slice_eq(a.name, b.name) || !al_slice_eq(a.value, b.value))))
			return false;
	} while (a_more);
	return true;
}

/* ---- one object ---- */

struct build {
	const struct zone_plan *plan;
	const struct al_object *object;
	struct claims *out;
	struct claim_form form; /* zone, rank */
};

static void complain(const struct build *build, const char *why, struct al_slice what)
{
	char key[AL_LOG_QUOTE_LEN], text[AL_LOG_QUOTE_LEN];

	al_log(AL_LOG_WARN, "zone-data", "class=%s key=%s value=%s why=\"%s\"",
	       al_class_name((enum al_class)build->object->cls), al_log_quote(al_object_key(build->object), key),
	       al_log_quote(what, text), why);
}

static void add(struct build *build, enum claim_kind kind, uint16_t type, uint32_t ttl, const struct dname *owner,
		const uint8_t *rdata, size_t len)
{
	build->form.kind = (uint8_t)kind;
	build->form.type = type;
	build->form.ttl = ttl;
	claims_add(build->out, &build->form, owner, rdata, len);
}

/* Glue only for names inside the zone itself, not in one of our zones below it (RFC 9471 section 2). */
static void add_glue(struct build *build, const struct dname *server, struct al_slice addr)
{
	struct al_prefix parsed;

	if (al_addr_parse(addr, &parsed) != AL_OK) {
		complain(build, "not an address", addr);
		return;
	}
	if (zone_plan_find(build->plan, server, false) != build->form.zone)
		return;
	add(build, CLAIM_GLUE, parsed.bits == 32 ? RR_A : RR_AAAA, TTL_DELEGATION, server, parsed.addr,
	    parsed.bits / 8);
}

static bool server_seen(const struct dname *seen, size_t count, const struct dname *server)
{
	for (size_t i = 0; i < count; i++)
		if (dname_eq(&seen[i], server))
			return true;
	return false;
}

/* The object's NS, DS and glue at `cut`. */
static void add_delegation(struct build *build, const struct dname *cut)
{
	struct al_slice rest = al_object_text(build->object), value, name, addr;
	struct dname seen[BUILD_SERVERS_MAX], server;
	uint8_t ds[DS_RDATA_MAX];
	size_t count = 0, len;

	while (al_attr_find(&rest, "nserver", &value)) {
		if (!al_slice_word(&value, "", &name) || dname_of_text(name, &server) != AL_OK)
			continue;
		if (!server_seen(seen, count, &server)) {
			if (count == BUILD_SERVERS_MAX) {
				complain(build, "too many name servers", name);
				break;
			}
			seen[count++] = server;
			add(build, CLAIM_NS, RR_NS, TTL_DELEGATION, cut, server.b, server.len);
		}
		if (al_slice_word(&value, "", &addr))
			add_glue(build, &server, addr);
	}
	rest = al_object_text(build->object);
	while (al_attr_find(&rest, "ds-rdata", &value)) {
		len = record_parse_ds(value, ds);
		if (len == 0)
			complain(build, "not DS data", value);
		else
			add(build, CLAIM_DS, RR_DS, TTL_DELEGATION, cut, ds, len);
	}
}

/* ---- domains ---- */

static void add_record(struct build *build, const struct dname *apex, struct al_slice value, struct al_record *record)
{
	struct al_slice name;
	struct dname relative, owner = *apex;
	const char *why;

	if (al_record_parse(value, record, &why) != AL_OK) {
		complain(build, why, value);
		return;
	}
	name = al_slice_str(record->owner);
	if (!al_slice_is(name, "@") &&
	    (dname_of_text(name, &relative) != AL_OK || dname_join(&relative, apex, &owner) != AL_OK)) {
		complain(build, "not a usable owner name", value);
		return;
	}
	if (zone_plan_find(build->plan, &owner, false) != build->form.zone) {
		complain(build, "the name lies in another zone", value);
		return;
	}
	add(build, CLAIM_DATA, record->type, record->has_ttl ? record->ttl : TTL_HOSTED, &owner, record->rdata,
	    record->len);
}

static void add_records(struct build *build, const struct dname *apex)
{
	struct al_slice rest = al_object_text(build->object), value;
	struct al_record *record = malloc(sizeof(*record));

	if (record == NULL) {
		build->out->bytes.err = AL_ENOMEM;
		return;
	}
	while (al_attr_find(&rest, "record", &value))
		add_record(build, apex, value, record);
	free(record);
}

static const char *domain_refused(const struct build *build, const struct dname *name)
{
	static const uint8_t arpa[] = { 4, 'a', 'r', 'p', 'a', 0 };
	const struct dname *own = &build->plan->server_parent;

	if (dname_within(name->b, name->len, own->b, own->len))
		return "the name belongs to the root servers";
	if (build->plan->zones[build->form.zone].origins)
		return "the name belongs to origin look-ups";
	if (build->plan->zones[build->form.zone].reverse || dname_within(name->b, name->len, arpa, sizeof(arpa)))
		return "reverse names are delegated by inetnum and inet6num";
	return NULL;
}

static void build_domain(struct build *build)
{
	struct al_slice none = { NULL, 0 };
	struct dname name;
	const char *refused;
	int zone;

	if (dname_of_text(al_object_key(build->object), &name) != AL_OK)
		return;
	zone = zone_plan_find(build->plan, &name, false);
	build->form.zone = (uint8_t)zone;
	build->form.rank = (uint8_t)dname_labels(name.b);
	refused = domain_refused(build, &name);
	if (refused != NULL) {
		complain(build, refused, none);
		return;
	}
	if (dname_eq(&name, &build->plan->zones[zone].apex)) {
		/* Our own zone: the authority serves it, whatever `nserver` says. */
		add_records(build, &name);
	} else if (al_object_attr(build->object, "nserver").len > 0) {
		if (al_object_attr(build->object, "record").len > 0)
			complain(build, "records of a delegated domain are not served", none);
		add_delegation(build, &name);
	} else {
		add(build, CLAIM_ANCHOR, 0, 0, &name, NULL, 0);
		add_records(build, &name);
	}
}

/* ---- reverse ---- */

static bool reverse_zone(struct build *build, const struct dname *name)
{
	int zone = zone_plan_find(build->plan, name, false);

	build->form.zone = (uint8_t)zone;
	return build->plan->zones[zone].reverse;
}

/* RFC 2317: a cut FIRST/LEN beside the addresses, and an alias into it for each of them. */
static void build_classless(struct build *build, const struct al_prefix *prefix)
{
	struct al_prefix block = *prefix;
	struct dname parent, cut, owner, target;
	unsigned first = prefix->addr[3], count = 1u << (32 - prefix->len);
	char label[16];

	al_prefix_truncate(&block, 24);
	reverse_name(&block, 0, &parent);
	if (!reverse_zone(build, &parent))
		return;
	(void)snprintf(label, sizeof(label), "%u/%u", first, (unsigned)prefix->len);
	if (dname_child(al_slice_str(label), &parent, &cut) != AL_OK)
		return;
	add_delegation(build, &cut);
	for (unsigned i = first; i < first + count; i++) {
		(void)snprintf(label, sizeof(label), "%u", i);
		if (dname_child(al_slice_str(label), &parent, &owner) == AL_OK &&
		    dname_child(al_slice_str(label), &cut, &target) == AL_OK)
			add(build, CLAIM_DATA, RR_CNAME, TTL_DELEGATION, &owner, target.b, target.len);
	}
}

/* Hosted reverse names: a PTR each, in whichever zone of ours it lies. */
static void build_pointers(struct build *build)
{
	struct al_slice rest = al_object_text(build->object), value, word;
	struct al_prefix address;
	struct dname owner, target;

	while (al_attr_find(&rest, "reverse", &value)) {
		if (!al_slice_word(&value, "", &word) || al_addr_parse(word, &address) != AL_OK ||
		    dname_of_text(al_slice_trim(value), &target) != AL_OK) {
			complain(build, "not an address and a name", value);
			continue;
		}
		reverse_name(&address, 0, &owner);
		if (reverse_zone(build, &owner))
			add(build, CLAIM_DATA, RR_PTR, TTL_HOSTED, &owner, target.b, target.len);
	}
}

static void build_inet(struct build *build)
{
	struct al_slice none = { NULL, 0 };
	struct al_prefix prefix;
	struct dname cut;

	if (al_object_prefix(build->object, &prefix) != AL_OK)
		return;
	build->form.rank = prefix.len;
	if (al_object_attr(build->object, "nserver").len == 0) {
		build_pointers(build);
		return;
	}
	if (prefix.bits == 32 && prefix.len > 24) {
		build_classless(build, &prefix);
		return;
	}
	for (unsigned i = 0; i < reverse_count(&prefix); i++) {
		reverse_name(&prefix, i, &cut);
		if (!reverse_zone(build, &cut))
			continue;
		if (dname_eq(&cut, &build->plan->zones[build->form.zone].apex))
			complain(build, "the authority serves this reverse zone itself", none);
		else
			add_delegation(build, &cut);
	}
}

void zone_build_object(const struct zone_plan *plan, const struct al_object *object, struct claims *out)
{
	struct build build = { .plan = plan, .object = object, .out = out };

	if (object->cls == AL_DOMAIN)
		build_domain(&build);
	else if (object->cls == AL_INETNUM || object->cls == AL_INET6NUM)
		build_inet(&build);
	else if (zone_mesh_concerns(object))
		zone_mesh_object(plan, object, out);
}

/* ---- the authority's own ---- */

static void own_add(struct claims *out, size_t zone, enum claim_kind kind, uint16_t type, const struct dname *owner,
		    const uint8_t *rdata, size_t len)
{
	struct claim_form form = {
		.zone = (uint8_t)zone, .type = type, .ttl = TTL_DELEGATION, .kind = (uint8_t)kind, .rank = RANK_OWN
	};

	claims_add(out, &form, owner, rdata, len);
}

/* Addresses of the root servers: data in the zone that holds their names, glue in the zones above it. */
static void own_addresses(const struct zone_plan *plan, struct claims *out)
{
	int home = zone_plan_find(plan, &plan->server_parent, false);

	own_add(out, (size_t)home, CLAIM_ANCHOR, 0, &plan->server_parent, NULL, 0);
	for (size_t i = 0; i < plan->address_count; i++) {
		const struct plan_address *address = &plan->addresses[i];
		uint16_t type = address->addr.bits == 32 ? RR_A : RR_AAAA;

		for (int zone = home; zone != PLAN_NONE; zone = plan->zones[zone].parent)
			own_add(out, (size_t)zone, zone == home ? CLAIM_DATA : CLAIM_GLUE, type,
				&plan->servers[address->server].name, address->addr.addr, address->addr.bits / 8);
	}
}

static void own_delegation(const struct zone_plan *plan, size_t child, struct claims *out)
{
	const struct plan_zone *zone = &plan->zones[child];
	const struct plan_zone *parent = &plan->zones[zone->parent];
	struct dname between = zone->apex;

	for (size_t i = 0; i < plan->server_count; i++)
		own_add(out, (size_t)zone->parent, CLAIM_NS, RR_NS, &zone->apex, plan->servers[i].name.b,
			plan->servers[i].name.len);
	for (unsigned labels = zone->labels - 1; labels > parent->labels; labels--) {
		size_t skip = between.b[0] + 1u;

		memmove(between.b, between.b + skip, between.len - skip);
		between.len = (uint8_t)(between.len - skip);
		own_add(out, (size_t)zone->parent, CLAIM_KEEP, 0, &between, NULL, 0);
	}
}

/* RFC 9432 section 4: the version, and a PTR for each zone under a label that stays its own. */
static void own_catalog(const struct zone_plan *plan, size_t catalog, struct claims *out)
{
	static const uint8_t version[] = { 1, '2' };
	const struct dname *apex = &plan->zones[catalog].apex;
	struct dname name, zones;

	if (dname_child(AL_S("version"), apex, &name) == AL_OK)
		own_add(out, catalog, CLAIM_DATA, RR_TXT, &name, version, sizeof(version));
	if (dname_child(AL_S("zones"), apex, &zones) != AL_OK)
		return;
	for (size_t i = 0; i < plan->zone_count; i++) {
		const struct dname *member = &plan->zones[i].apex;
		const struct al_slice whole = al_slice_of(member->b, member->len);
		uint8_t hash[AL_HASH_LEN];
		char label[17];

		if (i == catalog)
			continue;
		al_sha256(&whole, 1, hash);
		(void)sodium_bin2hex(label, sizeof(label), hash, 8);
		if (dname_child(al_slice_str(label), &zones, &name) == AL_OK)
			own_add(out, catalog, CLAIM_DATA, RR_PTR, &name, member->b, member->len);
	}
}

void zone_build_own(const struct zone_plan *plan, struct claims *out)
{
	own_addresses(plan, out);
	for (size_t i = 0; i < plan->zone_count; i++)
		if (plan->zones[i].parent != PLAN_NONE)
			own_delegation(plan, i, out);
	for (size_t i = 0; i < plan->zone_count; i++)
		if (plan->zones[i].catalog)
			own_catalog(plan, i, out);
}
