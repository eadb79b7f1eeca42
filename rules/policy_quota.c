/*
 * policy_quota.c -- how much one maintainer may hold by policy, and what
 * rests after it was returned.
 */
#include "policy.h"

/* The block that hands out `object`: the smallest around it. */
static const struct al_object *parent_of(const struct policy *p, const struct al_object *object)
{
	struct al_asn_range range;
	struct al_prefix prefix;
	uint32_t asn;

	if (object->cls == AL_AUT_NUM && al_object_asn(object, &asn) == AL_OK) {
		range = (struct al_asn_range){ asn, asn };
		return view_as_block(&p->view, &range);
	}
	return al_object_prefix(object, &prefix) == AL_OK ? view_covering_inet(&p->view, &prefix, true) : NULL;
}

struct count {
	const struct policy *policy;
	const struct al_object *parent;
	unsigned cls;
	uint64_t have;
};

/* What the request deletes or brings itself is counted with the request. */
static bool count_visit(const struct al_object *held, void *arg)
{
	struct count *count = arg;
	const struct policy *p = count->policy;

	if (held->cls == count->cls && view_own(&p->view, (enum al_class)held->cls, al_object_key(held)) == NULL &&
	    parent_of(p, held) == count->parent)
		count->have++;
	return true;
}

static uint64_t holds(const struct policy *p, struct al_slice mntner, const struct al_object *parent, unsigned cls)
{
	struct count count = { p, parent, cls, 0 };

	holdings_each(space_holdings(p->space), mntner, count_visit, &count);
	for (size_t i = 0; i < p->view.count; i++) {
		const struct al_object *own = p->view.objects[i];

		if (own != NULL && !own->deleted && own->cls == cls && al_object_has(own, "mnt-by", mntner) &&
		    parent_of(p, own) == parent)
			count.have++;
	}
	return count.have;
}

static void check_quota(struct policy *p, const struct subject *s, const struct al_object *parent)
{
	struct al_slice rest = al_object_text(s->now), value, name;
	uint64_t quota;

	if (al_slice_u64(al_object_attr(parent, "assign-quota"), 1000000, &quota) != AL_OK)
		return;
	while (al_attr_find(&rest, "mnt-by", &value))
		do {
			(void)al_slice_cut(&value, ',', &name);
			name = al_slice_trim(name);
			if (holds(p, name, parent, s->now->cls) > quota)
				policy_refuse(p, s, al_class_name(s->cls), "POLICY-QUOTA",
					      "%.*s would hold more than %u below [%s] %.*s", AL_FMT(name),
					      (unsigned)quota, al_class_name((enum al_class)parent->cls),
					      AL_FMT(al_object_key(parent)));
		} while (value.len > 0);
}

static void check_quarantine(struct policy *p, const struct subject *s)
{
	const struct al_object *last = space_resting(p->space, s->now);

	if (last != NULL && !auth_object(p, last, "mnt-by"))
		policy_refuse(p, s, al_class_name(s->cls), "POLICY-QUARANTINE",
			      "[%s] %.*s was returned not long ago and rests", al_class_name((enum al_class)last->cls),
			      AL_FMT(al_object_key(last)));
}

void policy_quota(struct policy *p, const struct subject *s, const struct al_object *parent)
{
	check_quota(p, s, parent);
	check_quarantine(p, s);
}
