/* SPDX-License-Identifier: MIT */
/*
 * policy_auth.c -- who may: maintainers, parents, the hostmaster.
 *
 * Authority comes from the state before the request, so a request cannot
 * bring the key that allows it. The one exception is a maintainer that never
 * existed: it speaks for itself by its own new key. One that was deleted is
 * spoken for by its last keys, so that its name, and what names it, stay with
 * whom they were.
 */
#include "policy.h"

#define AUTH_KEYS_MAX 16u
#define KEYS_SHOWN 2    /* of those that signed, and of those that may */
#define MESSAGE_MAX 400 /* bytes of a message about maintainers and keys */

static bool signed_by(const struct policy *policy, struct al_slice auth)
{
	for (size_t i = 0; i < policy->d->key_count; i++)
		if (al_slice_is(auth, policy->d->key_texts[i]))
			return true;
	return false;
}

static bool signed_by_any(const struct policy *policy, const struct al_object *mntner)
{
	struct al_slice rest = al_object_text(mntner), auth;

	while (al_attr_find(&rest, "auth", &auth))
		if (signed_by(policy, auth))
			return true;
	return false;
}

bool auth_mntner(const struct policy *policy, struct al_slice name)
{
	const struct al_object *mntner = al_state_version(policy->state, AL_MNTNER, name);

	if (mntner == NULL) {
		mntner = view_own(&policy->view, AL_MNTNER, name);
		if (mntner == NULL || mntner->deleted)
			return false;
	}
	return signed_by_any(policy, mntner);
}

/* Without the hostmaster's privilege: does a maintainer in `attr` sign? */
static bool maintained(const struct policy *policy, const struct al_object *object, const char *attr)
{
	struct name_list mntners = name_list_of(object, attr);
	struct al_slice name;

	while (name_list_next(&mntners, &name))
		if (auth_mntner(policy, name))
			return true;
	return false;
}

bool auth_object(const struct policy *policy, const struct al_object *object, const char *attr)
{
	return policy->hostmaster || maintained(policy, object, attr);
}

bool auth_signed(const struct policy *policy, const struct al_object *object)
{
	return maintained(policy, object, "mnt-by");
}

bool auth_parent(const struct policy *policy, const struct al_object *parent)
{
	return auth_object(policy, parent, "mnt-lower") || auth_object(policy, parent, "mnt-by");
}

/* In an empty log the first request founds the registry: its own registry object says who the hostmaster is. */
void auth_hostmaster(struct policy *policy)
{
	const struct al_object *registry = al_state_registry(policy->state);

	for (size_t i = 0; registry == NULL && i < policy->view.count; i++)
		if (policy->view.objects[i] != NULL && policy->view.objects[i]->cls == AL_REGISTRY)
			registry = policy->view.objects[i];
	policy->hostmaster = registry != NULL && !registry->deleted && maintained(policy, registry, "mnt-by");
}

/* The next key in "KEY, KEY and 3 more". */
static void fingerprint_put(struct al_buf *out, struct al_slice auth, size_t *count)
{
	char print[AL_SSH_FINGERPRINT_LEN];
	struct al_sshkey key;

	if (++*count > KEYS_SHOWN || al_sshkey_parse(auth, &key) != AL_OK)
		return;
	al_sshkey_fingerprint(&key, print);
	al_buf_printf(out, "%s%s", *count > 1 ? ", " : " ", print);
}

static void more_put(struct al_buf *out, size_t count)
{
	if (count > KEYS_SHOWN)
		al_buf_printf(out, " and %zu more", count - KEYS_SHOWN);
}

/* "A, B (signed by KEY; wanted KEY, KEY)": the maintainers of an object, for the message. */
static void wanted_put(const struct policy *policy, const struct al_object *object, struct al_buf *out)
{
	struct name_list mntners = name_list_of(object, "mnt-by");
	struct al_slice name, keys, auth;
	struct al_buf wanted;
	size_t count = 0;

	al_buf_init(&wanted, MESSAGE_MAX);
	while (name_list_next(&mntners, &name)) {
		const struct al_object *mntner = al_state_version(policy->state, AL_MNTNER, name);

		al_buf_str(out, out->len > 0 ? ", " : "");
		al_buf_slice(out, name);
		keys = mntner != NULL ? al_object_text(mntner) : AL_S("");
		while (al_attr_find(&keys, "auth", &auth))
			fingerprint_put(&wanted, auth, &count);
	}
	more_put(&wanted, count);
	al_buf_str(out, " (signed by");
	count = 0;
	for (size_t i = 0; i < policy->d->key_count; i++)
		fingerprint_put(out, al_slice_str(policy->d->key_texts[i]), &count);
	more_put(out, count);
	if (wanted.len > 0)
		al_buf_printf(out, "; wanted%.*s", AL_FMT(al_buf_view(&wanted)));
	al_buf_str(out, ")");
	policy_built(policy, &wanted);
	policy_built(policy, out);
	al_buf_release(&wanted);
}

static void refuse_mnt(struct policy *policy, const struct subject *s, const struct al_object *object)
{
	struct al_buf who;

	al_buf_init(&who, MESSAGE_MAX);
	wanted_put(policy, object, &who);
	policy_refuse(policy, s, "mnt-by", "AUTH-MNT",
		      "Authorisation for [%s] %.*s failed using \"mnt-by:\" not authenticated by: %.*s",
		      al_class_name(s->cls), AL_FMT(al_object_key(s->now)), AL_FMT(al_buf_view(&who)));
	al_buf_release(&who);
}

/*
 * A key that nobody has shown to own locks its maintainer out when it was pasted wrong, and counts for somebody else
 * when it is his.
 */
static void check_new_keys(struct policy *policy, const struct subject *s)
{
	struct al_slice rest = al_object_text(s->now), auth;
	size_t count = 0;

	for (; al_attr_find(&rest, "auth", &auth); count++)
		if ((s->old == NULL || !al_object_has(s->old, "auth", auth)) && !signed_by(policy, auth))
			policy_refuse(policy, s, "auth", "AUTH-KEY",
				      "A new key signs the request too: auth: %zu has not", count + 1);
	if (count > AUTH_KEYS_MAX)
		policy_refuse(policy, s, "auth", "AUTH-KEY", "A maintainer has at most %u keys", AUTH_KEYS_MAX);
}

/* A maintainer without a key, or one that its requester cannot speak for, would be nobody's. */
static void check_mntner_key(struct policy *policy, const struct subject *s)
{
	if (policy->hostmaster)
		return;
	if (al_object_attr(s->now, "auth").len == 0)
		policy_refuse(policy, s, "mntner", "AUTH-KEY",
			      "A maintainer needs an auth: attribute with your SSH key");
	else if (s->action == AL_CREATE && !signed_by_any(policy, s->now))
		policy_refuse(policy, s, "auth", "AUTH-KEY",
			      "The request is not signed by a key of the new maintainer");
	else if (policy_edition(policy, 2))
		check_new_keys(policy, s);
}

bool policy_edition(const struct policy *policy, unsigned edition)
{
	const struct al_object *registry = al_state_registry(policy->state);
	uint64_t now;

	return registry != NULL && al_slice_u64(al_object_attr(registry, "edition"), 1000000, &now) == AL_OK &&
	       now >= edition;
}

/* Enough of the people that a maintainer named for the day on which its keys are lost. */
static bool recovered(const struct policy *policy, const struct subject *s)
{
	struct al_slice rest, key;
	uint64_t need;
	size_t have = 0;

	if (s->cls != AL_MNTNER || s->action != AL_MODIFY ||
	    al_slice_u64(al_object_attr(s->old, "recover-need"), 1000000, &need) != AL_OK || need == 0)
		return false;
	rest = al_object_text(s->old);
	while (al_attr_find(&rest, "recover-key", &key))
		have += signed_by(policy, key);
	return have >= need;
}

static bool holder_signed(const struct policy *policy, enum al_class cls, struct al_slice key)
{
	const struct al_object *holder = al_state_get(policy->state, cls, key);

	return holder != NULL && maintained(policy, holder, "mnt-by");
}

/* The node's holder, or the holder of the AS that runs it. */
static bool node_signed(const struct policy *policy, struct al_slice name)
{
	const struct al_object *node = al_state_get(policy->state, AL_NODE, name);

	return node != NULL && (maintained(policy, node, "mnt-by") ||
				holder_signed(policy, AL_AUT_NUM, al_object_attr(node, "origin")));
}

static bool nodes_signed(const struct policy *policy, const struct al_object *service)
{
	struct al_slice rest = al_object_text(service), name;

	while (al_attr_find(&rest, "node", &name))
		if (node_signed(policy, name))
			return true;
	return false;
}

/* The mesh node's holder, or the holder of the AS that it announces for. */
static bool mesh_signed(const struct policy *policy, const struct al_object *object)
{
	return holder_signed(policy, AL_MESH_NODE, al_object_key(object)) ||
	       holder_signed(policy, AL_AUT_NUM, al_object_attr(object, "origin"));
}

static bool route_signed(const struct policy *policy, const struct al_object *route)
{
	const struct al_object *space;
	struct al_prefix prefix;

	if (holder_signed(policy, AL_AUT_NUM, al_object_attr(route, "origin")))
		return true;
	space = al_object_prefix(route, &prefix) == AL_OK ? al_state_covering_inet(policy->state, &prefix, false)
							  : NULL;
	return space != NULL && maintained(policy, space, "mnt-by");
}

/* Any domain above it. */
static bool domain_above_signed(const struct policy *policy, struct al_slice name)
{
	for (name = al_name_parent(name); name.len > 0; name = al_name_parent(name))
		if (holder_signed(policy, AL_DOMAIN, name))
			return true;
	return false;
}

/* Any AS or set in front of it: AS1, and AS1:AS-A, of AS1:AS-A:AS-B. */
static bool set_above_signed(const struct policy *policy, const struct al_object *set)
{
	struct al_slice key = al_object_key(set);

	for (size_t at = key.len; at > 0; at--) {
		struct al_slice above = al_slice_head(key, at - 1);

		if (key.ptr[at - 1] == ':' &&
		    (holder_signed(policy, AL_AUT_NUM, above) || holder_signed(policy, (enum al_class)set->cls, above)))
			return true;
	}
	return false;
}

/*
 * Whose consent it took may take it back by a delete, and so may who holds now
 * what that consent was about: it goes with the space, the AS, the name.
 */
static bool withdrawn(const struct policy *policy, const struct subject *s)
{
	struct al_slice rest, first;

	if (s->action != AL_DELETE || s->old == NULL)
		return false;
	switch (s->cls) {
	case AL_PEERING:
		rest = al_object_key(s->old);
		(void)al_slice_cut(&rest, ':', &first);
		return node_signed(policy, first) || node_signed(policy, rest);
	case AL_NODE:
		return node_signed(policy, al_object_key(s->old));
	case AL_SERVICE:
		return nodes_signed(policy, s->old);
	case AL_ROUTE:
	case AL_ROUTE6:
		return route_signed(policy, s->old);
	case AL_MESH_BOOTSTRAP:
	case AL_MESH_GATEWAY:
		return mesh_signed(policy, s->old);
	case AL_DOMAIN:
		return domain_above_signed(policy, al_object_key(s->old));
	case AL_AS_SET:
	case AL_ROUTE_SET:
		return set_above_signed(policy, s->old);
	default:
		return false;
	}
}

/* Nobody is made responsible, or given something, without a word of theirs. */
static void check_consent(struct policy *policy, const struct subject *s)
{
	struct name_list mntners = name_list_of(s->now, "mnt-by");
	struct al_slice name;

	while (!policy->hostmaster && name_list_next(&mntners, &name)) {
		if (s->old != NULL && al_object_has(s->old, "mnt-by", name))
			continue;
		if (!auth_mntner(policy, name))
			policy_refuse(policy, s, "mnt-by", "AUTH-CONSENT", "%.*s is newly named and has to sign too",
				      AL_FMT(name));
	}
}

void auth_subject(struct policy *policy, const struct subject *s)
{
	const struct al_object *object = s->old != NULL ? s->old : s->now;

	if (!auth_object(policy, object, "mnt-by") && !recovered(policy, s) && !withdrawn(policy, s) &&
	    !policy_claimed(policy, s) && !(s->cls == AL_MESH_ANCHOR && policy_anchors_agree(policy, object)))
		refuse_mnt(policy, s, object);
	else if (s->action != AL_DELETE)
		check_consent(policy, s);
	if (s->cls == AL_MNTNER && (s->action == AL_CREATE || s->action == AL_MODIFY))
		check_mntner_key(policy, s);
}

/*
 * Has a member signed that held something before and is not one of the object's own maintainers? A name alone costs
 * nothing: who holds no number and no block cannot vouch.
 */
static bool vouched(const struct policy *policy, const struct subject *s)
{
	struct name_list mntners = name_list_of(s->now, "mnt-by");
	struct al_slice name;

	while (name_list_next(&mntners, &name)) {
		const struct al_object *mntner = view_get(&policy->view, AL_MNTNER, name);

		if (mntner != NULL && al_object_attr(mntner, "vouched-by").len > 0)
			return true;
	}
	for (size_t i = 0; policy->d->key_count > 1 && i < policy->d->key_count; i++)
		if (policy_key_holds(policy, s->now, al_slice_str(policy->d->key_texts[i])))
			return true;
	return false;
}

void auth_below(struct policy *policy, const struct subject *s, const struct al_object *parent, const char *attr,
		const char *clause)
{
	struct al_slice rule;

	if (parent == NULL) {
		policy_refuse(policy, s, attr, clause, "It lies in no block of this registry");
		return;
	}
	rule = al_object_attr(parent, "policy");
	if (al_slice_is(rule, "open") || auth_parent(policy, parent))
		return;
	if (al_slice_is(rule, "ask")) {
		policy_refuse(policy, s, attr, "POLICY-ASK", "[%s] %.*s is handed out on ask: the hostmaster decides",
			      al_class_name((enum al_class)parent->cls), AL_FMT(al_object_key(parent)));
		return;
	}
	if (al_slice_is(rule, "vouch")) {
		if (!vouched(policy, s))
			policy_refuse(policy, s, attr, "POLICY-VOUCH",
				      "[%s] %.*s asks for a second signature, by a member who vouches for you",
				      al_class_name((enum al_class)parent->cls), AL_FMT(al_object_key(parent)));
		return;
	}
	policy_refuse(policy, s, attr, clause, "[%s] %.*s is %.*s: its maintainers have to sign",
		      al_class_name((enum al_class)parent->cls), AL_FMT(al_object_key(parent)),
		      AL_FMT(rule.len > 0 ? rule : AL_S("closed")));
}
