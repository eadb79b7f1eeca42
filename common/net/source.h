/* SPDX-License-Identifier: MIT */
/*
 * source.h -- where a listener's connections come from, so that each source
 * has its share and no crowd of sources keeps the others out.
 *
 * A source is an IPv4 address or an IPv6 /64 (one customer); a network is an
 * IPv4 /24 or an IPv6 /48 (what one can easily have many sources of).
 */
#ifndef COMMON_SOURCE_H
#define COMMON_SOURCE_H

#include "conn.h"

#include <pthread.h>
#include <sys/socket.h>

struct sources {
	size_t per_source, per_network; /* connections; 0: no limit, and nothing is kept */
	struct conn_source *all;
	struct conn_network *networks;
};

/* What listeners of one service have in common. The lock guards all of it, and of their connections what says so. */
struct al_shares {
	pthread_mutex_t lock;
	size_t max_conns, count;
	struct sources sources;
};

void shares_limit(struct al_shares *shares, size_t max_conns, size_t per_source);
/* One of max_conns places; false: none is free. */
bool shares_take(struct al_shares *shares);
void shares_give(struct al_shares *shares);
bool shares_full(struct al_shares *shares);

/* ---- under the lock ---- */

/* One connection more from there: *out is its source, or NULL without limits. AL_ELIMIT: it has its share. AL_ENOMEM. */
AL_MUST_USE enum al_err source_take(struct sources *sources, const struct sockaddr_storage *peer,
				    struct conn_source **out);
size_t source_conns(const struct conn_source *source);
void source_give(struct sources *sources, struct conn_source *source); /* back; NULL is allowed */
/* The connection belongs to the source that was taken, and waits from now on. */
void source_join(struct conn_source *source, struct al_conn *conn);
void source_leave(struct conn_source *source, struct al_conn *conn);
/*
 * Who has to go when a listener is full: of the network with most connections the one that has waited longest
 * since it got an answer (or came), rather of its bigger sources; but not before it has had time to say something, nor
 * when the protocol owes it an answer; the longer the queue outside, the shorter that time. NULL: nobody, for now.
 */
struct al_conn *source_victim(const struct sources *sources, size_t queue);

#endif
