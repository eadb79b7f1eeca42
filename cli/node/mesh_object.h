/* SPDX-License-Identifier: MIT */
/*
 * mesh_object.h -- `alamo mesh init`: this machine's mesh key in the registry, with the key's own word for it.
 */
#ifndef CLI_NODE_MESH_OBJECT_H
#define CLI_NODE_MESH_OBJECT_H

#include "member/submit.h"
#include "node_conf.h"
#include "node_key.h"

struct mesh_init {
	struct registry registry; /* its server NULL: the node's */
	const struct node_conf *conf;
	const struct node_mesh_key *mesh;
	const char *address; /* of that key */
	const char *key;     /* SSH, of the maintainer; NULL: not said */
};

/* Registers a mesh-node with the node's name, or brings it up to date. Exit code. */
int mesh_register(const struct mesh_init *init);

#endif
