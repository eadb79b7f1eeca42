/* SPDX-License-Identifier: MIT */
/*
 * aspa_fold.h -- which ASs are linked by registered peerings, kept up to date change by change.
 *
 * The rule: two different ASs are linked while a peering stands between a node of the one and a node of the other. Each
 * of them is then a provider of the other, since a member of this network carries whatever it is sent; and each has
 * said so, because a peering has the signatures of both nodes' holders, and a node that of its AS's holder.
 *
 * Nodes and peerings are kept here as far as that needs them; a link costs some 200 bytes.
 */
#ifndef ORIGINS_ASPA_FOLD_H
#define ORIGINS_ASPA_FOLD_H

#include "alamo/rpsl/state.h"

struct aspa_fold;

struct aspa_ops {
	/* `a` and `b` are linked from now on, or no more. Anything but AL_OK ends the change. */
	enum al_err (*link)(void *arg, uint32_t a, uint32_t b, bool linked);
	void *arg;
};

AL_MUST_USE enum al_err aspa_fold_new(struct aspa_fold **out);
void aspa_fold_free(struct aspa_fold *fold); /* NULL is allowed */

/*
 * The newest version of an object, living or not; of any class, node and peering count. Objects of one entry may come
 * in any order: a link counts once both nodes are there, and may be told twice within an entry.
 */
AL_MUST_USE enum al_err aspa_fold_change(struct aspa_fold *fold, const struct al_object *now,
					 const struct aspa_ops *ops);

/* The rule for one peering of a whole state: false, it links no two ASs. */
bool aspa_of_peering(const struct al_state *state, const struct al_object *peering, uint32_t asn[static 2]);

#endif
