/* SPDX-License-Identifier: MIT */
/*
 * peer_mark.h -- what the holder says of a link, in node.conf.
 */
#ifndef CLI_NODE_PEER_MARK_H
#define CLI_NODE_PEER_MARK_H

#include "log/log_read.h"
#include "node_conf.h"

/* Exit code, said: the node has no such link, by the log. */
int peer_mark(const char *root, const struct log_read_options *where, const struct node_mark *mark);

#endif
