/* SPDX-License-Identifier: MIT */
/*
 * render_mesh.h -- the mesh half of a node (docs/mesh.md, "The pilot"): babeld over the links that are the mesh's, and what may
 * pass between them and everything else. Pure.
 */
#ifndef CLI_NODE_RENDER_MESH_H
#define CLI_NODE_RENDER_MESH_H

#include "render.h"

#define RENDER_BABEL_PATH "etc/alamo/babeld.conf"
#define RENDER_MESH_NFT_PATH "etc/nftables.d/alamo-mesh.nft"
#define RENDER_MESH_UNIT_PATH "etc/systemd/system/alamo-mesh.service"
/* babeld's own, on the machine. */
#define RENDER_BABEL_SOCKET "/run/alamo-mesh.sock"
#define RENDER_BABEL_PID "/run/alamo-mesh.pid"
#define RENDER_BABEL_STATE "/var/lib/alamo/node/babel-state"

/* babeld.conf, the filter and the unit. AL_EINVAL: a link's keys are none. */
AL_MUST_USE enum al_err render_mesh(const struct node_view *view, const struct render_settings *settings,
				    struct render *out);
/* What a gateway announces, in bird's words; nothing for others. */
void render_mesh_bird(const struct node_view *view, const struct render_settings *settings, struct al_buf *out);
/* Rules of the node's own firewall: babel over the mesh's links, and where there is no mesh nothing of its half from outside. */
void render_mesh_opening(const struct node_view *view, const struct render_settings *settings, struct al_buf *out);
void render_mesh_edge(const struct node_view *view, const struct render_settings *settings, struct al_buf *out);

/* Does the node stand between the halves? It was told to, and the log lets it. */
bool render_mesh_gateway(const struct node_view *view, const struct render_settings *settings);

#endif
