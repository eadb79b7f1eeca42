/* SPDX-License-Identifier: MIT */
/*
 * policy_mesh.c -- the mesh half: keys and their addresses, what is said of mesh nodes, and the list of anchors, over which
 * the hostmaster has no more power than anybody once it is there.
 */
#include "mesh_proof.h"
#include "policy.h"

#define ANCHORS_LEAST 3 /* trees, docs/mesh.md section 7 */
#define ANCHORS_MOST 5
#define PROVERS_MOST 8u   /* maintainers that one proof is tried for */
#define PROOF_STEPS 2000u /* of work: what a signature of a request costs (tariff.c) */

/* The network has a mesh half; else complained. */
static bool has_half(struct policy *p, const struct subject *s, struct al_prefix *network)
{
	if (mesh_network_of(p->state, network) && mesh_prefix_ok(network))
		return true;
	policy_refuse(p, s, al_class_name(s->cls), "POLICY-MESH-ADDRESS", "This network has no mesh half");
	return false;
}

/* A proof is tried for each maintainer: they are few, and paid for. */
static bool provers_count(struct policy *p, const struct subject *s)
{
	struct name_list mntners = name_list_of(s->now, "mnt-by");
	struct al_slice one;
	size_t count = 0;

	while (name_list_next(&mntners, &one))
		count++;
	p->d->work += count * PROOF_STEPS;
	if (count <= PROVERS_MOST)
		return true;
	policy_refuse(p, s, "mnt-by", "POLICY-MESH-PROOF", "A mesh key has at most %u maintainers", PROVERS_MOST);
	return false;
}

/* ---- keys ---- */

/* The address in `text` is that of the object's key. */
static bool check_address(struct policy *p, const struct subject *s, const struct al_prefix *network, const char *attr,
			  struct al_slice text)
{
	char wanted[AL_PREFIX_STRLEN];
	uint8_t key[MESH_KEY_LEN];
	struct al_prefix made;

	if (!mesh_key_of(s->now, key) || mesh_address(network, 0, key, &made) != AL_OK)
		return false;
	al_addr_format(&made, wanted);
	if (al_slice_is(text, wanted))
		return true;
	policy_refuse(p, s, attr, "POLICY-MESH-ADDRESS", "The address of this mesh-key is %s", wanted);
	return false;
}

static bool is_revoked(const struct policy *p, const struct al_object *mesh_node)
{
	return view_get(&p->view, AL_MESH_REVOKED, al_object_attr(mesh_node, "address")) != NULL;
}

static void check_mesh_node(struct policy *p, const struct subject *s)
{
	struct al_slice node = al_object_attr(s->now, "node");
	const struct al_object *router = node.len > 0 ? view_get(&p->view, AL_NODE, node) : NULL;
	struct al_prefix network;

	if (!has_half(p, s, &network) || !provers_count(p, s) ||
	    !check_address(p, s, &network, "address", al_object_attr(s->now, "address")))
		return;
	if (!mesh_proof_good(s->now, &network, al_object_key(s->now)))
		policy_refuse(p, s, "key-proof", "POLICY-MESH-PROOF",
			      "It is not by the mesh-key, over this network, maintainer and name");
	if (is_revoked(p, s->now))
		policy_refuse(p, s, "mesh-key", "POLICY-MESH-REVOKED", "This key is revoked");
	if (router != NULL && (s->old == NULL || !al_object_has(s->old, "node", node)) &&
	    !auth_object(p, router, "mnt-by"))
		policy_refuse(p, s, "node", "POLICY-MESH-NODE", "The holder of [node] %.*s has to sign", AL_FMT(node));
}

/* Where its holder revokes a key, the node goes or has another by the same request: no name is left with that address. */
static void check_rekeyed(struct policy *p, const struct subject *s, struct al_slice name)
{
	const struct al_object *node = view_get(&p->view, AL_MESH_NODE, name);

	if (node != NULL && al_slice_eq(al_object_attr(node, "mesh-key"), al_object_attr(s->now, "mesh-key")))
		policy_refuse(p, s, "mesh-node", "POLICY-MESH-REVOKED",
			      "[mesh-node] %.*s is deleted, or given another key, by the same request", AL_FMT(name));
}

/* By the holder of the node whose key it was, as it is in the state; or by the key. */
static void check_revoked(struct policy *p, const struct subject *s)
{
	struct al_slice name = al_object_attr(s->now, "mesh-node");
	const struct al_object *node = al_state_get(p->state, AL_MESH_NODE, name);
	struct al_prefix network;

	if (!has_half(p, s, &network) || !provers_count(p, s) ||
	    !check_address(p, s, &network, "mesh-revoked", al_object_key(s->now)))
		return;
	if (node != NULL && al_slice_eq(al_object_attr(node, "mesh-key"), al_object_attr(s->now, "mesh-key")) &&
	    auth_object(p, node, "mnt-by"))
		check_rekeyed(p, s, name);
	else if (s->old == NULL && !mesh_proof_good(s->now, &network, MESH_PROOF_REVOKED))
		policy_refuse(p, s, "mesh-revoked", "POLICY-MESH-REVOKED",
			      "The holder of a mesh-node with this key has to sign, or the key itself (key-proof)");
}

/* ---- what is said of a mesh node ---- */

static void check_holder(struct policy *p, const struct subject *s, const char *attr, struct al_slice name)
{
	const struct al_object *node = view_get(&p->view, AL_MESH_NODE, name);

	if (node == NULL)
		return; /* REF-MISSING says so */
	if (!auth_signed(p, node))
		policy_refuse(p, s, attr, "POLICY-MESH-NODE", "The holder of [mesh-node] %.*s has to sign",
			      AL_FMT(name));
	if (is_revoked(p, node))
		policy_refuse(p, s, attr, "POLICY-MESH-REVOKED", "The key of [mesh-node] %.*s is revoked",
			      AL_FMT(name));
}

static void check_holders(struct policy *p, const struct subject *s, const char *attr)
{
	struct al_slice rest = al_object_text(s->now), name;

	while (al_attr_find(&rest, attr, &name))
		if (s->old == NULL || !al_object_has(s->old, attr, name))
			check_holder(p, s, attr, name);
}

static void check_space(struct policy *p, const struct subject *s, const struct al_prefix *prefix, const char *clause)
{
	const struct al_object *holder = view_covering_inet(&p->view, prefix, false);

	if (holder == NULL || !auth_parent(p, holder))
		policy_refuse(p, s, al_class_name(s->cls), clause, "The holder of [inet6num] %.*s has to sign",
			      AL_FMT(holder != NULL ? al_object_key(holder) : AL_S("around it")));
}

static void check_gateway(struct policy *p, const struct subject *s)
{
	struct al_slice origin = al_object_attr(s->now, "origin");
	const struct al_object *as = view_get(&p->view, AL_AUT_NUM, origin);
	struct al_prefix network, half;

	if (s->action == AL_CREATE)
		check_holder(p, s, "mesh-gateway", al_object_key(s->now));
	if (s->old != NULL && al_slice_eq(al_object_attr(s->old, "origin"), origin))
		return;
	if (as != NULL && !auth_object(p, as, "mnt-by"))
		policy_refuse(p, s, "origin", "POLICY-MESH-GATEWAY", "The holder of [aut-num] %.*s has to sign",
			      AL_FMT(origin));
	if (!has_half(p, s, &network))
		return;
	half = mesh_half(&network);
	check_space(p, s, &half, "POLICY-MESH-GATEWAY");
}

static void check_prefix(struct policy *p, const struct subject *s)
{
	struct al_prefix network, prefix;
	enum mesh_kind kind;

	check_holders(p, s, "mesh-node");
	if (s->action != AL_CREATE || !has_half(p, s, &network) ||
	    al_prefix_parse(al_object_key(s->now), &prefix) != AL_OK)
		return;
	kind = mesh_kind_of(&network, &prefix);
	if (kind != MESH_SUBNET && kind != MESH_ANYCAST) {
		policy_refuse(p, s, "mesh-prefix", "POLICY-MESH-PREFIX",
			      "Behind the network's prefix stands a for subnets, b for services: this is %s",
			      mesh_kind_name(kind));
		return;
	}
	if (kind == MESH_SUBNET)
		prefix = mesh_twin(&network, &prefix);
	check_space(p, s, &prefix, "POLICY-MESH-PREFIX");
}

/* ---- the anchors ---- */

static bool shares_mntner(const struct al_object *a, const struct al_object *b)
{
	struct name_list mntners = name_list_of(a, "mnt-by");
	struct al_slice name;

	while (name_list_next(&mntners, &name))
		if (al_object_has(b, "mnt-by", name))
			return true;
	return false;
}

bool policy_anchors_agree(const struct policy *p, const struct al_object *list)
{
	struct al_slice rest = al_object_text(list), name;
	size_t all = 0, signers = 0;

	for (; al_attr_find(&rest, "anchor", &name); all++) {
		const struct al_object *node = al_state_get(p->state, AL_MESH_NODE, name);

		signers += node != NULL && auth_signed(p, node);
	}
	return signers > all / 2;
}

/* As many as there may be, each of somebody else. There is one list: it has the registry's name, as a source has. */
static void check_anchor_list(struct policy *p, const struct subject *s)
{
	const struct al_object *nodes[ANCHORS_MOST];
	struct al_slice rest = al_object_text(s->now), name;
	size_t count = 0;

	while (al_attr_find(&rest, "anchor", &name) && count <= ANCHORS_MOST) {
		const struct al_object *node = view_get(&p->view, AL_MESH_NODE, name);

		for (size_t i = 0; i < count && node != NULL; i++)
			if (nodes[i] != NULL && shares_mntner(nodes[i], node))
				policy_refuse(p, s, "anchor", "POLICY-MESH-ANCHOR",
					      "Two anchors have no maintainer in common: %.*s", AL_FMT(name));
		if (count < ANCHORS_MOST)
			nodes[count] = node;
		count++;
	}
	if (count < ANCHORS_LEAST || count > ANCHORS_MOST)
		policy_refuse(p, s, "anchor", "POLICY-MESH-ANCHOR", "The list has from %d to %d anchors", ANCHORS_LEAST,
			      ANCHORS_MOST);
}

static void check_anchors(struct policy *p, const struct subject *s)
{
	check_anchor_list(p, s);
	check_holders(p, s, "anchor");
	if (s->old == NULL && !p->hostmaster)
		policy_refuse(p, s, "mesh-anchor", "POLICY-MESH-ANCHOR",
			      "The first list is signed by the hostmaster too");
}

/* Also where it goes. */
static void check_majority(struct policy *p, const struct subject *s)
{
	if (s->old != NULL && !policy_anchors_agree(p, s->old))
		policy_refuse(p, s, NULL, "POLICY-MESH-ANCHOR",
			      "More than half of the anchors that are in the list have to sign");
}

void policy_mesh_delete(struct policy *p, const struct subject *s)
{
	if (s->cls == AL_MESH_REVOKED)
		policy_refuse(p, s, NULL, "POLICY-MESH-REVOKED", "A revoked key stays revoked");
	if (s->cls == AL_MESH_ANCHOR)
		check_majority(p, s);
}

void policy_mesh(struct policy *p, const struct subject *s)
{
	switch (s->cls) {
	case AL_MESH_NODE:
		check_mesh_node(p, s);
		return;
	case AL_MESH_ANCHOR:
		check_anchors(p, s);
		check_majority(p, s);
		return;
	case AL_MESH_BOOTSTRAP:
		if (s->action == AL_CREATE)
			check_holder(p, s, "mesh-bootstrap", al_object_key(s->now));
		return;
	case AL_MESH_GATEWAY:
		check_gateway(p, s);
		return;
	case AL_MESH_PREFIX:
		check_prefix(p, s);
		return;
	default:
		check_revoked(p, s);
	}
}
