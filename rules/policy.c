/* SPDX-License-Identifier: MIT */
/*
 * policy.c -- the rules that hold for every object, and the dispatch to the
 * rule families. Pure: reads state and request, writes only to the report.
 */
#include "policy.h"

#include <inttypes.h>

const struct policy_clause policy_clauses[] = {
	{ "REQUEST-FORM", "A request has the form of docs/protocol.md: header, objects, signatures." },
	{ "REQUEST-EXPIRED", "A request is not taken after its not-after time." },
	{ "REQUEST-PREV", "prev: names the log index of the object's present version, or none if it never existed." },
	{ "REQUEST-TWICE", "An object appears once in a request." },
	{ "SCHEMA-CLASS", "An object's first attribute names a known class." },
	{ "SCHEMA-ATTRIBUTE", "An object has attributes of its class only." },
	{ "SCHEMA-MANDATORY", "Mandatory attributes are there." },
	{ "SCHEMA-SINGLE", "Single attributes appear once." },
	{ "SCHEMA-SYNTAX", "A value has the syntax of its attribute." },
	{ "SCHEMA-SOURCE", "source: names this registry." },
	{ "SCHEMA-EDIT", "extend: adds to an object that is there, and shrink: takes out what it has." },
	{ "SCHEMA-AUTO", "Placeholders are defined once, by an aut-num, inetnum or inet6num of the same request." },
	{ "AUTH-SIGNATURE", "Every signature verifies, over this text, in this registry's namespace." },
	{ "AUTH-MNT", "A maintainer of the object, as it was before the request, has signed." },
	{ "AUTH-CONSENT", "Who is newly named in mnt-by has signed too." },
	{ "AUTH-KEY", "A maintainer has a key, and a new one's request is signed by it." },
	{ "REF-MISSING", "Objects that are named exist." },
	{ "REF-USED", "An object that others need is not deleted." },
	{ "POLICY-ASK",
	  "Below policy: ask the hostmaster or the block's maintainers decide; the request may wait for them." },
	{ "POLICY-VOUCH", "Below policy: vouch a second member, who holds something, signs for the newcomer." },
	{ "POLICY-QUOTA", "A maintainer, or a key, holds no more by policy than the block allows." },
	{ "POLICY-SHARE", "A key holds no more domains, sets, objects and text than the registry allows." },
	{ "POLICY-OBJECT-SIZE", "An object has no more text than the registry allows for one." },
	{ "POLICY-RATE",
	  "On one day no more is handed out to newcomers without a voucher than the block, or the registry, says." },
	{ "POLICY-AUTO", "That AUTO picks from a block is said by the hostmaster." },
	{ "POLICY-QUARANTINE", "What was returned rests for a while before another may have it." },
	{ "POLICY-ASN-BLOCK",
	  "An aut-num is created in an open as-block, or with a maintainer of the block; an as-block with one." },
	{ "POLICY-ASN-FREE", "A free AS number exists in an open as-block." },
	{ "POLICY-INET-PARENT",
	  "An inetnum or inet6num is created below an open one, or with a maintainer of its parent." },
	{ "POLICY-INET-SIZE", "The prefix length is one that the parent hands out." },
	{ "POLICY-INET-OVERLAP", "A new prefix does not take in prefixes of others." },
	{ "POLICY-INET-FREE", "A free block of that length exists in an open pool." },
	{ "POLICY-REVERSE",
	  "reverse: names an address of the block itself, where no name server has its reverse zone." },
	{ "POLICY-PINGABLE", "pingable: names an address of the object's own prefix." },
	{ "POLICY-ROUTE-HOLDER", "A route, or a larger max-length, needs the holder of the address space." },
	{ "POLICY-ROUTE-ORIGIN", "A route needs the holder of the origin AS; AS0 needs none." },
	{ "POLICY-ROUTE-LENGTH", "max-length lies between the prefix length and the address length." },
	{ "POLICY-NAME-TAKEN", "A name that was used before goes back to its last holder only." },
	{ "POLICY-NAME-PARENT", "A name below another needs the holder of that one." },
	{ "POLICY-NAME-RESERVED", "Names of the infrastructure are the hostmaster's." },
	{ "POLICY-SET-MEMBER", "member-of names a set whose mbrs-by-ref takes one of the object's maintainers." },
	{ "POLICY-NODE-ORIGIN", "A node needs the holder of the AS that runs it." },
	{ "POLICY-PEERING-BOTH", "A peering needs the holders of both nodes." },
	{ "POLICY-SERVICE-NODE", "A service needs the holders of the nodes it runs on." },
	{ "POLICY-ORGANISATION", "What says that it is an organisation's needs the organisation's holder." },
	{ "POLICY-MESH-ADDRESS", "A mesh key's address is the one that is made of it, in this network." },
	{ "POLICY-MESH-PROOF", "A mesh key signs that it is this maintainer's." },
	{ "POLICY-MESH-REVOKED", "A key is revoked by the holder of its mesh-node or by itself, for ever, and nothing "
				 "is said of it any more." },
	{ "POLICY-MESH-NODE", "What is said of a mesh node, or of a mesh node's router, needs its holder." },
	{ "POLICY-MESH-GATEWAY", "A gateway needs the holders of the mesh half and of the AS that announces it." },
	{ "POLICY-MESH-PREFIX",
	  "A subnet of the mesh is its holder's who has the same suffix in the routed half; services are given." },
	{ "POLICY-MESH-ANCHOR",
	  "The list of anchors has three to five, of different maintainers; more than half of those in it change it." },
	{ "POLICY-CONTACT", "contact: is the hash of a contact block that comes with the request." },
	{ "POLICY-DOMAIN-DATA", "A domain is either delegated (nserver, ds-rdata) or hosted (record), with records "
				"that one zone can serve." },
	{ "POLICY-DOMAIN-GLUE", "A name server inside the domain has an address." },
	{ "POLICY-REGISTRY", "There is one registry object; it is not deleted." },
	{ NULL, NULL },
};

/* ---- rules for every object ---- */

/* Compare-and-set on the object's version: nobody changes what he has not seen, and nothing is replayed. */
static void check_prev(struct policy *p, const struct subject *s)
{
	const struct al_object *version = al_state_version(p->state, s->cls, al_object_key(s->now));
	uint64_t prev = p->d->request.prevs[s->number];
	struct al_slice key = p->d->request.objects[s->number], name;

	if (version == NULL) {
		if (prev != AL_PREV_NONE)
			policy_refuse(p, s, NULL, "REQUEST-PREV",
				      "prev: is %" PRIu64 ", but the object never existed: none", prev);
		return;
	}
	/* Who asks for any number cannot know that it was used and returned before. */
	if (version->deleted && prev == AL_PREV_NONE && al_slice_cut(&key, ':', &name) &&
	    al_slice_casestarts(al_slice_trim(key), "AUTO-"))
		return;
	if (prev == AL_PREV_NONE)
		policy_refuse(p, s, NULL, "REQUEST-PREV", "prev: is none, but the object %s: prev is %" PRIu64,
			      version->deleted ? "was deleted" : "exists", version->index);
	else if (prev != version->index)
		policy_refuse(p, s, NULL, "REQUEST-PREV", "prev: is %" PRIu64 ", but the present version is %" PRIu64,
			      prev, version->index);
}

static void check_twice(struct policy *p, const struct subject *s)
{
	if (view_repeats(&p->view, s->number))
		policy_refuse(p, s, NULL, "REQUEST-TWICE", "The object appears twice in the request");
}

static bool any_class_has(const struct policy *p, unsigned refs, struct al_slice key)
{
	for (unsigned cls = 0; cls < AL_CLASS_COUNT; cls++)
		if ((refs >> cls & 1) != 0 && view_get(&p->view, (enum al_class)cls, key) != NULL)
			return true;
	return false;
}

/* AS0 as a route's origin names nobody (RFC 6483 section 4): it needs no aut-num. */
static bool exempt(enum al_class cls, struct al_slice name, struct al_slice value)
{
	return (cls == AL_ROUTE || cls == AL_ROUTE6) && al_slice_is(name, "origin") && al_slice_is(value, "AS0");
}

static void check_references(struct policy *p, const struct subject *s)
{
	struct al_slice rest = al_object_text(s->now), item;
	struct al_attr attr;

	while (al_attr_next(&rest, &attr)) {
		const struct al_attr_rule *rule = al_class_rule(s->cls, attr.name);

		if (rule == NULL || (rule->flags & (AL_STRONG | AL_NAMED)) == 0)
			continue;
		while (al_ref_next(rule, &attr.value, &item))
			if (!exempt(s->cls, attr.name, item) && !any_class_has(p, rule->refs, item))
				policy_refuse(p, s, rule->name, "REF-MISSING", "Unknown object referenced %.*s",
					      AL_FMT(item));
	}
}

struct child_search {
	const struct policy *policy;
	const struct al_object *parent;
	const struct al_object *child;
};

static bool child_visit(const struct al_prefix *at, const struct al_object *child, void *arg)
{
	struct child_search *search = arg;

	(void)at;
	if (view_get(&search->policy->view, (enum al_class)child->cls, al_object_key(child)) == NULL)
		return true;
	search->child = child;
	return false;
}

/* One that has another holder between does not hang on this one. */
static bool route_visit(const struct al_prefix *at, const struct al_object *route, void *arg)
{
	const struct child_search *search = arg;

	return al_state_covering_inet(search->policy->state, at, false) != search->parent ||
	       child_visit(at, route, arg);
}

/* Routes and smaller blocks whose right comes from this inet(6)num. */
static void check_children(struct policy *p, const struct subject *s)
{
	struct child_search search = { p, s->old, NULL };
	struct al_prefix prefix;

	if (al_object_prefix(s->old, &prefix) != AL_OK)
		return;
	al_state_within(p->state, s->cls == AL_INETNUM ? AL_ROUTE : AL_ROUTE6, &prefix, route_visit, &search);
	if (search.child == NULL)
		al_state_children(p->state, s->cls, &prefix, child_visit, &search);
	if (search.child != NULL)
		policy_refuse(p, s, NULL, "REF-USED", "[%s] %.*s lies in it",
			      al_class_name((enum al_class)search.child->cls), AL_FMT(al_object_key(search.child)));
}

static void check_delete(struct policy *p, const struct subject *s)
{
	size_t references = view_references(&p->view, s->cls, al_object_key(s->now));

	if (s->old == NULL) {
		policy_refuse(p, s, NULL, "REF-MISSING", "There is no such object to delete");
		return;
	}
	if (references > 0)
		policy_refuse(p, s, NULL, "REF-USED", "Object [%s] %.*s is referenced from %zu other objects",
			      al_class_name(s->cls), AL_FMT(al_object_key(s->now)), references);
	if (s->cls == AL_INETNUM || s->cls == AL_INET6NUM)
		check_children(p, s);
	if (s->cls == AL_REGISTRY)
		policy_refuse(p, s, NULL, "POLICY-REGISTRY", "The registry object is not deleted");
	policy_mesh_delete(p, s);
}

/* ---- dispatch ---- */

static void decide_family(struct policy *p, const struct subject *s)
{
	switch (s->cls) {
	case AL_INETNUM:
	case AL_INET6NUM:
		policy_inet(p, s);
		return;
	case AL_AUT_NUM:
	case AL_AS_BLOCK:
		policy_asn(p, s);
		return;
	case AL_ROUTE:
	case AL_ROUTE6:
		policy_route(p, s);
		return;
	case AL_NODE:
	case AL_PEERING:
	case AL_SERVICE:
		policy_name(p, s);
		policy_node(p, s);
		return;
	case AL_MESH_NODE:
	case AL_MESH_ANCHOR:
	case AL_MESH_BOOTSTRAP:
	case AL_MESH_GATEWAY:
	case AL_MESH_PREFIX:
	case AL_MESH_REVOKED:
		policy_name(p, s);
		policy_mesh(p, s);
		return;
	default:
		policy_name(p, s);
		return;
	}
}

static void decide_object(struct policy *p, unsigned number)
{
	const struct al_object *now = p->d->objects[number];
	struct subject s = { .number = number, .now = now };

	if (now == NULL)
		return; /* it did not build; the report says why */
	s.cls = (enum al_class)now->cls;
	s.action = (enum al_action)p->d->actions[number];
	s.old = al_state_get(p->state, s.cls, al_object_key(now));
	check_prev(p, &s);
	check_twice(p, &s);
	auth_subject(p, &s);
	if (s.action == AL_DELETE) {
		check_delete(p, &s);
		return;
	}
	check_references(p, &s);
	policy_member(p, &s);
	policy_org(p, &s);
	policy_contact(p, &s);
	policy_share(p, &s);
	policy_size(p, &s);
	if (s.cls == AL_MNTNER) {
		policy_join(p, &s);
		policy_vouched(p, &s);
	}
	decide_family(p, &s);
}

void policy_decide(struct decision *d, const struct al_state *state, const struct space *space)
{
	struct policy p = {
		.state = state,
		.space = space,
		.d = d,
	};
	enum al_err err = view_init(&p.view, state, d->objects, d->request.object_count);

	if (err != AL_OK) {
		d->report.err = err; /* no decision: decision_judge() says so */
		return;
	}
	p.view.work = &d->work;
	d->work += p.view.ref_count; /* looked through to be put in order */
	auth_hostmaster(&p);
	for (size_t i = 0; i < d->request.object_count; i++)
		decide_object(&p, (unsigned)i);
	policy_contacts_used(&p);
	tallies_release(&p.adds);
	view_release(&p.view);
}
