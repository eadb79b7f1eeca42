/* SPDX-License-Identifier: MIT */
/*
 * policy_claim.c -- a maintainer without a key of ours, claimed by one of the
 * keys that it had elsewhere.
 */
#include "alamo/rpsl/claim.h"

#include "policy.h"

/* The one key of the new version, which has signed the request too: nobody is locked out by a key he does not have. */
static bool own_key(const struct policy *policy, const struct al_object *now, struct al_slice *key)
{
	struct al_slice rest = al_object_text(now), other;
	const struct decision *d = policy->d;

	if (!al_attr_find(&rest, "auth", key) || al_attr_find(&rest, "auth", &other))
		return false;
	for (size_t i = 0; i < d->key_count; i++)
		if (al_slice_is(*key, d->key_texts[i]))
			return true;
	return false;
}

bool policy_claimed(const struct policy *policy, const struct subject *s)
{
	const struct al_object *registry = al_state_registry(policy->state);
	struct al_slice rest, key, claim_key, proof;
	struct al_buf ns, text;
	bool good = false;

	if (s->cls != AL_MNTNER || s->action != AL_MODIFY || registry == NULL ||
	    al_object_attr(s->old, "auth").len > 0 || !own_key(policy, s->now, &key))
		return false;
	proof = al_object_attr(s->now, "claim-proof");
	al_buf_init(&ns, 200);
	al_buf_init(&text, 1024);
	al_claim_namespace(al_object_key(registry), &ns);
	al_claim_text(al_object_key(registry), al_object_key(s->now), key, &text);
	rest = al_object_text(s->old);
	while (!good && ns.err == AL_OK && text.err == AL_OK && al_attr_find(&rest, "claim-key", &claim_key))
		good = al_claim_verify(proof, claim_key, al_buf_view(&ns), al_buf_view(&text)) == AL_OK;
	policy_built(policy, &ns);
	policy_built(policy, &text);
	al_buf_release(&ns);
	al_buf_release(&text);
	return good;
}
