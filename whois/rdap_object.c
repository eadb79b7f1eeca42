/* SPDX-License-Identifier: MIT */
/* rdap_object.c -- one function an RDAP class; what they share comes first. */
#include "rdap_object.h"

#include <string.h>

#include "contact.h"
#include "spell.h"

/* ---- what objects share ---- */

static json_t *event(const char *action, uint64_t time)
{
	char text[AL_TIME_STRLEN];

	al_time_format(time, text);
	return json_pack("{s:s, s:s}", "eventAction", action, "eventDate", text);
}

void rdap_put_remarks(json_t *made, const struct al_object *object)
{
	static const char *const attrs[] = { "descr", "remarks" };
	json_t *lines = json_array();

	for (size_t i = 0; i < AL_COUNT(attrs); i++) {
		struct al_slice rest = al_object_text(object), value;

		while (al_attr_find(&rest, attrs[i], &value))
			if (value.len > 0)
				(void)json_array_append_new(lines, rdap_text(value));
	}
	if (json_array_size(lines) > 0)
		(void)json_object_set_new(made, "remarks", json_pack("[{s:o}]", "description", lines));
	else
		json_decref(lines);
}

static void put_common(const struct rdap *rdap, json_t *made, const struct al_object *object, const char *path,
		       struct al_slice key)
{
	(void)json_object_set_new(made, "handle", rdap_text(al_object_key(object)));
	(void)json_object_set_new(made, "status", json_pack("[s]", "active"));
	(void)json_object_set_new(
		made, "events",
		json_pack("[o, o]", event("registration", object->created), event("last changed", object->time)));
	(void)json_object_set_new(made, "links", json_pack("[o]", rdap_link(rdap, "self", path, key, RDAP_TYPE)));
	rdap_put_remarks(made, object);
}

const struct al_object *rdap_entity_find(const struct rdap *rdap, struct al_slice handle)
{
	/* A person may be called as an organisation is, but hardly is. */
	static const enum al_class classes[] = { AL_ORGANISATION, AL_ROLE, AL_PERSON, AL_MNTNER };
	const struct al_object *found = NULL;
	struct al_buf key;

	al_buf_init(&key, 1024);
	for (size_t i = 0; i < AL_COUNT(classes) && found == NULL; i++)
		if (whois_key_canon(classes[i], handle, &key) == AL_OK)
			found = al_state_get(rdap->view->state, classes[i], al_buf_view(&key));
	al_buf_release(&key);
	return found;
}

/* An entity with one more role; one that is named twice is shown once. */
static void add_entity(const struct rdap *rdap, json_t *entities, struct al_slice handle, const char *role)
{
	const struct al_object *object = rdap_entity_find(rdap, handle);
	json_t *entity, *key;
	size_t i;

	if (object == NULL)
		return;
	json_array_foreach(entities, i, entity)
	{
		key = json_object_get(entity, "handle");
		if (al_slice_is(al_object_key(object), json_string_value(key))) {
			(void)json_array_append_new(json_object_get(entity, "roles"), json_string(role));
			return;
		}
	}
	(void)json_array_append_new(entities, rdap_entity(rdap, object, json_pack("[s]", role), false));
}

void rdap_put_entities(const struct rdap *rdap, json_t *made, const struct al_object *object)
{
	static const struct {
		const char *attr, *role;
	} roles[] = {
		{ "org", "registrant" },   { "mnt-by", "registrant" }, { "admin-c", "administrative" },
		{ "tech-c", "technical" }, { "zone-c", "technical" },
	};
	json_t *entities = json_array();
	struct al_slice value;

	for (size_t i = 0; i < AL_COUNT(roles); i++) {
		struct whois_values values = { al_object_text(object), { NULL, 0 }, roles[i].attr };

		while (json_array_size(entities) < RDAP_RELATED_MAX && whois_values_next(&values, &value))
			add_entity(rdap, entities, value, roles[i].role);
	}
	value = whois_contact_of(rdap->view, object);
	if (value.len > 0)
		add_entity(rdap, entities, value, "abuse");
	(void)json_object_set_new(made, "entities", entities);
}

/* ---- networks ---- */

static json_t *address_of(const struct al_prefix *prefix, bool last)
{
	struct al_prefix at = *prefix;
	char text[AL_PREFIX_STRLEN];

	for (unsigned i = prefix->len; last && i < prefix->bits; i++)
		at.addr[i / 8] = (uint8_t)(at.addr[i / 8] | (0x80u >> i % 8));
	al_addr_format(&at, text);
	return json_string(text);
}

static void put_above(const struct rdap *rdap, json_t *made, const struct al_prefix *prefix)
{
	const struct al_object *above = al_state_covering_inet(rdap->view->state, prefix, true);

	if (above == NULL)
		return;
	(void)json_object_set_new(made, "parentHandle", rdap_text(al_object_key(above)));
	(void)json_array_append_new(json_object_get(made, "links"),
				    rdap_link(rdap, "up", "ip/", al_object_key(above), RDAP_TYPE));
}

/* RFC 9877 section 2.1. */
static void put_geofeed(const struct rdap *rdap, json_t *made, struct al_slice url)
{
	if (url.len > 0)
		(void)json_array_append_new(json_object_get(made, "links"),
					    json_pack("{s:s, s:s, s:o, s:s}", "value", rdap->self, "rel", "geofeed",
						      "href", rdap_text(url), "type", "application/geofeed+csv"));
}

json_t *rdap_network(const struct rdap *rdap, const struct al_object *block)
{
	struct al_slice status = al_object_attr(block, "status"), country = al_object_attr(block, "country");
	struct al_prefix prefix;
	json_t *made;
	bool four;

	if (al_object_prefix(block, &prefix) != AL_OK)
		return NULL;
	four = prefix.bits == 32;
	made = json_pack("{s:s, s:o, s:o, s:s, s:o}", "objectClassName", "ip network", "startAddress",
			 address_of(&prefix, false), "endAddress", address_of(&prefix, true), "ipVersion",
			 four ? "v4" : "v6", "name", rdap_text(al_object_attr(block, "netname")));
	put_common(rdap, made, block, "ip/", al_object_key(block));
	(void)json_object_set_new(made, "type", rdap_text(status.len > 0 ? status : AL_S("ASSIGNED")));
	if (country.len == 2)
		(void)json_object_set_new(made, "country", rdap_text(country));
	(void)json_object_set_new(made, "cidr0_cidrs",
				  json_pack("[{s:o, s:i}]", four ? "v4prefix" : "v6prefix", address_of(&prefix, false),
					    "length", (int)prefix.len));
	put_above(rdap, made, &prefix);
	put_geofeed(rdap, made, al_object_attr(block, "geofeed"));
	rdap_put_entities(rdap, made, block);
	return made;
}

/* ---- AS numbers ---- */

json_t *rdap_autnum(const struct rdap *rdap, const struct al_object *object)
{
	bool block = object->cls == AL_AS_BLOCK;
	struct al_asn_range range = { 0, 0 };
	char number[16];
	json_t *made;

	if (block && al_asn_range_parse(al_object_key(object), &range) != AL_OK)
		return NULL;
	if (!block && al_object_asn(object, &range.first) != AL_OK)
		return NULL;
	if (!block)
		range.last = range.first;
	made = json_pack("{s:s, s:I, s:I, s:o, s:s}", "objectClassName", "autnum", "startAutnum",
			 (json_int_t)range.first, "endAutnum", (json_int_t)range.last, "name",
			 rdap_text(block ? al_object_key(object) : al_object_attr(object, "as-name")), "type",
			 block ? "ALLOCATED" : "ASSIGNED");
	(void)snprintf(number, sizeof(number), "%u", range.first);
	put_common(rdap, made, object, "autnum/", al_slice_str(number));
	rdap_put_entities(rdap, made, object);
	return made;
}

/* ---- names ---- */

bool rdap_listed(const json_t *list, struct al_slice name)
{
	for (size_t i = 0; i < json_array_size(list); i++)
		if (al_slice_is(name, json_string_value(json_object_get(json_array_get(list, i), "ldhName"))))
			return true;
	return false;
}

struct addresses {
	struct al_slice name;
	json_t *four, *six;
	size_t objects;
};

/* Every address that an object gives for the name, each once. */
static bool addresses_take(const struct al_object *object, void *arg)
{
	struct addresses *found = arg;
	struct al_slice rest = al_object_text(object), value, name;
	char text[AL_PREFIX_STRLEN];
	struct al_prefix addr;

	found->objects++;
	while (al_attr_find(&rest, "nserver", &value)) {
		json_t *list, *have;
		size_t i;
		bool known = false;

		if (!al_slice_word(&value, "", &name) || !al_slice_eq(name, found->name) ||
		    al_addr_parse(al_slice_trim(value), &addr) != AL_OK)
			continue;
		al_addr_format(&addr, text);
		list = addr.bits == 32 ? found->four : found->six;
		json_array_foreach(list, i, have) known = known || strcmp(json_string_value(have), text) == 0;
		if (!known && json_array_size(list) < RDAP_RELATED_MAX)
			(void)json_array_append_new(list, json_string(text));
	}
	return found->objects < 4 * RDAP_RELATED_MAX;
}

/* Takes the lists. */
static void put_addresses(json_t *made, struct addresses *found)
{
	json_t *addresses = json_object();

	if (json_array_size(found->four) > 0)
		(void)json_object_set(addresses, "v4", found->four);
	if (json_array_size(found->six) > 0)
		(void)json_object_set(addresses, "v6", found->six);
	if (json_object_size(addresses) > 0)
		(void)json_object_set(made, "ipAddresses", addresses);
	json_decref(addresses);
	json_decref(found->four);
	json_decref(found->six);
}

/* One entry a name, however many of its addresses have a line. */
static json_t *nameservers_of(const struct rdap *rdap, const struct al_object *object)
{
	struct al_slice rest = al_object_text(object), value, name;
	json_t *list = json_array();

	while (al_attr_find(&rest, "nserver", &value)) {
		struct addresses found;
		json_t *server;

		if (!al_slice_word(&value, "", &name) || rdap_listed(list, name))
			continue;
		server = json_pack("{s:s, s:o, s:[o]}", "objectClassName", "nameserver", "ldhName", rdap_text(name),
				   "links", rdap_link(rdap, "self", "nameserver/", name, RDAP_TYPE));
		found = (struct addresses){ .name = name, .four = json_array(), .six = json_array() };
		(void)addresses_take(object, &found);
		put_addresses(server, &found);
		(void)json_array_append_new(list, server);
	}
	return list;
}

/* "KEYTAG ALGORITHM TYPE DIGEST" */
static json_t *ds_of(struct al_slice value)
{
	uint64_t number[3];
	struct al_slice word;

	for (int i = 0; i < 3; i++)
		if (!al_slice_word(&value, "", &word) || al_slice_u64(word, 65535, &number[i]) != AL_OK)
			return NULL;
	return json_pack("{s:I, s:I, s:I, s:o}", "keyTag", (json_int_t)number[0], "algorithm", (json_int_t)number[1],
			 "digestType", (json_int_t)number[2], "digest", rdap_text(al_slice_trim(value)));
}

static void put_delegation(const struct rdap *rdap, json_t *made, const struct al_object *object)
{
	struct al_slice rest = al_object_text(object), value;
	json_t *list = json_array(), *secure;
	bool is_signed;

	while (al_attr_find(&rest, "ds-rdata", &value)) {
		json_t *ds = ds_of(value);

		if (ds != NULL)
			(void)json_array_append_new(list, ds);
	}
	is_signed = json_array_size(list) > 0;
	secure = json_pack("{s:b}", "delegationSigned", is_signed);
	if (is_signed)
		(void)json_object_set_new(secure, "dsData", list);
	else
		json_decref(list);
	(void)json_object_set_new(made, "nameservers", nameservers_of(rdap, object));
	(void)json_object_set_new(made, "secureDNS", secure);
}

json_t *rdap_domain(const struct rdap *rdap, const struct al_object *domain)
{
	json_t *made = json_pack("{s:s, s:o}", "objectClassName", "domain", "ldhName",
				 rdap_text(al_object_key(domain)));

	put_common(rdap, made, domain, "domain/", al_object_key(domain));
	put_delegation(rdap, made, domain);
	rdap_put_entities(rdap, made, domain);
	return made;
}

json_t *rdap_reverse(const struct rdap *rdap, struct al_slice name, const struct al_object *block)
{
	json_t *made = json_pack("{s:s, s:o}", "objectClassName", "domain", "ldhName", rdap_text(name));

	put_common(rdap, made, block, "domain/", name);
	put_delegation(rdap, made, block);
	rdap_put_entities(rdap, made, block);
	(void)json_object_set_new(made, "network", rdap_network(rdap, block));
	return made;
}

json_t *rdap_nameserver(const struct rdap *rdap, struct al_slice name)
{
	static const enum al_class classes[] = { AL_DOMAIN, AL_INETNUM, AL_INET6NUM };
	struct addresses found = { .name = name, .four = json_array(), .six = json_array() };
	json_t *made;

	for (size_t i = 0; i < AL_COUNT(classes); i++)
		whois_index_find(rdap->view->index, classes[i], AL_S("nserver"), name, addresses_take, &found);
	made = json_pack("{s:s, s:o, s:o, s:[s], s:[o]}", "objectClassName", "nameserver", "ldhName", rdap_text(name),
			 "handle", rdap_text(name), "status", "active", "links",
			 rdap_link(rdap, "self", "nameserver/", name, RDAP_TYPE));
	put_addresses(made, &found);
	if (found.objects == 0) {
		json_decref(made);
		return NULL;
	}
	return made;
}
