/* SPDX-License-Identifier: MIT */
/*
 * policy.h -- the rules: who may (authority), one family of rules a file, and
 * the clauses by which they refuse. All of them look at a struct subject;
 * policy.c calls them, and nothing here calls policy.c.
 */
#ifndef RULES_POLICY_H
#define RULES_POLICY_H

#include "name_list.h"
#include "subject.h"

/* ---- authority (policy_auth.c) ---- */

/* Has a key of this maintainer, as it was before the request, signed? New maintainers sign by their new key. */
bool auth_mntner(const struct policy *policy, struct al_slice mntner);
/* Has any maintainer named in `attr` of this object signed? The hostmaster always may. */
bool auth_object(const struct policy *policy, const struct al_object *object, const char *attr);
/* One of its maintainers has; the hostmaster is nobody special here. */
bool auth_signed(const struct policy *policy, const struct al_object *object);
/* mnt-by or mnt-lower of a parent. */
bool auth_parent(const struct policy *policy, const struct al_object *parent);
/* Sets policy->hostmaster. */
void auth_hostmaster(struct policy *policy);
/*
 * Create, modify, delete: the object's own maintainers, the consent of new ones and its withdrawal, recovery; AUTH-KEY
 * for mntners.
 */
void auth_subject(struct policy *policy, const struct subject *subject);
/*
 * May something be created by others than the hostmaster below `parent` (NULL: there is none) by its
 * `policy:`? Complains under `attr` with `clause` when not.
 */
void auth_below(struct policy *policy, const struct subject *subject, const struct al_object *parent, const char *attr,
		const char *clause);

/* Is the rule book of this edition in force (edition: of the registry object before the request; 1 without it)? */
bool policy_edition(const struct policy *policy, unsigned edition);

/* ---- one rule family a file; called for creates and modifies, and for deletes where they say so ---- */
void policy_inet(struct policy *policy, const struct subject *subject);
void policy_asn(struct policy *policy, const struct subject *subject);      /* aut-num, as-block */
void policy_auto(struct policy *policy, const struct subject *subject);     /* assign-auto, of both */
void policy_pingable(struct policy *policy, const struct subject *subject); /* pingable, of blocks and routes */
void policy_route(struct policy *policy, const struct subject *subject);
void policy_name(struct policy *policy, const struct subject *subject);   /* everything that is named */
void policy_record(struct policy *policy, const struct subject *subject); /* hosted records of a domain */
void policy_led(struct policy *policy, const struct subject *subject);    /* a domain that comes below a DNAME */
void policy_node(struct policy *policy, const struct subject *subject);   /* node, peering, service */
void policy_mesh(struct policy *policy, const struct subject *subject);   /* the mesh half's classes */
void policy_mesh_delete(struct policy *policy, const struct subject *subject);
/* Have more than half of a list's anchors signed, by their nodes' holders before the request? */
bool policy_anchors_agree(const struct policy *policy, const struct al_object *list);
/* Creates of aut-num, inetnum, inet6num by policy: quota and quarantine of what `parent` hands out. */
void policy_quota(struct policy *policy, const struct subject *subject, const struct al_object *parent);
/* Creates of mntners: so many a day without a voucher; who vouched. The latter for modifies too. */
void policy_join(struct policy *policy, const struct subject *subject);
void policy_vouched(struct policy *policy, const struct subject *subject);
/* Creates and modifies: domains, sets, objects and bytes by key. */
void policy_share(struct policy *policy, const struct subject *subject);
/* The same: text of one object. */
void policy_size(struct policy *policy, const struct subject *subject);
/* Did this key hold a number or block before the request, by other maintainers than the object's own? */
bool policy_key_holds(const struct policy *policy, const struct al_object *object, struct al_slice key);
/* member-of: the set takes it (aut-num, route, route6). */
void policy_member(struct policy *policy, const struct subject *subject);
/* org: its organisation says so too. */
void policy_org(struct policy *policy, const struct subject *subject);
/* A mntner without auth: given to the key that one of its claim-key: says. */
bool policy_claimed(const struct policy *policy, const struct subject *subject);
/* contact: of roles and persons, and contact blocks that nobody named. */
void policy_contact(struct policy *policy, const struct subject *subject);
void policy_contacts_used(struct policy *policy);

/* ---- the clauses ---- */
struct policy_clause {
	const char *id;
	const char *text; /* one sentence */
};
extern const struct policy_clause policy_clauses[]; /* ended by id NULL */

#endif
