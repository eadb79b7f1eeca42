/* SPDX-License-Identifier: MIT */
/*
 * policy_node.c -- nodes, peerings, services: each says something of others,
 * who therefore agree; membership of sets, and of organisations, is the same thought.
 */
#include "policy.h"

static void check_origin(struct policy *p, const struct subject *s)
{
	struct al_slice origin = al_object_attr(s->now, "origin");
	const struct al_object *as = view_get(&p->view, AL_AUT_NUM, origin);

	if (s->old != NULL && al_slice_eq(al_object_attr(s->old, "origin"), origin))
		return;
	if (as != NULL && !auth_object(p, as, "mnt-by"))
		policy_refuse(p, s, "origin", "POLICY-NODE-ORIGIN", "The holder of [aut-num] %.*s has to sign",
			      AL_FMT(origin));
}

static void check_node(struct policy *p, const struct subject *s, struct al_slice name, const char *attr,
		       const char *clause)
{
	const struct al_object *node = view_get(&p->view, AL_NODE, name);

	if (node != NULL && !auth_object(p, node, "mnt-by"))
		policy_refuse(p, s, attr, clause, "The holder of [node] %.*s has to sign", AL_FMT(name));
}

static void check_peering(struct policy *p, const struct subject *s)
{
	struct al_slice rest = al_object_key(s->now), first;

	if (s->action != AL_CREATE)
		return;
	(void)al_slice_cut(&rest, ':', &first);
	check_node(p, s, first, "peering", "POLICY-PEERING-BOTH");
	check_node(p, s, rest, "peering", "POLICY-PEERING-BOTH");
}

static void check_service(struct policy *p, const struct subject *s)
{
	struct al_slice rest = al_object_text(s->now), name;

	while (al_attr_find(&rest, "node", &name))
		if (s->old == NULL || !al_object_has(s->old, "node", name))
			check_node(p, s, name, "node", "POLICY-SERVICE-NODE");
}

void policy_node(struct policy *p, const struct subject *s)
{
	if (s->cls == AL_NODE)
		check_origin(p, s);
	else if (s->cls == AL_PEERING)
		check_peering(p, s);
	else
		check_service(p, s);
}

/* Whose something is others believe by its word; and an organisation cannot go while anything names it. */
void policy_org(struct policy *p, const struct subject *s)
{
	struct al_slice name = al_object_attr(s->now, "org");
	const struct al_object *organisation;

	if (name.len == 0 || (s->old != NULL && al_slice_eq(al_object_attr(s->old, "org"), name)))
		return;
	organisation = view_get(&p->view, AL_ORGANISATION, name);
	if (organisation != NULL && !auth_object(p, organisation, "mnt-by"))
		policy_refuse(p, s, "org", "POLICY-ORGANISATION", "The holder of [organisation] %.*s has to sign",
			      AL_FMT(name));
}

/* Does the set take one of the object's maintainers (RFC 2622 section 5.1)? */
static bool set_takes(const struct al_object *set, const struct al_object *object)
{
	struct name_list mntners = name_list_of(object, "mnt-by");
	struct al_slice name;

	if (al_object_has(set, "mbrs-by-ref", AL_S("ANY")))
		return true;
	while (name_list_next(&mntners, &name))
		if (al_object_has(set, "mbrs-by-ref", name))
			return true;
	return false;
}

void policy_member(struct policy *p, const struct subject *s)
{
	enum al_class cls = s->cls == AL_AUT_NUM ? AL_AS_SET : AL_ROUTE_SET;
	struct name_list sets = name_list_of(s->now, "member-of");
	const struct al_object *set;
	struct al_slice name;

	if (p->hostmaster || (s->cls != AL_AUT_NUM && s->cls != AL_ROUTE && s->cls != AL_ROUTE6))
		return;
	while (name_list_next(&sets, &name)) {
		if (s->old != NULL && al_object_has(s->old, "member-of", name))
			continue;
		set = view_get(&p->view, cls, name);
		if (set == NULL || !set_takes(set, s->now))
			policy_refuse(p, s, "member-of", "POLICY-SET-MEMBER",
				      "[%s] %.*s does not take it: its mbrs-by-ref names none of the maintainers",
				      al_class_name(cls), AL_FMT(name));
	}
}
