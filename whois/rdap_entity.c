/* SPDX-License-Identifier: MIT */
/*
 * rdap_entity.c -- roles, persons, maintainers and organisations as entities. How a person
 * can be reached is not in the log and is never shown: answers say so as
 * RFC 9537 has it.
 */
#include "rdap_object.h"

/* jCard (RFC 7095): a name and what kind of thing bears it. */
static json_t *card(struct al_slice name, const char *kind)
{
	return json_pack("[s, [[s, {}, s, s], [s, {}, s, o], [s, {}, s, s]]]", "vcard", "version", "text", "4.0", "fn",
			 "text", rdap_text(name), "kind", "text", kind);
}

static json_t *removed(const char *what, const char *path)
{
	return json_pack("{s:{s:s}, s:s, s:s, s:s, s:{s:s}}", "name", "description", what, "prePath", path, "pathLang",
			 "jsonpath", "method", "removal", "reason", "description",
			 "Contact details are kept apart from the public log.");
}

static json_t *redactions(void)
{
	return json_pack("[o, o, o]", removed("E-mail address", "$.vcardArray[1][?(@[0]=='email')]"),
			 removed("Telephone number", "$.vcardArray[1][?(@[0]=='tel')]"),
			 removed("Postal address", "$.vcardArray[1][?(@[0]=='adr')]"));
}

struct related {
	const struct rdap *rdap;
	json_t *list;
	json_t *(*make)(const struct rdap *rdap, const struct al_object *object);
};

static bool related_take(const struct al_object *object, void *arg)
{
	const struct related *related = arg;

	(void)json_array_append_new(related->list, related->make(related->rdap, object));
	return json_array_size(related->list) < RDAP_RELATED_MAX;
}

/* What names it so: networks and AS numbers. */
static void put_holdings(const struct rdap *rdap, json_t *made, const struct al_object *holder, struct al_slice attr)
{
	static const enum al_class nets[] = { AL_INETNUM, AL_INET6NUM };
	struct related networks = { rdap, json_array(), rdap_network }, autnums = { rdap, json_array(), rdap_autnum };

	for (size_t i = 0; i < AL_COUNT(nets) && json_array_size(networks.list) < RDAP_RELATED_MAX; i++)
		whois_index_find(rdap->view->index, nets[i], attr, al_object_key(holder), related_take, &networks);
	whois_index_find(rdap->view->index, AL_AUT_NUM, attr, al_object_key(holder), related_take, &autnums);
	(void)json_object_set_new(made, "networks", networks.list);
	(void)json_object_set_new(made, "autnums", autnums.list);
}

struct al_slice rdap_entity_name(const struct al_object *object)
{
	switch (object->cls) {
	case AL_MNTNER:
		return al_object_key(object);
	case AL_ORGANISATION:
		return al_object_attr(object, "org-name");
	default:
		return al_object_attr(object, al_class_name((enum al_class)object->cls));
	}
}

/* RFC 6350 section 6.1.4 */
static const char *kind_of(const struct al_object *object)
{
	return object->cls == AL_PERSON ? "individual" : object->cls == AL_ORGANISATION ? "org" : "group";
}

static void put_all_of_it(const struct rdap *rdap, json_t *made, const struct al_object *object)
{
	switch (object->cls) {
	case AL_MNTNER:
		put_holdings(rdap, made, object, AL_S("mnt-by"));
		break;
	case AL_ORGANISATION:
		rdap_put_remarks(made, object);
		rdap_put_entities(rdap, made, object);
		put_holdings(rdap, made, object, AL_S("org"));
		break;
	default:
		(void)json_object_set_new(made, "redacted", redactions());
		break;
	}
}

json_t *rdap_entity(const struct rdap *rdap, const struct al_object *object, json_t *roles, bool full)
{
	char created[AL_TIME_STRLEN], changed[AL_TIME_STRLEN];
	json_t *made;

	al_time_format(object->created, created);
	al_time_format(object->time, changed);
	made = json_pack("{s:s, s:o, s:o, s:[o], s:[{s:s, s:s}, {s:s, s:s}]}", "objectClassName", "entity", "handle",
			 rdap_text(al_object_key(object)), "vcardArray",
			 card(rdap_entity_name(object), kind_of(object)), "links",
			 rdap_link(rdap, "self", "entity/", al_object_key(object), RDAP_TYPE), "events", "eventAction",
			 "registration", "eventDate", created, "eventAction", "last changed", "eventDate", changed);
	if (roles != NULL)
		(void)json_object_set_new(made, "roles", roles);
	if (full)
		put_all_of_it(rdap, made, object);
	return made;
}
