/* SPDX-License-Identifier: MIT */
/*
 * node_reload.h -- the router, bird or FRR, takes the files that are in place, without a session lost that is the same.
 */
#ifndef CLI_NODE_NODE_RELOAD_H
#define CLI_NODE_NODE_RELOAD_H

#include "node_apply.h"

/* At root "/". False: a program failed, and was said with its words. */
bool node_reload(const struct node_rendering *rendering, const struct node_changes *changes);

#endif
