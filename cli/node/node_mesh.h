/* SPDX-License-Identifier: MIT */
/*
 * node_mesh.h -- the mesh half's programs: its filter in the kernel, babeld running, and what babeld says.
 */
#ifndef CLI_NODE_MESH_H
#define CLI_NODE_MESH_H

#include "node_apply.h"

/* This machine's address in the mesh, by its key. AL_EINVAL: the network's prefix has no mesh half. Said if it fails. */
AL_MUST_USE enum al_err node_mesh_address(const uint8_t key[static 32], const struct al_prefix *super,
					  char out[static AL_PREFIX_STRLEN]);

/*
 * Address (NULL: it is there), filter and babeld, by the files in place at root "/". `changed`: babeld reads its file when
 * it starts, and starts again. False: said.
 */
bool node_mesh_start(const char *address, bool changed);
/* Before the files go, at root "/". */
void node_mesh_stop(const struct al_prefix *super);

#define NODE_MESH_TEXT_MAX (1u << 20)
/* What babeld knows (`dump` on its socket) into `out`, reset first. AL_ECLOSED: there is no babeld to ask. */
AL_MUST_USE enum al_err node_mesh_ask(struct al_buf *out);
/* Is somebody heard over that link? */
bool node_mesh_heard(struct al_slice dump, const char *interface);
/* Routes in use: nodes of the mesh, and whether there is a way out. */
struct node_mesh_routes {
	size_t nodes;
	bool out;
};
struct node_mesh_routes node_mesh_routes(struct al_slice dump, const struct al_prefix *super);

#endif
