/* SPDX-License-Identifier: MIT */
/* rdap_search.c -- one row a search; a walk over a class with a pattern. */
#include "rdap_search.h"

#include <string.h>

#include "rdap_object.h"

struct search {
	const struct rdap *rdap;
	const char *attr; /* whose value is looked at; NULL: the key */
	struct al_slice pattern;
	json_t *list;
	size_t looked;
	bool cut; /* for work or for size */
};

/* '*' at most once, at the start or the end; ASCII case does not matter. */
static bool matches(struct al_slice pattern, struct al_slice text)
{
	if (al_slice_ends(pattern, "*")) {
		pattern.len--;
		return text.len >= pattern.len && al_slice_caseeq(al_slice_head(text, pattern.len), pattern);
	}
	if (al_slice_starts(pattern, "*")) {
		pattern = al_slice_from(pattern, 1);
		return text.len >= pattern.len && al_slice_caseeq(al_slice_from(text, text.len - pattern.len), pattern);
	}
	return al_slice_caseeq(pattern, text);
}

static bool bounded(struct search *search)
{
	if (++search->looked > RDAP_SCAN_MAX || json_array_size(search->list) == RDAP_SEARCH_MAX)
		search->cut = true;
	return !search->cut;
}

static bool take_domain(const struct al_object *object, void *arg)
{
	struct search *search = arg;

	if (!bounded(search))
		return false;
	if (matches(search->pattern, al_object_key(object)))
		(void)json_array_append_new(search->list, rdap_domain(search->rdap, object));
	return true;
}

/* A domain by one of its servers: the name or the address. */
static bool take_by_server(const struct al_object *object, void *arg)
{
	struct search *search = arg;
	bool go_on = bounded(search);

	if (go_on)
		(void)json_array_append_new(search->list, rdap_domain(search->rdap, object));
	return go_on;
}

static bool take_entity(const struct al_object *object, void *arg)
{
	struct search *search = arg;
	if (!bounded(search))
		return false;
	if (matches(search->pattern, search->attr != NULL ? rdap_entity_name(object) : al_object_key(object)))
		(void)json_array_append_new(search->list, rdap_entity(search->rdap, object, NULL, false));
	return true;
}

static bool take_server(const struct al_object *object, void *arg)
{
	struct search *search = arg;
	struct al_slice rest = al_object_text(object), value, name;
	bool by_address = search->attr != NULL;

	if (!bounded(search))
		return false;
	while (json_array_size(search->list) < RDAP_SEARCH_MAX && al_attr_find(&rest, "nserver", &value)) {
		if (!al_slice_word(&value, "", &name) || rdap_listed(search->list, name))
			continue;
		if (matches(search->pattern, by_address ? al_slice_trim(value) : name))
			(void)json_array_append_new(search->list, rdap_nameserver(search->rdap, name));
	}
	return true;
}

static void walk(struct search *search, const enum al_class *classes, size_t count, al_object_fn take)
{
	for (size_t i = 0; i < count && !search->cut; i++)
		al_state_each(search->rdap->view->state, classes[i], take, search);
}

static void search_domains(struct search *search)
{
	static const enum al_class classes[] = { AL_DOMAIN };

	if (search->attr != NULL)
		whois_index_find(search->rdap->view->index, AL_DOMAIN, AL_S("nserver"), search->pattern, take_by_server,
				 search);
	else
		walk(search, classes, AL_COUNT(classes), take_domain);
}

static void search_servers(struct search *search)
{
	static const enum al_class classes[] = { AL_DOMAIN, AL_INETNUM, AL_INET6NUM };

	walk(search, classes, AL_COUNT(classes), take_server);
}

static void search_entities(struct search *search)
{
	static const enum al_class classes[] = { AL_ROLE, AL_PERSON, AL_MNTNER, AL_ORGANISATION };

	walk(search, classes, AL_COUNT(classes), take_entity);
}

static const struct {
	const char *kind, *parameter, *attr, *result;
	void (*run)(struct search *search);
} searches[] = {
	{ "domains", "name", NULL, "domainSearchResults", search_domains },
	{ "domains", "nsLdhName", "nserver", "domainSearchResults", search_domains },
	{ "domains", "nsIp", "nserver", "domainSearchResults", search_domains },
	{ "nameservers", "name", NULL, "nameserverSearchResults", search_servers },
	{ "nameservers", "ip", "nserver", "nameserverSearchResults", search_servers },
	{ "entities", "handle", NULL, "entitySearchResults", search_entities },
	{ "entities", "fn", "person", "entitySearchResults", search_entities },
};

/* One '*', at an end, and something beside it. */
static bool pattern_good(struct al_slice pattern)
{
	size_t stars = 0;

	for (size_t i = 0; i < pattern.len; i++)
		stars += pattern.ptr[i] == '*';
	return pattern.len > stars &&
	       (stars == 0 || (stars == 1 && (pattern.ptr[0] == '*' || al_slice_ends(pattern, "*"))));
}

json_t *rdap_search(const struct rdap *rdap, const char *kind, struct al_slice query, int *status)
{
	struct search search = { .rdap = rdap };
	struct al_slice name;
	json_t *made;
	size_t i = 0;

	search.pattern = query;
	*status = 400;
	if (!al_slice_cut(&search.pattern, '=', &name))
		return NULL;
	while (i < AL_COUNT(searches) &&
	       (strcmp(searches[i].kind, kind) != 0 || !al_slice_is(name, searches[i].parameter)))
		i++;
	if (i == AL_COUNT(searches))
		return NULL;
	*status = 422;
	if (!pattern_good(search.pattern))
		return NULL;
	search.attr = searches[i].attr;
	/* Servers and addresses are looked up in the index, which knows whole ones. */
	if (search.attr != NULL && strcmp(kind, "domains") == 0 &&
	    memchr(search.pattern.ptr, '*', search.pattern.len) != NULL)
		return NULL;
	search.list = json_array();
	searches[i].run(&search);
	made = json_pack("{s:o}", searches[i].result, search.list);
	rdap_put_frame(rdap, made, false);
	if (search.cut)
		rdap_put_truncated(made, "result set truncated due to excessive load");
	*status = 200;
	return made;
}
