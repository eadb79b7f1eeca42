/* SPDX-License-Identifier: MIT */
/*
 * policy_asn.c -- aut-num and as-block: the block above decides. What it hands
 * out by policy are numbers; a block in a block takes its maintainers.
 */
#include "policy.h"

static void check_block(struct policy *p, const struct subject *s, const struct al_object *parent)
{
	if (parent == NULL)
		policy_refuse(p, s, "as-block", "POLICY-ASN-BLOCK", "It lies in no block of this registry");
	else if (!auth_parent(p, parent))
		policy_refuse(p, s, "as-block", "POLICY-ASN-BLOCK", "The maintainers of [as-block] %.*s have to sign",
			      AL_FMT(al_object_key(parent)));
}

void policy_asn(struct policy *p, const struct subject *s)
{
	const struct al_object *parent;
	struct al_asn_range range;
	uint32_t asn;

	if (s->cls == AL_AS_BLOCK)
		policy_auto(p, s);
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
	if (s->cls == AL_AS_BLOCK) {
		check_block(p, s, parent);
		return;
	}
	auth_below(p, s, parent, "aut-num", "POLICY-ASN-BLOCK");
	if (parent != NULL && !auth_parent(p, parent))
		policy_quota(p, s, parent);
}
