/* SPDX-License-Identifier: MIT */
/*
 * policy_inet.c -- inetnum and inet6num: parent, size, overlap.
 */
#include "policy.h"

static unsigned attr_len(const struct al_object *object, const char *name, unsigned otherwise)
{
	uint64_t len;

	return al_slice_u64(al_object_attr(object, name), 128, &len) == AL_OK ? (unsigned)len : otherwise;
}

/* assign-min and assign-max bound what members create; either falls back to assign-len, else anything goes. */
static void check_size(struct policy *p, const struct subject *s, const struct al_object *parent,
		       const struct al_prefix *prefix)
{
	unsigned assign = attr_len(parent, "assign-len", prefix->len);
	unsigned min = attr_len(parent, "assign-min", assign), max = attr_len(parent, "assign-max", assign);

	if (prefix->len < min || prefix->len > max)
		policy_refuse(p, s, al_class_name(s->cls), "POLICY-INET-SIZE",
			      "[%s] %.*s hands out prefixes of length %u to %u", al_class_name(s->cls),
			      AL_FMT(al_object_key(parent)), min, max);
}

struct overlap_search {
	const struct policy *policy;
	const struct subject *subject;
	const struct al_object *inner;
};

static bool overlap_visit(const struct al_prefix *at, const struct al_object *inner, void *arg)
{
	struct overlap_search *search = arg;

	(void)at;
	if (auth_object(search->policy, inner, "mnt-by"))
		return true;
	search->inner = inner;
	return false;
}

/* A block may be put around others only by their maintainers: else it would take their routes over. */
static void check_overlap(struct policy *p, const struct subject *s, const struct al_prefix *prefix)
{
	struct overlap_search search = { p, s, NULL };

	al_state_children(p->state, s->cls, prefix, overlap_visit, &search);
	if (search.inner != NULL)
		policy_refuse(p, s, al_class_name(s->cls), "POLICY-INET-OVERLAP",
			      "[%s] %.*s of another maintainer lies in it", al_class_name(s->cls),
			      AL_FMT(al_object_key(search.inner)));
}

/* A member's own open block is for those who choose it; AUTO's come from where the hostmaster says. */
void policy_auto(struct policy *p, const struct subject *s)
{
	if (p->hostmaster || !al_slice_is(al_object_attr(s->now, "assign-auto"), "yes") ||
	    (s->old != NULL && al_slice_is(al_object_attr(s->old, "assign-auto"), "yes")))
		return;
	policy_refuse(p, s, "assign-auto", "POLICY-AUTO", "The hostmaster has to sign for assign-auto: yes");
}

/* Hosted reverse names: of this block's addresses, of no smaller block's, and where no name server has the zone. */
static void check_reverse(struct policy *p, const struct subject *s)
{
	struct al_slice rest = al_object_text(s->now), value, word;
	const struct al_object *holder;
	struct al_prefix block, address;

	if (al_object_prefix(s->now, &block) != AL_OK)
		return;
	while (al_attr_find(&rest, "reverse", &value)) {
		(void)al_slice_cut(&value, ' ', &word);
		if (al_addr_parse(word, &address) != AL_OK)
			continue;
		holder = view_covering_inet(&p->view, &address, false);
		if (al_object_attr(s->now, "nserver").len > 0)
			policy_refuse(p, s, "reverse", "POLICY-REVERSE",
				      "The block's name servers (nserver) have its reverse names");
		else if (!al_prefix_covers(&block, &address))
			policy_refuse(p, s, "reverse", "POLICY-REVERSE", "%.*s is no address of the block",
				      AL_FMT(word));
		else if (holder != NULL && !al_slice_eq(al_object_key(holder), al_object_key(s->now)))
			policy_refuse(p, s, "reverse", "POLICY-REVERSE", "[%s] %.*s has the name of %.*s",
				      al_class_name(s->cls), AL_FMT(al_object_key(holder)), AL_FMT(word));
	}
}

/* RFC 5943: others send packets there, so that it is the holder's own. */
void policy_pingable(struct policy *p, const struct subject *s)
{
	struct al_slice rest = al_object_text(s->now), value;
	struct al_prefix block, address;

	if (al_object_prefix(s->now, &block) != AL_OK)
		return;
	while (al_attr_find(&rest, "pingable", &value))
		if (al_addr_parse(value, &address) == AL_OK && !al_prefix_covers(&block, &address))
			policy_refuse(p, s, "pingable", "POLICY-PINGABLE", "%.*s is no address of the prefix",
				      AL_FMT(value));
}

void policy_inet(struct policy *p, const struct subject *s)
{
	const struct al_object *parent;
	struct al_prefix prefix;

	policy_auto(p, s);
	check_reverse(p, s);
	policy_pingable(p, s);
	if (s->action != AL_CREATE || p->hostmaster || al_object_prefix(s->now, &prefix) != AL_OK)
		return;
	parent = view_covering_inet(&p->view, &prefix, true);
	auth_below(p, s, parent, al_class_name(s->cls), "POLICY-INET-PARENT");
	if (parent != NULL && !auth_parent(p, parent)) {
		check_size(p, s, parent, &prefix);
		policy_quota(p, s, parent);
	}
	check_overlap(p, s, &prefix);
}
