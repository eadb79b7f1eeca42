/*
 * policy.h -- what the rule files share: the request under decision, seen
 * against the state before it and the state that it would leave.
 *
 * A rule looks, and complains with a clause id. It never changes anything.
 */
#ifndef RULES_POLICY_H
#define RULES_POLICY_H

#include "decision.h"
#include "view.h"

struct policy {
	const struct al_state *state; /* before the request: the only source of authority */
	const struct space *space;    /* free, resting and held: an index of state */
	struct view view;             /* as the request would leave it */
	struct decision *d;
	bool hostmaster; /* signed by a maintainer of the registry object */
};

/* One object under a rule. */
struct subject {
	unsigned number;
	enum al_class cls;
	enum al_action action;
	const struct al_object *now; /* as asked for */
	const struct al_object *old; /* living present version, or NULL */
};

/* Complain under the first line of attribute `attr` (NULL: about the whole object). */
void policy_refuse(struct policy *policy, const struct subject *subject, const char *attr, const char *clause,
		   const char *fmt, ...) AL_PRINTF(5, 6);

/* The same as a warning: shown, nothing refused. */
void policy_warn(struct policy *policy, const struct subject *subject, const char *attr, const char *fmt, ...)
	AL_PRINTF(4, 5);

/* ---- authority (policy_auth.c) ---- */

/* Has a key of this maintainer, as it was before the request, signed? New maintainers sign by their new key. */
bool auth_mntner(const struct policy *policy, struct al_slice mntner);
/* Has any maintainer named in `attr` of this object signed? The hostmaster always may. */
bool auth_object(const struct policy *policy, const struct al_object *object, const char *attr);
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
 * May something be created below `parent` (NULL: there is none) by its
 * `policy:`? Complains under `attr` with `clause` when not.
 */
void auth_below(struct policy *policy, const struct subject *subject, const struct al_object *parent, const char *attr,
		const char *clause);

/* ---- one rule family a file; called for creates and modifies, and for deletes where they say so ---- */
void policy_inet(struct policy *policy, const struct subject *subject);
void policy_asn(struct policy *policy, const struct subject *subject); /* aut-num, as-block */
void policy_route(struct policy *policy, const struct subject *subject);
void policy_name(struct policy *policy, const struct subject *subject); /* everything that is named */
void policy_node(struct policy *policy, const struct subject *subject); /* node, peering, service */
/* Creates of aut-num, inetnum, inet6num by policy: quota and quarantine of what `parent` hands out. */
void policy_quota(struct policy *policy, const struct subject *subject, const struct al_object *parent);
/* member-of: the set takes it (aut-num, route, route6). */
void policy_member(struct policy *policy, const struct subject *subject);
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
