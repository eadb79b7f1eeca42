/* SPDX-License-Identifier: MIT */
/*
 * node_trust.h -- which entries of the log the node's own holder signed.
 *
 * The rules let the hostmaster change anything, so a log that keeps to them may still hold what the node's holder never
 * agreed to. What a node does with its machine follows entries of its own holder's keys, which node.conf pins, alone.
 */
#ifndef CLI_NODE_TRUST_H
#define CLI_NODE_TRUST_H

#include "alamo/rpsl/sshsig.h"

#define NODE_SIGNERS_MAX 8

struct node_trust {
	struct al_sshkey keys[NODE_SIGNERS_MAX];
	size_t key_count;
	/* private */
	uint64_t *entries; /* ascending */
	size_t count, cap;
	bool failed; /* out of memory: nothing is trusted any more */
};

/* One more key, "ssh-ed25519 AAAA..."; AL_EINVAL, AL_ELIMIT. A zeroed struct has none. */
AL_MUST_USE enum al_err node_trust_add(struct node_trust *trust, struct al_slice key);
/* As audit_signed_fn, in the log's order: remembers the entry if one of the keys is ours. */
void node_trust_take(void *trust, uint64_t index, const struct al_sshkey *keys, size_t count);
bool node_trust_has(const struct node_trust *trust, uint64_t index);
void node_trust_release(struct node_trust *trust);

#endif
