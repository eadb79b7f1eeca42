/* SPDX-License-Identifier: MIT */
/*
 * policy_route.c -- route and route6: the holder of the address space and the
 * holder of the origin AS both agree, so neither can speak for the other.
 */
#include "policy.h"

static void check_max_length(struct policy *p, const struct subject *s, const struct al_prefix *prefix)
{
	struct al_slice value = al_object_attr(s->now, "max-length");
	uint64_t max;

	if (value.len == 0)
		return;
	if (al_slice_u64(value, prefix->bits, &max) != AL_OK || max < prefix->len)
		policy_refuse(p, s, "max-length", "POLICY-ROUTE-LENGTH", "max-length is from %u to %u here",
			      prefix->len, prefix->bits);
	else if (max > prefix->len)
		policy_warn(p, s, "max-length", "Whoever forges the origin may announce more specifics too (RFC 9319)");
}

/* mnt-routes when the holder has named any, else mnt-lower and mnt-by. */
static bool holder_agrees(const struct policy *p, const struct al_object *holder)
{
	if (al_object_attr(holder, "mnt-routes").len > 0 && auth_object(p, holder, "mnt-routes"))
		return true;
	return auth_parent(p, holder);
}

static void check_holder(struct policy *p, const struct subject *s, const struct al_prefix *prefix)
{
	const struct al_object *holder = view_covering_inet(&p->view, prefix, false);

	if (holder == NULL)
		policy_refuse(p, s, al_class_name(s->cls), "POLICY-ROUTE-HOLDER",
			      "No %s of this registry covers the prefix", s->cls == AL_ROUTE ? "inetnum" : "inet6num");
	else if (!holder_agrees(p, holder))
		policy_refuse(p, s, al_class_name(s->cls), "POLICY-ROUTE-HOLDER", "The holder of [%s] %.*s has to sign",
			      al_class_name((enum al_class)holder->cls), AL_FMT(al_object_key(holder)));
}

static void check_origin(struct policy *p, const struct subject *s)
{
	struct al_slice origin = al_object_attr(s->now, "origin");
	const struct al_object *as = view_get(&p->view, AL_AUT_NUM, origin);

	if (as != NULL && !auth_object(p, as, "mnt-by"))
		policy_refuse(p, s, "origin", "POLICY-ROUTE-ORIGIN", "The holder of [aut-num] %.*s has to sign",
			      AL_FMT(origin));
}

static uint64_t max_length(const struct al_object *route, const struct al_prefix *prefix)
{
	uint64_t max;

	return al_slice_u64(al_object_attr(route, "max-length"), prefix->bits, &max) == AL_OK ? max : prefix->len;
}

/* To say more of the space than the holder agreed to is to be agreed on again. */
void policy_route(struct policy *p, const struct subject *s)
{
	struct al_prefix prefix;

	if (al_object_prefix(s->now, &prefix) != AL_OK)
		return;
	check_max_length(p, s, &prefix);
	policy_pingable(p, s);
	if (s->action == AL_CREATE || (s->old != NULL && max_length(s->now, &prefix) > max_length(s->old, &prefix)))
		check_holder(p, s, &prefix);
	if (s->action == AL_CREATE)
		check_origin(p, s);
}
