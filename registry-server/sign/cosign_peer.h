/* SPDX-License-Identifier: MIT */
/*
 * cosign_peer.h -- one witness, as the registry talks to it. Private to cosign.c.
 */
#ifndef REGISTRY_COSIGN_PEER_H
#define REGISTRY_COSIGN_PEER_H

#include "alamo/net/loop.h"
#include "alamo/tlog/tree.h"
#include "alamo/tlog/witness.h"

struct cosign_peer;

enum cosign_outcome {
	COSIGN_LINES,    /* `body` has signature lines */
	COSIGN_CONFLICT, /* the witness is at `size` */
	COSIGN_REFUSED,  /* any other answer */
	COSIGN_AWAY,     /* none */
};

struct cosign_answer {
	enum cosign_outcome outcome;
	int status; /* of HTTP; 0: away */
	uint64_t size;
	struct al_slice body; /* lives during the call */
};
typedef void (*cosign_answer_fn)(void *arg, const struct cosign_answer *answer);

/* The witness's URL must be http://ADDRESS[:PORT][/PREFIX], numeric. AL_EINVAL. */
AL_MUST_USE enum al_err cosign_peer_new(struct al_loop *loop, const struct al_witness *witness, cosign_answer_fn fn,
					void *arg, struct cosign_peer **out);
void cosign_peer_free(struct cosign_peer *peer); /* NULL is allowed; no answer comes any more */
/* One at a time; the answer comes later, from the loop, at the latest after 10 s, however steadily it drips. */
AL_MUST_USE enum al_err cosign_peer_ask(struct cosign_peer *peer, struct al_slice body);
/* Likewise: which keys the log has had. A status of 200 says that the witness goes on with the last of them. */
AL_MUST_USE enum al_err cosign_peer_tell(struct cosign_peer *peer, struct al_slice keys_note);

#endif
