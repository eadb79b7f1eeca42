/* SPDX-License-Identifier: MIT */
/*
 * origin_backlog.h -- nodes of origin look-ups that have to be looked at, more than one job takes.
 *
 * First in, first out, each once: a change that concerns what waits already adds nothing. On the follower's thread. Memory:
 * some 100 bytes a node.
 */
#ifndef ROOTDNS_ORIGIN_BACKLOG_H
#define ROOTDNS_ORIGIN_BACKLOG_H

#include "origin_nodes.h"

struct origin_backlog {
	struct backlog_node *first; /* owned; by node, and in the order in which they came. NULL: empty */
};

/* `index`: of the log entry that they changed by. On AL_ENOMEM some may be missing. */
AL_MUST_USE enum al_err origin_backlog_add(struct origin_backlog *backlog, const struct al_prefix *nodes, size_t count,
					   uint64_t index);
/* Up to `most` of the oldest, moved to the end of `out`; *index becomes the newest of their entries, if that is newer. */
void origin_backlog_take(struct origin_backlog *backlog, size_t most, struct origin_nodes *out, uint64_t *index);
/* The index of the oldest one's entry, or `none`. */
uint64_t origin_backlog_first(const struct origin_backlog *backlog, uint64_t none);
void origin_backlog_clear(struct origin_backlog *backlog);

#endif
