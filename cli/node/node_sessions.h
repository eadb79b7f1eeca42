/* SPDX-License-Identifier: MIT */
/*
 * node_sessions.h -- what the router, bird or FRR, says of the node's sessions and of the origins that it has.
 */
#ifndef CLI_NODE_NODE_SESSIONS_H
#define CLI_NODE_NODE_SESSIONS_H

#include "render.h"

#define NODE_SESSIONS_TEXT_MAX (1u << 20)

/* Everything that is said of sessions into `out`, reset first. AL_ECLOSED: there is no router to ask. */
AL_MUST_USE enum al_err node_sessions_ask(enum node_router router, struct al_buf *out);
/* Is the session with `peer` established, by that text? */
bool node_session_up(enum node_router router, struct al_slice said, const struct node_peer *peer);

/* AL_ECLOSED: there is no router to ask; *there: it has origins of a cache. `out` is as above. */
AL_MUST_USE enum al_err node_origins_ask(enum node_router router, struct al_buf *out, bool *there);

/*
 * FRR 8.4 looks again at routes in its table alone, not at one refused for want of the record that comes (docs/nodes.md). This has it look at all that neighbours sent.
 * Nothing for bird, which does it by itself.
 */
void node_look_again(enum node_router router, struct al_buf *out);

/* What is known of FRR's cache; all zero at first. */
struct node_origins_seen {
	char cache[256];              /* the connection, as it is shown; empty: there was no router to ask */
	uint64_t asked_ms, looked_ms; /* al_now_ms() */
};
/*
 * Has it look again once its cache is another or is there again, in any case when records are `due`, and every five minutes,
 * whatever was missed. Four seconds are between two times, however often this is called.
 */
void node_origins_follow(enum node_router router, struct al_buf *out, bool due, struct node_origins_seen *seen);

/* What a person is told to type. */
struct node_router_words {
	const char *start, *origins, *without, *session;
};
extern const struct node_router_words node_router_mends[NODE_ROUTERS];

#endif
