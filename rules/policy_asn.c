/*
 * policy_asn.c -- aut-num and as-block: the block above decides.
 */
#include "policy.h"

void policy_asn(struct policy *p, const struct subject *s)
{
	const struct al_object *parent;
	struct al_asn_range range;
	uint32_t asn;

	if (s->action != AL_CREATE || p->hostmaster)
		return;
	if (s->cls == AL_AUT_NUM) {
		if (al_object_asn(s->now, &asn) != AL_OK)
			return;
		range = (struct al_asn_range){ asn, asn };
	} else if (al_asn_range_parse(al_object_key(s->now), &range) != AL_OK) {
		return;
	}
	parent = view_as_block(&p->view, &range);
	auth_below(p, s, parent, al_class_name(s->cls), "POLICY-ASN-BLOCK");
	if (s->cls == AL_AUT_NUM && parent != NULL && !auth_parent(p, parent))
		policy_quota(p, s, parent);
}
