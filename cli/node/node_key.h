/* SPDX-License-Identifier: MIT */
/*
 * node_key.h -- the keys of this machine, beside its settings: of its tunnels (X25519), and of its place in the mesh (Ed25519).
 *
 * Each is a file of its own, mode 0600, one line of base64. Neither leaves the machine.
 */
#ifndef CLI_NODE_KEY_H
#define CLI_NODE_KEY_H

#include <sodium.h>

#include "node_conf.h"

#define NODE_KEY_LEN 45 /* base64 of 32 bytes, and NUL */
/* The tunnels' key, made if there is none and `make`. Both as WireGuard writes them. Said if it fails. */
AL_MUST_USE enum al_err node_key(const char *root, bool make, char secret[static NODE_KEY_LEN],
				 char public[static NODE_KEY_LEN]);

#define NODE_MESH_KEY_PATH "etc/alamo/mesh.key"
struct node_mesh_key {
	uint8_t secret[crypto_sign_SECRETKEYBYTES]; /* wiped by who is done with it */
	uint8_t public[crypto_sign_PUBLICKEYBYTES];
};
/* The mesh key, made if there is none and `make`. AL_ENOTFOUND: there is none. Said if it fails. */
AL_MUST_USE enum al_err node_mesh_key(const char *root, bool make, struct node_mesh_key *out);

/*
 * The secret that the two ends of a tunnel share, and nobody else can compute: from the tunnel keys that both signed into
 * the link, by libsodium's key exchange (crypto_kx), apart from WireGuard's own use of them by crypto_kdf's context.
 * `first`: we are the link's first node. Keys in base64. AL_EINVAL: one is none.
 */
#define NODE_LINK_SECRET_LEN 32
AL_MUST_USE enum al_err node_link_secret(const char *secret, const char *peer, bool first,
					 uint8_t out[static NODE_LINK_SECRET_LEN]);

#endif
