/* SPDX-License-Identifier: MIT */
/*
 * node_agent.h -- `alamo node run`: follows the log, and keeps the machine as its holder signed it.
 *
 *   entry of the log -> audit -> head that verifies -> rendering -> files and programs -> sessions looked at
 *
 * What it does it does by node_apply.h; here is when. A log that contradicts itself, the rules or what was seen before ends
 * it with CLI_UNVERIFIED and nothing changed. A registry that is away changes nothing either: it is asked again.
 */
#ifndef CLI_NODE_AGENT_H
#define CLI_NODE_AGENT_H

#include "log/log_read.h"

/* Runs until something is wrong; exit code. */
int node_agent(const char *root, const struct log_read_options *where);

#endif
