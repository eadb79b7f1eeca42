/* SPDX-License-Identifier: MIT */
/*
 * peer_suggest.h -- `alamo peer suggest`: nodes that one could peer with, the nearest first.
 */
#ifndef CLI_PEER_SUGGEST_H
#define CLI_PEER_SUGGEST_H

#include "node_member.h"

/* Asks at most `most` nodes by ping, about a second each, and prints those that answer. Exit code. */
int peer_suggest(const struct node_member *member, size_t most);

#endif
