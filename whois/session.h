/* SPDX-License-Identifier: MIT */
/*
 * session.h -- the whois port: lines from sockets, answers to them.
 *
 * Bounded per connection (net.h) and in sum: answers that wait for slow
 * readers take at most WHOIS_UNSENT_MAX bytes over all connections; beyond
 * it new queries are turned away. A connection whose answers are not read is
 * not read from either. Work is done in pieces, by turns (turns.h). One set of
 * sessions is of one loop; several may share bounds and view (share.h).
 */
#ifndef WHOIS_SESSION_H
#define WHOIS_SESSION_H

#include "alamo/net/net.h"
#include "lookup.h"
#include "share.h"

#define WHOIS_UNSENT_MAX (256u << 20)
/* All that a connection hears which is one too many of its source. */
#define WHOIS_REFUSAL                           \
	"%ERROR:306: too many connections\n%\n" \
	"% Your address has as many open as it may. Close some, then try again.\n\n\n"

struct whois_sessions;

struct whois_sessions_conf {
	size_t max_conns;
	size_t max_per_source;
	uint64_t idle_ms; /* until "!t" says otherwise */
	/* Where there are others; NULL: it is alone. Borrowed. */
	struct al_shares *shares;
	struct whois_share *share;
	bool elsewhere; /* not on the thread that changes the view */
};

/* `view` is borrowed and looked at for each query. */
AL_MUST_USE enum al_err whois_sessions_new(struct al_loop *loop, const struct whois_sessions_conf *conf,
					   const struct whois_view *view, struct whois_sessions **out);
void whois_sessions_free(struct whois_sessions *sessions); /* NULL is allowed */
/* Other limits, from now on; who is connected stays. */
void whois_sessions_limit(struct whois_sessions *sessions, const struct whois_sessions_conf *conf);
/* Was there anybody who waits for the log to grow, since this was asked? From any thread. */
bool whois_sessions_rest(struct whois_sessions *sessions);
/* The log has grown: who mirrors live gets the news. */
void whois_sessions_grown(struct whois_sessions *sessions);
struct al_listener *whois_sessions_listener(struct whois_sessions *sessions);

#endif
