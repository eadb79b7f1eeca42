/* SPDX-License-Identifier: MIT */
/*
 * node_apply.h -- from the verified log to files in place and programs that use them.
 */
#ifndef CLI_NODE_APPLY_H
#define CLI_NODE_APPLY_H

#include "node_view.h"
#include "render.h"

struct node_rendering {
	struct node_view view;
	struct render render;
};

/* Reads settings, key and log; renders. Exit code. `where` may name another registry than the node's. */
int node_rendering_new(const char *root, const struct log_read_options *where, struct node_rendering **out);
void node_rendering_free(struct node_rendering *rendering); /* NULL is allowed */

/* Renders, checks, puts in place; at root "/" brings tunnels, firewall and bird up to date. Exit code. */
int node_apply(const char *root, const struct log_read_options *where);

#endif
