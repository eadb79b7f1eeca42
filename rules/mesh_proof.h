/* SPDX-License-Identifier: MIT */
/*
 * mesh_proof.h -- that a mesh key is its maintainer's: one text, signed by the key (Ed25519, RFC 8032), that names network,
 * maintainer and what it is for, so that it proves nothing elsewhere.
 */
#ifndef RULES_MESH_PROOF_H
#define RULES_MESH_PROOF_H

#include "alamo/rpsl/state.h"
#include "address.h"

/* The network's IPv6 prefix; false: it has none. Whether it has a mesh half is mesh_prefix_ok()'s to say. */
bool mesh_network_of(const struct al_state *state, struct al_prefix *out);

/* `name`: of the mesh-node, or MESH_PROOF_REVOKED. `key` in base64. */
#define MESH_PROOF_REVOKED AL_S("revoked")
void mesh_proof_text(struct al_slice source, const struct al_prefix *network, struct al_slice mntner,
		     struct al_slice name, struct al_slice key, struct al_buf *out);
/* The key of `mesh-key:`; false: it is none. */
bool mesh_key_of(const struct al_object *object, uint8_t out[static MESH_KEY_LEN]);
/* Is its key-proof: by its mesh-key:, for one of its mnt-by:? */
bool mesh_proof_good(const struct al_object *object, const struct al_prefix *network, struct al_slice name);

#endif
