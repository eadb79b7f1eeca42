/* SPDX-License-Identifier: MIT */
/*
 * node_sessions.h -- what bird says of the node's sessions.
 */
#ifndef CLI_NODE_SESSIONS_H
#define CLI_NODE_SESSIONS_H

#include "render.h"

#define NODE_SESSIONS_TEXT_MAX (1u << 20)

/* `birdc show protocols` into `out`, reset first. AL_ECLOSED: there is no bird to ask. */
AL_MUST_USE enum al_err node_sessions_ask(struct al_buf *out);
/* Is the session with `peer` established, by that text? */
bool node_session_up(struct al_slice protocols, const struct node_peer *peer);

#endif
