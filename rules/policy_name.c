/* SPDX-License-Identifier: MIT */
/*
 * policy_name.c -- everything that is known by a name: maintainers, contacts,
 * sets, domains, the registry object.
 */
#include "policy.h"

#include <fnmatch.h>
#include <string.h>

static bool is_tld(const struct policy *p, struct al_slice name)
{
	const struct al_object *registry = al_state_registry(p->state);

	return registry != NULL && al_object_has(registry, "tld", name);
}

/* Below a name or number that has a holder, who consents to each creation: check_set(), check_domain_parent(). */
static bool lies_below(const struct policy *p, const struct subject *s)
{
	struct al_slice key = al_object_key(s->now);

	if (s->cls == AL_AS_SET || s->cls == AL_ROUTE_SET)
		return memchr(key.ptr, ':', key.len) != NULL;
	return s->cls == AL_DOMAIN && !is_tld(p, key) && !is_tld(p, al_name_parent(key));
}

/* People and maintainers are spoken of by their names for ever; other names are free again after name-rest: days. */
static bool rested(const struct policy *p, const struct al_object *last)
{
	const struct al_object *registry = al_state_registry(p->state);
	uint64_t days;

	return last->cls != AL_MNTNER && last->cls != AL_PERSON && last->cls != AL_ROLE && registry != NULL &&
	       al_slice_u64(al_object_attr(registry, "name-rest"), 1000000, &days) == AL_OK &&
	       p->d->time >= last->time + days * 86400;
}

/* A name that was somebody's goes back to that somebody only; below a name, its holder says who has it next. */
static void check_reuse(struct policy *p, const struct subject *s)
{
	const struct al_object *last = al_state_version(p->state, s->cls, al_object_key(s->now));

	if (s->action == AL_CREATE && last != NULL && last->deleted && !lies_below(p, s) && !rested(p, last) &&
	    !auth_object(p, last, "mnt-by"))
		policy_refuse(p, s, al_class_name(s->cls), "POLICY-NAME-TAKEN",
			      "The name was used before and is kept for its last holder");
}

/* "AS64500:AS-X": the leading AS, or set, consents (RFC 2622 section 5). */
static void check_set(struct policy *p, const struct subject *s)
{
	struct al_slice key = al_object_key(s->now), parent;
	const struct al_object *above;
	uint32_t asn;
	size_t at = key.len;

	while (at > 0 && key.ptr[at - 1] != ':')
		at--;
	if (s->action != AL_CREATE || at == 0)
		return;
	parent = al_slice_head(key, at - 1);
	above = al_asn_parse(parent, &asn) == AL_OK ? view_get(&p->view, AL_AUT_NUM, parent)
						    : view_get(&p->view, s->cls, parent);
	if (above == NULL || !auth_object(p, above, "mnt-by"))
		policy_refuse(p, s, al_class_name(s->cls), "POLICY-NAME-PARENT", "The holder of %.*s has to sign",
			      AL_FMT(parent));
}

/* ---- domains ---- */

/* "wpad _* xn--*": one of the words matches the whole label, with ? and * as in file names. */
static bool words_match(struct al_slice words, struct al_slice label)
{
	char name[64], pattern[64];
	struct al_slice word;

	if (al_slice_copy(label, name, sizeof(name)) != AL_OK)
		return false;
	while (al_slice_word(&words, "", &word))
		if (al_slice_copy(word, pattern, sizeof(pattern)) == AL_OK && fnmatch(pattern, name, FNM_NOESCAPE) == 0)
			return true;
	return false;
}

static bool reserved(const struct policy *p, struct al_slice label)
{
	const struct al_object *registry = al_state_registry(p->state);
	struct al_slice rest = registry != NULL ? al_object_text(registry) : AL_S(""), words;

	if (words_match(AL_S("root-servers nic registry"), label))
		return true;
	while (al_attr_find(&rest, "reserved-name", &words))
		if (words_match(words, label))
			return true;
	return false;
}

/* Below a top-level domain of ours the first to ask has it; deeper names are their parent's. */
static void check_domain_parent(struct policy *p, const struct subject *s)
{
	struct al_slice name = al_object_key(s->now), parent = al_name_parent(name), label;
	const struct al_object *above;
	bool in_tld = false;

	if (p->hostmaster)
		return;
	if (is_tld(p, parent)) {
		(void)al_slice_cut(&name, '.', &label);
		if (reserved(p, label))
			policy_refuse(p, s, "domain", "POLICY-NAME-RESERVED", "This name is reserved");
		return;
	}
	for (; parent.len > 0; parent = al_name_parent(parent)) {
		in_tld = in_tld || is_tld(p, parent);
		above = view_get(&p->view, AL_DOMAIN, parent);
		if (above == NULL)
			continue;
		if (!auth_object(p, above, "mnt-by"))
			policy_refuse(p, s, "domain", "POLICY-NAME-PARENT", "The holder of [domain] %.*s has to sign",
				      AL_FMT(parent));
		return;
	}
	policy_refuse(p, s, "domain", "POLICY-NAME-PARENT",
		      in_tld ? "Nobody holds the name above it yet"
		      : al_slice_ends(name, ".arpa")
			      ? "Reverse names come from the block: reverse: or nserver: of its inet6num or inetnum"
			      : "The name lies in no top-level domain of this registry");
}

static void check_glue(struct policy *p, const struct subject *s)
{
	struct al_slice rest = al_object_text(s->now), value, name, address;

	while (al_attr_find(&rest, "nserver", &value)) {
		(void)al_slice_word(&value, "", &name);
		if (!al_slice_word(&value, "", &address) && al_name_within(name, al_object_key(s->now)))
			policy_refuse(p, s, "nserver", "POLICY-DOMAIN-GLUE",
				      "%.*s lies inside the domain and needs an address behind it", AL_FMT(name));
	}
}

static void check_domain(struct policy *p, const struct subject *s)
{
	bool delegated = al_object_attr(s->now, "nserver").len > 0;
	bool hosted = al_object_attr(s->now, "record").len > 0;

	if (s->action == AL_CREATE) {
		check_domain_parent(p, s);
		policy_led(p, s);
	}
	if (delegated && hosted)
		policy_refuse(p, s, "record", "POLICY-DOMAIN-DATA",
			      "A domain with nserver: is served by those servers: records belong there");
	if (!delegated && !hosted)
		policy_refuse(p, s, "domain", "POLICY-DOMAIN-DATA", "The domain needs nserver: or record: lines");
	if (!delegated && al_object_attr(s->now, "ds-rdata").len > 0)
		policy_refuse(p, s, "ds-rdata", "POLICY-DOMAIN-DATA", "ds-rdata: goes with nserver:");
	if (hosted)
		policy_record(p, s);
	if (!p->hostmaster)
		check_glue(p, s);
}

/* ---- the registry object ---- */

static void check_registry(struct policy *p, const struct subject *s)
{
	const struct al_object *registry = al_state_registry(p->state);

	if (registry != NULL && s->action == AL_CREATE)
		policy_refuse(p, s, "registry", "POLICY-REGISTRY", "There is a registry object already: %.*s",
			      AL_FMT(al_object_key(registry)));
	if (!al_slice_eq(al_object_key(s->now), al_object_attr(s->now, "source")))
		policy_refuse(p, s, "source", "POLICY-REGISTRY", "The registry's name and its source are the same");
}

void policy_name(struct policy *p, const struct subject *s)
{
	check_reuse(p, s);
	if (s->cls == AL_AS_SET || s->cls == AL_ROUTE_SET)
		check_set(p, s);
	else if (s->cls == AL_DOMAIN)
		check_domain(p, s);
	else if (s->cls == AL_REGISTRY)
		check_registry(p, s);
	else if (al_state_registry(p->state) == NULL && !p->hostmaster)
		policy_refuse(p, s, NULL, "POLICY-REGISTRY",
			      "The first request founds the registry: registry and its mntner");
}
